"""The store: nothing that was listed is lost or made worse, and what was asked for is known for sure."""

import dataclasses
import datetime as dt
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers import Server, feed, make_list, paper, run, tree
from update_papers import Coverage, Paper, announced, month_of, parse_config

SAMPLE = Path(__file__).parent / "data/answer.atom"
CONFIG = "keywords: [reasoning model]\nsince: 2024-09-12\n"
COVERAGE = "articles/data/coverage.json"
LATER = dt.datetime(2025, 11, 27, tzinfo=dt.UTC)  # than the newest paper of the sample


def stored(root: Path) -> dict[str, Paper]:
    """Return the papers of the store by id, in the order in which they stand there."""
    files = sorted((root / "articles/data").glob("*.jsonl"))
    lines = [line for file in files for line in file.read_text("utf-8").split("\n") if line]
    return {known.id: known for known in map(Paper.from_line, lines)}


def take(root: Path, *papers: dict[str, object]) -> int:
    """Run on a saved answer with these papers."""
    (root / "saved.atom").write_bytes(feed(papers))
    return run(root, "--feed", root / "saved.atom")


# ---------------------------------------------------------------- identity and order

IDS = {  # in the order in which arXiv announced them
    "hep-th/9108001": "1991-08", "math.GT/9912999": "1999-12", "cs/0001001": "2000-01", "hep-th/0703001": "2007-03",
    "math/0703002": "2007-03", "0704.0001": "2007-04", "1412.9999": "2014-12", "1501.00001": "2015-01",
    "2511.09999": "2025-11", "2511.10000": "2025-11", "2512.00001": "2025-12",
}  # fmt: skip


@pytest.mark.parametrize(("arxiv_id", "month"), IDS.items())
def test_month(arxiv_id: str, month: str) -> None:
    """The month of announcement is part of the id, of old ones too."""
    assert month_of(arxiv_id) == month


@given(st.permutations(list(IDS)))
def test_order_of_announcement(ids: list[str]) -> None:
    """Ids sort as arXiv announced them."""
    assert sorted(ids, key=announced) == list(IDS)


# ---------------------------------------------------------------- one paper

FACTS = {field: st.text() for field in ("abstract", "comment", "journal_ref", "doi", "primary_category")}
MOMENTS = st.dates(dt.date(1991, 8, 14)).map("{}T09:30:00Z".format)
PAPERS = st.builds(
    Paper,
    id=st.sampled_from(list(IDS)),
    version=st.integers(1, 9),
    title=st.text(min_size=1),
    authors=st.lists(st.text(), min_size=1, max_size=4).map(tuple),
    published=MOMENTS,
    updated=MOMENTS,
    categories=st.lists(st.text(), min_size=1).map(tuple),
    **{field: texts.filter(bool) if field != "comment" else texts for field, texts in FACTS.items()},
)


@given(PAPERS)
def test_line(known: Paper) -> None:
    """A paper comes back from its line as it was, whatever its texts are."""
    line = known.line()
    assert line.count("\n") == 1
    assert Paper.from_line(line) == Paper.from_line(line.rstrip("\n")) == known


@pytest.mark.parametrize(
    "change",
    [
        {"id": "../../etc/passwd"},
        {"id": "2511.00001v2"},
        {"version": "1"},
        {"version": None},
        {"title": None},
        {"title": ["x"]},
        {"authors": []},
        {"authors": [1]},
        {"categories": None},
        {"published": "yesterday"},
        {"updated": None},
        {"abstract": 5},
        {"surplus": 1},
    ],
    ids=json.dumps,
)
def test_bad_line(change: dict[str, object]) -> None:
    """A line that lacks a fact, or has a wrong one, is no paper."""
    good = {
        "id": "2511.00001", "version": 1, "title": "x", "authors": ["x"], "published": "2025-11-03T10:00:00Z",
        "updated": "2025-11-03T10:00:00Z", "abstract": "x", "primary_category": "cs.AI", "categories": ["cs.AI"],
    }  # fmt: skip
    assert Paper.from_line(json.dumps(good)).id == "2511.00001"
    with pytest.raises((ValueError, TypeError, KeyError)):
        Paper.from_line(json.dumps(good | change))


