"""Whatever happened to its files, a run leaves what --rebuild makes of the same store."""

import contextlib
import errno
import json
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import jinja2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import update_papers
from tests.helpers import (
    config_text,
    feed,
    make_list,
    paper,
    put_quick_templates,
    run,
    state,
    tree,
)
from update_papers import STATE, papers_shown

MONTHS = ["9901", "2401", "2402", "2403", "2404", "2405"]
TOPICS = ["attack", "backup", "coffee"]  # the only words that domains look for
DOMAINS = {topic.title(): {"about": topic, "terms": [topic]} for topic in TOPICS}
# So few papers on a page that its limits matter.
LIMITS = ("PAGE_ROWS", "DOMAIN_ROWS", "DOMAIN_TITLES", "ARCHIVE_ROWS", "FEED_ROWS")
STORE = "articles/data/2024-05.jsonl"
PAGE = "articles/2024-05.md"
WORKED_OUT = {"domains", "plain_title", "plain_authors", "plain_abstract", "code"}
Facts = dict[str, Any]


def about(topics: str, number: int = 1, month: str = "2405", version: int = 1) -> Facts:
    """Return the facts of a paper on these topics; its title needs a hand, its code is known."""
    facts = paper(number, month, title=f"A {topics} \\emph{{model}}", version=version)
    facts["comment"] = f"Code: https://github.com/someone/part{number}"
    if month == "9901":
        facts["id"] = f"cs/{month}{number:03}"
        facts["published"] = facts["updated"] = "1999-01-03T10:00:00Z"
    return facts


def receive(root: Path, papers: Sequence[Facts]) -> int:
    """Run with an answer that has these papers; return the exit status."""
    saved = root.parent / "saved.atom"
    saved.write_bytes(feed(papers))
    return run(root, "--feed", saved)


@contextmanager
def small_list(*papers: Facts) -> Iterator[Path]:
    """Make a list with these papers, on small pages of quick templates."""
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        for name in LIMITS:
            patch.setattr(update_papers, name, 2)
        root = make_list(Path(folder) / "list", config={"latest": 2, "domains": DOMAINS})
        put_quick_templates(root)
        assert receive(root, papers) == 0
        yield root


def rebuilt(root: Path) -> dict[str, bytes]:
    """Return what --rebuild makes of a copy that has lost all that can be worked out."""
    copy = shutil.copytree(root, root.parent / "copy")
    for path in copy.glob("articles/*.*"):
        if papers_shown(path) is not None:  # else it is somebody's
            path.unlink()
    for path in copy.glob("articles/data/*.jsonl"):
        lines = map(json.loads, path.read_bytes().splitlines())
        facts = [{key: line[key] for key in line if key not in WORKED_OUT} for line in lines]
        path.write_text("".join(f"{json.dumps(line)}\n" for line in facts), "utf-8")
    known = state(copy) | {"made": ""}
    (copy / STATE).write_text(json.dumps(known), "utf-8")

    assert run(copy, "--rebuild") == 0
    files = tree(copy)
    shutil.rmtree(copy)
    return files


# ------------------------------------------------------------------------------------ kills


class Killed(BaseException):
    """A run ends here, as abruptly as can be."""


@contextmanager
def killed(after: int) -> Iterator[None]:
    """End a run when it has put so many files in place, or taken them away."""
    moments = iter(range(after))
    replace, unlink = Path.replace, Path.unlink

    def count() -> None:
        if next(moments, None) is None:
            raise Killed

    def dying_replace(self: Path, target: Path) -> Path:
        count()
        return replace(self, target)

    def dying_unlink(self: Path, *, missing_ok: bool = False) -> None:
        if not self.name.startswith(".update-papers."):
            count()
        unlink(self, missing_ok=missing_ok)

    with pytest.MonkeyPatch.context() as patch, contextlib.suppress(Killed):
        patch.setattr(Path, "replace", dying_replace)
        patch.setattr(Path, "unlink", dying_unlink)
        yield


# ----------------------------------------------------------------------------- the property

Edit = Callable[[Path], object]  # of a list, or of one of its files


