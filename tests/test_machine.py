"""The command line: its flags, what it prints and where, its exit status, its bytes."""

import inspect
import itertools
import json
import logging
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import update_papers
from tests.faults import HOSTILE, hang, status
from tests.helpers import (
    NOW,
    PROJECT,
    Handler,
    Server,
    feed,
    make_list,
    paper,
    run,
    stored,
    tree,
)
from update_papers import STATE

SCRIPT = PROJECT / "update_papers.py"
TODAY = f"{NOW:%Y-%m-%d}"
ODD_TITLE = "Größe 安全 👩🏽‍🔬 of a reasoning model"
CLOSING = re.compile(r"\d+ new, \d+ revised, \d+ in all; \d+ files (written|would change)")
DOMAINS = {"Safety": {"about": "All.", "terms": ["safety"]}}
NOTHING_NEW = "0 new, 0 revised, 2 in all; 0 files written\n"


@pytest.fixture(name="saved")
def fixture_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Save an answer with a paper that the list does not have, and go to its folder."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "saved.atom"
    path.write_bytes(feed([paper(3)]))
    return path


# As on anybody's machine, where nothing is said about Python's console.
PLAIN = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}


def program(*arguments: str | Path) -> list[str]:
    """Return the command that runs the script as a program of its own."""
    return [sys.executable, str(SCRIPT), *map(str, arguments)]