@given(PAPERS, PAPERS, st.integers(0, 4))
def test_merged(old: Paper, new: Paper, cut: int) -> None:
    """Merging is idempotent, takes the higher version, and never cuts the authors of one version."""
    new = dataclasses.replace(new, authors=old.authors[:cut] or new.authors)
    better = old.merged(new)
    assert better.merged(new) == better.merged(better) == better
    assert better.version == max(old.version, new.version)
    if new.version == old.version:
        assert better.authors == (old.authors if old.authors[: len(new.authors)] == new.authors else new.authors)
        assert better.abstract == new.abstract
    else:
        assert better in {old, new}


# ---------------------------------------------------------------- the store, end to end


def test_second_run_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same answer again leaves every file alone."""
    make_list(tmp_path)
    assert run(tmp_path, "--feed", SAMPLE, now=LATER) == 0
    before, times = tree(tmp_path), {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.*")}
    assert run(tmp_path, "--feed", SAMPLE, now=LATER) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "0 new, 0 revised, 40 in all; 0 files written"
    assert tree(tmp_path) == before
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.*")} == times


def test_store_files(tmp_path: Path) -> None:
    """A month has its file, a paper its line: in the order of the ids, keys in theirs, without empty facts."""
    make_list(tmp_path)
    odd = paper(1, summary="Größe\n  安全 \u2028 of  a model", comment="")
    assert take(tmp_path, paper(10000), odd, paper(9999), paper(3, month="2412"), paper(id="cs/0703001")) == 0
    assert list(stored(tmp_path)) == ["cs/0703001", "2412.00003", "2511.00001", "2511.09999", "2511.10000"]
    lines = (tmp_path / "articles/data/2025-11.jsonl").read_bytes().decode().split("\n")
    assert lines[0].startswith('{"id": "2511.00001", "version": 1, "title": ')
    assert '"abstract": "Größe 安全 of a model"' in lines[0]
    assert '""' not in lines[0]
    assert lines[3:] == [""]


def test_nothing_is_lost(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A paper stays when later answers don't have it, or only an older or shorter record of it."""
    make_list(tmp_path)
    take(tmp_path, paper(1, version=2, title="Second"), paper(2, authors=["A", "B", "C"]), paper(3, title="Old"))
    take(tmp_path, paper(1, title="First"), paper(2, authors=["A"], summary="Mended"), paper(4))
    take(tmp_path, paper(3, title="New", version=3))
    papers = stored(tmp_path)
    assert [(known.id[-1], known.version) for known in papers.values()] == [("1", 2), ("2", 1), ("3", 3), ("4", 1)]
    assert papers["2511.00001"].title == "Second"
    assert papers["2511.00002"].authors == ("A", "B", "C")
    assert papers["2511.00002"].abstract == "Mended"
    assert papers["2511.00003"].title == "New"
    said = [line.partition(";")[0] for line in capsys.readouterr().out.splitlines()]
    assert said == ["3 new, 0 revised, 3 in all", "1 new, 0 revised, 4 in all", "0 new, 1 revised, 4 in all"]


def test_papers_before_since_are_kept(tmp_path: Path) -> None:
    """A saved answer is taken whatever window it was made for, and does not change the newest of the front page."""
    make_list(tmp_path)
    take(tmp_path, paper(1))
    take(tmp_path, paper(1, month="2003", published="2020-03-01T00:00:00Z"))
    assert list(stored(tmp_path)) == ["2003.00001", "2511.00001"]
    assert "**Newest: 2025-11-03**" in (tmp_path / "README.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"title": ""}, "has no title"),
        ({"summary": " "}, "has no abstract"),
        ({"authors": []}, "has no authors"),
        ({"authors": ["\u200b"]}, "has no authors"),
        ({"published": "1066-10-14T00:00:00Z"}, "was published 1066-10-14"),
        ({"published": "1990-12-31T23:59:59Z"}, "was published 1990-12-31"),
        ({"published": "2025-11-21T00:00:01Z"}, "was published 2025-11-21"),
        ({"id": "../../etc/passwd"}, "is no arXiv id"),
        ({"id": "2513.00001"}, "is no arXiv id"),
        ({"id": "2601.00001"}, "is no arXiv id"),
        ({"id": ""}, "is no arXiv id"),
    ],
    ids=str,
)
def test_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], change: dict[str, Any], said: str) -> None:
    """What can't be a paper is refused by name; the others of the answer are kept."""
    make_list(tmp_path)
    assert take(tmp_path, paper(1), paper(2, **change), paper(3)) == 0
    assert list(stored(tmp_path)) == ["2511.00001", "2511.00003"]
    assert re.search(rf"^refused: .*{said}$", capsys.readouterr().err, re.MULTILINE)