def configured(**keys: object) -> Edit:
    """Return an edit that gives config.yaml other keys."""
    config = {"latest": 2, "domains": DOMAINS} | keys
    return lambda root: (root / "config.yaml").write_text(config_text("", config), "utf-8")


def of_one(pattern: str, number: int, edit: Edit) -> Edit:
    """Return an edit of one of the files that there are of a kind."""

    def edit_one(root: Path) -> None:
        if found := sorted(root.glob(pattern)):
            edit(found[number % len(found)])

    return edit_one


def exchanged(old: str, new: str) -> Edit:
    """Return an edit that writes one thing for another, once."""
    return lambda path: path.write_bytes(path.read_bytes().replace(old.encode(), new.encode(), 1))


def told(**facts: object) -> Edit:
    """Return an edit of the last line of a file of the store."""

    def edit(path: Path) -> None:
        *lines, last = path.read_bytes().splitlines() or [b"{}"]
        if last != b"{}":
            text = json.dumps(json.loads(last) | facts)
            path.write_bytes(b"\n".join([*lines, text.encode(), b""]))

    return edit


def stated(**facts: object) -> Edit:
    """Return an edit of state.json, which may be gone or broken already."""

    def edit(root: Path) -> None:
        with contextlib.suppress(ValueError):
            known = state(root)
            (root / STATE).write_text(json.dumps(known | facts), "utf-8")

    return edit


def emptied(path: Path) -> None:
    """Leave nothing of a file."""
    path.write_bytes(b"")


def with_crlf(path: Path) -> None:
    """Give a file other line ends."""
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))


IDS = [about("", number, month)["id"] for month in MONTHS for number in (1, 2, 3)]
STORES, PAGES, TEMPLATES = "articles/data/*.jsonl", "articles/*.*", "templates/*.j2"
NUMBER = st.integers(0, 20)
NAME = st.sampled_from([*DOMAINS, "Other", "Another"])
SUBJECT = st.lists(st.sampled_from(TOPICS), max_size=2).map(" ".join)
PAPER = st.builds(
    about, SUBJECT, st.integers(1, 4), st.sampled_from(MONTHS), st.sampled_from([1, 1, 1, 2, 3])
)
EDIT = st.one_of(
    st.builds(configured, latest=st.integers(1, 4)),
    st.builds(configured, exclude=st.lists(st.sampled_from(IDS), max_size=3, unique=True)),
    st.builds(configured, domains=st.dictionaries(NAME, st.sampled_from([*DOMAINS.values()]))),
    st.builds(of_one, st.sampled_from([PAGES, STATE]), NUMBER, st.just(Path.unlink)),
    st.builds(
        of_one,
        st.sampled_from([PAGES, TEMPLATES]),
        NUMBER,
        st.builds(exchanged, st.sampled_from(["\n", "2", " -->"]), st.just("x\n")),
    ),
    st.builds(of_one, st.just(PAGES), NUMBER, st.just(emptied)),
    st.builds(
        of_one,
        st.just("README.md"),
        NUMBER,
        st.builds(exchanged, st.sampled_from(["# A", "24", "part"]), st.just("# Z")),
    ),
    st.builds(
        of_one,
        st.just(STORES),
        NUMBER,
        st.one_of(
            st.builds(told, domains=st.lists(NAME, max_size=2)),
            st.builds(told, plain_title=st.text()),
            st.builds(told, code=st.sampled_from(["", "https://github.com/other/part"])),
            st.builds(told, title=SUBJECT.filter(bool)),
        ),
    ),
    st.builds(stated, made=st.sampled_from(["", "0123456789abcdef"])),
    st.just(lambda root: (root / STATE).write_bytes(b"{")),
)
# What git puts back to how it was after an earlier run.
REVERT = st.tuples(
    NUMBER,
    st.sampled_from(
        [r".", r"^articles/", r"/data/", r"state\.json", r"\.jsonl", r"^articles/[\w.-]*$", r"-2"]
    ),
)
STEP = st.tuples(
    st.lists(EDIT, max_size=2),
    st.none() | REVERT,
    st.lists(PAPER, max_size=4),
    st.none() | st.integers(0, 12),
)


def changes(before: dict[str, bytes], after: dict[str, bytes]) -> set[str]:
    """Return the files that differ between two trees, or are in one alone."""
    return {name for name in before | after if before.get(name) != after.get(name)}


