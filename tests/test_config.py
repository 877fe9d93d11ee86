"""The config: all that is wrong is said at once with its line, what is right is one sound query."""

import datetime as dt
import re
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from update_papers import Config, UpdaterError, parse_config

SINCE = dt.datetime(2024, 9, 12, tzinfo=dt.UTC)

# Three lines: what a case adds begins on line 4.
BASE = "keywords:\n  model: [reasoning]\nsince: 2024-09-12\n"
DOMAIN = "    about: x\n    terms: [x]\n"

COMPLAINT = re.compile(r"config\.yaml, line (\d+): (.+?)(?:: (.+))?")
TOKEN = re.compile(r'\(|\)|ANDNOT|AND|OR|\w+:"[^"]*"|cat:[\w.*-]+')


def parse(text: str) -> Config:
    """Read a config that is right."""
    return parse_config(text.encode())


def complaints(data: str | bytes) -> list[str]:
    """Return the lines that say what is wrong with a config."""
    if isinstance(data, str):
        data = data.encode()
    with pytest.raises(UpdaterError) as raised:
        parse_config(data)
    return str(raised.value).split("\n")


def places(data: str | bytes) -> list[str]:
    """Return "LINE KEY" of each complaint."""
    found = []
    for line in complaints(data):
        match = COMPLAINT.fullmatch(line)
        assert match, line
        found.append(f"{match[1]} {match[2]}")
    return found


