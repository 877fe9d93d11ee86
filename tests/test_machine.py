"""The machine misbehaves: kills, full disks, broken files, odd line ends; nothing is lost and nothing half done."""

import fcntl
import fnmatch
import json
import os
import re
import resource
import secrets
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.helpers import NOW, PROJECT, Handler, Server, feed, make_list, paper, run, tree
from update_papers import CHECKSUM, COVERAGE, GENERATED, INDEX, digest

STORE = "articles/data/2025-11.jsonl"
START, END = b"<!-- LATEST_PAPERS_START -->", b"<!-- LATEST_PAPERS_END -->"
DOMAINS = {name: {"about": name, "terms": [name]} for name in ("attack", "defence")}
MONTHS = "2509", "2510", "2511"
PAPERS = [paper(number, month) for month in MONTHS for number in (1, 3)]
PAPERS += [paper(2, month, title="An attack on reasoning models") for month in MONTHS]
LATER = [
    paper(1, "2511", version=2, title="Reasoning models under attack", updated="2025-11-19T10:00:00Z"),
    paper(4, "2511", title="The defence of a reasoning model", published="2025-11-19T12:00:00Z"),
    paper(7, "2508"),  # out of the next window: lost for good, should coverage.json be ahead of the store
]
ALL = [facts for facts in PAPERS if facts["id"] != LATER[0]["id"]] + LATER