def revert(root: Path, files: dict[str, bytes], pattern: str) -> None:
    """Put back the files whose path has a pattern; those that there were not go."""
    present = tree(root).keys()
    for name in present | files.keys():
        if re.search(pattern, name):
            (root / name).unlink(missing_ok=True)
            if name in files:
                (root / name).write_bytes(files[name])


def settle(root: Path, papers: Sequence[Facts]) -> None:
    """Run; where the guard refuses, touching nothing, do what it says of a loss that was meant."""
    before = tree(root)
    status = receive(root, papers)
    if status == 2:
        assert tree(root) == before
        for path in root.glob("articles/[0-9]*.md"):
            path.unlink()
        status = receive(root, papers)
    assert status == 0


@settings(max_examples=8)
@given(
    papers=st.lists(PAPER, min_size=4, max_size=12), steps=st.lists(STEP, min_size=1, max_size=4)
)
def test_as_rebuilt(papers: list[Facts], steps: list[tuple[Any, ...]]) -> None:
    """After any sequence of runs, edits, kills and reverts the list is as --rebuild makes it."""
    with small_list(*papers) as root:
        snapshots = [tree(root)]
        for edits, put_back, received, kill in steps:
            for edit in edits:
                edit(root)
            if put_back:
                number, pattern = put_back
                revert(root, snapshots[number % len(snapshots)], pattern)
            if kill is not None:
                with killed(after=kill):
                    receive(root, received)
            settle(root, received)
            assert tree(root) == rebuilt(root)
            snapshots.append(tree(root))


# ------------------------------------------------------------------- one after another


@pytest.fixture(name="ready", scope="module")
def fixture_ready() -> Iterator[Path]:
    """Return a list with three papers in each of four months."""
    months = ("9901", "2403", "2404", "2405")
    papers = [about("attack", number, month) for month in months for number in (1, 2, 3)]
    with small_list(*papers) as root:
        yield root


@pytest.fixture(name="root")
def fixture_root(ready: Path, tmp_path: Path) -> Path:
    """Return a copy of that list, as a fresh checkout: with other times."""
    return shutil.copytree(ready, tmp_path / "list", copy_function=shutil.copyfile)


NEWS = [
    about("backup", 1, version=2),  # revised, and in another domain
    about("coffee", 4),
    about("attack", 4, "2403"),
    about("attack", 1, "2312"),
]
HARM: dict[str, Edit] = {
    "page edited": lambda root: exchanged("A attack", "An attack")(root / PAGE),
    "page cut": lambda root: (root / PAGE).write_bytes((root / PAGE).read_bytes()[:-99]),
    "page without its last line end": lambda root: exchanged(" -->\n", " -->")(root / PAGE),
    "page with blanks behind its last line": lambda root: exchanged(" -->\n", " --> \n")(
        root / PAGE
    ),
    "page with lines behind its last line": lambda root: exchanged(" -->\n", " -->\n\n")(
        root / PAGE
    ),
    "page of another": lambda root: shutil.copy(root / "articles/2024-04.md", root / PAGE),
    "page deleted": lambda root: Path.unlink(root / PAGE),
    "all pages deleted": lambda root: [*map(Path.unlink, root.glob(PAGES))],
    "feed edited": lambda root: exchanged("feed", "food")(root / "articles/feed.xml"),
    "search edited": lambda root: exchanged("{", "[")(root / "articles/search.js"),
    "block emptied": lambda root: (root / "README.md").write_text(
        re.sub(r"(START -->\n)(.|\n)*?(<!-- \w+END)", r"\1\3", (root / "README.md").read_text())
    ),
    "domains in the store": lambda root: told(domains=["Coffee"])(root / STORE),
    "no domains in the store": lambda root: told(domains=[])(root / STORE),
    "lines in another order": lambda root: (root / STORE).write_bytes(
        b"".join((root / STORE).read_bytes().splitlines(keepends=True)[::-1])
    ),
    "state.json lost": lambda root: (root / STATE).unlink(),
    "digest": stated(made="0123456789abcdef"),
}


