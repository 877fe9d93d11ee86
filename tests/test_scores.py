"""min_score: a paper must mean it, and a curator sees what a score does before it is chosen."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.faults import HOSTILE
from tests.helpers import Server, feed, make_list, paper, run, shown, stored, tree
from tests.test_machine import set_key

KEYWORDS = {"model": ["reasoning model", "au:Soup", "co:soup"], "subject": ["safety", "ti:safety"]}
MODEL, BOTH = "A reasoning model", "A reasoning model is safety"
TEXTS = {  # title and abstract by what they score
    0: ("Soup", "Soup."),
    1: ("Soup", MODEL),
    2: (MODEL, "Soup."),
    3: (MODEL, MODEL),
    4: (BOTH, "Soup."),
    5: (BOTH, MODEL),
    6: (BOTH, BOTH),
}


def worth(points: int, number: int | None = None, **changes: Any) -> dict[str, Any]:
    """Return a paper of a score, numbered by it."""
    title, abstract = TEXTS[points]
    facts: dict[str, Any] = {"title": title, "summary": abstract}
    facts |= {"authors": ["Ann Soup"], "comment": "Soup"}
    return paper(number or points + 10, **facts | changes)


ALL = [worth(points) for points in TEXTS]


def ids_of(*points: int) -> list[str]:
    """Return the ids of the papers of some scores."""
    return [f"2511.{each + 10:05}" for each in points]


@pytest.fixture(name="server")
def fixture_server(server: Server) -> Server:
    """Return a server that has a paper of each score."""
    server.papers[:] = ALL
    return server


@pytest.fixture(name="way", params=["ask", "feed"])
def fixture_way(request: pytest.FixtureRequest, tmp_path: Path) -> list[str | Path]:
    """Return the arguments of a run that gets these papers: from arXiv, and saved ones."""
    saved = tmp_path / "saved.atom"
    saved.write_bytes(feed(ALL))
    if request.param == "feed":
        return ["--feed", saved]
    return []


def scored_list(root: Path, server: Server, min_score: int = 0, **keys: Any) -> Path:
    """Make a list that has not run yet."""
    return make_list(root, server.url, {"keywords": KEYWORDS, "min_score": min_score} | keys)


@pytest.fixture(name="everything")
def fixture_everything(server: Server, tmp_path: Path) -> Path:
    """Return a list that has a paper of each score."""
    root = scored_list(tmp_path / "list", server)
    assert run(root) == 0
    return root


# --------------------------------------------------------------------------- what is listed


@pytest.mark.parametrize("min_score", [1, 4, 7])
def test_below_is_not_stored(
    way: list[str | Path], min_score: int, server: Server, tmp_path: Path
) -> None:
    """A paper below the score is not stored, whether arXiv gives it or a saved answer."""
    root = scored_list(tmp_path / "list", server, min_score)
    assert run(root, *way) in {0, 3}
    assert list(stored(root)) == ids_of(*range(min_score, 7))
    assert run(root, "--check") == 0


def test_include_beats_it(way: list[str | Path], server: Server, tmp_path: Path) -> None:
    """A paper that `include` names is stored whatever it scores."""
    root = scored_list(tmp_path / "list", server, 6, include=ids_of(0, 2))
    assert run(root, *way) == 0
    assert list(stored(root)) == ids_of(0, 2, 6)


def test_stored_stays(everything: Path, server: Server) -> None:
    """What is stored stays, is shown, and is renewed, however high the score is raised."""
    before = shown(everything)
    set_key(everything, "min_score", 99)
    for arguments in ([], ["--sweep"], ["--rebuild"]):
        assert run(everything, *arguments) == 0
    assert shown(everything) == before

    server.papers[1:2] = [worth(1, version=2), worth(3, 30)]
    assert run(everything) == 0
    assert list(stored(everything)) == ids_of(*range(7))
    assert stored(everything)[ids_of(1)[0]].version == 2


def test_lowered_score_reaches_back(server: Server, tmp_path: Path) -> None:
    """A lower score lists what the higher one left out, from the beginning of the list."""
    server.papers.append(worth(3, 1, month="2410", published="2024-10-01T00:00:00Z"))
    root = scored_list(tmp_path / "list", server, 6)
    assert run(root) == 0
    assert list(stored(root)) == ids_of(6)
    set_key(root, "min_score", 3)
    assert run(root) == 0
    assert list(stored(root)) == ["2410.00001", *ids_of(3, 4, 5, 6)]


# ------------------------------------------------------------------------ how it is chosen

TABLE = """\
min_score  papers of this answer that it lists
        0  7
        1  6
        2  5
        3  4
        4  3  <- config.yaml
        5  2
        6  1
the papers at min_score, and one below:
score 3: 2511.00013 A reasoning model
score 4: 2511.00014 A reasoning model is safety
"""


def test_table(
    way: list[str | Path], server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """--dry-run says how many papers each score lists, and the titles about the present one."""
    root = scored_list(tmp_path / "list", server, 4)
    before = tree(root)
    assert run(root, "--dry-run", *way) == 0
    out = capsys.readouterr().out
    table = out[out.index("min_score  papers") :]
    assert re.fullmatch(rf"{re.escape(TABLE)}3 new, .+ would change\n", table)
    assert tree(root) == before
    assert run(root, *way) == 0
    assert "min_score  papers" not in capsys.readouterr().out


def test_table_above_all_scores(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where no paper has the score, the table still shows where it is."""
    root = scored_list(tmp_path / "list", server, 8)
    assert run(root, "--dry-run") == 3
    out = capsys.readouterr().out
    assert "        8  0  <- config.yaml\n" in out