# Runs the updater in a child for each line "SECONDS REPLACES ROOT" of its input. The child is killed after so many
# seconds, 0: never; or it ends, as abruptly, before it puts one more file in place than REPLACES.
DRIVER = """
import os, pathlib, signal, sys, time, update_papers
put = pathlib.Path.replace
for line in sys.stdin:
    seconds, replaces, root = line.rstrip().split(" ", 2)
    left, begun = iter(range(int(replaces))), time.monotonic()
    child = os.fork()
    if not child:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        pathlib.Path.replace = lambda *places: put(*places) if next(left, None) is not None else os._exit(9)
        os._exit(update_papers.main(["--root", root, "--until", "2025-11-20"]))
    if float(seconds):
        time.sleep(float(seconds))
        os.kill(child, signal.SIGKILL)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), time.monotonic() - begun, flush=True)
"""


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a list that has run once: three months, two domains, coverage.json and index.json."""
    config = {"latest": 2, "stale_after_days": 0, "domains": DOMAINS}
    with Server(PAPERS) as server:
        root = make_list(tmp_path_factory.mktemp("ready") / "list", server.url, config)
        assert run(root) == 0
    return root


@pytest.fixture
def root(ready: Path, tmp_path: Path) -> Path:
    """Return a copy of that list."""
    return shutil.copytree(ready, tmp_path / "list")


@pytest.fixture
def later(tmp_path: Path) -> Path:
    """Save an answer with new papers, one of them in an old month, and a revised one."""
    path = tmp_path / "later.atom"
    path.write_bytes(feed(LATER))
    return path


def configure(root: Path, **keys: object) -> None:
    """Change keys of config.yaml."""
    path = root / "config.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text("utf-8")) | keys, sort_keys=False), "utf-8")


def temporary(root: Path) -> list[Path]:
    """Return the temporary files that lie about."""
    return list(root.rglob(".update-papers.*"))


def times(root: Path) -> dict[Path, int]:
    """Return when each file was written."""
    return {path: path.stat().st_mtime_ns for path in root.rglob("*") if path.is_file()}


def replace(path: Path, old: str, new: str) -> None:
    """Change a text in a file, which must be there."""
    text = path.read_bytes()
    assert old.encode() in text
    path.write_bytes(text.replace(old.encode(), new.encode(), 1))


# ---------------------------------------------------------------- killed


class Victim:
    """A run with much to write, which can be killed and repeated: the same list, the same server."""

    def __init__(self, ready: Path, place: Path, url: str, driver: "subprocess.Popen[str]") -> None:
        """Prepare the list: config and script have changed since it ran, a domain and its page must go."""
        self.before, self.place, self.driver = shutil.copytree(ready, place / "before"), place / "list", driver
        asking = yaml.safe_load((ready / "config.yaml").read_text("utf-8"))["arxiv"] | {"url": url}
        configure(self.before, arxiv=asking, domains={"attack": DOMAINS["attack"], "safety": DOMAINS["defence"]})
        self.wanted = self.mended()

    def mended(self) -> dict[str, bytes]:
        """Run undisturbed and return the files; on a fresh copy, if there is none that was killed."""
        if not self.place.exists():
            shutil.copytree(self.before, self.place)
        assert run(self.place) == 0
        assert not temporary(self.place)
        files = tree(self.place)
        shutil.rmtree(self.place)
        return files

    def killed(self, seconds: float = 0, replaces: int = 1_000) -> tuple[int, float]:
        """Run on a fresh copy, killed at that moment or before that file; return exit status and duration."""
        shutil.copytree(self.before, self.place)
        assert self.driver.stdin
        assert self.driver.stdout
        self.driver.stdin.write(f"{seconds} {replaces} {self.place}\n")
        self.driver.stdin.flush()
        status, duration = self.driver.stdout.readline().split()
        return int(status), float(duration)


@pytest.fixture
def victim(ready: Path, tmp_path: Path) -> Iterator[Victim]:
    """Start the server and the process that runs and kills."""
    command = [sys.executable, "-c", DRIVER]
    with (
        Server(ALL) as server,
        subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as driver,
    ):
        yield Victim(ready, tmp_path, server.url, driver)
        if driver.stdin:
            driver.stdin.close()


def test_torture(victim: Victim) -> None:
    """Killed at any moment and run again, a list has the same bytes as one that was never killed."""
    status, duration = victim.killed()
    assert (status, victim.mended()) == (0, victim.wanted)
    statuses = []
    for _ in range(int(os.environ.get("TORTURE", "20"))):
        moment = secrets.SystemRandom().uniform(0.001, duration)
        statuses.append(victim.killed(moment)[0])
        assert victim.mended() == victim.wanted, f"killed after {moment} of {duration} s"
    assert -signal.SIGKILL in statuses


def test_killed_after_each_replace(victim: Victim) -> None:
    """Ended before any one of its files is put in place, a run is done again; what lies about is hidden from git."""
    ignored = (PROJECT / ".gitignore").read_text("utf-8").split("\n")
    for replaces in range(100):
        status, _ = victim.killed(replaces=replaces)
        left = temporary(victim.place)
        assert bool(left) == bool(status)
        assert all(any(fnmatch.fnmatch(path.name, pattern) for pattern in ignored) for path in left)
        assert victim.mended() == victim.wanted, f"killed after {replaces} files"
        if status == 0:
            break
    assert replaces > 10


def test_leftovers(root: Path) -> None:
    """What a killed run left is gone after the next run, even if that writes nothing."""
    for folder in ("", "articles", "articles/data"):
        (root / folder / ".update-papers.README.md").write_bytes(b"half")
    before = tree(root)
    assert run(root, "--offline") == 0
    assert not temporary(root)
    assert tree(root) == before


# ---------------------------------------------------------------- interrupted


@pytest.mark.parametrize(
    ("good", "include"), [(1, []), (4, ["2401.00001"])], ids=["on the second page", "while the pinned are asked for"]
)
def test_terminated(tmp_path: Path, good: int, include: list[str]) -> None:
    """A run that is told to end while arXiv hangs keeps what came, says so and ends with 3."""
    asked, end = threading.Event(), threading.Event()

    def hang(_handler: Handler, _body: bytes) -> None:
        asked.set()
        end.wait(10)

    config = {"include": include, "stale_after_days": 0}
    with Server(PAPERS[-4:], [*[None] * good, hang]) as server:
        root = make_list(tmp_path / "list", server.url, config, page_size=1, timeout_seconds=20)
        command = [sys.executable, str(PROJECT / "update_papers.py"), "--root", str(root), "--until", f"{NOW:%Y-%m-%d}"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            assert asked.wait(10)
            process.terminate()
            _, said = process.communicate()
        end.set()
    assert process.returncode == 3
    assert "interrupted; what came is kept, the next run goes on from there" in said
    assert b"".join(path.read_bytes() for path in root.glob("articles/data/*.jsonl")).count(b'{"id": ') == good
    assert not temporary(root)


@pytest.mark.parametrize(
    ("days", "arguments", "status"),
    [
        pytest.param(16, [], 3, id="too old"),
        pytest.param(17, [], 0, id="just young enough"),
        pytest.param(0, [], 0, id="switched off"),
        pytest.param(16, ["--offline"], 0, id="offline"),
        pytest.param(16, ["--rebuild"], 0, id="rebuild"),
        pytest.param(16, ["--feed", "later.atom"], 0, id="feed"),
        pytest.param(16, ["--until", "2025-11-19"], 0, id="another today"),
    ],
)
def test_standing_still(
    days: int, arguments: list[str], status: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """When arXiv was asked and the newest paper is too old the run writes as usual, ends with 3 and says why."""
    saved = tmp_path / "later.atom"
    saved.write_bytes(feed(PAPERS))
    given = [str(saved) if name == saved.name else name for name in arguments]
    with Server([paper(1, published="2025-11-02T23:00:00Z")]) as server:
        root = make_list(tmp_path / "list", server.url, {"stale_after_days": 0})
        assert run(root) == 0
        capsys.readouterr()
        configure(root, stale_after_days=days, latest=1)
        server.papers.append(paper(2, published="2025-11-02T23:30:00Z"))
        assert run(root, *given) == status
    sentence = f"the list stands still: its newest paper is 17 days old, more than stale_after_days ({days})"
    assert (sentence in capsys.readouterr().err) == (status == 3)
    written = (root / STORE).read_text("utf-8")
    assert ("2511.00002" in written) == (not {"--offline", "--rebuild"} & {*given})
    assert run(root, "--check") == 0


def test_one_run_at_a_time(root: Path, later: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """While another run holds the list a run ends with 2 and a sentence, and touches nothing."""
    (root / ".update-papers.README.md").write_bytes(b"of the other run")
    before = tree(root)
    handle = os.open(root, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        assert run(root, "--feed", later) == 2
    finally:
        os.close(handle)
    said = capsys.readouterr()
    assert said.err == f"{root}: another run is at work here; wait until it has ended\n"
    assert not said.out
    assert temporary(root)
    assert tree(root) == before
    assert run(root, "--feed", later) == 0


# ---------------------------------------------------------------- files that cannot be used


def directory(root: Path, name: str) -> None:
    """Put a directory where a file should be."""
    (root / name).unlink()
    (root / name).mkdir()


def aside(root: Path, name: str) -> None:
    """Take a file or folder away."""
    (root / name).rename(root.parent / "aside")


def articles_as_file(root: Path) -> None:
    """Put a file where articles/ should be."""
    aside(root, "articles")
    (root / "articles").write_bytes(b"")


def dangling(root: Path) -> None:
    """Make README.md point to nothing."""
    aside(root, "README.md")
    (root / "README.md").symlink_to("nowhere.md")


UNUSABLE: dict[str, tuple[str, Callable[[Path], None]]] = {
    "read-only README": ("README.md: is read-only", lambda root: (root / "README.md").chmod(0o444)),
    "read-only page": ("articles/2025-11.md: is read-only", lambda root: (root / "articles/2025-11.md").chmod(0o444)),
    "read-only store": (f"{STORE}: is read-only", lambda root: (root / STORE).chmod(0o444)),
    "page is a directory": ("articles/2025-11.md: Is a", lambda root: directory(root, "articles/2025-11.md")),
    "feed is a directory": ("articles/feed.xml: Is a", lambda root: directory(root, "articles/feed.xml")),
    "store is a directory": (f"{STORE}: Is a directory", lambda root: directory(root, STORE)),
    "coverage is a directory": (f"{COVERAGE}: Is a directory", lambda root: directory(root, COVERAGE)),
    "index is a directory": (f"{INDEX}: Is a directory", lambda root: directory(root, INDEX)),
    "README is a directory": ("README.md: Is a directory", lambda root: directory(root, "README.md")),
    "config is a directory": ("config.yaml: Is a directory", lambda root: directory(root, "config.yaml")),
    "template is a directory": ("templates/month.md.j2: Is a", lambda root: directory(root, "templates/month.md.j2")),
    "articles is a file": ("articles/", articles_as_file),
    "no config": ("config.yaml: No such file", lambda root: aside(root, "config.yaml")),
    "no README": ("README.md: No such file", lambda root: aside(root, "README.md")),
    "README points nowhere": ("README.md: No such file", dangling),
    "no templates": ("templates/", lambda root: aside(root, "templates")),
    "a template less": ("templates/month.md.j2, line 1: '_papers", lambda root: aside(root, "templates/_papers.md.j2")),
    "no list at all": ("", lambda root: aside(root, "")),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_unusable(case: str, root: Path, later: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be read or written ends the run with 2 and one line that names it; everything stays as before."""
    name, spoil = UNUSABLE[case]
    spoil(root)
    before = tree(root)
    assert run(root, "--feed", later) == 2
    said = capsys.readouterr()
    assert said.err.startswith(name or f"{root}: No such file")
    assert said.err.count("\n") == 1
    assert not said.out
    assert tree(root) == before
    assert not temporary(root)