def test_refused_without_primary_category(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A paper without a primary category is refused."""
    make_list(tmp_path)
    (tmp_path / "saved.atom").write_bytes(re.sub(rb"<arxiv:primary_category[^>]*>", b"", feed([paper(1)])))
    assert run(tmp_path, "--feed", tmp_path / "saved.atom") == 0
    assert not stored(tmp_path)
    assert "has no primary_category" in capsys.readouterr().err


def test_last_moment_that_is_not_refused(tmp_path: Path) -> None:
    """Clocks differ: a paper of tomorrow is taken, and one of arXiv's first year."""
    make_list(tmp_path)
    old = paper(id="hep-th/9108001", published="1991-08-14T00:00:00Z")
    assert take(tmp_path, paper(1, published="2025-11-21T00:00:00Z"), old) == 0
    assert list(stored(tmp_path)) == ["hep-th/9108001", "2511.00001"]


# ---------------------------------------------------------------- the window


def day(text: str) -> dt.datetime:
    """Return a day as a moment."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def covered(since: str, swept_to: str, config: str = CONFIG) -> str:
    """Return coverage.json after a sweep from `since` whose newest paper was of `swept_to`."""
    known = Coverage.of(parse_config(config.replace("2024-09-12", since)), None)
    return json.dumps(dataclasses.asdict(known) | {"swept_to": f"{swept_to}T00:00:00Z"})


@pytest.mark.parametrize(
    ("coverage", "until", "start"),
    [
        pytest.param(None, "2025-11-20", "2024-09-12", id="nothing known"),
        pytest.param(covered("2024-09-12", "2025-11-18"), "2025-11-20", "2025-11-11", id="lookback"),
        pytest.param(covered("2024-09-12", "2024-09-14"), "2025-11-20", "2024-09-12", id="not before since"),
        pytest.param(covered("2024-09-12", "2025-11-18"), "2025-06-30", "2025-06-23", id="until before swept_to"),
        pytest.param(covered("2024-09-13", "2025-11-18"), "2025-11-20", "2024-09-12", id="since is earlier now"),
        pytest.param(covered("2024-01-01", "2025-11-18"), "2025-11-20", "2025-11-11", id="since is later now"),
        pytest.param(covered("2024-01-01", "2024-03-01"), "2025-11-20", "2024-09-12", id="swept before since"),
        pytest.param(
            covered("2024-09-12", "2025-11-18", CONFIG + "categories: [cs.CR]\n"), "2025-11-20", "2024-09-12",
            id="another selection",
        ),
    ],
)  # fmt: skip
def test_window_start(coverage: str | None, until: str, start: str) -> None:
    """A regular run begins some days before what is known, or at the list's beginning where nothing is sure."""
    config = parse_config(CONFIG + "lookback_days: 7\n")
    assert Coverage.of(config, coverage).window_start(config, day(until)) == day(start)


# ---------------------------------------------------------------- coverage.json, end to end


def fresh(number: int) -> dict[str, Any]:
    """Return an invented paper that is only some days old."""
    return paper(number, published="2025-11-15T10:00:00Z")


def begins(server: Server) -> list[str]:
    """Return the days from which the server was asked."""
    queries = " ".join(asked.get("search_query", "") for asked in server.requests)
    return ["-".join(found) for found in re.findall(r'"(\d{4})(\d\d)(\d\d)\d{4} TO', queries)]


def coverage(root: Path) -> dict[str, str]:
    """Return what coverage.json says."""
    facts: dict[str, str] = json.loads((root / COVERAGE).read_text("utf-8"))
    return facts


def test_regular_runs(tmp_path: Path) -> None:
    """The first run asks for everything, the next ones look back; a run with nothing new writes nothing."""
    with Server([paper(1), paper(2, published="2025-11-10T10:00:00Z")]) as server:
        make_list(tmp_path, server.url)
        assert run(tmp_path) == 0
        assert coverage(tmp_path)["since"] == "2024-09-12T00:00:00Z"
        assert coverage(tmp_path)["swept_to"] == "2025-11-10T10:00:00Z"
        before = tree(tmp_path)
        assert run(tmp_path) == 0
        assert tree(tmp_path) == before
        server.papers.append(paper(3, published="2025-11-19T10:00:00Z"))
        assert run(tmp_path) == 0
        assert coverage(tmp_path)["swept_to"] == "2025-11-19T10:00:00Z"
        assert begins(server) == ["2024-09-12", "2025-08-02", "2025-08-02"]
    assert len(stored(tmp_path)) == 3


def test_late_paper_is_found(tmp_path: Path) -> None:
    """A paper that is announced long after its submission is found by a regular run."""
    with Server([paper(1, published="2025-11-18T10:00:00Z")]) as server:
        make_list(tmp_path, server.url)
        run(tmp_path)
        server.papers.append(paper(2, published="2025-08-12T10:00:00Z"))
        assert run(tmp_path) == 0
    assert len(stored(tmp_path)) == 2


@pytest.mark.parametrize("arguments", [("--since", "2025-11-01"), ("--feed", SAMPLE)], ids=["since", "feed"])
def test_coverage_is_left_alone(tmp_path: Path, arguments: tuple[str | Path, ...]) -> None:
    """A run that does not ask regularly says nothing of what has been asked for, and changes nothing that is said."""
    with Server([fresh(1)]) as server:
        make_list(tmp_path, server.url)
        assert run(tmp_path, *arguments) == 0
        assert not (tmp_path / COVERAGE).exists()
        assert run(tmp_path) == 0
        before = (tmp_path / COVERAGE).read_bytes()
        server.papers.append(fresh(2))
        assert run(tmp_path, *arguments) == 0
        assert (tmp_path / COVERAGE).read_bytes() == before


def test_sweep(tmp_path: Path) -> None:
    """A sweep asks from the beginning, finds revisions there, and counts as a regular run."""
    with Server([paper(1, month="2410", published="2024-10-01T00:00:00Z"), fresh(2)]) as server:
        make_list(tmp_path, server.url)
        run(tmp_path)
        server.papers[0] |= {"version": 2, "title": "Revised"}
        server.papers.append(fresh(3))
        assert run(tmp_path) == 0
        assert stored(tmp_path)["2410.00001"].version == 1
        assert run(tmp_path, "--sweep") == 0
        assert stored(tmp_path)["2410.00001"].title == "Revised"
        assert begins(server) == ["2024-09-12", "2025-08-07", "2024-09-12"]
    assert coverage(tmp_path)["swept_to"] == "2025-11-15T10:00:00Z"


@pytest.mark.parametrize(
    ("old", "new", "begin"),
    [
        ("[reasoning model]", "[reasoning model, thinking]", "2024-09-12"),
        ("2024-09-12", "2024-08-01", "2024-08-01"),
        ("2024-09-12", "2025-10-01", "2025-10-01"),
        ("2024-09-12\n", "2024-09-12\nlatest: 1\n", "2025-08-07"),
    ],
    ids=["keywords", "since earlier", "since later", "latest"],
)
def test_config_changes(tmp_path: Path, old: str, new: str, begin: str) -> None:
    """A new selection is asked for from the beginning; what is listed stays; how it is shown asks for nothing anew."""
    with Server([fresh(1), fresh(2)]) as server:
        make_list(tmp_path, server.url)
        run(tmp_path)
        selection = coverage(tmp_path)["selection"]
        server.papers[:] = [fresh(2), fresh(3)]
        config = tmp_path / "config.yaml"
        text = config.read_text("utf-8")
        assert old in text
        config.write_text(text.replace(old, new), "utf-8")
        assert run(tmp_path) == 0
        assert begins(server) == ["2024-09-12", begin]
    assert list(stored(tmp_path)) == ["2511.00001", "2511.00002", "2511.00003"]
    assert (coverage(tmp_path)["selection"] == selection) == ("keywords" not in old and "model" not in old)