@pytest.mark.parametrize("harm", HARM.values(), ids=HARM)
def test_harm(harm: Edit, root: Path) -> None:
    """What was edited by hand, lost or mixed up heals in the next run, whatever it brings."""
    before = tree(root)
    harm(root)
    assert tree(root) != before
    assert receive(root, []) == 0
    assert tree(root) == before


@pytest.mark.parametrize(
    "pattern", [PAGE, r"^articles/[\w.-]*$", r"/data/state", r"README", r"."], ids=str
)
def test_older_files(pattern: str, root: Path) -> None:
    """Files that were put back to an earlier run are brought up to date."""
    before = tree(root)
    assert receive(root, NEWS) == 0
    after = tree(root)
    revert(root, before, pattern)
    assert tree(root) != after
    assert receive(root, NEWS) == 0
    assert tree(root) == after


BLOCKS = {"latest.md.j2", "domains.md.j2", "summary.md.j2"}  # are rendered in every run


@pytest.fixture(name="rendered")
def fixture_rendered(monkeypatch: pytest.MonkeyPatch) -> set[str | None]:
    """Return the names of the templates that are rendered from now on."""
    names: set[str | None] = set()
    render = jinja2.Template.render

    def note(self: jinja2.Template, *facts: object) -> str:
        names.add(self.name)
        return render(self, *facts)

    monkeypatch.setattr(jinja2.Template, "render", note)
    return names


def test_crlf_checkout(root: Path, rendered: set[str | None]) -> None:
    """In a checkout with CRLF nothing is stale, and news come as in one with LF."""
    other = shutil.copytree(root, root.parent / "other")
    for path in root.rglob("*.*"):
        with_crlf(path)
    before = tree(root)
    assert receive(root, []) == 0
    assert rendered == BLOCKS
    for arguments in (["--rebuild"], ["--check"]):
        assert run(root, *arguments) == 0
    assert tree(root) == before

    assert receive(root, NEWS) == receive(other, NEWS) == 0
    for name, data in tree(other).items():
        assert (root / name).read_bytes().replace(b"\r\n", b"\n") == data, name
    assert tree(root).keys() == tree(other).keys()


def test_nothing_new(
    root: Path, rendered: set[str | None], capsys: pytest.CaptureFixture[str]
) -> None:
    """A run with nothing new, in a fresh checkout too, writes no file and renders no page."""
    times = {path: path.stat().st_mtime_ns for path in root.rglob("*.*")}
    assert receive(root, [about("attack", 3)]) == 0
    assert capsys.readouterr().out == "0 new, 0 revised, 12 in all; 0 files written\n"
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*.*")} == times
    assert rendered == BLOCKS


def test_ten_new(root: Path) -> None:
    """New papers rewrite what shows them, and neither full pages nor other domains."""
    before = tree(root)
    assert receive(root, [about("backup", number) for number in range(4, 14)]) == 0
    assert changes(before, tree(root)) == {
        STORE,
        STATE,
        "README.md",
        PAGE,  # it names the month's pages
        *(f"articles/2024-05-{number}.md" for number in range(2, 8)),
        "articles/2024-04.md",  # they lead to the next month's last page
        "articles/2024-04-2.md",
        "articles/README.md",
        "articles/domain-backup.md",
        "articles/domain-backup.xml",
        "articles/feed.xml",
    }


def test_pages_of_nobody(root: Path) -> None:
    """A page of ours goes with its domain or its number; one without our last line never does."""
    kept = {
        "articles/2024-05-7.md": b"# By hand\n",
        "articles/notes.md": b"# By hand\n",
        "articles/notes.xml": b"",
        "articles/domain-mine.md": b"<!-- Generated by update_papers.py, or so -->\n",
        "articles/old/2024-01.md": (root / PAGE).read_bytes(),
    }
    (root / "articles/old").mkdir()
    (root / "articles/folder.md").mkdir()
    for name, data in kept.items():
        (root / name).write_bytes(data)
    last = (root / PAGE).read_bytes().splitlines(keepends=True)[-1]
    (root / "articles/2031-01.md").write_bytes(b"# Papers\n" + last.replace(b" 2 ", b" 0 "))

    configured(domains={"Coffee": DOMAINS["Coffee"]}, exclude=["2405.00003"])(root)
    assert receive(root, []) == 0
    pages = tree(root)
    assert {name: pages[name] for name in kept} == kept
    gone = {
        "articles/2031-01.md",
        "articles/2024-05-2.md",
        "articles/domain-attack.md",
        "articles/domain-attack.xml",
        "articles/domain-backup.md",
        "articles/domain-backup.xml",
    }
    assert gone.isdisjoint(pages)
    assert "articles/domain-coffee.md" in pages
    assert "articles/2024-04-2.md" in pages


