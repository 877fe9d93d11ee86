"""The store, its state and its guard: nothing that was listed is lost or made worse."""

import dataclasses
import datetime as dt
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.faults import error_entry, instead, status
from tests.helpers import (
    NOW,
    PROJECT,
    Handler,
    Server,
    answer,
    configure,
    feed,
    make_list,
    paper,
    run,
    shown,
    state,
    stored,
    tree,
)
from update_papers import (
    PAPER,
    STATE,
    Paper,
    Store,
    announcement_key,
    load_store,
    merge,
    month_of,
    newer,
    reload_store,
    store_files,
)

SAMPLE = PROJECT / "tests/data/answer.atom"
LATER = dt.datetime(2025, 11, 27, tzinfo=dt.UTC)  # than the newest paper of the sample
STORE = "articles/data/2025-11.jsonl"
PAGE = "articles/2025-11.md"
DAY = dt.timedelta(days=1)


def take(root: Path, *papers: dict[str, Any]) -> int:
    """Run on a saved answer with these papers."""
    saved = root.parent / "saved.atom"
    saved.write_bytes(feed(papers))
    return run(root, "--feed", saved)


# ------------------------------------------------------------------------ identity and order

IDS = {  # in the order in which arXiv announced them
    "hep-th/9108001": "1991-08",
    "math.GT/9912999": "1999-12",
    "cs/0001001": "2000-01",
    "hep-th/0703001": "2007-03",
    "math/0703002": "2007-03",
    "0704.0001": "2007-04",
    "1412.9999": "2014-12",
    "1501.00001": "2015-01",
    "2511.09999": "2025-11",
    "2511.10000": "2025-11",
    "2512.00001": "2025-12",
}


@pytest.mark.parametrize(("arxiv_id", "month"), IDS.items())
def test_month(arxiv_id: str, month: str) -> None:
    """The month of announcement is part of the id, of old ones too."""
    assert month_of(arxiv_id) == month


@given(st.permutations(list(IDS)))
def test_order_of_announcement(ids: list[str]) -> None:
    """Ids sort as arXiv announced them."""
    assert sorted(ids, key=announcement_key) == list(IDS)


# ---------------------------------------------------------------------------------- a line

TEXT = st.text(min_size=1)
TEXTS = st.lists(TEXT, min_size=1, max_size=4).map(tuple)
NAIVE_BEGIN = dt.datetime(1991, 8, 14, tzinfo=dt.UTC).replace(tzinfo=None)  # as hypothesis wants it
MOMENTS = st.datetimes(NAIVE_BEGIN, timezones=st.just(dt.UTC))
WORKED_OUT = {
    "domains": st.lists(TEXT).map(tuple),
    "plain_title": st.text(),
    "plain_authors": st.lists(TEXT).map(tuple),
    "plain_abstract": st.text(),
    "code": st.sampled_from(["", "https://github.com/someone/something"]),
}
PAPERS = st.builds(
    Paper,
    id=st.sampled_from(list(IDS)),
    version=st.integers(1, 9),
    title=TEXT,
    authors=TEXTS,
    published=MOMENTS,
    updated=MOMENTS,
    abstract=TEXT,
    primary_category=TEXT,
    categories=TEXTS,
    comment=st.text(),
    journal_ref=st.text(),
    doi=st.text(),
    **WORKED_OUT,
)


@given(PAPERS)
def test_line(known: Paper) -> None:
    """A paper comes back from its line as it was, keys in their order, the empty ones left out."""
    line = known.line()
    facts = json.loads(line)
    order = [field.name for field in dataclasses.fields(Paper)]

    assert b"\n" not in line
    assert PAPER.validate_json(line) == known
    assert list(facts) == [name for name in order if getattr(known, name)]


@given(st.lists(PAPERS))
def test_store_comes_back(tmp_path_factory: pytest.TempPathFactory, papers: list[Paper]) -> None:
    """A store that was written is read as it was, with LF or CRLF, its last line end or none."""
    store, _ = merge(Store({}, {}), papers)
    for alter in (bytes, lambda data: data.replace(b"\n", b"\r\n"), bytes.rstrip):
        root = tmp_path_factory.mktemp("store")
        for file in store_files(store, {*map(month_of, store.papers)}):
            path = root / file.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(alter(file.data()))
        loaded = load_store(root)
        assert loaded.papers == store.papers
        assert reload_store(root, loaded) is loaded
        shutil.rmtree(root)