# ---------------------------------------------------------------------------- what is wrong


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        pytest.param("", ["1 keywords", "1 since"], id="empty file"),
        pytest.param("# nothing\n", ["1 keywords", "1 since"], id="comment only"),
        pytest.param(
            "- a\n- b\n", ["1 Input should be a valid mapping, not ['a', 'b']"], id="list"
        ),
        pytest.param(
            "reasoning\n", ["1 Input should be a valid mapping, not 'reasoning'"], id="text"
        ),
        pytest.param("since: 2024-09-12\n", ["1 keywords"], id="keywords missing"),
        pytest.param("since: 2024-09-12\nkeywords:\n", ["2 keywords"], id="keywords empty"),
        pytest.param("since: 2024-09-12\nkeywords: []\n", ["2 keywords"], id="no keywords"),
        pytest.param("since: 2024-09-12\nkeywords: {}\n", ["2 keywords"], id="no groups"),
        pytest.param(
            "since: 2024-09-12\nkeywords: model\n", ["2 keywords"], id="keywords are text"
        ),
        pytest.param(BASE + "exclude_keywords: x\n", ["4 exclude_keywords"], id="terms are text"),
        pytest.param(BASE.replace("[reasoning]", "[]"), ["2 keywords.model"], id="empty group"),
        pytest.param(BASE.replace("[reasoning]", ""), ["2 keywords.model"], id="no group"),
        pytest.param(BASE.replace("[reasoning]", "x"), ["2 keywords.model"], id="group is text"),
        pytest.param(BASE + "latest:\n  - 5\n", ["4 latest"], id="list for a number"),
        pytest.param(BASE + "latest: many\n", ["4 latest"], id="word for a number"),
        pytest.param(BASE + "latest: 2.5\n", ["4 latest"], id="fraction for a whole number"),
        pytest.param(BASE + "latest: 0\n", ["4 latest"], id="number too low"),
        pytest.param(BASE + "latest: 101\n", ["4 latest"], id="number too high"),
        pytest.param(BASE + "lookback_days: -1\n", ["4 lookback_days"], id="negative"),
        pytest.param(BASE + "lookback_days: 10000\n", ["4 lookback_days"], id="long ago"),
        pytest.param(
            BASE + "stale_after_days: never\n", ["4 stale_after_days"], id="word for days"
        ),
        pytest.param(BASE + "min_score: -3\n", ["4 min_score"], id="negative score"),
        pytest.param(BASE + "min_score: nine\n", ["4 min_score"], id="word for a score"),
        pytest.param(BASE + "homepage: a.org/\n", ["4 homepage"], id="no scheme"),
        pytest.param(BASE + "homepage: https://a.org/?x=/\n", ["4 homepage"], id="query"),
        pytest.param(BASE + "homepage: 'https://a.org/\"/'\n", ["4 homepage"], id="quote"),
        pytest.param(BASE + "arxiv: fast\n", ["4 arxiv"], id="text for a mapping"),
        pytest.param(BASE + "arxiv:\n  page_size: 2001\n", ["5 arxiv.page_size"], id="page size"),
        pytest.param(
            BASE + "arxiv:\n  timeout_seconds: .nan\n", ["5 arxiv.timeout_seconds"], id=".nan"
        ),
        pytest.param(
            BASE + "arxiv:\n  timeout_seconds: nan\n", ["5 arxiv.timeout_seconds"], id="nan"
        ),
        pytest.param(
            BASE + "arxiv:\n  timeout_seconds: 0\n", ["5 arxiv.timeout_seconds"], id="no time"
        ),
        pytest.param(BASE + "arxiv:\n  retries: 21\n", ["5 arxiv.retries"], id="retries"),
        pytest.param(
            BASE + "arxiv:\n  deadline_seconds: inf\n", ["5 arxiv.deadline_seconds"], id="inf"
        ),
        pytest.param(BASE + "arxiv:\n  url: ftp://arxiv.org\n", ["5 arxiv.url"], id="other scheme"),
        pytest.param(
            BASE + "arxiv:\n  url: https://a.org/api?x=1\n", ["5 arxiv.url"], id="with query"
        ),
        pytest.param(BASE + "categories: cs.CR\n", ["4 categories"], id="text for a list"),
        pytest.param(
            BASE + "include: [9911.21590]\nexclude: [x]\n", ["4 include", "5 exclude"], id="ids"
        ),
        pytest.param(
            BASE + "include: [2511.21590]\nexclude: [2511.21590]\n", ["5 exclude"], id="both"
        ),
        pytest.param(BASE.replace("09-12", "02-30"), ["3 since"], id="no day of the calendar"),
        pytest.param(BASE.replace("2024-09-12", "last week"), ["3 since"], id="no date"),
        pytest.param(BASE.replace("2024-09-12", "1726099200"), ["3 since"], id="seconds"),
        pytest.param(BASE.replace("2024-09-12", "0202-09-12"), ["3 since"], id="before arXiv"),
        pytest.param(BASE.replace("2024-09-12", ""), ["3 since"], id="since empty"),
        pytest.param(
            BASE + "domains:\n  A:\n    terms: [x]\n", ["5 domains.A.about"], id="no about"
        ),
        pytest.param(BASE + "domains:\n  A:\n    about: x\n", ["5 domains.A.terms"], id="no terms"),
        pytest.param(BASE + "domains:\n  A: [x]\n", ["5 domains.A"], id="domain is a list"),
        pytest.param(BASE + "domains:\n  A:\n", ["5 domains.A"], id="domain is empty"),
        pytest.param(BASE + f"domains:\n  '':\n{DOMAIN}", ["5 domains"], id="domain without name"),
        pytest.param(
            BASE + f"domains:\n  {'A' * 101}:\n{DOMAIN}", [f"5 domains.{'A' * 101}"], id="long name"
        ),
        pytest.param(BASE + "latest: 1\nlatest: 2\n", ["5 latest"], id="key twice"),
        pytest.param(
            BASE + "latest: 1\nlatest: 2\nmin_score: x\n",
            ["5 latest", "6 min_score"],
            id="twice and more",
        ),
        pytest.param(BASE + f"domains:\n  A:\n{DOMAIN}  A:\n{DOMAIN}", ["8 A"], id="domain twice"),
        pytest.param(
            BASE + "arxiv:\n  delay_seconds: 2\n", ["4 arxiv"], id="impatient with arXiv itself"
        ),
        pytest.param(
            BASE + "lates: 5\nlatest: x\nx: 1\n", ["4 lates", "5 latest", "6 x"], id="at once"
        ),
    ],
)
def test_bad_config(text: str, wanted: list[str]) -> None:
    """Every mistake is named by its line and key, once, in the order of the lines."""
    assert places(text) == wanted, complaints(text)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("latest", "0", "Input should be greater than or equal to 1, not '0'"),
        ("latest", "[5]", "Input should be a valid integer, not ['5']"),
        ("arxiv: {page_size", "2001}", "Input should be less than or equal to 2000, not '2001'"),
        ("categories", "cs.CR", "Input should be a valid list such as [a, b], not 'cs.CR'"),
        ("keywords", "[]", "no term; write one or more"),
        ("keywords", "{a: [x AND y]}", "'x AND y' is no term; write a line for each phrase"),
        ("domains", "x", "Input should be a valid mapping, not 'x'"),
        ("arxiv", "x", "Input should be a valid mapping, not 'x'"),
        ("include", "[x]", "'x' is no arXiv id; write one such as 2511.21590 or https://"),
        ("since", "2024-9-1", "'2024-9-1' is no day of arXiv's; write one such as 2024-09-12"),
        ("since", "2023-02-29", "'2023-02-29' is no day of arXiv's; write one such as 2024-09-12"),
        ("homepage", "x", "'x' is no address; write one such as https://example.org/list/"),
        ("arxiv: {delay_seconds", "1}", "delay_seconds: arXiv wants 3 or more; write 5"),
    ],
)
def test_remedy(key: str, value: str, said: str) -> None:
    """A complaint says what may be written, and what was found."""
    lines = ["keywords: [x]\n", "since: 2024-09-12\n"]
    text = "".join(line for line in lines if not line.startswith(key))
    (line,) = complaints(f"{text}{key}: {value}\n")
    assert f": {said}" in line


