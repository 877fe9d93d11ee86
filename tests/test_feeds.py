"""The feeds: valid Atom, one for the list and one for each domain, whose ids outlive a title."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import feedparser.api
import pytest
from lxml import etree

from tests.helpers import PROJECT, feed, make_list, paper, run

PARSE: Callable[[bytes], Any] = feedparser.api.parse
SCHEMA = etree.RelaxNG(etree.parse(PROJECT / "tests/data/atom.rng"))
DOMAINS = {
    "Attacks & <defence>": {"about": "x", "terms": ["attack"]},
    "Nothing": {"about": "x", "terms": ["quantum"]},
}
ATTACKS, NOTHING = "domain-attacks-defence.xml", "domain-nothing.xml"
TITLES = {
    58: "</title><entry>",
    59: "安全 $x_1$ \\textbf{models}",
    60: 'On <b>bold</b> & "quoted" ]]> attacks',
}


def make(root: Path, *papers: dict[str, Any], **keys: Any) -> Path:
    """Make a list of these papers; `keys` of its config."""
    make_list(root, config={"domains": DOMAINS} | keys)
    saved = root / "saved.atom"
    saved.write_bytes(feed(papers))
    assert run(root, "--feed", saved) == 0
    return root


def valid(root: Path, name: str = "feed.xml") -> Any:
    """Return what a reader finds in a feed, which must be valid."""
    data = (root / "articles" / name).read_bytes()
    document = etree.fromstring(data)
    assert SCHEMA.validate(document), SCHEMA.error_log
    found = PARSE(data)
    assert not found.bozo
    return found


def ids(root: Path) -> list[str]:
    """Return the ids of all feeds of a list."""
    return [valid(root, path.name).feed.id for path in sorted(root.glob("articles/*.xml"))]


@pytest.fixture(name="full", scope="module")
def fixture_full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a list with more papers than a feed has, some with a hostile title."""
    papers = [
        paper(n, title=TITLES.get(n, f"Title {n}"), authors=[f"Ann & {n}", "Bo"])
        for n in range(1, 61)
    ]
    return make(tmp_path_factory.mktemp("full"), *papers)


def test_entries(full: Path) -> None:
    """The feed has the newest 50 papers in order, each with its own address as its id."""
    entries = valid(full).entries
    wanted = [f"https://arxiv.org/abs/2511.{n:05}" for n in range(60, 10, -1)]
    assert [entry.id for entry in entries] == wanted
    assert [entry.link for entry in entries] == wanted
    first = entries[3]
    assert first.title == "Title 57"
    assert first.summary == "We invent paper 57 on the safety of a reasoning model."
    assert [author.name for author in first.authors] == ["Ann & 57", "Bo"]
    assert first.published == first.updated == "2025-11-03T10:57:00Z"
    assert [tag.term for tag in entries[0].tags] == ["Attacks & <defence>"]


def test_titles_as_they_are_shown(full: Path) -> None:
    """A title is text, whatever stands in it, and without TeX."""
    document = etree.parse(full / "articles/feed.xml")
    texts = [entry.findtext("{*}title") for entry in document.getroot().iterfind("{*}entry")]
    assert texts[:3] == [TITLES[60], "安全 x₁ models", TITLES[58]]


def test_feed_of_a_domain(full: Path) -> None:
    """A domain's feed is named like its page and has its papers only."""
    found = valid(full, ATTACKS)
    assert found.feed.title == "A small list: Attacks & <defence>"
    assert [entry.id for entry in found.entries] == ["https://arxiv.org/abs/2511.00060"]
    assert valid(full, NOTHING).entries == []
    assert (full / "articles" / ATTACKS).with_suffix(".md").is_file()


def test_whole_abstract(tmp_path: Path) -> None:
    """The summary is the whole abstract, however much of it a page has room for."""
    summary = "我们证明 <b> & $x_1$ 的安全。" * 90
    make(tmp_path, paper(1, summary=summary))
    shown = summary.replace("$x_1$", "x₁")
    entry = etree.parse(tmp_path / "articles/feed.xml").getroot().find("{*}entry")
    assert entry is not None
    assert entry.findtext("{*}summary") == shown


def test_many_authors(tmp_path: Path) -> None:
    """Only the first authors of thousands stand in a feed, and it stays valid."""
    make(tmp_path, paper(1, authors=[f"Name {n}" for n in range(2_000)]))
    names = [author.name for author in valid(tmp_path).entries[0].authors]
    assert names == [f"Name {n}" for n in range(len(names))]
    assert 1 < len(names) < 100


@pytest.mark.parametrize("papers", [(), (paper(1),)], ids=["empty", "one"])
def test_updated(tmp_path: Path, papers: tuple[dict[str, Any], ...]) -> None:
    """The feed of a list without papers is valid too, and `updated` is no date of a run."""
    make(tmp_path, *papers)
    dates = [facts["updated"] for facts in papers] or ["1991-08-14T00:00:00Z"]
    assert valid(tmp_path).feed.updated == dates[0]


def test_revised_paper(tmp_path: Path) -> None:
    """A revision keeps the entry's id and moves its date, and the feed's."""
    make(tmp_path, paper(1), paper(2))
    (tmp_path / "saved.atom").write_bytes(
        feed([paper(1, version=2, updated="2025-11-15T00:00:00Z")])
    )
    assert run(tmp_path, "--feed", tmp_path / "saved.atom") == 0
    found = valid(tmp_path)
    assert found.feed.updated == "2025-11-15T00:00:00Z"
    assert found.entries[1].id == "https://arxiv.org/abs/2511.00001"
    assert found.entries[1].updated == "2025-11-15T00:00:00Z"
    assert found.entries[1].published == "2025-11-03T10:01:00Z"


# ------------------------------------------------------------------------------- the own names


def retitle(root: Path, title: str) -> None:
    """Give a list another title."""
    text = (root / "README.md").read_text("utf-8")
    (root / "README.md").write_text(re.sub(r"^# .*", f"# {title}", text), "utf-8")


def test_ids_outlive_the_title(tmp_path: Path) -> None:
    """The ids of feeds stay when the title changes, and when a feed is lost."""
    make(tmp_path, paper(1))
    before = ids(tmp_path)
    assert len(set(before)) == 1 + len(DOMAINS)
    retitle(tmp_path, "Another & name")
    (tmp_path / "articles/feed.xml").unlink()
    assert run(tmp_path, "--rebuild") == 0
    assert valid(tmp_path).feed.title == "Another & name"
    assert ids(tmp_path) == before


def test_ids_of_two_lists(tmp_path: Path) -> None:
    """Lists of different titles have different ids, those of odd titles valid ones."""
    one = make(tmp_path / "one")
    two = make_list(tmp_path / "two", config={"domains": DOMAINS})
    retitle(two, 'A <b> & "ü" 安全: x')
    assert run(two, "--rebuild") == 0
    assert not set(ids(one)) & set(ids(two))
    assert all(re.fullmatch(r"[a-z]+:[!-~]+", name) for name in ids(two))


def test_homepage(tmp_path: Path) -> None:
    """Where the pages are published, a feed says where it is itself, and where the list is."""
    make(tmp_path, paper(1, title="An attack"), homepage="https://ann.github.io/list/")
    for name in ("feed.xml", ATTACKS, NOTHING):
        links = {link.rel: link.href for link in valid(tmp_path, name).feed.links}
        assert links == {
            "self": f"https://ann.github.io/list/{name}",
            "alternate": "https://ann.github.io/list/search.html",
        }


def test_no_homepage(full: Path) -> None:
    """Without a homepage a feed has no address that it can't know."""
    assert "links" not in valid(full).feed