@pytest.mark.parametrize("size", [0, 600, 1_200, 2_400])
def test_disk_full(size: int, root: Path, later: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """When a file cannot be written whole none is put in place."""
    configure(root, latest=9)
    before = tree(root)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        status = run(root, "--feed", later)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    said = capsys.readouterr().err
    assert status == 2
    assert re.fullmatch(r"[\w./-]+: File too large; nothing was changed; .+\n", said)
    assert tree(root) == before
    assert not temporary(root)


def test_answers_cannot_be_kept(root: Path, later: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An answer that cannot be saved is no fault of arXiv: exit 2, one line, nothing asked again."""
    before = tree(root)
    with Server(PAPERS) as server:
        configure(root, arxiv={"url": server.url, "delay_seconds": 0, "backoff_seconds": 0, "retries": 2})
        before = tree(root)
        assert run(root, "--keep-answers", later) == 2
        assert len(server.requests) <= 1
    said = capsys.readouterr().err
    assert said.startswith(f"{later}")
    assert said.count("\n") == 1
    assert tree(root) == before


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *((path.name, "{{ nothing.at.all }}") for path in sorted((PROJECT / "templates").glob("*.j2"))),
        ("month.md.j2", "{% if %}"),
        ("month.md.j2", "{{ 1 + [] }}"),
        ("month.md.j2", "{% include 'nothing' %}"),
    ],
)
def test_broken_template(
    name: str, text: str, root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A template that cannot be filled ends the run with 2 and names it, on the run page too; the list stays."""
    summary = root.parent / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    path = root / "templates" / name
    path.write_text("\n" + text + path.read_text("utf-8"), "utf-8")
    configure(root, latest=3)
    before = tree(root)
    assert run(root, *(["--explain", "2511.00001"] if name == "explain.txt.j2" else ["--offline"])) == 2
    said = capsys.readouterr()
    assert re.fullmatch(r"templates/[\w.]+, line (\d+|\?): .+; mend the template\n", said.err)
    assert not said.out
    assert summary.read_text("utf-8").startswith("**templates/")
    assert tree(root) == before


@pytest.mark.parametrize("name", ["latest.md.j2", "domains.md.j2"])
@pytest.mark.parametrize("text", ["no line end", f"{END.decode()}\n", "```\n"], ids=["end", "marker", "fence"])
def test_template_that_hurts_the_markers(name: str, text: str, root: Path) -> None:
    """Whatever a template gives, the markers are found again, or the run ends with 2 and README.md stays."""
    with (root / "templates" / name).open("a", encoding="utf-8") as file:
        file.write(text)
    before = (root / "README.md").read_bytes()
    status = run(root, "--offline")
    assert status == 0 or (status == 2 and (root / "README.md").read_bytes() == before)
    shutil.copy(PROJECT / "templates" / name, root / "templates")
    assert run(root, "--offline") == 0
    assert (root / "README.md").read_bytes() == before


# ---------------------------------------------------------------- a broken store


def stored(**changes: object) -> str:
    """Return a line of the store with other facts, without those that are given as ...."""
    facts: dict[str, object] = {"id": "2511.00002", "version": 1, "title": "T", "authors": ["A"]}
    facts |= {"published": "2025-11-03T10:00:00Z", "updated": "2025-11-03T10:00:00Z", "abstract": "A"}
    facts |= {"primary_category": "cs.CL", "categories": ["cs.CL"]}
    return json.dumps({key: value for key, value in (facts | changes).items() if value is not ...})


WRONG: dict[str, str] = {
    "no JSON": "Reasoning model safety",
    "cut": stored()[:60],
    "nothing in it": "{}",
    "list": "[]",
    "null": "null",
    "number": "5",
    "two objects": stored() + stored(),
    "id twice": stored(id="2511.00001"),
    "another month": stored(id="2510.00009"),
    "no id": stored(id="nonsense"),
    "id with version": stored(id="2511.00002v1"),
    "id of a path": stored(id="../../2511.00002"),
    "another key": stored(topic="safety"),
    "version as text": stored(version="1"),
    "version as truth": stored(version=True),
    "version 0": stored(version=0),
    "no author": stored(authors=[]),
    "authors as text": stored(authors="Ann"),
    "authors as numbers": stored(authors=[1]),
    "categories as text": stored(categories="cs.CL"),
    "categories as numbers": stored(categories=[1]),
    "published: no date": stored(published="yesterday"),
    "not UTF-8": stored().replace("T", "\udcff", 1),
    **{f"without {key}": stored(**{key: ...}) for key in json.loads(stored())},
    **{f"{key}: number": stored(**{key: 5}) for key in json.loads(stored(comment="", doi="")) if key != "version"},
    **{f"{key}: null": stored(**{key: None}) for key in json.loads(stored(comment="", journal_ref=""))},
}


@pytest.mark.parametrize("case", WRONG)
def test_broken_store(case: str, root: Path, later: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A line that is no paper ends the run with 2, its place and the command that brings it back; nothing changes."""
    lines = (root / STORE).read_bytes().split(b"\n")
    lines[1] = WRONG[case].encode("utf-8", "surrogateescape")
    (root / STORE).write_bytes(b"\n".join(lines))
    before = tree(root)
    for arguments in (["--feed", str(later)], ["--offline"]):
        assert run(root, *arguments) == 2
        said = capsys.readouterr().err
        assert re.fullmatch(rf"{STORE}, line 2: .+; bring it back with: git checkout HEAD -- {STORE}\n", said)
    assert tree(root) == before


@pytest.mark.parametrize("name", [STORE, "config.yaml", "README.md", "templates/latest.md.j2", COVERAGE, INDEX])
def test_conflict(name: str, root: Path, later: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A conflict that git left in a file ends the run with 2 and its line; nothing changes."""
    lines = (root / name).read_bytes().split(b"\n")
    lines[1:1] = [b"<<<<<<< HEAD", lines[1], b"=======", lines[1], b">>>>>>> other"]
    (root / name).write_bytes(b"\n".join(lines))
    before = tree(root)
    for arguments in (["--offline"], ["--feed", later], ["--rebuild"]):
        assert run(root, *arguments) == 2
        assert re.fullmatch(rf"{name}, line 2: a conflict that git left; .+\n", capsys.readouterr().err)
    assert tree(root) == before


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", '{"selection": 1, "since": 2, "swept_to": 3}'])
def test_broken_coverage(text: str, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A coverage.json that is none of ours ends the run with 2 and the way out."""
    (root / COVERAGE).write_text(text, "utf-8")
    before = tree(root)
    assert run(root, "--offline") == 2
    said = capsys.readouterr().err
    assert re.fullmatch(rf"{COVERAGE}, line 1: .+; delete it to ask from `since` anew\n", said)
    assert tree(root) == before


Facts = dict[str, Any]
GARBAGE: dict[str, Callable[[Facts], object]] = {
    "a paper too many": lambda facts: facts["months"]["2025-11"].update({"": "2511.00001 2511.00009"}),
    "ids as number": lambda facts: facts["months"]["2025-11"].update({"": 3}),
    "another latest": lambda facts: facts.update(latest="2031-01-01T00:00:00Z"),
    "latest as number": lambda facts: facts.update(latest=5),
    "domains of a month": lambda facts: facts["months"].update({"2025-10": {"attack": "2510.00001"}}),
    "a month less": lambda facts: facts["months"].pop("2025-09"),
    "a month more": lambda facts: facts["months"].update({"2024-01": facts["months"]["2025-09"]}),
    "a fact more": lambda facts: facts["months"]["2025-09"].update(x=1),
    "an unknown id": lambda facts: facts["months"]["2025-11"].update(attack="2511.09999"),
    "no id": lambda facts: facts["months"]["2025-11"].update(attack="x"),
    "an id less": lambda facts: facts["months"]["2025-11"].update(attack=""),
    "a domain less": lambda facts: facts["months"]["2025-11"].pop("attack"),
    "no file": lambda facts: facts["files"].clear(),
    "another hash": lambda facts: facts["files"].update({STORE: "0123456789abcdef"}),
    "another file": lambda facts: facts["files"].update({"../../etc/passwd": "0123456789abcdef"}),
    "files as list": lambda facts: facts.update(files=[]),
    "another fingerprint": lambda facts: facts.update(fingerprint=5),
    "nothing left": lambda facts: facts.clear(),
}


@pytest.mark.parametrize("case", GARBAGE)
def test_garbled_index(case: str, root: Path) -> None:
    """An index.json that does not say what the store says is made anew, and never believed."""
    before, path = tree(root), root / INDEX
    facts = json.loads(path.read_text("utf-8"))
    GARBAGE[case](facts)
    path.write_text(json.dumps(facts, indent=1) + "\n", "utf-8")
    assert run(root, "--offline") == 0
    assert tree(root) == before


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"null", b"5", b"\xff\0", b'{"months": 5}'])
def test_broken_index(text: bytes, root: Path) -> None:
    """An index.json that cannot be read is made anew."""
    before = tree(root)
    (root / INDEX).write_bytes(text)
    assert run(root, "--offline") == 0
    assert tree(root) == before


def test_index_of_another_version(root: Path) -> None:
    """An index.json that is whole, but of a script that kept other facts, is made anew."""
    before, path = tree(root), root / INDEX
    body = path.read_text("utf-8").partition(CHECKSUM)[0].replace('"latest"', '"freshest"', 1)
    path.write_text(f'{body}{CHECKSUM}{digest(body)}"\n}}\n', "utf-8")
    assert run(root, "--offline") == 0
    assert tree(root) == before


# ---------------------------------------------------------------- what people and git do to the files

HANDS = {
    "Arabic": "أمان نماذج الاستدلال\u200f",
    "Chinese": "推理模型的安全性。\u3000列表",
    "emoji": "👩🏽‍🔬 🇪🇺 ❤️",
    "white space": " \t trailing \t \n\n\n\u2028\x85\u00a0 end  ",
    "odd characters": "\0\x07\ufeff\ufffe \\1 \\g<0> {{ config }} {% raw %} | ` ~",
}
ODD = {name: text.encode() for name, text in HANDS.items()} | {"not UTF-8": b"Z\xfcrich \xff\xfe \xed\xa0\x80 \xc3"}


@pytest.mark.parametrize(("mark", "end"), [(b"", b"\n"), (b"\xef\xbb\xbf", b"\r\n")], ids=["LF", "BOM and CRLF"])
@pytest.mark.parametrize("hand", ODD)
def test_hand_written_text(hand: str, mark: bytes, end: bytes, later: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What people wrote stays byte for byte, our lines have the line ends of the file, a second run writes nothing."""
    root, text = make_list(later.parent / "list"), ODD[hand].replace(b"\n", end)
    head = mark + end.join([b"# " + text, text, START, b""])
    tail = end.join([END, text, b"last line, without an end"])
    (root / "README.md").write_bytes(head + tail)
    assert run(root, "--feed", later, "--dry-run") == 0
    assert "| [Reasoning model safety, part 7]" in capsys.readouterr().out
    assert run(root, "--feed", later) == 0
    written = (root / "README.md").read_bytes()
    assert written.startswith(head)
    assert written.endswith(tail)
    inside = written[len(head) : len(written) - len(tail)]
    assert inside.count(b"arxiv.org/abs/") == len(LATER)
    assert inside.count(b"\n") == inside.count(end)
    assert b"\r" not in inside.replace(end, b"")
    before = times(root)
    assert run(root, "--feed", later) == 0
    assert times(root) == before


def test_title_behind_a_byte_order_mark(root: Path) -> None:
    """The pages bear the title of the list, whatever stands before it."""
    (root / "README.md").write_bytes(b"\xef\xbb\xbf" + (root / "README.md").read_bytes())
    assert run(root, "--offline") == 0
    assert "A small list" in (root / "articles/README.md").read_text("utf-8")


def test_crlf_checkout(root: Path, ready: Path, later: Path) -> None:
    """In a checkout with CRLF nothing is stale, and what changes then differs from LF in its line ends only."""
    for path in (path for path in root.rglob("*") if path.is_file()):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    before = times(root)
    for arguments in (["--offline"], ["--rebuild"], ["--check"]):
        assert run(root, *arguments) == 0
    assert times(root) == before
    other = shutil.copytree(ready, root.parent / "other")
    assert run(root, "--feed", later) == run(other, "--feed", later) == 0
    for name, text in tree(other).items():
        written = (root / name).read_bytes()
        assert written == (text.replace(b"\n", b"\r\n") if root / name in before else text), name
    assert tree(root).keys() == tree(other).keys()


def test_link_and_mode(root: Path, later: Path) -> None:
    """A README that is a link stays one, and every file keeps its mode."""
    (root / "docs").mkdir()
    shutil.move(root / "README.md", root / "docs/list.md")
    (root / "README.md").symlink_to("docs/list.md")
    modes = {"docs/list.md": 0o600, "articles/2025-11.md": 0o664, STORE: 0o755}
    for name, mode in modes.items():
        (root / name).chmod(mode)
    before = tree(root)
    assert run(root, "--feed", later) == 0
    assert (root / "README.md").is_symlink()
    assert (root / "README.md").readlink() == Path("docs/list.md")
    assert {name: (root / name).stat().st_mode & 0o777 for name in modes} == modes
    assert not [name for name in modes if tree(root)[name] == before[name]]


@pytest.mark.parametrize("arguments", [["--offline"], ["--rebuild"], ["--feed", "later.atom"]], ids=lambda a: a[0])
def test_pages_of_nobody(arguments: list[str], root: Path, later: Path) -> None:
    """A page that is not made any more goes if our first line and its name say that it is ours; no other file does."""
    ours = GENERATED + "\n# Papers\n"
    stays = {
        "articles/notes.md": ours,
        "articles/x2024-01.md": ours,
        "articles/Domain-X.md": ours,
        "articles/old/2024-01.md": ours,
        "articles/data/2024-01.md": ours,
        "2024-01.md": ours,
        "articles/2024-02.md": "# By hand\n",
        "articles/2024-03.md": f"# By hand\n{GENERATED}\n",
        "articles/domain-empty.md": "",
    }
    goes = {"articles/2024-01.md": ours, "articles/2025-11-3.md": ours, "articles/domain-old.md": GENERATED + "\r\n"}
    for name, text in (stays | goes).items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text, "utf-8")
    given = [str(later) if argument == later.name else argument for argument in arguments]
    assert run(root, *given) == 0
    assert [name for name in stays if not (root / name).exists()] == []
    assert [name for name in goes if (root / name).exists()] == []


# ---------------------------------------------------------------- --dry-run, --check and edits


def edit(root: Path, name: str, text: str = "") -> None:
    """Put a text before what a file has."""
    (root / name).write_text(text + (root / name).read_text("utf-8"), "utf-8")


EDITS: dict[str, Callable[[Path], object]] = {
    "index deleted": lambda root: (root / INDEX).unlink(),
    "month page edited": lambda root: edit(root, "articles/2025-10.md", " "),
    "month page deleted": lambda root: (root / "articles/2025-11.md").unlink(),
    "archive edited": lambda root: edit(root, "articles/README.md", " "),
    "feed deleted": lambda root: (root / "articles/feed.xml").unlink(),
    "domain page edited": lambda root: replace(root / "articles/domain-attack.md", "attack", "Attack"),
    "old page": lambda root: (root / "articles/2024-01.md").write_text(GENERATED + "\n", "utf-8"),
    "README: number": lambda root: replace(root / "README.md", "9 papers", "8 papers"),
    "README: block emptied": lambda root: (root / "README.md").write_bytes(START + b"\n" + END + b"\n"),
    "README: title": lambda root: replace(root / "README.md", "# A small", "# A large"),
    "template: row": lambda root: replace(root / "templates/_papers.md.j2", "{{ row.authors }}", "{{ row.authors }}."),
    "template: month": lambda root: replace(root / "templates/month.md.j2", "# Papers", "# All papers"),
    "config: latest": lambda root: configure(root, latest=3),
    "config: domains": lambda root: configure(root, domains={}),
    "config: exclude": lambda root: configure(root, exclude=["2511.00001"]),
    "store: same length": lambda root: replace(root / STORE, "safety, part", "attack, part"),
    "store: a line less": lambda root: (root / STORE).write_bytes((root / STORE).read_bytes().split(b"\n", 1)[1]),
    "store: a month less": lambda root: (root / "articles/data/2025-10.jsonl").unlink(),
}


@pytest.mark.parametrize("case", EDITS)
def test_check(case: str, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--check finds every edit of what is generated, or of what it is made from, and writes nothing; a run mends it."""
    EDITS[case](root)
    before = tree(root), times(root)
    assert run(root, "--check") == 1
    files = re.findall(r"^--- a/(.+)$", said := capsys.readouterr().out, re.MULTILINE)
    assert re.search(rf"\n0 new, 0 revised, \d in all; {len(files)} files would change\n$", said)
    assert (tree(root), times(root)) == before
    assert run(root, "--offline") == 0
    assert run(root, "--check") == 0
    after = tree(root)
    assert {name for name in after.keys() | before[0].keys() if before[0].get(name) != after.get(name)} == {*files}


@pytest.mark.parametrize("case", [case for case in EDITS if re.search("edited|old|length|line less", case)])
def test_edit_that_came_with_git(case: str, root: Path) -> None:
    """An edit is noticed in a fresh clone too, where no file is younger than the index."""
    EDITS[case](root)
    for path in (path for path in root.rglob("*") if path.is_file()):
        os.utime(path, ns=(1_700_000_000 * 10**9, 1_700_000_000 * 10**9 + (path.name == "index.json")))
    assert run(root, "--offline") == 0
    assert run(root, "--check") == 0


def test_check_of_fresh_list(root: Path, ready: Path) -> None:
    """Nothing is stale after a run; text around the markers is nobody's business."""
    assert run(ready, "--check") == 0
    replace(root / "README.md", "Written by hand", "Rewritten by hand")
    assert run(root, "--check") == 0


@pytest.mark.parametrize("arguments", [[], ["--sweep"], ["--feed", "later.atom"]], ids=["ask", "sweep", "feed"])
def test_dry_run(arguments: list[str], root: Path, later: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--dry-run writes nothing, prints the differences, and says of them what the run itself says afterwards."""
    arguments = [str(later) if argument == later.name else argument for argument in arguments]
    with Server(ALL) as server:
        configure(root, arxiv={"url": server.url, "delay_seconds": 0})
        before = tree(root), times(root)
        assert run(root, "--dry-run", *arguments) == 0
        assert (tree(root), times(root)) == before
        *diff, said = capsys.readouterr().out.strip().split("\n")
        assert run(root, *arguments) == 0
    assert capsys.readouterr().out == said.replace("would change", "written") + "\n"
    assert said.startswith("2 new, 1 revised, 11 in all; ")
    changed = {name for name, text in tree(root).items() if before[0].get(name) != text}
    assert {line[6:] for line in diff if line.startswith("+++ b/")} == changed
    assert re.match(r"\d+", said.rpartition("; ")[2])
    assert len(changed) == int(said.rpartition("; ")[2].split()[0])


def test_dry_run_of_new_list(tmp_path: Path, later: Path) -> None:
    """Where nothing is yet --dry-run makes nothing, no folder either."""
    root = make_list(tmp_path / "list")
    assert run(root, "--dry-run", "--feed", later) == 0
    assert sorted(path.name for path in root.iterdir()) == ["README.md", "config.yaml", "templates"]