def test_pause_of_every_arxiv() -> None:
    """Each of arXiv's hosts wants the pause."""
    text = BASE + "arxiv: {url: https://arxiv.org/api/query, delay_seconds: 0}\n"
    (line,) = complaints(text)
    assert "arXiv wants 3 or more" in line


def test_stand_in_needs_no_pause() -> None:
    """Only arXiv itself wants a pause between requests."""
    text = BASE + "arxiv: {url: http://127.0.0.1:1/arxiv.org/, delay_seconds: 0}\n"
    assert parse(text).arxiv.delay_seconds == 0


# ------------------------------------------------------------------------------------ terms


IS_NO_TERM = " is no term; write a line for each phrase, in quotes if it has a colon, without "
IS_CUT = "YAML ends the value before the #; put it in quotes, or a space behind the #"


@pytest.mark.parametrize(
    ("term", "said"),
    [
        ("safety AND security", f"'safety AND security'{IS_NO_TERM}"),
        ("TI:safety", f"'TI:safety'{IS_NO_TERM}"),
        ("'red, blue'", f"'red, blue'{IS_NO_TERM}"),
        ("ti:", f"{{'ti': ''}}{IS_NO_TERM}"),
        ("''", f"''{IS_NO_TERM}"),
        ("", f"''{IS_NO_TERM}"),
        ("C++: a view", f"{{'C++': 'a view'}}{IS_NO_TERM}"),
        ("? x", IS_NO_TERM),
        ("[a]", f"['a']{IS_NO_TERM}"),
        ("- a", f"['a']{IS_NO_TERM}"),
        ("C #sharp", IS_CUT),
        ("model's C #sharp", IS_CUT),
        ("C #(sharp)", IS_CUT),
        ("C\t#sharp", IS_CUT),
        ("agent  #1 risk", IS_CUT),
        ("ti:x #安全", IS_CUT),
    ],
)
def test_bad_term(term: str, said: str) -> None:
    """A term that YAML or arXiv would read as something else is refused on its own line."""
    domain = f"domains:\n  A:\n    about: x\n    terms:\n      - {term}\n      - fine\n"
    texts = {
        "3 keywords": f"keywords:\n  - fine\n  - {term}\nsince: 2024-09-12\n",
        "4 keywords.a": f"keywords:\n  a:\n  - fine\n  - {term}\nsince: 2024-09-12\n",
        "6 exclude_keywords": f"{BASE}exclude_keywords:\n  - fine\n  - {term}\n",
        "8 domains.A.terms": BASE + domain,
    }
    for place, text in texts.items():
        (line,) = complaints(text)
        number, _, key = place.partition(" ")
        assert line.startswith(f"config.yaml, line {number}: ")
        assert said in line
        assert f": {key}: " in line or said == IS_CUT


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("jailbreak  # a comment", "jailbreak"),
        ("jailbreak # 1 of 2", "jailbreak"),
        ("C#", "C#"),
        ("'C #sharp'", "C #sharp"),
        ('"C #sharp"', "C #sharp"),
        ('"C #sharp" #comment', "C #sharp"),
        ("|\n    C #sharp", "C #sharp"),
        ('"C++: a view"', "C++: a view"),
        ("'Moore''s law'", "Moore's law"),
        ('"na\\u00efve"', "naïve"),
        ("|\n    red team", "red team"),
        (">-\n    red\n    team", "red team"),
        ('"red\n    team"', "red team"),
        ("  red   team  ", "red team"),
        ("red\u200bteam\u00ad", "redteam"),
        ("2511.21590", "2511.21590"),
        ("yes", "yes"),
        ("null", "null"),
        ("0x10", "0x10"),
        ("~x", "~x"),
    ],
)
def test_good_term(written: str, read: str) -> None:
    """Whatever way YAML lets one write a term, it is read as written, no number, no truth."""
    text = BASE + f"exclude_keywords:\n  - {written}\n  - last\n"
    assert [str(term) for term in parse(text).exclude_keywords] == [read, "last"]


