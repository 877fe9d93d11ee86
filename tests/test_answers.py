"""Answers that are whole but odd: in order and number, in their entries, or in what they lack."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

import update_papers
from tests.faults import HOSTILE, KEPT, Papers, changing, error_entry, instead, short, status
from tests.helpers import COVERAGE, Server, configure, feed, make_list, paper, run, shown, stored, swept_to, tree


def test_second_page_fails(server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where page 2 fails for good, page 1 is kept, and the next run goes on from there and leaves no hole."""
    server.papers[:] = [paper(number, f"25{number:02}") for number in range(1, 8)]
    server.faults += [None, *[status(503)] * 3]
    root = make_list(tmp_path, server.url, {"lookback_days": 10}, page_size=2)
    assert run(root) == 3
    assert capsys.readouterr().out.startswith("2 new, 0 revised, 2 in all; ")
    assert list(stored(root)) == ["2501.00001", "2502.00002"]
    assert swept_to(root) == "2025-02-03"
    assert "[Reasoning model safety, part 2]" in (root / "README.md").read_text("utf-8")
    server.requests.clear()
    assert run(root) == 0
    assert '"202501241002 TO' in server.requests[0]["search_query"]
    assert len(stored(root)) == 7
    assert swept_to(root) == "2025-07-03"


def test_unordered_page_before_a_failure(server: Server, root: Path) -> None:
    """What came is kept, but a page that is not in order says nothing of what was asked for completely."""
    configure(root, page_size=2)
    server.faults += [instead(feed(FOUR[1::-1], total=6)), *[status(503)] * 3]
    assert run(root) == 3
    assert len(stored(root)) == 4
    assert swept_to(root) == "2025-11-03"


FOUR = [paper(number, published=f"2025-11-{number}T10:00:00Z") for number in (11, 12, 13, 14)]
SHIFTS: dict[str, tuple[Callable[[Papers], object], set[int], int]] = {
    "grows at the end": (
        lambda papers: papers.append(paper(15, published="2025-11-15T10:00:00Z")),
        {11, 12, 13, 14},
        0,
    ),
    "grows at the beginning": (lambda papers: papers.append(paper(10)), {11, 12, 13}, 0),
    "shrinks at the end": (lambda papers: papers.pop(), {11, 12, 13}, 3),
    "shrinks at the beginning": (lambda papers: papers.pop(0), {11, 12, 14}, 3),
    "shrinks to one page": (lambda papers: papers.__delitem__(slice(2, None)), {11, 12}, 3),
}


@pytest.mark.parametrize(("change", "came", "ends"), SHIFTS.values(), ids=SHIFTS)
def test_list_shifts(change: Callable[[Papers], object], came: set[int], ends: int, server: Server, root: Path) -> None:
    """Where the list shifts between two pages, what came is merged, and the next run gets what slipped through."""
    configure(root, page_size=2)
    server.papers[:] = FOUR
    server.faults.append(changing(server, change))
    assert run(root) == ends
    assert {int(name[-2:]) for name in stored(root)} == {1, 2} | came
    assert swept_to(root) == "2025-11-03"
    assert run(root) == 0
    assert set(stored(root)) >= {facts["id"] for facts in server.papers}


ONE, TWO, THREE = (paper(number, published=f"2025-11-{number:02}T10:00:00Z") for number in (11, 12, 13))
LISTS: dict[str, tuple[Sequence[dict[str, Any]], int, int]] = {
    "unsorted": ((TWO, ONE, THREE), 3, 0),
    "newest first": ((THREE, TWO, ONE), 3, 0),
    "the same paper twice": ((ONE, ONE, TWO, THREE), 4, 0),
    "two versions of a paper": ((ONE, ONE | {"version": 2}, TWO, THREE), 4, 0),
    "more than announced": ((ONE, TWO, THREE), 2, 0),
    "none announced": ((ONE, TWO, THREE), 0, 3),
    "fewer than announced": ((ONE, TWO, THREE), 5, 3),
}