def test_store_files(tmp_path: Path) -> None:
    """A month has its file and a paper its line, in the order of the ids, without empty facts."""
    root = make_list(tmp_path / "list")
    odd = paper(1, summary="Größe\n  安全 \u2028 of  a model", comment="")
    old = paper(id="cs/0703001")
    assert take(root, paper(10000), odd, paper(9999), paper(3, month="2412"), old) == 0

    ids = ["cs/0703001", "2412.00003", "2511.00001", "2511.09999", "2511.10000"]
    assert list(stored(root)) == ids
    lines = (root / STORE).read_bytes().decode().split("\n")
    assert len(lines) == 4
    assert lines[0].startswith('{"id":"2511.00001","version":1,"title":')
    assert '"abstract":"Größe 安全 of a model"' in lines[0]
    assert '""' not in lines[0]
    assert lines[3] == ""


# ------------------------------------------------------------------------------------ merge


@given(PAPERS, PAPERS, st.integers(0, 4), st.integers(-1, 1))
def test_newer(old: Paper, new: Paper, cut: int, step: int) -> None:
    """The higher version wins, then the later text, and no list of authors by its beginning."""
    authors = old.authors[:cut] or new.authors
    new = dataclasses.replace(new, authors=authors, version=max(1, old.version + step))
    better = newer(old, new)
    assert newer(better, new) == newer(better, better) == better
    assert better.version == max(old.version, new.version)
    if new.version == old.version:
        is_cut = old.authors[: len(new.authors)] == new.authors
        assert better.authors == (old.authors if is_cut else new.authors)
        assert better.abstract == new.abstract
    else:
        assert better in {old, new}
    trusted = newer(old, new, trusted=True)
    assert trusted == (better if new.version >= old.version else new)


@given(st.lists(PAPERS), st.lists(PAPERS))
def test_merge(known: list[Paper], came: list[Paper]) -> None:
    """No paper goes, each that came is there, and the same once more changes nothing."""
    store, _ = merge(Store({}, {}), known)
    merged, changes = merge(store, [each.as_received() for each in came])
    before = store.papers.keys()
    after = merged.papers.keys()

    assert after == before | {each.id for each in came}
    assert set(changes.new) == after - before
    assert set(changes.new).isdisjoint(changes.revised)
    assert {*changes.all} >= {*changes.new, *changes.revised}
    again, nothing = merge(merged, [merged.papers[i].as_received() for i in after])
    assert again.papers == merged.papers
    assert not nothing.all