def test_about_on_two_lines() -> None:
    """A sentence may go over lines, and have a comment behind it."""
    text = BASE + "domains:\n  A:\n    about: Attacks\n      and more. # why\n    terms: [x]\n"
    assert parse(text).domains[0].about == "Attacks and more."


# ------------------------------------------------------------------------------- categories


@pytest.mark.parametrize(
    "name",
    [
        *("cs.CR", "cs.*", "stat.ML", "math.GT", "eess.IV", "econ.EM", "q-bio.BM", "q-fin.ST"),
        *("astro-ph.GA", "astro-ph.*", "nlin.CD", "cond-mat.mes-hall", "cond-mat.soft"),
        *("physics.optics", "physics.soc-ph", "physics.*", "hep-th", "quant-ph", "gr-qc"),
        *("math-ph", "nucl-th", "cmp-lg", "alg-geom"),
    ],
)
def test_category(name: str) -> None:
    """A category that arXiv has, or had, is taken, and so is a whole archive."""
    assert parse(BASE + f"categories: ['{name}']\n").categories == (name,)


@pytest.mark.parametrize(
    "name",
    [
        *("CS.AI", "cs.ai", "Cs.*", "cs", "cs.", "cs.A", "cs.AI.x", "math", "physics", "ai"),
        *(
            "physics.Optics",
            "q-bio.bm",
            "HEP-TH",
            "cs CR",
            "'*'",
            "cs.CR OR cs.AI",
            "''",
            "[cs.AI]",
        ),
    ],
)
def test_bad_category(name: str) -> None:
    """A category of a form that arXiv doesn't have is refused with some that it has."""
    text = BASE + f"categories:\n  - cs.CR\n  - {name}\n"
    assert places(text) == ["6 categories"]
    assert complaints(text)[0].endswith(
        " is no category; write one such as cs.CR, quant-ph or cs.*"
    )


# --------------------------------------------------------------------------------- the file


@pytest.mark.parametrize(
    ("added", "line"),
    [
        pytest.param("latest: 1\n\tx: 2\n", 5, id="tab"),
        pytest.param("\x07", 4, id="control character"),
        pytest.param("---\nlatest: 1\n", 4, id="two documents"),
        pytest.param('exclude_keywords:\n  - "red\n  - blue\n', 5, id="quote not closed"),
        pytest.param("exclude_keywords: [red,\n  blue\nlatest: 1\n", 4, id="bracket not closed"),
        pytest.param("arxiv: {retries: 1\n\n", 4, id="brace not closed"),
        pytest.param("latest 20\nmin_score: 1\n", 4, id="colon missing"),
        pytest.param("  latest: 20\n", 4, id="indented"),
        pytest.param("exclude_keywords:\n  - red\n - blue\n", 6, id="out of line"),
        pytest.param("exclude_keywords:\n  - 'red' team\n", 5, id="quotes around a part"),
        pytest.param("exclude_keywords:\n  - *red\n", 5, id="star"),
        pytest.param("exclude_keywords:\n  - @red\n", 5, id="at"),
        pytest.param("exclude_keywords:\n  - `red`\n", 5, id="backtick"),
        pytest.param("exclude_keywords:\n  - %red\n", 5, id="percent"),
        pytest.param('exclude_keywords:\n  - "\\d"\n', 5, id="escape"),
        pytest.param('exclude_keywords:\n  - "\\U99999999"\n', 5, id="escape out of range"),
        pytest.param("exclude_keywords: &a [*a]\n", 4, id="list in itself"),
        pytest.param("arxiv: &a\n  x: *a\n", 4, id="mapping in itself"),
        pytest.param("x: " + "[" * 1_000 + "\n", 4, id="deep list"),
        pytest.param("x: " + "{a: " * 1_000 + "\n", 4, id="deep mapping"),
    ],
)
def test_not_yaml(added: str, line: int) -> None:
    """What is no YAML is named by its line, if YAML knows it."""
    assert places(BASE + added) == [f"{line} not YAML"]


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (BASE.encode() + b"# caf\xe9\n", 4),
        ((BASE + "# café\n").encode("latin-1"), 4),
        (b"\xef\xbb\xbf# x\n\xff", 2),
        (BASE.encode() + b"<<<<<<< HEAD\nlatest: 1\n=======\nlatest: 2\n>>>>>>> topic\n", 4),
    ],
    ids=["byte", "latin-1", "after a byte order mark", "conflict"],
)
def test_damaged_file(data: bytes, line: int) -> None:
    """A file in another encoding, or with a conflict, is refused at the first such line."""
    assert places(data) == [f"{line} not YAML"]