def test_harmless_table(server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No title in it is a command for GitHub's runner."""
    server.papers.append(worth(4, 1, title=f"{MODEL}, safety\n{HOSTILE}"))
    root = scored_list(tmp_path / "list", server, 4)
    assert run(root, "--dry-run") == 0
    lines = capsys.readouterr().out.splitlines()
    titles = [line for line in lines if line.startswith("score ")]
    assert len(titles) == 3
    assert not re.search(r"::|##\[", "\n".join(titles))


@pytest.mark.parametrize("arguments", [["--rebuild"], ["--check"]], ids=str)
def test_no_table_without_an_answer(
    arguments: list[str], everything: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where nothing was asked there is no table."""
    capsys.readouterr()
    dry_run = [] if arguments == ["--check"] else ["--dry-run"]
    assert run(everything, *arguments, *dry_run) == 0
    assert "min_score" not in capsys.readouterr().out


def test_raised_score(everything: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """After the score was raised a run names the stored ids below it once, for `exclude`."""
    said = "2 listed papers are below min_score; to hide them: exclude: [{}]\n".format

    def told() -> str:
        assert run(everything) == 0
        return capsys.readouterr().err

    set_key(everything, "min_score", 2)
    assert run(everything, "--dry-run") == 0
    assert capsys.readouterr().err == said(", ".join(ids_of(0, 1)))
    assert told() == said(", ".join(ids_of(0, 1)))
    assert not told()

    set_key(everything, "exclude", ids_of(0, 1))
    assert not told()
    set_key(everything, "min_score", 3)
    set_key(everything, "include", ids_of(2))
    assert not told()
    set_key(everything, "include", [])
    set_key(everything, "min_score", 1)
    assert not told()
    set_key(everything, "min_score", 4)
    assert told() == said(", ".join(ids_of(2, 3)))
    assert not told()


def test_raised_score_and_rebuild(everything: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--rebuild does not tell the ids, and leaves it to the next run that may list papers."""
    said = "1 listed papers are below min_score; to hide them: exclude: [{}]\n".format
    set_key(everything, "min_score", 1)
    capsys.readouterr()
    assert run(everything, "--rebuild") == 0
    assert "below min_score" not in capsys.readouterr().err
    assert run(everything) == 0
    assert capsys.readouterr().err == said(*ids_of(0))


def test_names_can_be_excluded(everything: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What such a run prints can be put into config.yaml as it is, and hides these papers."""
    set_key(everything, "min_score", 6)
    capsys.readouterr()
    assert run(everything) == 0
    line = capsys.readouterr().err.partition("to hide them: ")[2]
    with (everything / "config.yaml").open("a", encoding="utf-8") as file:
        file.write(line)
    assert run(everything, "--rebuild") == 0
    assert capsys.readouterr().out.startswith("0 new, 0 revised, 1 in all; ")


def test_explained_score(everything: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--explain prints the score and the words that gave it; authors give none."""
    assert run(everything, "--explain", *ids_of(5)) == 0
    assert "score: 5, min_score: 0 (reasoning model 3, safety 2)\n" in capsys.readouterr().out


# --------------------------------------------------------------------------------- afterwards


def test_all_below(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A list whose min_score lets no paper through ends with 3, and the score is blamed."""
    with Server([paper(1), paper(2)]) as server:
        root = make_list(tmp_path / "list", server.url, {"min_score": 99})
        assert run(root) == 3
    said = capsys.readouterr().err
    assert (
        "the list is empty, and arXiv gave 2 papers: look at keywords, categories and min_score"
        in said
    )


def test_raised_score_by_feed(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run on saved answers names the stored ids, too, and only once."""
    saved = tmp_path / "saved.atom"
    saved.write_bytes(feed(server.papers))
    root = scored_list(tmp_path / "list", server, 0)
    assert run(root, "--feed", saved) == 0
    set_key(root, "min_score", 2)
    capsys.readouterr()
    assert run(root, "--feed", saved) == 0
    assert "below min_score; to hide them" in capsys.readouterr().err
    assert run(root, "--feed", saved) == 0
    assert "below min_score; to hide them" not in capsys.readouterr().err


def test_many_below(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The line for `exclude` ends with a whole id, however many there are."""
    saved = tmp_path / "saved.atom"
    saved.write_bytes(feed([paper(number) for number in range(1, 601)]))
    root = make_list(tmp_path / "list")
    assert run(root, "--feed", saved) == 0
    set_key(root, "min_score", 99)
    capsys.readouterr()
    assert run(root, "--feed", saved) == 0
    line = capsys.readouterr().err.partition("to hide them: exclude: ")[2]
    assert re.fullmatch(r"\[2511\.\d{5}(, 2511\.\d{5}){299}\]\n", line)