@pytest.mark.parametrize(("papers", "total", "ends"), LISTS.values(), ids=LISTS)
def test_order_and_count(papers: Sequence[dict[str, Any]], total: int, ends: int, server: Server, root: Path) -> None:
    """Where order or count is wrong, each paper that came is stored once, and `swept_to` stands still."""
    server.faults += [instead(feed(papers, total)), instead(feed([], total))] + [instead(feed([], total))] * 2
    assert run(root) == ends
    came = 0 if total == 0 else 3
    assert len(stored(root)) == 2 + came
    assert swept_to(root) == "2025-11-03"
    text = (root / "articles/data/2025-11.jsonl").read_text("utf-8") if came else ""
    assert text.count('"2511.00011"') == (1 if came else 0)


def test_sweep_that_lacks_papers(server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A sweep from `since` that brings fewer papers than announced ends with 3, and is done again by the next run."""
    server.faults.append(instead(feed([paper(1), paper(1)], 2)))
    root = make_list(tmp_path, server.url)
    assert run(root) == 3
    said = capsys.readouterr().err
    assert "arXiv announced 2 papers and gave 1; what came is kept\n" in said
    assert said.endswith(f"arXiv: not all papers that it announced came; {KEPT}")
    assert not swept_to(root)
    assert run(root) == 0
    assert server.requests[0]["search_query"] == server.requests[1]["search_query"]
    assert len(stored(root)) == 2


def test_unordered_sweep(server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A sweep that brings all papers, in a wrong order, is no failure; the next run sweeps again."""
    server.faults.append(instead(feed([paper(2), paper(1)])))
    root = make_list(tmp_path, server.url)
    assert run(root) == 0
    assert not capsys.readouterr().err
    assert len(stored(root)) == 2
    assert not swept_to(root)


def test_nothing_at_all_without_a_lookback(server: Server, tmp_path: Path) -> None:
    """Where a run looks back no day at all, the newest paper must still be found."""
    root = make_list(tmp_path, server.url, {"lookback_days": 0})
    assert run(root) == 0
    server.papers.clear()
    assert run(root) == 3


def test_only_old_papers(server: Server, root: Path) -> None:
    """Papers of 2020 go where they belong: the front page keeps its newest, and `swept_to` stands still."""
    old = [paper(number, "2003") for number in (1, 2)]
    front = (root / "README.md").read_text("utf-8")
    configure(root)
    server.faults.append(instead(feed(old)))
    assert run(root) == 0
    assert (root / "articles/2020-03.md").read_text("utf-8").count("\n| 2020-03-03 |") == 2
    newest = re.search(r"Newest: [\d-]+", front)
    assert newest
    text = (root / "README.md").read_text("utf-8")
    assert newest[0] in text
    assert rows(text)[:2] == rows(front)
    assert swept_to(root) == "2025-11-03"


def rows(page: str) -> list[str]:
    """Return the rows of papers of a page."""
    return re.findall(r"^\| \d{4}-.*$", page, re.MULTILINE)


@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)], ids=["ascending", "descending"])
def test_versions(order: slice, server: Server, root: Path) -> None:
    """The higher version stays whatever comes first, and within a version the longer list of authors."""
    second = paper(2, version=2, title="Second version")
    short = paper(1, authors=paper()["authors"][:1], summary="Mended.")
    server.faults.append(instead(feed([paper(2), second, short][order])))
    assert run(root) == 0
    found = stored(root)
    assert (found["2511.00002"].version, found["2511.00002"].title) == (2, "Second version")
    assert found["2511.00001"].authors == ("Ada Lovelace", "Alan Turing", "Grace Hopper")
    assert found["2511.00001"].abstract == "Mended."