# -------------------------------------------------------------------------- while it writes


@contextmanager
def watched() -> Iterator[list[Path]]:
    """Note which files are put in place, in their order."""
    written = []
    replace = Path.replace

    def note(self: Path, target: Path) -> Path:
        written.append(target)
        return replace(self, target)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "replace", note)
        yield written


def test_order_of_writing(root: Path) -> None:
    """The store is written first, then the pages, README.md and state.json."""
    with watched() as written:
        assert receive(root, NEWS) == 0
    names = [path.relative_to(root).as_posix() for path in written]
    stores = [name for name in names if name.endswith(".jsonl")]
    assert len(stores) == 3
    assert names[:3] == stores
    assert names[-2:] == ["README.md", STATE]
    assert all(re.fullmatch(r"articles/[\w.-]+", name) for name in names[3:-2])


def test_killed_after_each_write(tmp_path: Path) -> None:
    """Killed after any of its writes, a run is done again by the next one, and leaves nothing."""
    root, other = tmp_path / "list", tmp_path / "other"
    papers = [about("backup", number, "2404") for number in (1, 2, 3)]
    with small_list(*papers, about("attack")) as ready:
        configured(domains={"Coffee": DOMAINS["Coffee"]})(ready)  # pages go, too
        before = tree(ready)
        news = [*NEWS[:2], about("coffee", 1, "2404", version=2)]
        assert receive(shutil.copytree(ready, other), news) == 0
        wanted = tree(other)
        count = len(changes(before, wanted))
        assert count > 10

        for after in range(count):
            shutil.copytree(ready, root)
            with killed(after=after):
                receive(root, news)
            assert len(changes(before, tree(root))) == after
            assert receive(root, news) == 0
            assert tree(root) == wanted
            assert not list(root.rglob(".update-papers.*"))
            shutil.rmtree(root)


FULL = OSError(errno.ENOSPC, "No space left on device")
DENIED = PermissionError(errno.EACCES, "Permission denied")
UNWRITTEN = [
    pytest.param(STORE, FULL, id="store"),
    pytest.param(PAGE, FULL, id="page"),
    pytest.param(PAGE, DENIED, id="read-only page"),
    pytest.param("articles/feed.xml", FULL, id="feed"),
    pytest.param("README.md", FULL, id="README"),
    pytest.param("README.md", DENIED, id="read-only README"),
    pytest.param(STATE, FULL, id="state"),
]


