"""The page that searches the list, used in a real browser as a reader uses it.

The updater makes the list from an answer of arXiv, so that store, page and script are tested
together. The page's Content-Security-Policy lets no test evaluate text inside it, so that
`wait_for_function` hangs: everything waits by `expect`.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.browser import Desk, find_browser, open_desk, serve, start_browser, write_site
from tests.helpers import make_list, paper, run

NO_BROWSER = "the search page was not tested: no Chromium or Chrome here (apt install chromium)"
if find_browser() is None and os.environ.get("CI") != "true":
    pytest.skip(NO_BROWSER, allow_module_level=True)  # one line for all of them

CIPHERS = "Ciphers as a way in"
IMAGE = "<img src=x onerror=alert(1)>"
TRACES = "n_k & 5% #1 {x} ~^"
HANDS = "Many hands"
OLDEST = "The oldest one"
NEWEST_FIRST = [TRACES, IMAGE, CIPHERS, HANDS, OLDEST]
HOSTILE = "We break <script>alert(2)</script> filters with ciphers."
WITHDRAWN = "This jailbreak paper has been withdrawn by the authors."
CODE = "A jailbreak written in ciphers. Code: https://github.com/example/ciphers"
CHAIN = "A chain of thought is monitored, for privacy."
LONG = "Thought in a long chain, and no cipher at all."
PAPERS = (
    paper(1, title=CIPHERS, summary=CODE),
    paper(2, title=IMAGE, summary=HOSTILE, authors=["<b>Mallory</b>", "Wei Li"]),
    paper(
        3,
        title=r"n\_k \& 5\% \#1 \{x\} ~^",
        authors=[r"Jos\'e N\'u\~nez", "Research & Safety"],
        summary=CHAIN.replace("chain", r"\emph{chain}"),
        categories=["cs.CR"],
    ),
    paper(1, "2510", title=HANDS, summary=LONG, authors=[f"Person {name}" for name in "ABCDEFGH"]),
    paper(1, "2412", title=OLDEST, summary=WITHDRAWN, comment="This paper has been withdrawn"),
    paper(9, title="Not wanted here", summary="It is excluded, and full of ciphers."),
)
ENTRY = r"""@misc{arXiv:2511.00003,
  title={{n\_k \& 5\% \#1 \textbraceleft{}x\textbraceright{} \textasciitilde{}\textasciicircum{}}},
  author={José Núñez and Research \& Safety},
  year={2025},
  eprint={2511.00003},
  archivePrefix={arXiv},
  primaryClass={cs.CR},
  url={https://arxiv.org/abs/2511.00003},
}
"""


@pytest.fixture(name="browser", scope="module")
def fixture_browser() -> Iterator[Browser]:
    """Start a browser once; in CI there must be one."""
    path = find_browser()
    if path is None:
        pytest.fail(NO_BROWSER)
    with start_browser(path) as browser:
        yield browser


@pytest.fixture(name="site", scope="module")
def fixture_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the published pages of a list of five papers, and of one that is excluded."""
    homepage = "https://ann.github.io/list/"
    root = tmp_path_factory.mktemp("search")
    return write_site(root, PAPERS, homepage=homepage, exclude=["2511.00009"])


@pytest.fixture(name="port", scope="module")
def fixture_port(site: Path) -> Iterator[int]:
    """Serve the pages."""
    with serve(site) as port:
        yield port


@pytest.fixture(name="shared_desk", scope="module")
def fixture_shared_desk(browser: Browser) -> Iterator[Desk]:
    """Return the desk that most tests use, one after the other."""
    with open_desk(browser) as desk:
        yield desk


@pytest.fixture(name="desk")
def fixture_desk(shared_desk: Desk, port: int) -> Iterator[Desk]:
    """Return a desk with the search page, all of it loaded; nothing may go wrong there."""
    shared_desk.complaints.clear()
    shared_desk.open(port)
    shared_desk.expect_titles(*NEWEST_FIRST)
    yield shared_desk
    shared_desk.page.unroute_all()
    assert shared_desk.complaints == []


def test_words_find_papers(desk: Desk) -> None:
    """Words are looked for in title, authors, abstract and id, as they are typed."""
    for words, titles in {
        "CIPHER": [IMAGE, CIPHERS, HANDS],  # part of a word, any case
        "chain thought": [TRACES, HANDS],  # all words, wherever they stand
        "chain-of-thought": [TRACES],  # signs do not matter
        "jose nunez": [TRACES],  # nor do accents
        "n_k 5%": [TRACES],  # text as it is shown
        "2511.00003": [TRACES],
        "https://arxiv.org/pdf/2511.00003v1": [TRACES],
        "2412.": [OLDEST],
        " - ": NEWEST_FIRST,  # no word at all
        "nobody wrote": [],
    }.items():
        desk.type(words)
        desk.expect_titles(*titles)
        desk.expect_text(f"{len(titles)} of 5 papers")
    desk.expect_text("No paper fits. Try fewer or shorter words")
    expect(desk.page.get_by_role("button", name="Copy BibTeX")).to_have_count(0)


def test_filters_narrow_the_list(desk: Desk) -> None:
    """Domain, year and code each narrow what is found."""
    desk.choose("Domain", "Jailbreaks")
    desk.expect_titles(CIPHERS, OLDEST)
    desk.choose("Year", "2024")
    desk.expect_titles(OLDEST)
    desk.choose("Year", "All years")
    desk.page.get_by_label("With code").check()
    desk.expect_titles(CIPHERS)


def test_words_in_the_title_come_first(desk: Desk) -> None:
    """Papers are sorted by date, or by where the words stand."""
    desk.type("cipher")
    desk.expect_titles(IMAGE, CIPHERS, HANDS)
    desk.choose("Order", "Words in the title first")
    desk.expect_titles(CIPHERS, IMAGE, HANDS)


def test_search_can_be_sent(desk: Desk, port: int) -> None:
    """The address holds the whole search; of a strange one, what the page knows is taken."""
    chosen = {"Domain": "Privacy & models", "Year": "2025", "Order": "words"}
    desk.type('"in ciphers" & more')
    for label, option in chosen.items():
        desk.choose(label, option)
    desk.page.get_by_label("With code").check()
    query = "?q=%22in+ciphers%22+%26+more&domain=Privacy+%26+models&year=2025&sort=words&code=1"
    expect(desk.page).to_have_url(re.compile(re.escape(query) + "$"))

    desk.page.reload()
    expect(desk.page.get_by_role("searchbox")).to_have_value('"in ciphers" & more')
    for label, option in chosen.items():
        expect(desk.page.get_by_role("combobox", name=label)).to_have_value(option)
    expect(desk.page.get_by_label("With code")).to_be_checked()

    desk.open(port, "?q=oldest&domain=Gone&year=&form=x&submit=1&__proto__=1")
    desk.expect_titles(OLDEST)


def test_row_opens_to_its_abstract(desk: Desk) -> None:
    """A row has its links, and opens to the abstract and to all of its authors."""
    row = desk.row(HANDS)
    expect(row).to_contain_text("2025-10-03 · Person A, Person B")
    expect(row).to_contain_text("Person F and 2 more")
    expect(row.get_by_text(LONG)).to_be_hidden()
    row.get_by_text("Abstract").click()
    desk.expect_text(LONG)
    desk.expect_text("Person G, Person H")

    links = desk.row(CIPHERS).get_by_role("link").all()
    assert [link.get_attribute("href") for link in links] == [
        "https://arxiv.org/abs/2511.00001",
        "https://arxiv.org/pdf/2511.00001",
        "https://github.com/example/ciphers",
    ]
    desk.row(OLDEST).get_by_text("Abstract").click()
    desk.expect_text(WITHDRAWN)


def test_text_of_papers_is_never_html(desk: Desk) -> None:
    """A hostile paper is read as what it says."""
    row = desk.row(IMAGE)
    row.get_by_text("Abstract").click()
    expect(row).to_contain_text("<b>Mallory</b>")
    desk.expect_text(HOSTILE)
    expect(desk.page.locator("main img, main script, main b")).to_have_count(0)


def test_policy_refuses_what_is_not_ours(browser: Browser, port: int) -> None:
    """If text became HTML after all, the policy of the page would still stop it."""
    with open_desk(browser) as desk:
        desk.open(port)
        for attack in (
            "document.body.append(Object.assign(document.createElement('script'), { text: '1' }))",
            "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=alert(1)>')",
            "fetch('https://example.org/').catch(() => {})",
        ):
            with desk.page.expect_console_message(lambda said: "Security Policy" in said.text):
                desk.page.evaluate(f"() => {{ {attack} }}")


def test_bibtex(desk: Desk, port: int) -> None:
    """One paper, those ticked in several searches, or all found; signs are escaped once."""
    desk.press("BibTeX of n_k")
    desk.expect_text("BibTeX copied: 1")
    assert desk.page.evaluate("navigator.clipboard.readText()") == ENTRY
    desk.press("Copy BibTeX of all 5 found")
    desk.expect_text("BibTeX copied: 5")

    for title in (CIPHERS, HANDS):
        desk.type(title)
        desk.page.get_by_role("checkbox", name=f"Tick {title}").check()
    desk.press("Copy BibTeX of 2 ticked")
    desk.expect_text("BibTeX copied: 2")
    copied = desk.page.evaluate("navigator.clipboard.readText()")
    assert re.findall("eprint={(.*)}", copied) == ["2511.00001", "2510.00001"]
    desk.page.get_by_role("checkbox", name=f"Tick {HANDS}").uncheck()
    desk.press("Copy BibTeX of 1 ticked")
    desk.expect_text("BibTeX copied: 1")

    desk.open(port, host="desk.test")
    desk.press("Copy BibTeX of all 5 found")
    desk.expect_text("The browser refused to copy. Open this page by https.")


def test_months_are_shown_as_they_come(desk: Desk) -> None:
    """What is there can be read, opened and searched while the rest is on its way."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    desk.page.route("**/2025-10.jsonl", hold)
    desk.page.reload()
    desk.expect_titles(TRACES, IMAGE, CIPHERS, OLDEST)
    desk.expect_text("Months to load: 1")
    desk.row(CIPHERS).get_by_text("Abstract").click()
    desk.row(CIPHERS).get_by_role("checkbox").check()
    desk.type("hands")
    desk.expect_titles()
    expect(desk.page.get_by_text("No paper fits")).to_be_hidden()

    held[0].continue_()
    desk.expect_titles(HANDS)
    expect(desk.page.get_by_text("Months to load")).to_be_hidden()
    desk.type("")
    desk.expect_text(CODE)
    expect(desk.row(CIPHERS).get_by_role("checkbox")).to_be_checked()


def test_lost_months_are_named(desk: Desk) -> None:
    """Months that cannot be loaded or read are named; the rest is there."""
    desk.page.route("**/2025-10.jsonl", lambda route: route.fulfill(status=404))
    desk.page.route("**/2024-12.jsonl", lambda route: route.fulfill(body="<<<<<<< HEAD"))
    desk.page.reload()
    desk.expect_titles(TRACES, IMAGE, CIPHERS)
    said = desk.page.get_by_role("alert")
    expect(said).to_have_text(re.compile(r"Not loaded: .*2025-10.*\. Reload the page"))
    expect(said).to_contain_text("2024-12")
    assert all("404" in complaint for complaint in desk.complaints)
    desk.complaints.clear()


def test_list_without_papers(desk: Desk, tmp_path: Path) -> None:
    """A new list offers no filter of domains it lacks, and no link to a list it does not know."""
    assert run(make_list(tmp_path), "--rebuild") == 0
    with serve(tmp_path / "articles") as port:
        desk.open(port)
        desk.expect_text("0 of 0 papers")
        expect(desk.page.get_by_role("combobox")).to_have_count(2)
        expect(desk.page.get_by_role("link")).to_have_text(["Follow it by feed"])


def test_long_result_comes_in_steps(desk: Desk, tmp_path: Path) -> None:
    """Rows come by fifty, and the keyboard goes on at the first new one."""
    folder = write_site(tmp_path, [paper(number) for number in range(1, 61)])
    with serve(folder) as port:
        desk.open(port)
        rows = desk.page.locator("#papers > li")
        expect(rows).to_have_count(50)
        desk.page.get_by_role("button", name="Show more (10 left)").press("Enter")
        expect(rows).to_have_count(60)
        expect(rows.nth(50).locator("h2 a")).to_be_focused()
        expect(desk.page.get_by_role("button", name="Show more")).to_be_hidden()
        desk.type("2511")
        expect(rows).to_have_count(50)


def test_keyboard_and_screen_reader(desk: Desk) -> None:
    """Without a mouse one searches, ticks, copies and opens; all that can be used has a name."""
    page, keys = desk.page, desk.page.keyboard
    snapshot = page.locator("body").aria_snapshot()
    controls = "button|link|checkbox|combobox|searchbox"
    assert re.findall(rf"- (?:{controls})(?=:|$| \[)", snapshot) == []
    expect(page.get_by_role("status").filter(has_text="5 of 5 papers")).to_be_visible()

    for _ in range(3):  # two links, and there is the box
        keys.press("Tab")
    keys.type("n_k")
    desk.expect_titles(TRACES)
    keys.press("Enter")
    for _ in range(6):  # domain, year, order, code, copy, and there is the row
        keys.press("Tab")
    tick = page.get_by_role("checkbox", name="Tick n_k")
    expect(tick).to_be_focused()
    assert tick.evaluate("element => getComputedStyle(element).outlineStyle") == "solid"
    keys.press("Space")
    expect(tick).to_be_checked()
    for _ in range(3):  # title, PDF, BibTeX
        keys.press("Tab")
    keys.press("Enter")
    desk.expect_text("BibTeX copied: 1")
    keys.press("Tab")
    keys.press("Enter")
    desk.expect_text(CHAIN)


def test_light_and_dark_on_a_phone(desk: Desk) -> None:
    """The page follows the reader's colours, and nothing is wider than a phone."""
    ground = "getComputedStyle(document.body).backgroundColor"
    desk.page.emulate_media(color_scheme="light")
    assert desk.page.evaluate(ground) == "rgb(255, 255, 255)"
    desk.page.emulate_media(color_scheme="dark")
    assert desk.page.evaluate(ground) == "rgb(13, 17, 23)"
    desk.page.set_viewport_size({"width": 390, "height": 844})
    desk.row(HANDS).get_by_text("Abstract").click()
    assert desk.page.evaluate("document.documentElement.scrollWidth") == 390


def test_page_that_cannot_search_says_why(browser: Browser, site: Path) -> None:
    """Opened as a file, the page says what it needs, and leads to the list."""
    with open_desk(browser, java_script_enabled=False) as desk:
        desk.page.goto((site / "search.html").as_uri())
        desk.expect_text("this page needs JavaScript and a web server")
        link = desk.page.get_by_role("link", name="Read the list")
        expect(link).to_have_attribute("href", "https://github.com/ann/list")


def test_withdrawn(desk: Desk) -> None:
    """A withdrawn paper is marked in place of its PDF, which arXiv no longer has."""
    row = desk.row(OLDEST)
    expect(row.locator("strong")).to_have_text("withdrawn")
    expect(row.get_by_role("link", name="PDF")).to_have_count(0)