def test_windows_file() -> None:
    """A byte order mark and CRLF line ends change nothing."""
    data = b"\xef\xbb\xbf" + BASE.replace("\n", "\r\n").encode()
    assert parse_config(data) == parse(BASE)
    assert places(data + b"latest: x\r\n") == ["4 latest"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lates: 5", "lates: unknown key here; did you mean latest"),
        ("Since: x", "Since: unknown key here; did you mean since"),
        ("domain: x", "domain: unknown key here; did you mean domains"),
        ("arxiv: {retry: 1}", "arxiv.retry: unknown key here; did you mean retries below arxiv:"),
        ("retries: 1", "retries: unknown key here; did you mean retries below arxiv:"),
        (
            "domains: {A: {about: x, terms: [x], therms: [x]}}",
            "domains.A.therms: unknown key here; did you mean terms below a domain's name:",
        ),
        (
            "xyzzy: 1",
            "xyzzy: unknown key; known are keywords, exclude_keywords, categories, since,",
        ),
        ("domain_settings: {}", "domain_settings: unknown key here; did you mean domains"),
    ],
)
def test_unknown_key(text: str, said: str) -> None:
    """An unknown key comes with the nearest and its place, or with all that are known."""
    (line,) = complaints(BASE + text)
    assert line.startswith(f"config.yaml, line 4: {said}")


FRAGMENTS = st.sampled_from(
    [
        *("keywords:", "since:", "domains:", "arxiv:", "latest:", "include:", "exclude:", "about:"),
        *(
            "terms:",
            " 2024-09-12",
            " 2511.21590",
            " x",
            "\n",
            "\n  ",
            "\n  - ",
            "\n    ",
            "- ",
            ": ",
        ),
        *(" #", "#x", "[", "]", "{", "}", ", ", "'", '"', "*a", "&a ", "!a ", "|", ">", "\t", "\\"),
        *(
            "<<: ",
            "---\n",
            "...\n",
            "%YAML 1.1\n",
            "\ufeff",
            "\r",
            "\x85",
            "\u2028",
            "\0",
            "ti:",
            "?",
        ),
    ]
)


@settings(max_examples=200)
@given(st.binary() | st.text().map(str.encode) | st.lists(FRAGMENTS).map("".join).map(str.encode))
def test_any_file(data: bytes) -> None:
    """Any file gives a config, or complaints of which each names a line."""
    for text in (data, BASE.encode() + data):
        try:
            parse_config(text)
        except UpdaterError as error:
            for line in str(error).splitlines():
                assert COMPLAINT.fullmatch(line), line


# ----------------------------------------------------------------------------- what is right