def test_windows(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More papers than arXiv gives for one query are asked for in windows, none of which goes beyond its limit."""
    monkeypatch.setattr(update_papers, "MAX_RESULTS", 4)
    server.papers[:] = [paper(number) for number in range(1, 12)]
    root = make_list(tmp_path, server.url, page_size=2)
    assert run(root) == 0
    assert len(stored(root)) == 11
    assert swept_to(root) == "2025-11-03"
    assert max(int(asked["start"]) for asked in server.requests) == 2


@pytest.mark.parametrize("minute", [0, 1], ids=["all in one minute", "not in order"])
def test_windows_that_cannot_be_split(
    minute: int, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A long answer that cannot be split ends the run with 3 instead of asking for ever; what came is kept."""
    monkeypatch.setattr(update_papers, "MAX_RESULTS", 4)
    server.papers[:] = [paper(n, published=f"2025-11-03T10:{n * minute:02}:00Z") for n in range(9)]
    server.faults += [instead(feed(server.papers[3::-1], 9))] * minute
    root = make_list(tmp_path, server.url, page_size=4)
    assert run(root) == 3
    assert capsys.readouterr().err.endswith(KEPT)
    assert len(stored(root)) >= 4
    assert len(server.requests) <= 2
    assert bool(swept_to(root)) == (not minute)


# ---------------------------------------------------------------- odd entries

ODD_IDS = [
    "http://arxiv.org/abs/../../etc/passwd",
    "http://arxiv.org/abs/../../../2511.00003v1",
    "http://arxiv.org/abs/2511.21591v0x",
    "http://arxiv.org/abs/2511.21591v0",
    "http://arxiv.org/abs/2513.00001v1",
    "http://arxiv.org/abs/2612.00001v1",
    "http://arxiv.org/abs/2511.00003v1/../../x",
    "http://arxiv.org/abs/2511.00003v1\n../x",
    "http://arxiv.org/abs/٢٥١١.00003v1",
    "http://arxiv.org.evil.example/abs/2511.00003v1",
    "/etc/passwd",
    "http://arxiv.org/abs/",
    HOSTILE,
    "",
]
ODD_DATES = ["1066-10-14T00:00:00Z", "2099-01-01T00:00:00Z", "9999-12-31T23:59:59-23:00", "soon", "", None]
ODD: dict[str, dict[str, Any]] = {
    **{f"id {name!r}": {"id": name, "version": 0} for name in ODD_IDS},
    **{f"published {date!r}": {"published": date, "updated": "2025-11-03T10:00:00Z"} for date in ODD_DATES},
    **{f"updated {date!r}": {"updated": date} for date in ODD_DATES},
    **{f"no {field}": {field: nothing} for field, nothing in (("title", " "), ("summary", ""), ("authors", [" "]))},
    "no primary category": {"categories": []},
}


@pytest.mark.parametrize("change", ODD.values(), ids=ODD)
def test_odd_entry(change: dict[str, Any], server: Server, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An odd entry is refused with one warning; its neighbours are stored, and no input names a file."""
    before = set(tree(root.parent))
    server.faults.append(instead(feed([paper(1), paper(3, **change), paper(4)])))
    assert run(root) == 0
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert said[0].startswith("refused: ")
    assert list(stored(root)) == ["2511.00001", "2511.00002", "2511.00004"]
    assert swept_to(root) == "2025-11-03"
    assert set(tree(root.parent)) == before
    assert not re.search(rb"1066|2099|9999|passwd", b"".join(shown(root).values()))


LARGE: dict[str, dict[str, Any]] = {
    "title of 1 MB": {"title": "safe " * 200_000},
    "title of one word": {"title": "x" * 1_000_000},
    "5,000 authors": {"authors": [f"Author {number}" for number in range(5_000)]},
    "author of 1 MB": {"authors": ["A. " * 300_000]},
    "abstract of 1 MB": {"summary": "safe " * 200_000},
    "comment of 1 MB": {"comment": "12 pages " * 100_000},
}


@pytest.mark.parametrize("change", LARGE.values(), ids=LARGE)
def test_large_entry(change: dict[str, Any], server: Server, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An entry larger than any real record is refused with one warning; its neighbours are stored."""
    server.papers += [paper(3, **change), paper(4)]
    configure(root, timeout_seconds=5)
    assert run(root) == 0
    assert re.fullmatch(r"refused: \S+2511.00003v1 is larger than any real record\n", capsys.readouterr().err)
    assert list(stored(root)) == ["2511.00001", "2511.00002", "2511.00004"]


def test_many_authors(server: Server, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A paper of a very large collaboration is stored whole, and no line of a page grows by it."""
    authors = [f"Firstname Lastname {number}" for number in range(2_500)]
    server.papers.append(paper(3, authors=authors))
    assert run(root) == 0
    assert not capsys.readouterr().err
    assert stored(root)["2511.00003"].authors == tuple(authors)
    pages = b"".join(data for name, data in tree(root).items() if name.endswith((".md", ".xml")))
    assert max(map(len, pages.splitlines())) <= 4_096


def test_no_category_but_the_primary_one(server: Server, root: Path) -> None:
    """An entry that has a primary category only never makes a store that the next run cannot read."""
    body = re.sub(rb"<category [^>]*>", b"", feed([paper(3)]))
    server.faults += [instead(body), instead(body)]
    assert run(root) == 0
    assert run(root) == 0
    assert {"2511.00001", "2511.00002"} <= set(stored(root))


# ---------------------------------------------------------------- nothing found, pinned papers, saved answers


def test_way_out(server: Server, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where arXiv finds nothing any more, the sentence names the way out, and the way leads out; no paper is lost."""
    server.papers.clear()
    assert run(root) == 3
    assert f"delete {COVERAGE} to ask from `since` anew" in capsys.readouterr().err
    (root / COVERAGE).unlink()
    assert run(root) == 0
    assert len(stored(root)) == 2


def test_nothing_where_nothing_was(server: Server, tmp_path: Path) -> None:
    """Nothing found is right on the first run, and beyond what is known."""
    papers, server.papers[:] = list(server.papers), []
    root = make_list(tmp_path, server.url)
    assert run(root) == 0
    server.papers[:] = papers
    assert run(root) == 0
    server.papers.clear()
    assert run(root, "--since", "2025-11-10") == 0
    assert len(stored(root)) == 2
    assert len(server.requests) == 3


def test_include(server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Pinned papers are asked for by id until they are stored; one that arXiv does not have is named each time."""
    server.papers.append(paper(7, "2301"))
    root = make_list(tmp_path, server.url, {"include": ["2301.00007", "2301.99999"]})
    unknown = "config.yaml: include: arXiv does not give 2301.99999; correct or delete it\n"
    for asked in ("2301.00007,2301.99999", "2301.99999"):
        server.requests.clear()
        assert run(root) == 0
        assert capsys.readouterr().err == unknown
        assert [request["id_list"] for request in server.requests if request.get("id_list")] == [asked]
    assert list(stored(root)) == ["2301.00007", "2511.00001", "2511.00002"]


def test_include_fails(server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where pinned papers can't be asked for, the run ends with 3 and keeps the others; the next run asks again."""
    server.papers.append(paper(7, "2301"))
    server.faults += [None, *[status(503)] * 3]
    root = make_list(tmp_path, server.url, {"include": ["2301.00007"]})
    assert run(root) == 3
    assert len(stored(root)) == 2
    assert capsys.readouterr().err.endswith(KEPT)
    assert run(root) == 0
    assert len(stored(root)) == 3


def test_saved_answers(server: Server, tmp_path: Path) -> None:
    """Answers that were kept make the same list again, whatever faults came between them, without a request."""
    server.papers[:] = [paper(number, f"25{number:02}") for number in range(1, 6)]
    server.faults += [status(503), None, short, instead(b""), None]
    saved = tmp_path / "saved"
    first = make_list(tmp_path / "first", server.url, page_size=2)
    assert run(first, "--keep-answers", saved) == 0
    asked = len(server.requests)
    second = make_list(tmp_path / "second", server.url, page_size=2)
    assert run(second, "--feed", *sorted(saved.iterdir())) == 0
    assert len(server.requests) == asked == 6
    same = tree(first)
    assert same.pop(COVERAGE)
    assert tree(second) == same


@pytest.mark.parametrize(
    "data", [b"", b"Rate exceeded.", error_entry(), None], ids=["empty", "text", "error", "missing"]
)
def test_bad_saved_answer(data: bytes | None, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A saved answer that is none ends the run with 2, a sentence with its name, and nothing written."""
    good, bad = root.parent / "good.atom", root.parent / "bad.atom"
    good.write_bytes(feed([paper(3)]))
    if data is not None:
        bad.write_bytes(data)
    before = tree(root)
    assert run(root, "--feed", good, bad) == 2
    assert re.fullmatch(rf"{bad}: .+; save the answer again\n", capsys.readouterr().err)
    assert tree(root) == before


def test_explain_what_cannot_be_listed(server: Server, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--explain says in a sentence that a paper can't be listed, or that arXiv can't be read."""
    server.papers.append(paper(3, summary=""))
    assert run(root, "--explain", "2511.00003") in {2, 3}
    assert "has no abstract" in capsys.readouterr().err
    server.faults += [status(503)] * 3
    assert run(root, "--explain", "2511.00004") == 3
    assert capsys.readouterr().err.endswith(KEPT)