def set_key(root: Path, key: str, value: object) -> None:
    """Set a key of the config of a list."""
    path = root / "config.yaml"
    lines = path.read_text("utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(f"{key}:")]
    path.write_text("".join([*kept, f"{key}: {json.dumps(value)}\n"]), "utf-8")


def writing_times(root: Path) -> dict[Path, int]:
    """Return when each file of a list was written."""
    return {path: path.stat().st_mtime_ns for path in root.rglob("*")}


# ------------------------------------------------------------------------------------ flags

VALUES = {
    "--since": ["2025-11-01"],
    "--until": [TODAY],
    "--sweep": [],
    "--feed": ["saved.atom"],
    "--rebuild": [],
    "--check": [],
    "--explain": ["2511.00001"],
    "--dry-run": [],
    "--keep-answers": ["answers"],
}
WAYS = {"--since", "--sweep", "--feed", "--rebuild", "--check", "--explain"}
PAIRS = list(itertools.combinations(VALUES, 2))


@pytest.mark.usefixtures("saved")
@pytest.mark.parametrize("pair", PAIRS, ids=" ".join)
def test_pairs(
    pair: tuple[str, str], root: Path, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two ways to run are refused by their names before anything is done; others go together."""
    before = tree(root)
    arguments = [part for flag in pair for part in [flag, *VALUES[flag]]]
    if not WAYS.issuperset(pair):
        assert run(root, *arguments) == 0
        last = capsys.readouterr().out.splitlines()[-1]
        assert last == "listed" if "--explain" in pair else CLOSING.fullmatch(last)
        return

    with pytest.raises(SystemExit, match=r"^2$"):
        run(root, *arguments)
    said = capsys.readouterr()
    assert all(f"argument {flag}" in said.err for flag in pair)
    assert not said.out
    assert not server.requests
    assert tree(root) == before


@pytest.mark.usefixtures("saved", "server")
@pytest.mark.parametrize("flag", VALUES)
def test_verbose_goes_with_any(flag: str, root: Path) -> None:
    """-v changes no result."""
    assert run(root, "-v", flag, *VALUES[flag]) == 0


def test_feeds_repeat(tmp_path: Path, saved: Path) -> None:
    """--feed takes several files, and may be given again."""
    root = make_list(tmp_path / "list")
    others = [tmp_path / f"{number}.atom" for number in (1, 2)]
    for number, path in enumerate(others, 1):
        path.write_bytes(feed([paper(number)]))
    assert run(root, "--feed", *others, "--feed", saved) == 0
    assert len(stored(root)) == 3


REFUSED = {
    "no date": (
        ["--since", "yesterday"],
        "'yesterday' is no date of arXiv's; write a day such as 2026-01-31",
    ),
    "empty date": (["--until", ""], "'' is no date of arXiv's; write a day such as"),
    "no such day": (
        ["--until", "2025-11-31"],
        "'2025-11-31' is no date of arXiv's; write a day such as",
    ),
    "German date": (
        ["--since", "1.11.2025"],
        "'1.11.2025' is no date of arXiv's; write a day such as",
    ),
    "no such hour": (["--since", "2025-11-01T25:00"], "is no date of arXiv's; write a day such as"),
    "end of the calendar": (["--until", "9999-12-31"], "argument --until: "),
    "beginning of the calendar": (["--until", "0001-01-01"], "argument --until: "),
    "before the calendar": (["--since", "0001-01-01T00:00+05:00"], "argument --since: "),
    "no file": (["--feed"], "argument --feed: expected at least one argument"),
    "no such flag": (["--offline"], "unrecognized arguments: --offline"),
    "a word": (["now"], "unrecognized arguments: now"),
}


@pytest.mark.parametrize(("arguments", "words"), REFUSED.values(), ids=REFUSED)
def test_refused(
    arguments: list[str], words: str, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What cannot be meant ends with 2 and says what to write; nothing is done."""
    before = tree(root)
    with pytest.raises(SystemExit, match=r"^2$"):
        run(root, *arguments)
    said = capsys.readouterr()
    assert words in said.err
    assert not said.out
    assert tree(root) == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--since", "2025-11-19", "--until", "2025-11-17"], "2025-11-19 is after 2025-11-17; "),
        (["--since", "2025-11-21"], "2025-11-21 is after 2025-11-20; "),
    ],
    ids=["until", "today"],
)
def test_since_in_the_future(
    arguments: list[str],
    words: str,
    root: Path,
    server: Server,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Behind the day of the run there is nothing to ask for."""
    assert run(root, *arguments) == 2
    assert capsys.readouterr().err.startswith(f"--since: {words}")
    assert not server.requests


@pytest.mark.parametrize(
    "until", ["2025-11-19", "2025-11-19T00:00", "2025-11-19T01:00+01:00", " 2025-11-19T00:00Z "]
)
def test_dates(until: str, root: Path, server: Server) -> None:
    """A date may have a time and a zone, UTC unless it says otherwise."""
    assert run(root, "--since", "2025-11-01T12:30Z", "--until", until) == 0
    assert '"202511011230 TO 202511200000"' in server.requests[-1]["search_query"]


# ------------------------------------------------------------------------- what a run prints


def test_nothing_new(
    root: Path, server: Server, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run with nothing new writes nothing, and prints its closing line alone, from anywhere."""
    before, times = tree(root), writing_times(root)
    monkeypatch.chdir(root.parent)
    assert run(Path("list")) == 0
    assert run(root) == 0
    said = capsys.readouterr()
    assert said.out == 2 * NOTHING_NEW
    assert not said.err
    assert len(server.requests) == 2
    assert tree(root) == before
    assert writing_times(root) == times


@pytest.mark.parametrize("way", ["", "--sweep", "--feed"], ids=["ask", "sweep", "feed"])
def test_dry_run(
    way: str, root: Path, server: Server, saved: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """--dry-run writes nothing and prints a difference for each file that the run then writes."""
    server.papers += [paper(3), paper(1, month="2510", title=ODD_TITLE)]
    ways: dict[str, list[str | Path]] = {"": [], "--sweep": [way], "--feed": [way, saved]}
    arguments = ways[way]
    before, times = tree(root), writing_times(root)

    assert run(root, "--dry-run", *arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    assert tree(root) == before
    assert writing_times(root) == times

    assert run(root, *arguments) == 0
    written = {name for name, data in tree(root).items() if data != before.get(name)}
    assert written - {STATE} == {line[6:] for line in lines if line.startswith("+++ b/")}
    assert "would change" in lines[-1]
    counts = capsys.readouterr().out.partition(";")[0]
    assert counts == lines[-1].partition(";")[0]


def test_dry_run_of_a_new_list(tmp_path: Path, saved: Path) -> None:
    """Where nothing is yet --dry-run makes nothing, no folder either."""
    root = make_list(tmp_path / "list")
    assert run(root, "--dry-run", "--feed", saved) == 0
    assert {path.name for path in root.iterdir()} == {"README.md", "config.yaml"}


def test_check_finds_an_edit(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--check ends with 1, names every page that is not as --rebuild makes it, and mends none."""
    assert run(root, "--check") == 0
    pages = {"README.md", "articles/2025-11.md", "articles/README.md", "articles/feed.xml"}
    for name in pages:
        text = (root / name).read_text("utf-8")
        (root / name).write_text(re.sub("papers", "pages", text), "utf-8")
    (root / "articles/search.html").unlink()
    before = tree(root)
    capsys.readouterr()

    assert run(root, "--check") == 1
    found = re.findall(r"^\+\+\+ b/(.+)$", capsys.readouterr().out, re.MULTILINE)
    assert set(found) == pages | {"articles/search.html"}
    assert tree(root) == before
    assert run(root, "--rebuild") == 0
    assert run(root, "--check") == 0


def test_check_of_the_store(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--check sees what the store lacks of the config, such as a domain."""
    set_key(root, "domains", DOMAINS)
    assert run(root, "--check") == 1
    said = capsys.readouterr().out
    assert "+++ b/articles/data/2025-11.jsonl" in said
    assert "+++ b/articles/domain-safety.md" in said


@pytest.mark.parametrize("text", [None, "", "{", '{"selection": "another"}'], ids=str)
def test_check_leaves_out_state(text: str | None, root: Path) -> None:
    """--check says nothing of state.json, which readers don't see."""
    (root / STATE).unlink()
    if text is not None:
        (root / STATE).write_text(text, "utf-8")
    before = tree(root)
    assert run(root, "--check") == 0
    assert tree(root) == before


# --------------------------------------------------------------------- lists that stand still


def test_empty_list(tmp_path: Path, server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    """A run that asks and leaves the list empty ends with 3 and says what to look at."""
    server.papers.clear()
    root = make_list(tmp_path / "list", server.url, {"stale_after_days": 14})
    assert run(root) == 3
    said = capsys.readouterr()
    assert said.err.endswith(
        "the list is empty, and arXiv gave 0 papers: look at keywords, categories and min_score\n"
    )
    assert "old" not in said.err
    assert said.out.startswith("0 new, 0 revised, 0 in all; ")
    assert run(root, "--rebuild") == 0
    assert run(root, "--check") == 0


MOVING: dict[str, tuple[int, list[str]]] = {
    "just young enough": (16, []),
    "switched off": (0, []),
    "rebuild": (15, ["--rebuild"]),
    "feed": (15, ["--feed", "saved.atom"]),
    "another today": (15, ["--until", "2025-11-19"]),
}


@pytest.mark.parametrize("arguments", [[], ["--sweep"], ["--since", "2025-11-01"]], ids=str)
def test_list_that_stands_still(
    arguments: list[str], root: Path, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the newest paper is too old, a run that asked writes as usual, and ends with 3."""
    set_key(root, "stale_after_days", 15)
    server.papers.append(paper(4, published="2025-11-03T10:30:00Z"))
    assert run(root, *arguments) == 3
    assert capsys.readouterr().err == (
        "the list stands still: its newest paper is 16 days old, more than stale_after_days (15); "
        "look at the keywords and at arXiv, or raise stale_after_days (0: never)\n"
    )
    assert "2511.00004" in stored(root)


@pytest.mark.usefixtures("saved", "server")
@pytest.mark.parametrize(("limit", "arguments"), MOVING.values(), ids=MOVING)
def test_list_that_moves(
    limit: int, arguments: list[str], root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where it is young enough, or nobody was asked, its age is no matter."""
    set_key(root, "stale_after_days", limit)
    assert run(root, *arguments) == 0
    assert not capsys.readouterr().err


def test_unused_words(tmp_path: Path, server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    """A sweep names in the log what no paper has: keywords and categories; a look back doesn't."""
    keys = {"keywords": ["reasoning model", "ti:xyzzy"], "categories": ["cs.*", "math.CO", "cs.CV"]}
    root = make_list(tmp_path / "list", server.url, keys)
    for arguments in ([], ["--sweep"]):
        assert run(root, *arguments) == 0
        said = capsys.readouterr().err
        assert said.startswith("no paper of this sweep has: ti:xyzzy, cs.CV, math.CO; look at")
    assert run(root) == 0
    assert not capsys.readouterr().err


# -------------------------------------------------------------------------- asking, and answers


def test_verbose(root: Path, server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    """-v tells each request; a run without it tells nobody of one that went well."""
    assert run(root, "-v") == 0
    said = capsys.readouterr()
    assert server.url.split("/")[2] in said.err
    assert "GET /api/query?search_query=" in said.err
    assert said.out == NOTHING_NEW
    assert run(root) == 0
    assert not capsys.readouterr().err


def test_kept_answers(tmp_path: Path, server: Server) -> None:
    """Answers that were kept make the same pages again, without a request."""
    server.papers += [paper(1, month="2510", title=ODD_TITLE), paper(4)]
    first = make_list(tmp_path / "first", server.url, page_size=2)
    second = make_list(tmp_path / "second", server.url, page_size=2)
    server.faults += [None, status(503), None]
    assert run(first, "--keep-answers", tmp_path / "new/answers") == 0
    asked = len(server.requests)

    kept = sorted((tmp_path / "new/answers").iterdir())
    assert len(kept) == 2
    assert run(second, "--feed", *kept) == 0
    assert len(server.requests) == asked
    known, made = tree(first), tree(second)
    assert known.pop(STATE) != made.pop(STATE)
    assert made == known


def test_answers_cannot_be_kept(
    root: Path, server: Server, saved: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An answer that cannot be kept is no fault of arXiv: exit 2, one line, not asked again."""
    before = tree(root)
    assert run(root, "--keep-answers", saved) == 2
    assert len(server.requests) == 1
    assert re.fullmatch(
        rf".+{saved.name}: .+; bring it back, free it or .+\n", capsys.readouterr().err
    )
    assert tree(root) == before


@pytest.mark.parametrize(
    ("repository", "named"),
    [
        ("", ""),
        ("someone/a.list", " (+https://github.com/someone/a.list)"),
    ],
    ids=["nowhere", "on GitHub"],
)
def test_user_agent(
    repository: str, named: str, root: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ArXiv is told who asks, and the list's repository where GitHub names it."""
    monkeypatch.setenv("GITHUB_REPOSITORY", repository)
    assert run(root) == 0
    assert run(root, "--explain", "2511.00009") == 2
    agents = [headers["User-Agent"] for headers in server.headers]
    assert len(agents) == 2
    for agent in agents:
        assert re.fullmatch(rf"update-papers/[0-9.]+{re.escape(named)}", agent)


# --------------------------------------------------------------------------------- the log


def test_harmless_messages(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing that is logged, by a library either, is a command for GitHub's runner."""
    assert run(root) == 0
    capsys.readouterr()
    for name in ("update_papers", "urllib3.connectionpool", "somebody.else"):
        logger = logging.getLogger(name)
        logger.warning("%s\n%s\r::add-mask::x\x1b[2J", HOSTILE, HOSTILE)
        logger.warning("##[group]", exc_info=ValueError(HOSTILE))
    said = capsys.readouterr().err
    assert said.count("\n") == 9
    assert not re.search(r"::|##\[|[\x00-\x09\x0b-\x1f]", said)


def test_harmless_arguments(
    root: Path, saved: Path, capsys: pytest.CaptureFixture[str], summary: Path
) -> None:
    """Nor is what the command line, the config or a saved answer says."""
    odd = saved.with_name("::error::x##[error]y\n::error::z")
    saved.rename(odd)
    odd.write_bytes(b"##[error]no feed")
    assert run(root, "--feed", odd) == 2
    set_key(root, f"'{HOSTILE}'", HOSTILE)
    assert run(root) == 2
    for said in (capsys.readouterr().err, summary.read_text("utf-8")):
        assert not re.search(r"^\s*::|##\[", said, re.MULTILINE)


# ------------------------------------------------------------------------- two runs at once


def test_two_at_once(root: Path, server: Server) -> None:
    """Of two runs in one folder, both end well, and the list has what either brought."""
    assert run(root) == 0
    server.papers += [paper(number) for number in range(10, 40)]
    command = [sys.executable, str(SCRIPT), "--root", str(root), "--until", TODAY]
    others = [subprocess.Popen(command, env=PLAIN) for _ in range(2)]
    assert [other.wait() for other in others] == [0, 0]
    assert {f"2511.{number:05}" for number in range(10, 40)} <= stored(root).keys()
    before = tree(root)
    assert run(root, "--check") == 0
    assert tree(root) == before


def test_summary_that_cannot_be_written(
    root: Path, server: Server, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A summary that cannot be written is named; the papers are there."""
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(root / "nowhere/summary.md"))
    server.papers.append(paper(3))
    assert run(root) in {0, 2}
    said = capsys.readouterr().err
    assert "summary.md" in said
    assert "2511.00003" in stored(root)


# ----------------------------------------------------------------------------- the console


@pytest.fixture(name="odd", scope="module")
def fixture_odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a list that has not run yet, with an answer whose texts no old code page has."""
    root = make_list(tmp_path_factory.mktemp("odd") / "list")
    many = [paper(number, title=ODD_TITLE, summary="安全 " * 200) for number in range(1, 40)]
    (root / "saved.atom").write_bytes(feed(many))
    with (root / "README.md").open("ab") as file:
        file.write("Z\u00fcrich, and not UTF-8: ".encode("latin-1"))
    return root


CLOSED = {"stdout": (">&-", "saved.atom", 0), "both": (">&- 2>&-", "nothing", 2)}


@pytest.mark.parametrize(("closed", "name", "ends"), CLOSED.values(), ids=CLOSED)
def test_closed_console(closed: str, name: str, ends: int, odd: Path) -> None:
    """A console that is closed changes no exit status and ends in no traceback."""
    shell = shutil.which("sh") or "sh"
    command = program("--root", odd, "--until", TODAY, "--dry-run", "--feed", odd / name)
    closing = [shell, "-c", f'"$@" {closed}', shell]
    ended = subprocess.run([*closing, *command], capture_output=True, check=False, env=PLAIN)
    assert ended.returncode == ends
    assert not ended.stdout
    assert not ended.stderr


ENDED = {
    "diff": (["--dry-run", "--feed", "saved.atom"], 0),
    "error": (["--dry-run", "--feed", "nothing"], 2),
    "help": (["--help"], 0),
}


@pytest.mark.parametrize(("arguments", "ends"), ENDED.values(), ids=ENDED)
def test_ended_pipe(arguments: list[str], ends: int, odd: Path) -> None:
    """Readers that end early, as `| head -1` does, change no exit status either."""
    reading, writing = os.pipe()
    os.close(reading)
    error = writing if ends else subprocess.PIPE
    command = program("--root", odd, "--until", TODAY, *arguments)
    ended = subprocess.run(command, stdout=writing, stderr=error, check=False, cwd=odd, env=PLAIN)
    os.close(writing)
    assert ended.returncode == ends
    assert not ended.stderr


def test_narrow_console(odd: Path) -> None:
    """A console that lacks letters shows them as escapes."""
    command = program("--root", odd, "--until", TODAY, "--dry-run", "--feed", odd / "saved.atom")
    environment = PLAIN | {"PYTHONIOENCODING": "cp1252"}
    ended = subprocess.run(command, capture_output=True, check=False, env=environment)
    assert ended.returncode == 0
    assert not ended.stderr
    said = ended.stdout.decode("cp1252")
    assert "Größe \\u5b89\\u5168" in said
    assert CLOSING.fullmatch(said.splitlines()[-1])


def test_plain_locale(odd: Path, tmp_path: Path) -> None:
    """In the C locale, from elsewhere, a path with spaces and umlauts gets the same files."""
    name = os.fsdecode("Eine Liste über Größen".encode())
    place = shutil.copytree(odd, tmp_path / name)
    shutil.copytree(PROJECT / "templates", place / "templates")
    shutil.copy(SCRIPT, place)
    arguments = ["--feed", f"{name}/saved.atom", "--until", TODAY]
    command = [sys.executable, f"{name}/{SCRIPT.name}", *arguments]
    plain = PLAIN | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    ended = subprocess.run(command, capture_output=True, check=False, cwd=tmp_path, env=plain)
    assert ended.returncode == 0
    assert not ended.stderr

    root = shutil.copytree(odd, tmp_path / "list")
    assert run(root, "--feed", root / "saved.atom") == 0
    made = tree(place)
    assert made.pop(SCRIPT.name)
    assert made == tree(root)


def test_newer_program(odd: Path, tmp_path: Path) -> None:
    """Another script, or another version of a library, makes all pages anew, and only once."""
    place = shutil.copytree(odd, tmp_path / "whole")
    shutil.copytree(PROJECT / "templates", place / "templates")
    script = Path(shutil.copy(SCRIPT, place))
    libraries = {}
    for number in (1, 2):
        folder = tmp_path / f"{number}" / f"markupsafe-{number}.dist-info"
        folder.mkdir(parents=True)
        (folder / "METADATA").write_text(f"Name: markupsafe\nVersion: {number}\n", "utf-8")
        libraries[number] = PLAIN | {"PYTHONPATH": str(folder.parent)}

    def written(number: int) -> str:
        saved = place / "saved.atom"
        command = [sys.executable, str(script), "--feed", str(saved), "--until", TODAY]
        ended = subprocess.run(command, capture_output=True, check=True, env=libraries[number])
        return ended.stdout.decode().splitlines()[-1].partition("; ")[2]

    assert written(1) != "0 files written"
    assert written(1) == "0 files written"
    assert written(2) == "1 files written"  # state.json
    assert written(2) == "0 files written"
    script.write_text(
        script.read_text("utf-8").replace("LEAD_LIMIT = 240", "LEAD_LIMIT = 8"), "utf-8"
    )
    assert written(2) == "3 files written"  # README.md and the page of the month, too
    assert written(2) == "0 files written"


# ----------------------------------------------------------------------------- interrupted

# A job in the background ignores SIGINT, and so would what it starts.
LISTENING = (
    "import signal, update_papers;"
    "signal.signal(signal.SIGINT, signal.default_int_handler);"
    "raise SystemExit(update_papers.run())"
)
INTERRUPTED = {
    "on the second page, by hand": (signal.SIGINT, 1, []),
    "while the pinned are asked for, by a system": (signal.SIGTERM, 2, ["2401.00001"]),
}


@pytest.mark.parametrize(("sent", "good", "pinned"), INTERRUPTED.values(), ids=INTERRUPTED)
def test_interrupted(sent: signal.Signals, good: int, pinned: list[str], tmp_path: Path) -> None:
    """A run that is told to end while arXiv hangs keeps what came, says so and ends with 3."""
    asked = threading.Event()

    def hang_and_tell(handler: Handler, body: bytes) -> None:
        asked.set()
        hang(handler, body)

    with Server([paper(1), paper(2)], [*[None] * good, hang_and_tell]) as server:
        keys = {"include": pinned}
        root = make_list(tmp_path / "list", server.url, keys, page_size=1, timeout_seconds=20)
        command = [sys.executable, "-c", LISTENING, "--root", str(root), "--until", TODAY]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, cwd=PROJECT, stdout=pipe, stderr=pipe, text=True) as run_:
            assert asked.wait(20)
            run_.send_signal(sent)
            out, err = run_.communicate()
        assert run_.returncode == 3
        assert "interrupted; what came is kept, the next run goes on from there" in err
        assert "Traceback" not in err
        assert out.startswith(f"{good} new, 0 revised, {good} in all; ")
        assert len(stored(root)) == good
        assert run(root) == 0
    assert len(stored(root)) == 2


# ------------------------------------------------------------------------ what people wrote

HAND = (
    "أمان نماذج الاستدلال\u200f 👩🏽‍🔬 🇪🇺 ❤️ 推理\u3000 \t trailing \t \n\n\n\u2028\x85\u00a0 "
    "\0\x07 \\1 \\g<0> {{ config }} {% raw %} | ` ~"
).encode() + b"Z\xfcrich \xff\xfe \xed\xa0\x80 \xc3, which is not UTF-8"


@pytest.mark.parametrize(("mark", "end"), [(b"", b"\n"), (b"\xef\xbb\xbf", b"\r\n")], ids=repr)
def test_hand_written_text(mark: bytes, end: bytes, saved: Path) -> None:
    """What people wrote stays byte for byte, and our lines have the line ends of their file."""
    root = make_list(saved.parent / "list")
    text = HAND.replace(b"\n", end)
    head = mark + end.join([b"# List " + text, text, b"<!-- LATEST_PAPERS_START -->", b""])
    tail = end.join([b"<!-- LATEST_PAPERS_END -->", text, b"last line, without an end"])
    (root / "README.md").write_bytes(head + tail)

    assert run(root, "--feed", saved) == 0
    written = (root / "README.md").read_bytes()
    assert written.startswith(head)
    assert written.endswith(tail)
    inside = written[len(head) : -len(tail)]
    assert b"abs/2511.00003" in inside
    assert inside.count(b"\n") == inside.count(end)
    assert b"\r" not in inside.replace(end, b"")
    assert "← List" in (root / "articles/README.md").read_text("utf-8")

    before, times = tree(root), writing_times(root)
    for arguments in (["--feed", saved], ["--rebuild"], ["--check"]):
        assert run(root, *arguments) == 0
    assert tree(root) == before
    assert writing_times(root) == times


HARM = {
    "end": ("latest.md.j2", "no line end"),
    "marker": ("latest.md.j2", "<!-- LATEST_PAPERS_END -->\n"),
    "fence": ("latest.md.j2", "```\n"),
    "conflict": ("latest.md.j2", "<<<<<<< HEAD\nOne.\n=======\nTwo.\n>>>>>>> other\n"),
    "marker of the other pair": ("domains.md.j2", "<!-- LATEST_PAPERS_START -->\n"),
}


@pytest.mark.parametrize(("name", "text"), HARM.values(), ids=HARM)
def test_template_that_hurts_the_markers(name: str, text: str, root: Path) -> None:
    """Whatever a template gives, the markers are found again, or README.md stays: exit 2."""
    set_key(root, "domains", DOMAINS)
    assert run(root, "--rebuild") == 0
    before = (root / "README.md").read_bytes()
    (root / "templates").mkdir()
    template = Path(shutil.copy(PROJECT / "templates" / name, root / "templates"))
    template.write_text(template.read_text("utf-8") + text, "utf-8")

    status = run(root, "--rebuild")
    assert status == 0 or (status == 2 and (root / "README.md").read_bytes() == before)
    template.unlink()
    assert run(root, "--rebuild") == 0
    assert (root / "README.md").read_bytes() == before


# ------------------------------------------------------------------------- where it runs

# A process on a system that lacks some modules, Windows; while it imports, nothing may be done.
IMPORT = """
import builtins, sys, time
sys.modules |= dict.fromkeys(["fcntl", "pwd", "grp", "resource", "termios"])
import requests, arxiv, jinja2, yaml, Stemmer, pydantic, lxml.etree
known = time.time, time.monotonic, builtins.open

def refuse(*arguments, **keywords):
    raise AssertionError(arguments)

def refuse_asking(event, arguments):
    assert event not in {"socket.connect", "subprocess.Popen"}

sys.addaudithook(refuse_asking)
time.time = time.monotonic = builtins.open = refuse
import update_papers
time.time, time.monotonic, builtins.open = known
raise SystemExit(update_papers.main(sys.argv[1:]))
"""


def test_import(tmp_path: Path, saved: Path) -> None:
    """The script works where there is no fcntl, and its import reads no clock and no file."""
    root = make_list(tmp_path / "list")
    arguments = ["--root", str(root), "--feed", str(saved), "--until", TODAY]
    command = [sys.executable, "-c", IMPORT, *arguments]
    environment = PLAIN | {"TMPDIR": str(tmp_path)}
    subprocess.run(command, cwd=PROJECT, check=True, env=environment)
    assert "2511.00003" in stored(root)


def test_clock() -> None:
    """Nobody reads the clock but `main`, which takes another time for now."""
    read = re.compile(r"\.(?:now|today|utcnow)\(|\btime\.(?:time|localtime|gmtime)\(")
    assert len(read.findall(SCRIPT.read_text("utf-8"))) == 1
    assert read.search(inspect.getsource(update_papers.main))


@pytest.mark.parametrize("word", ["fcntl", "O_DIRECTORY", "dir_fd", "os.fork", "SIGKILL", "getuid"])
def test_nothing_of_one_system(word: str) -> None:
    """The script uses nothing that Windows lacks."""
    assert word not in SCRIPT.read_text("utf-8")