@pytest.mark.parametrize(("name", "error"), UNWRITTEN)
def test_no_room(name: str, error: OSError, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that cannot be written is named, exit 2, and stays whole; the next run writes it."""
    (root / PAGE).unlink()
    before = tree(root)
    write_bytes = Path.write_bytes

    def write(self: Path, data: bytes) -> int:
        if self.name.endswith(f".{Path(name).name}") and self.parent == (root / name).parent:
            write_bytes(self, data[: len(data) // 2])
            raise error
        return write_bytes(self, data)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "write_bytes", write)
        assert receive(root, NEWS) == 2
    said = capsys.readouterr()
    assert re.fullmatch(rf"{name}: {error.strerror}; .+ run again\n", said.err)
    assert not said.out
    assert tree(root).get(name) == before.get(name)
    assert not list(root.rglob(".update-papers.*"))
    assert receive(root, NEWS) == 0
    assert tree(root) == rebuilt(root)


def folder_instead(name: str) -> Edit:
    """Return an edit that puts a folder where a file should be."""

    def edit(root: Path) -> None:
        (root / name).unlink()
        (root / name).mkdir()

    return edit


def file_instead(root: Path) -> None:
    """Put a file where articles/ should be."""
    shutil.rmtree(root / "articles")
    (root / "articles").write_bytes(b"")


FOLDERS = [STORE, STATE, "README.md", "config.yaml"]
UNUSABLE: dict[str, tuple[str, Edit]] = {
    **{f"folder {name}": (f"{name}: Is a directory", folder_instead(name)) for name in FOLDERS},
    "articles is a file": ("articles", file_instead),
    "no config": ("config.yaml: No such file", lambda root: (root / "config.yaml").unlink()),
    "no README": ("README.md: No such file", lambda root: (root / "README.md").unlink()),
    "no list at all": ("config.yaml: No such file", shutil.rmtree),
}


def test_interrupted_while_writing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl+C within a write leaves no half file, and the next run does it again."""
    write_bytes = Path.write_bytes

    def write(self: Path, data: bytes) -> int:
        if self.name.endswith(f".{Path(PAGE).name}"):
            write_bytes(self, data[:9])
            raise KeyboardInterrupt
        return write_bytes(self, data)

    before = (root / PAGE).read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", write)
        assert receive(root, NEWS) == 3
    assert (root / PAGE).read_bytes() == before
    assert not list(root.rglob(".update-papers.*"))
    assert receive(root, NEWS) == 0
    assert tree(root) == rebuilt(root)


@pytest.mark.parametrize(("said", "spoil"), UNUSABLE.values(), ids=UNUSABLE)
def test_unusable(said: str, spoil: Edit, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be read or written ends the run with 2 and one line; all stays as it was."""
    spoil(root)
    before = tree(root)
    assert receive(root, NEWS) == 2
    error = capsys.readouterr().err
    assert error.startswith(said)
    assert error.count("\n") == 1
    assert tree(root) == before
    assert not list(root.parent.rglob(".update-papers.*"))


@pytest.mark.parametrize("name", [PAGE, "articles/feed.xml"])
def test_folder_instead_of_page(name: str, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder where a page should be is named, exit 2; when it is gone the list heals."""
    folder_instead(name)(root)
    assert receive(root, NEWS) == 2
    assert capsys.readouterr().err.startswith(f"{name}: Is a directory; ")
    (root / name).rmdir()
    assert receive(root, NEWS) == 0
    assert tree(root) == rebuilt(root)


def test_link_and_mode(root: Path) -> None:
    """A README.md that is a link stays one, and every file keeps its mode."""
    (root / "docs").mkdir()
    shutil.move(root / "README.md", root / "docs/list.md")
    (root / "README.md").symlink_to("docs/list.md")
    modes = {"docs/list.md": 0o600, PAGE: 0o664, STORE: 0o755}
    for name, mode in modes.items():
        (root / name).chmod(mode)
    before = tree(root)
    assert receive(root, NEWS) == 0
    assert (root / "README.md").readlink() == Path("docs/list.md")
    assert {name: (root / name).stat().st_mode & 0o777 for name in modes} == modes
    assert not [name for name in modes if tree(root)[name] == before[name]]


def test_rebuild_keeps_all(root: Path) -> None:
    """--rebuild asks nobody and drops no paper, whatever the config says now."""
    configured(keywords=["nothing"], since="2025-01-01")(root)
    before = {path: path.read_bytes() for path in root.glob(STORES)}
    assert run(root, "--rebuild") == 0
    assert {path: path.read_bytes() for path in root.glob(STORES)} == before
    assert run(root, "--check") == 0


def test_domain_that_loses_a_paper() -> None:
    """A paper that leaves its domain makes room there for the next, not for an older one."""
    second, middle, old = about("attack", 2), about("attack", 1, "2403"), about("", 1, "2401")
    third, fourth = about("attack", 1, "2402"), about("attack", 2, "2402")
    with small_list(about("attack", 1), second, middle, third, fourth, old) as root:
        left, joined = about("", 1, version=2), about("attack", 1, "2401", version=2)
        assert receive(root, [left, joined]) == 0
        page = (root / "articles/domain-attack.md").read_text("utf-8")
        assert [facts["id"] in page for facts in (second, middle, third, fourth)] == [True] * 4
        assert joined["id"] not in page
        assert tree(root) == rebuilt(root)