def test_nothing_is_lost(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A paper stays when later answers lack it, or have an older or shorter record of it."""
    root = make_list(tmp_path / "list")
    second = paper(1, version=2, title="Second")
    take(root, second, paper(2, authors=["A", "B", "C"]), paper(3, title="Old"))
    take(root, paper(1, title="First"), paper(2, authors=["A"], summary="Mended"), paper(4))
    take(root, paper(3, title="New", version=3))

    papers = [*stored(root).values()]
    assert [known.version for known in papers] == [2, 1, 3, 1]
    assert [known.title for known in papers[:3:2]] == ["Second", "New"]
    assert papers[1].authors == ("A", "B", "C")
    assert papers[1].abstract == "Mended"
    said = [line.partition(";")[0] for line in capsys.readouterr().out.splitlines()]
    assert said == [
        "3 new, 0 revised, 3 in all",
        "1 new, 0 revised, 4 in all",
        "0 new, 1 revised, 4 in all",
    ]


def test_papers_before_since_are_kept(tmp_path: Path) -> None:
    """A saved answer is taken whatever window it was made for."""
    root = make_list(tmp_path / "list")
    take(root, paper(1))
    take(root, paper(1, month="2003", published="2020-03-01T00:00:00Z"))
    assert list(stored(root)) == ["2003.00001", "2511.00001"]


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("order", [1, -1], ids=["better first", "better last"])
@pytest.mark.parametrize("arguments", [[], ["--rebuild"]], ids=["regular", "rebuild"])
def test_two_lines_of_a_paper(arguments: list[str], order: int, root: Path) -> None:
    """Two lines of an id, as a merge by hand leaves them, become the better one of them."""
    before = tree(root)
    first, second = (root / STORE).read_bytes().splitlines()
    higher = first.replace(b'"version":1', b'"version":2')
    shorter = second.replace(b',"Alan Turing","Grace Hopper"', b"")
    assert len({first, second, higher, shorter}) == 4
    lines = [second, higher, shorter, first][::order]
    (root / STORE).write_bytes(b"\n".join([*lines, b""]))

    assert run(root, *arguments) == 0
    assert (root / STORE).read_bytes() == higher + b"\n" + second + b"\n"
    assert run(root, "--check") == 0
    (root / STORE).write_bytes(before[STORE])
    assert run(root, *arguments) == 0
    assert tree(root) == before


# ---------------------------------------------------------------------------- a broken store

LINE: dict[str, object] = json.loads(
    '{"id": "2511.00002", "version": 1, "title": "T", "authors": ["A"],'
    '"published": "2025-11-03T10:00:00Z", "updated": "2025-11-03T10:00:00Z",'
    '"abstract": "A", "primary_category": "cs.CL", "categories": ["cs.CL"]}'
)
WRONG: dict[str, dict[str, object] | bytes] = {
    "no JSON": b"Reasoning model safety",
    "cut": json.dumps(LINE).encode()[:60],
    "list": b"[]",
    "null": b"null",
    "two objects": json.dumps(LINE).encode() * 2,
    "not UTF-8": json.dumps(LINE).encode().replace(b"T", b"\xff", 1),
    "another month": {"id": "2510.00009"},
    "no id": {"id": "nonsense"},
    "id with version": {"id": "2511.00002v1"},
    "id of a path": {"id": "../../2511.00002"},
    "another key": {"topic": "safety"},
    "version as words": {"version": "one"},
    "version 0": {"version": 0},
    "no author": {"authors": []},
    "authors as text": {"authors": "Ann"},
    "authors as numbers": {"authors": [1]},
    "no title": {"title": ""},
    "published: no date": {"published": "yesterday"},
    "published: no zone": {"published": "2025-11-03T10:00:00"},
    "code of a script": {"code": "javascript:alert(1)"},
    **{f"{key}: null": {key: None} for key in LINE},
}


@pytest.mark.parametrize("wrong", [pytest.param(wrong, id=name) for name, wrong in WRONG.items()])
def test_broken_store(
    wrong: dict[str, object] | bytes, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line that is no paper of its month ends the run with 2, its place and the way back."""
    line = wrong if isinstance(wrong, bytes) else json.dumps(LINE | wrong).encode()
    lines = (root / STORE).read_bytes().splitlines()
    lines[1] = line
    (root / STORE).write_bytes(b"\n".join([*lines, b""]))
    before = tree(root)

    assert run(root, "--rebuild") == 2
    said = capsys.readouterr().err
    way_back = f"bring it back with: git checkout HEAD -- {STORE}; .+"
    assert re.fullmatch(rf"{STORE}, line 2: no paper \(.+\); {way_back}\n", said)
    assert tree(root) == before


def put_conflict(path: Path, line: int) -> None:
    """Leave the lines of a conflict in a file, as git does."""
    lines = path.read_bytes().splitlines()
    lines[line:line] = [b"<<<<<<< HEAD", lines[line], b"=======", lines[line], b">>>>>>> other"]
    path.write_bytes(b"\n".join([*lines, b""]))


@pytest.mark.parametrize("arguments", [[], ["--rebuild"]], ids=["regular", "rebuild"])
def test_conflict(
    arguments: list[str], root: Path, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    """A conflict that git left ends the run with 2 and its line; nobody is asked."""
    put_conflict(root / STORE, 1)
    before = tree(root)

    assert run(root, *arguments) == 2
    said = capsys.readouterr().err
    assert re.fullmatch(rf"{STORE}, line 2: no paper .+ of a conflict .+ git's lines\n", said)
    assert tree(root) == before
    assert not server.requests


def test_conflict_in_a_block(root: Path) -> None:
    """What git could not merge of the generated rows is made anew."""
    before = tree(root)
    rows = (root / "README.md").read_bytes().splitlines()
    put_conflict(root / "README.md", rows.index(b"| --- | --- | --- | --- |") + 1)
    assert tree(root) != before
    assert run(root, "--rebuild") == 0
    assert tree(root) == before


# ------------------------------------------------------------------------------- state.json


def begins(server: Server) -> list[str]:
    """Return the days from which the server was asked."""
    queries = " ".join(asked.get("search_query", "") for asked in server.requests)
    return ["-".join(found) for found in re.findall(r'"(\d{4})(\d\d)(\d\d)\d{4} TO', queries)]


def replace(root: Path, name: str, old: str, new: str) -> None:
    """Change a text in a file, which must be there."""
    text = (root / name).read_text("utf-8")
    assert old in text
    (root / name).write_text(text.replace(old, new, 1), "utf-8")


def fresh(number: int) -> dict[str, Any]:
    """Return an invented paper that is some days old."""
    return paper(number, published="2025-11-15T10:00:00Z")


def test_regular_runs(root: Path, server: Server) -> None:
    """The first run asks for everything, the next ones look back; nothing new writes nothing."""
    before = tree(root)
    assert state(root)["read_to"] == "2025-11-03T10:02:00Z"
    assert state(root)["swept"] == "2025-11-20"
    assert run(root) == 0
    assert tree(root) == before

    server.papers.append(paper(3, published="2025-11-19T10:00:00Z"))
    server.papers.append(paper(4, published="2025-08-14T10:00:00Z"))  # announced late
    assert run(root, now=NOW + DAY) == 0
    assert state(root)["read_to"] == "2025-11-19T10:00:00Z"
    assert run(root, now=NOW + DAY) == 0
    assert begins(server) == ["2025-07-26", "2025-07-26", "2025-08-11"]
    assert len(stored(root)) == 4


def test_until(root: Path, server: Server) -> None:
    """A run for an earlier day looks back from that day, and forgets nothing of later ones."""
    before = tree(root)
    assert run(root, "--until", "2025-06-30") == 0
    assert begins(server) == ["2025-03-22"]
    assert tree(root) == before


BROKEN: dict[str, Callable[[Path], object]] = {
    "lost": Path.unlink,
    "empty": lambda path: path.write_bytes(b""),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:40]),
    "list": lambda path: path.write_bytes(b"[]"),
    "another kind": lambda path: path.write_bytes(b'{"swept": "yesterday"}'),
    "not UTF-8": lambda path: path.write_bytes(b'{"selection": "\xff"}'),
    "conflict": lambda path: path.write_bytes(b"<<<<<<< HEAD\n" + path.read_bytes()),
}