def test_defaults() -> None:
    """What is left out, or has nothing behind it, has its default; a plain list is one group."""
    short = parse("keywords: [a1, b1]\nsince: 2024-09-12\n")
    empty = "exclude_keywords:\ncategories:\ninclude: []\ndomains:\nlatest:\narxiv:\nhomepage: ''\n"
    assert parse(f"keywords: [a1, b1]\nsince: 2024-09-12\n{empty}") == short

    assert [str(term) for group in short.keywords.values() for term in group] == ["a1", "b1"]
    assert short.since == SINCE.date()
    assert (short.exclude_keywords, short.categories, short.domains) == ((), (), ())
    assert (short.include, short.exclude) == ((), ())
    assert (short.latest, short.lookback_days, short.stale_after_days) == (20, 100, 14)
    assert (short.min_score, short.homepage) == (0, "")

    arxiv = short.arxiv
    assert (arxiv.url, arxiv.page_size) == ("https://export.arxiv.org/api/query", 2_000)
    assert (arxiv.delay_seconds, arxiv.timeout_seconds, arxiv.retries) == (5, 60, 4)
    assert (arxiv.backoff_seconds, arxiv.deadline_seconds) == (30, 1_200)


def test_values() -> None:
    """Every key has its effect."""
    config = parse(
        BASE
        + "exclude_keywords: [ti:b1]\n"
        + "categories: [cs.CR, 'cs.*']\n"
        + "latest: 3\nlookback_days: 7\nstale_after_days: 0\nmin_score: 9\n"
        + "include: [2511.21590v2, 'https://arxiv.org/abs/hep-th/9901001']\nexclude: [2511.21591]\n"
        + "homepage: https://name.github.io/list\n"
        + "domains:\n  Red Teams:\n    about: Attacks\n    terms: [Jail-breaks, ti:attack]\n"
        + "arxiv: {url: http://127.0.0.1:8000/q, retries: 0, backoff_seconds: 0.5}\n"
    )
    assert [str(term) for term in config.keywords["model"]] == ["reasoning"]
    assert [str(term) for term in config.exclude_keywords] == ["ti:b1"]
    assert config.categories == ("cs.CR", "cs.*")
    assert (config.latest, config.lookback_days, config.stale_after_days) == (3, 7, 0)
    assert (config.min_score, config.homepage) == (9, "https://name.github.io/list/")
    assert (config.include, config.exclude) == (("2511.21590", "hep-th/9901001"), ("2511.21591",))
    assert (config.arxiv.url, config.arxiv.retries) == ("http://127.0.0.1:8000/q", 0)
    assert config.arxiv.backoff_seconds == 0.5

    (domain,) = config.domains
    assert (domain.name, domain.page) == ("Red Teams", "domain-red-teams")
    assert (domain.about, list(map(str, domain.terms))) == ("Attacks", ["Jail-breaks", "ti:attack"])


def test_pages_of_domains() -> None:
    """Every domain has a page of its own, whatever its name."""
    names = ("A b", "a B!", "安全", "隐私", "4")
    text = BASE + "domains:\n" + "".join(f"  {name}:\n{DOMAIN}" for name in names)
    assert [domain.page for domain in parse(text).domains] == [
        "domain-a-b",
        "domain-a-b-2",
        "domain-3",
        "domain-4",
        "domain-4-5",
    ]


@given(st.lists(st.text("aB -1安", min_size=1, max_size=4).map(str.strip), unique=True))
def test_pages_never_collide(names: list[str]) -> None:
    """No two domains share a page, not even where a file's name has no case."""
    normal = {" ".join(name.split()) for name in names} - {""}
    entries = "".join(f"  '{name}':\n{DOMAIN}" for name in sorted(normal))
    pages = [domain.page for domain in parse(f"{BASE}domains:\n{entries}").domains]
    assert len({page.lower() for page in pages}) == len(normal)


# -------------------------------------------------------------------------------- the query


@pytest.mark.parametrize(
    ("added", "query"),
    [
        ("", '(ti:"a1" OR abs:"a1")'),
        ("categories: [cs.CR, cs.*]", '((ti:"a1" OR abs:"a1") AND (cat:cs.CR OR cat:cs.*))'),
        ("exclude_keywords: [ti:b1]", '((ti:"a1" OR abs:"a1") ANDNOT (ti:"b1"))'),
        ("exclude_keywords: []\ncategories: []", '(ti:"a1" OR abs:"a1")'),
    ],
    ids=["plain", "categories", "excluded", "empty lists"],
)
def test_selection(added: str, query: str) -> None:
    """The query reads as arXiv's manual says."""
    assert parse(f"keywords: [a1]\nsince: 2024-09-12\n{added}\n").selection == query