@pytest.mark.parametrize("harm", BROKEN.values(), ids=BROKEN)
def test_broken_state(
    harm: Callable[[Path], object],
    root: Path,
    server: Server,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A state.json that is lost or unreadable is warned of, asked for anew, and made anew."""
    before = tree(root)
    harm(root / STATE)
    assert run(root) == 0
    assert begins(server) == ["2024-09-12"]
    assert f"{STATE}: " in capsys.readouterr().err
    assert tree(root) == before
    assert run(root) == 0
    assert not capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["--since", "2025-11-01"], ["--rebuild"]], ids=["since", "rebuild"]
)
def test_broken_state_is_not_forgotten(arguments: list[str], root: Path, server: Server) -> None:
    """A run that does not ask regularly makes state.json anew, but asks nothing in its place."""
    (root / STATE).unlink()
    assert run(root, *arguments) == 0
    assert state(root)["made"]
    assert state(root).keys().isdisjoint({"read_to", "swept"})
    server.requests.clear()
    assert run(root) == 0
    assert begins(server) == ["2024-09-12"]


@pytest.mark.parametrize(
    "arguments", [["--since", "2025-11-01"], ["--feed", str(SAMPLE)]], ids=["since", "feed"]
)
def test_what_was_asked_for_is_left_alone(arguments: list[str], root: Path, server: Server) -> None:
    """A run that does not ask regularly changes nothing of what state.json says of arXiv."""
    server.papers.append(fresh(3))
    before = state(root)
    assert run(root, *arguments, now=LATER) == 0
    assert len(stored(root)) > 2
    after = state(root)
    assert after["made"] != before["made"]
    for name in ("read_to", "swept", "selection"):
        assert after[name] == before[name]


@pytest.mark.parametrize(
    ("old", "new", "begin"),
    [
        ('["reasoning model"]', '["reasoning model", "thinking"]', "2024-09-12"),
        ("2024-09-12", "2024-08-01", "2024-08-01"),
        ("2024-09-12", "2025-10-01", "2025-10-01"),
        ("stale_after_days: 0", "stale_after_days: 0\nmin_score: 1", "2024-09-12"),
        ("stale_after_days: 0", "stale_after_days: 0\nlatest: 1", "2025-07-26"),
        ("stale_after_days: 0", "stale_after_days: 0\nlookback_days: 7", "2025-10-27"),
    ],
    ids=["keywords", "since earlier", "since later", "min_score", "latest", "lookback"],
)
def test_config_changes(root: Path, server: Server, old: str, new: str, begin: str) -> None:
    """Another selection or another `since` asks from `since`; what is listed stays."""
    replace(root, "config.yaml", old, new)
    server.papers[:] = [paper(2), fresh(3)]
    assert run(root) == 0
    assert begins(server) == [begin]
    assert list(stored(root)) == ["2511.00001", "2511.00002", "2511.00003"]


# ----------------------------------------------------------------------------------- sweeps


def test_sweep(root: Path, server: Server) -> None:
    """A sweep asks from the beginning, and finds there what a regular run doesn't see."""
    server.papers.append(paper(1, month="2410", published="2024-10-01T00:00:00Z"))
    server.papers[0] |= {"published": "2024-10-01T00:00:00Z", "version": 2, "title": "Revised"}
    assert run(root) == 0
    assert len(stored(root)) == 2
    assert run(root, "--sweep", now=NOW + DAY) == 0
    assert begins(server) == ["2025-07-26", "2024-09-12"]
    assert stored(root)["2511.00001"].title == "Revised"
    assert len(stored(root)) == 3
    assert state(root)["swept"] == "2025-11-21"


def test_young_list(tmp_path: Path, server: Server) -> None:
    """A list that begins within the days to look back asks for all in every run."""
    root = make_list(tmp_path / "list", server.url, {"since": "2025-10-01"})
    assert run(root) == 0
    before = tree(root)
    for days in (1, 2, 30):
        assert run(root, now=NOW + days * DAY) == 0
    assert begins(server) == ["2025-10-01"] * 4
    assert tree(root) == before


def test_day_to_come(root: Path) -> None:
    """A sweep for a day to come does not put off the next ones; one of the past none either."""
    assert run(root, "--sweep", "--until", "2027-01-01") == 0
    assert state(root)["swept"] == "2025-11-20"
    assert run(root, "--sweep", "--until", "2025-11-10") == 0
    assert state(root)["swept"] == "2025-11-20"


def test_until_before_the_beginning(
    root: Path, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before the list's first day there is nothing to ask for."""
    before = tree(root)
    assert run(root, "--until", "2024-01-01") == 2
    assert "config.yaml: since: 2024-09-12 is after 2024-01-01; " in capsys.readouterr().err
    assert server.requests == []
    assert tree(root) == before


@pytest.mark.parametrize("name", ["read_to", "swept", "sweep_failed"])
def test_clock_that_was_wrong(name: str, root: Path, server: Server) -> None:
    """A date that lies ahead of the clock counts as none: no sweep is put off for ever."""
    before = tree(root)
    known = state(root) | {name: "9998-01-01T00:00:00Z" if name == "read_to" else "9998-01-01"}
    (root / STATE).write_text(json.dumps(known), "utf-8")
    assert run(root) == 0
    assert begins(server) == ["2025-07-26" if name == "sweep_failed" else "2024-09-12"]
    assert tree(root) == before


@pytest.mark.usefixtures("server")
def test_since_behind_the_newest_paper(root: Path) -> None:
    """Behind the newest paper that came it may be right that there is none."""
    assert run(root, "--since", "2025-11-10") == 0


def test_since_is_no_sweep(root: Path, server: Server) -> None:
    """A run with --since is no sweep, even when one is due: a lower version is not trusted."""
    server.papers[0]["version"] = 2
    assert run(root) == 0
    server.papers[0]["version"] = 1
    assert run(root, "--since", "2025-11-01", now=NOW + 31 * DAY) == 0
    assert stored(root)["2511.00001"].version == 2


def test_what_was_read_stays_read(root: Path, server: Server) -> None:
    """A run for a day gone by, whose papers are older, takes nothing back."""
    before = state(root)["read_to"]
    server.papers[:] = [paper(9, "2506")]
    run(root, "--until", "2025-06-30")
    assert "2506.00009" in stored(root)
    assert state(root)["read_to"] == before


def test_version_by_mistake(root: Path, server: Server) -> None:
    """What arXiv gave once as version 9999 is put right by the next sweep, and not before."""
    good = server.papers[0]
    server.papers[0] = good | {"version": 9999, "title": "Mistake", "authors": ["Nobody"]}
    assert run(root) == 0
    server.papers[0] = good | {"version": 2, "title": "Second"}
    assert run(root) == 0
    assert stored(root)["2511.00001"].title == "Mistake"
    assert run(root, now=NOW + 31 * DAY) == 0
    found = stored(root)["2511.00001"]
    assert (found.version, found.title, len(found.authors)) == (2, "Second", 3)


def test_sweep_renews_pinned_papers(root: Path, server: Server) -> None:
    """A sweep that comes by itself asks for pinned papers again, too."""
    replace(
        root, "config.yaml", "stale_after_days: 0", 'stale_after_days: 0\ninclude: ["2301.00007"]'
    )
    server.papers.append(paper(7, "2301"))
    assert run(root) == 0
    server.papers[-1] |= {"version": 2, "title": "Second"}
    server.requests.clear()
    assert run(root) == 0
    assert len(server.requests) == 1
    assert run(root, now=NOW + 31 * DAY) == 0
    assert stored(root)["2301.00007"].title == "Second"


def test_sweep_is_due(root: Path, server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    """A run sweeps when the last sweep is more than 30 days old; its day is all that it writes."""
    before = shown(root)
    capsys.readouterr()
    for days in (30, 31, 32):
        assert run(root, now=NOW + days * DAY) == 0
    assert begins(server) == ["2025-07-26", "2024-09-12", "2025-07-26"]
    written = [line.rpartition("; ")[2] for line in capsys.readouterr().out.splitlines()]
    assert written == ["0 files written", "1 files written", "0 files written"]
    assert shown(root) == before
    assert state(root)["swept"] == "2025-12-21"


SHORT = {
    "gone": [status(503)] * 9,
    "empty": [instead(feed([]))] * 9,
    "less than it says": [instead(feed([paper(1)], total=2))] * 9,
    "an error": [instead(error_entry())] * 9,
}


@pytest.mark.parametrize("faults", SHORT.values(), ids=SHORT)
def test_sweep_that_falls_short(
    faults: list[Callable[[Handler, bytes], None]],
    root: Path,
    server: Server,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A sweep that falls short is warned of, not counted, and tried after two days, not before."""
    before = shown(root)
    server.faults[:] = faults
    capsys.readouterr()
    run(root, now=NOW + 31 * DAY)
    assert "it is asked for again in two days\n" in capsys.readouterr().err
    assert state(root)["swept"] == "2025-11-20"
    assert shown(root) == before

    server.faults.clear()
    server.requests.clear()
    for hours in (1, 24, 48, 49):
        assert run(root, now=NOW + 31 * DAY + dt.timedelta(hours=hours)) == 0
    assert begins(server) == ["2025-07-26", "2025-07-26", "2024-09-12", "2025-07-26"]
    assert state(root)["swept"] == "2025-12-23"
    assert "sweep_failed" not in state(root)


# ------------------------------------------------------------------------------------ guard


@pytest.fixture(name="big", scope="module")
def fixture_big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a list with three papers in each of three months."""
    root = make_list(tmp_path_factory.mktemp("big") / "list")
    months = ("2509", "2510", "2511")
    assert take(root, *(paper(number, month) for month in months for number in (1, 2, 3))) == 0
    return root


def cut_lines(path: Path) -> None:
    """Leave out the last line of a file."""
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))


def empty(path: Path) -> None:
    """Leave nothing of a file."""
    path.write_bytes(b"")


LOSSES = {"deleted": (Path.unlink, 0), "cut": (cut_lines, 2), "emptied": (empty, 0)}


@pytest.mark.parametrize(("lose", "left"), LOSSES.values(), ids=LOSSES)
def test_guard(
    lose: Callable[[Path], None],
    left: int,
    big: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A month that lost papers stops every run before arXiv is asked, and no page goes."""
    root = shutil.copytree(big, tmp_path / "list")
    name = "articles/data/2025-10.jsonl"
    lose(root / name)
    with Server() as server:
        configure(root, url=server.url)
        before = tree(root)
        for arguments in ([], ["--sweep"], ["--rebuild"], ["--check"], ["--dry-run"]):
            assert run(root, *arguments) == 2
            assert capsys.readouterr().err == (
                f"{name}, line 1: has {left} papers, and the pages of the month were made of 3; "
                f"bring it back with: git checkout HEAD -- {name}; if it is not there, look "
                "whether git ignores it; or, if that was meant, delete the pages "
                "articles/2025-10*.md too\n"
            )
    assert not server.requests
    assert tree(root) == before


@pytest.mark.parametrize(("lose", "left"), LOSSES.values(), ids=LOSSES)
def test_loss_that_was_meant(
    lose: Callable[[Path], None], left: int, big: Path, tmp_path: Path
) -> None:
    """When the month's pages are deleted too, the list goes on with what there is."""
    root = shutil.copytree(big, tmp_path / "list")
    lose(root / "articles/data/2025-10.jsonl")
    (root / "articles/2025-10.md").unlink()
    assert run(root, "--rebuild") == 0
    assert len(stored(root)) == 6 + left
    assert (root / "articles/2025-10.md").exists() == bool(left)
    assert run(root, "--check") == 0


def test_guard_of_several_pages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Papers on all pages of a month are guarded, and not those on its last one alone."""
    root = make_list(tmp_path / "list")
    assert take(root, *(paper(number) for number in range(1, 83))) == 0
    cut_lines(root / STORE)
    assert run(root, "--rebuild") == 2
    assert "were made of 82" in capsys.readouterr().err


def test_guard_of_an_old_list(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The last lines that an earlier version wrote, which had a seal, guard the list as well."""
    text = (root / PAGE).read_text("utf-8")
    assert text.endswith(": of 2 papers -->\n")
    (root / PAGE).write_text(text.replace(" papers -->", " papers, seal 0904398ffdf42769 -->"))
    cut_lines(root / STORE)
    assert run(root, "--rebuild") == 2
    assert f"{STORE}, line 1: has 1 paper, and the pages" in capsys.readouterr().err


def test_store_edited_while_arxiv_is_asked(root: Path, server: Server) -> None:
    """A paper that another process stored meanwhile is there afterwards, beside those that came."""

    def edit(handler: Handler, body: bytes) -> None:
        line = (root / STORE).read_bytes().splitlines(keepends=True)[0]
        with (root / STORE).open("ab") as file:
            file.write(line.replace(b"2511.00001", b"2511.00009"))
        answer(handler, body)

    server.papers.append(paper(3))
    server.faults.append(edit)
    assert run(root) == 0
    assert [name[-1] for name in stored(root)] == ["1", "2", "3", "9"]
    assert "2511.00009" in (root / PAGE).read_text("utf-8")
    assert run(root, "--check") == 0


def test_excluded_papers_are_not_lost(big: Path, tmp_path: Path) -> None:
    """A paper that is not shown, or shown again, is no lost paper."""
    root = shutil.copytree(big, tmp_path / "list")
    before = tree(root)
    with (root / "config.yaml").open("a", encoding="utf-8") as file:
        file.write("exclude: [2510.00001, 2510.00002, 2510.00003]\n")
    assert run(root, "--rebuild") == 0
    assert not (root / "articles/2025-10.md").exists()
    assert len(stored(root)) == 9
    (root / "config.yaml").write_bytes(before["config.yaml"])
    assert run(root, "--rebuild") == 0
    assert tree(root) == before


def test_store_lost_while_arxiv_is_asked(root: Path, server: Server) -> None:
    """A month that goes meanwhile stops the run before its pages go, too."""

    def lose(handler: Handler, body: bytes) -> None:
        (root / STORE).unlink()
        answer(handler, body)

    server.faults.append(lose)
    assert run(root) == 2
    assert (root / PAGE).exists()


# ------------------------------------------------------------- README.md, edited meanwhile


def test_readme_edited_while_arxiv_is_asked(root: Path, server: Server) -> None:
    """An edit made while the run waits for arXiv survives, and its new title is on the pages."""

    def edit(handler: Handler, body: bytes) -> None:
        replace(root, "README.md", "# A small list", "# A new title")
        replace(root, "README.md", "Written by hand", "Written meanwhile")
        answer(handler, body)

    server.papers.append(paper(3))
    server.faults.append(edit)
    assert run(root) == 0
    text = (root / "README.md").read_text("utf-8")
    assert text.startswith("# A new title\n\nWritten meanwhile.")
    assert "part 3" in text
    assert "A new title" in (root / PAGE).read_text("utf-8")
    assert run(root, "--check") == 0


def test_markers_gone_while_arxiv_is_asked(
    root: Path, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    """If the markers are gone when arXiv has answered nothing is written: exit 2."""
    before = tree(root)

    def edit(handler: Handler, body: bytes) -> None:
        (root / "README.md").write_bytes(b"# Mine alone\n")
        answer(handler, body)

    server.papers.append(paper(3))
    server.faults.append(edit)
    assert run(root) == 2
    assert capsys.readouterr().err.startswith("README.md, line 1: no markers; put ")
    assert tree(root) == before | {"README.md": b"# Mine alone\n"}


def test_page_made_from_ours(root: Path) -> None:
    """A page that somebody began with a copy of ours is left alone."""
    ours = next(root.glob("articles/2025-*.md"))
    for name in ("notes.md", "2025-11-mine.md"):
        (root / "articles" / name).write_bytes(ours.read_bytes())
    before = tree(root)
    assert run(root, "--rebuild") == 0
    assert tree(root).keys() == before.keys()


def test_lost_archive_that_git_knows(
    root: Path, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    """Store and pages are gone from the disk alone: nobody is asked, or pinned papers would go."""
    git = shutil.which("git") or "git"
    subprocess.run([git, "init", "-q", root], check=True)
    subprocess.run([git, "-C", root, "add", "--all"], check=True)
    shutil.rmtree(root / "articles")
    for arguments in ([], ["--sweep"], ["--rebuild"]):
        assert run(root, *arguments) == 2
        assert "articles/data: has no papers, and README.md lists some" in capsys.readouterr().err
    assert not server.requests
    assert run(root, "--feed", SAMPLE, now=LATER) == 0  # a demo
    assert len(stored(root)) == 40


def test_lost_archive(root: Path, server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    """Store and pages are gone together: README.md is not emptied, unless its block is empty."""
    shutil.rmtree(root / "articles")
    server.papers.clear()
    readme = (root / "README.md").read_bytes()
    for arguments in ([], ["--rebuild"]):
        assert run(root, *arguments) == 2
        assert "articles/data: has no papers, and README.md lists some" in capsys.readouterr().err
        assert (root / "README.md").read_bytes() == readme
        assert not (root / "articles").exists()


def test_link_to_a_page(root: Path, tmp_path: Path) -> None:
    """Where a page that goes is a link, what it leads to stays."""
    target = tmp_path / "mine.md"
    target.write_bytes(next(root.glob("articles/2025-*.md")).read_bytes())
    link = root / "articles/2025-11-9.md"
    link.symlink_to(target)
    (root / "articles/2025-11.md").unlink()  # the link stands for its papers
    assert run(root, "--rebuild") == 0
    assert not link.is_symlink()
    assert target.exists()