@pytest.mark.parametrize("prefix", ["ti", "abs", "au", "co"])
def test_prefix(prefix: str) -> None:
    """A prefix names the one field that a term is looked for in."""
    config = parse(f"keywords: ['{prefix}: a1 b1']\nsince: 2024-09-12\n")
    assert config.selection == f'({prefix}:"a1 b1")'


def test_dates() -> None:
    """The dates are to the minute and closed, in the form that works with raw=1."""
    query = parse(BASE).query(SINCE, dt.datetime(2025, 11, 21, 4, 37, 59, tzinfo=dt.UTC))
    dates = '"202409120000 TO 202511210437"'
    assert query == f'((ti:"reasoning" OR abs:"reasoning") AND submittedDate:{dates})'


def test_long_query() -> None:
    """A query whose address would pass 4,000 characters is refused by name of the keywords."""
    terms = [f"abs:a rather long term number {number}" for number in range(99)]
    text = BASE.replace("[reasoning]", f"[{', '.join(terms)}]")
    assert places(text) == ["1 keywords"]
    assert re.search(r": a request of \d,\d{3} characters, more than 4,000; ", complaints(text)[0])


def test_longest_query() -> None:
    """The limit is on the whole address, as it is sent: a character more is too many."""
    address = "https://export.arxiv.org/api/query/"
    found = re.search(r"a request of ([\d,]+)", complaints(with_url(address + "x" * 4_000))[0])
    room = 8_000 - int(found[1].replace(",", "")) if found else 0
    assert 3_000 < room < 4_000
    assert parse(with_url(address + "x" * room))
    assert places(with_url(address + "x" * (room + 1))) == ["1 keywords"]


def with_url(address: str) -> str:
    """Return a config whose answers come from an address."""
    return f"{BASE}arxiv: {{url: {address}}}\n"


def judge(tokens: Iterator[str], holds: Callable[[str], bool]) -> bool:
    """Read a query that never mixes operators between two parentheses: their order is no matter."""
    values: list[bool] = []
    operators: set[str] = set()
    for part in tokens:
        if part == ")":
            break
        if part in {"AND", "OR", "ANDNOT"}:
            assert values, "an operator stands first"
            operators.add(part)
        elif part == "(":
            values.append(judge(tokens, holds))
        else:
            values.append(holds(part))
    assert len(operators) <= 1, operators
    if operators == {"ANDNOT"}:
        return values[0] and not any(values[1:])
    if operators == {"OR"}:
        return any(values)
    return all(values)


WORDS = st.sampled_from(["b1", "c1", "d1", "e1", "f1", "g1"])
AREAS = st.sampled_from(["cs.AI", "cs.CL", "cs.CR", "cs.LG"])


@given(
    groups=st.lists(st.lists(WORDS, min_size=1, max_size=3), min_size=1, max_size=4),
    excluded=st.lists(WORDS, max_size=3),
    categories=st.lists(AREAS, max_size=3),
    words=st.frozensets(WORDS),
    filed=st.frozensets(AREAS),
)
def test_query_means_what_the_config_says(
    groups: list[list[str]],
    excluded: list[str],
    categories: list[str],
    words: frozenset[str],
    filed: frozenset[str],
) -> None:
    """One term of every group, none that is excluded, one of the categories: however grouped."""
    entries = [f"  g{number}: [{', '.join(group)}]\n" for number, group in enumerate(groups)]
    config = parse(
        f"keywords:\n{''.join(entries)}"
        f"exclude_keywords: [{', '.join(excluded)}]\n"
        f"categories: [{', '.join(categories)}]\n"
        "since: 2024-09-12\n"
    )
    query = config.query(SINCE, SINCE)
    assert not TOKEN.sub("", query).strip()

    def holds(token: str) -> bool:
        """Say whether the paper, whose abstract has these words, has what a token asks for."""
        field, _, value = token.partition(":")
        known = {"abs": value[1:-1] in words, "cat": value in filed, "submittedDate": True}
        return known.get(field, False)

    wanted = all(words & set(group) for group in groups)
    wanted = wanted and not words & set(excluded)
    wanted = wanted and (not categories or bool(filed & set(categories)))
    assert judge(iter(TOKEN.findall(query)), holds) == wanted
