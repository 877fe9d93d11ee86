"""A list of one's own: `make new`, `make try` and what else a newcomer meets first."""

import os
import re
import shutil
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.helpers import PROJECT, Server, paper

STARTER = PROJECT / "starter"
ADDRESS = "https://github.com/someone/tool.git"
GIT = ["git", "-c", "user.name=Human", "-c", "user.email=human@example.org"]
TOOL = [  # what the make targets read
    "Makefile",
    "config.yaml",
    "pyproject.toml",
    "starter",
    "templates",
    "tests/data/answer.atom",
    "update_papers.py",
]
SUBJECT = "Protein language models and the structure of proteins"
PAPERS = [
    paper(n, title=f"{SUBJECT}, {n}", summary=f"{SUBJECT}, told anew.", categories=["q-bio.BM"])
    for n in range(1, 26)
]


class Clone:
    """A clone of this project, whose .venv is ready, in a folder with a difficult name."""

    def __init__(self, root: Path) -> None:
        """Copy what the make targets read."""
        self.root = root / "Ä tool"
        self.home = root
        self.place = root / "My list"
        for name in TOOL:
            source, target = PROJECT / name, self.root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if source.is_dir() else shutil.copy)(source, target)
        readme = "# Proteins\n\n<!-- LATEST_PAPERS_START -->\n<!-- LATEST_PAPERS_END -->\n"
        (self.root / "README.md").write_text(readme, "utf-8")
        python = self.root / ".venv/bin/python"
        python.parent.mkdir(parents=True)
        python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', "utf-8")
        python.chmod(0o755)
        (self.root / ".venv/run").touch()
        self.git("init", "--quiet", "--template=", "--initial-branch=main")
        self.git("add", "Makefile")
        self.git("commit", "--quiet", "--message", "Begin")

    def environment(self) -> dict[str, str]:
        """Return what a shell of C's locale has, without the variables of a make around it."""
        path = os.environ["PATH"]
        return {
            "PATH": path,
            "HOME": str(self.home),
            "LC_ALL": "C",
            "PYTHONUTF8": "0",
            "no_proxy": "*",
        }

    def git(self, *arguments: str) -> str:
        """Run git; return what it prints."""
        ended = subprocess.run(
            [*GIT, *arguments],
            cwd=self.root,
            env=self.environment(),
            check=True,
            capture_output=True,
            encoding="utf-8",
        )
        return ended.stdout.strip()

    def release(self, *tags: str) -> None:
        """Make tags, each on a commit of its own, the first one first."""
        for tag in tags:
            self.git("commit", "--quiet", "--allow-empty", "--message", tag)
            self.git("tag", "--annotate", "--message", tag, tag)

    def make(self, *arguments: str) -> tuple[int, str]:
        """Run make; return its status and all that it says."""
        command = ["make", *arguments]
        ended = subprocess.run(
            command,
            cwd=self.root,
            env=self.environment(),
            check=False,
            encoding="utf-8",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        return ended.returncode, ended.stdout

    def new(self) -> Path:
        """Begin the list, as somebody does whose clone has all that is needed."""
        self.git("remote", "add", "origin", ADDRESS)
        self.release("v2.0.0")
        status, said = self.make("new", f"LIST={self.place}")
        assert status == 0, said
        return self.place

    def tried(self) -> Path:
        """Try the list; return the folder where it stands then."""
        status, said = self.make("try", f"LIST={self.place}")
        assert status == 0, said
        return self.root / "build/try"


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """Return a clone without origin and without releases."""
    return Clone(tmp_path)


@pytest.fixture
def server() -> Iterator[Server]:
    """Serve papers on the subject of the starter."""
    with Server(PAPERS) as serving:
        yield serving


def names(root: Path) -> list[str]:
    """Return the files below a folder."""
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def texts(root: Path) -> dict[str, str]:
    """Return the files below a folder, by name."""
    return {name: (root / name).read_text("utf-8") for name in names(root)}


def configure(place: Path, url: str, **keys: Any) -> None:
    """Let the list ask the stand-in, with other keys; a key that is None goes."""
    path = place / "config.yaml"
    config = yaml.safe_load(path.read_text("utf-8")) | keys
    config["arxiv"] = {"url": url, "delay_seconds": 0, "backoff_seconds": 0}
    kept = {key: value for key, value in config.items() if value is not None}
    path.write_text(yaml.safe_dump(kept | {"stale_after_days": 0}), "utf-8")


# ------------------------------------------------------------------------------------- make new


@pytest.mark.parametrize(
    "address",
    [
        "https://github.com/someone/tool",
        "https://github.com/someone/tool.git",
        "git@github.com:someone/tool.git",
        "ssh://git@github.com/someone/tool.git/",
    ],
)
def test_new(clone: Clone, address: str) -> None:
    """A new list is the starter, its workflow filled with address, commit and newest release."""
    clone.git("remote", "add", "origin", address)
    clone.release("v9.1.0", "v10.0.0", "v2.0.0", "v11.0.0-rc1", "nightly")
    status, said = clone.make("new", f"LIST={clone.place}")
    assert status == 0, said
    wanted = texts(STARTER)
    commit = clone.git("rev-parse", "v10.0.0^{commit}")
    name = ".github/workflows/update.yml"
    for action in ("", "/report"):
        empty = f"uses: OWNER/REPO{action}@{'0' * 40} # v0.0.0"
        assert empty in wanted[name]
        filled = f"uses: someone/tool{action}@{commit} # v10.0.0"
        wanted[name] = wanted[name].replace(empty, filled)
    assert texts(clone.place) == wanted


def test_new_in_a_clone(clone: Clone) -> None:
    """The folder may be there, as the clone of a repository that has nothing yet."""
    (clone.place / ".git").mkdir(parents=True)
    assert (clone.new() / "config.yaml").exists()


def test_new_at_home(clone: Clone) -> None:
    """A tilde that the shell has left alone is the home folder, never a folder of that name."""
    clone.place = Path("~/other list")
    clone.new()
    assert (clone.home / "other list/config.yaml").exists()
    assert not (clone.root / "~").exists()


@pytest.mark.parametrize("address", ["", "../elsewhere/tool.git"])
def test_new_without_a_source(clone: Clone, address: str) -> None:
    """What a clone lacks is told in one line each, with what to do, and nothing is written."""
    if address:
        clone.git("remote", "add", "origin", address)
    status, said = clone.make("new", f"LIST={clone.place}")
    assert status
    origin, release, *_ = said.split("\n")
    assert "origin, and it has none on GitHub" in origin
    command = "set-url" if address else "add"
    assert f"git remote {command} origin https://" in origin
    assert "newest release" in release
    assert "git fetch --tags" in release
    assert "fatal" not in said
    assert not clone.place.exists()


@pytest.mark.parametrize("name", ["README.md", "config.yaml"])
def test_new_over_something(clone: Clone, name: str) -> None:
    """A list that is there is never written over."""
    clone.place.mkdir()
    (clone.place / name).write_text("mine", "utf-8")
    status, said = clone.make("new", f"LIST={clone.place}")
    assert status
    assert "already" in said
    assert names(clone.place) == [name]


@pytest.mark.parametrize("target", ["new", "try"])
def test_no_list(clone: Clone, target: str) -> None:
    """Who forgets to name the list is told how to."""
    status, said = clone.make(target)
    assert status
    assert f"make {target} LIST=../my-list" in said


# -------------------------------------------------------------------------------------- the starter


def test_starter_files() -> None:
    """The starter is what a list consists of, and its workflow is short."""
    assert names(STARTER) == [
        ".github/dependabot.yml",
        ".github/workflows/update.yml",
        "README.md",
        "config.yaml",
    ]
    workflow = (STARTER / ".github/workflows/update.yml").read_text("utf-8")
    assert workflow.count("\n") <= 50


def test_starter_config() -> None:
    """Each key has a comment above it, and every key of ours is there, apart from `arxiv`."""
    text = (STARTER / "config.yaml").read_text("utf-8")
    keys = re.findall(r"^# .+\n(?:# )?(\w+):(?: |$)", text, re.MULTILINE)
    every = re.findall(r"^(?:# )?(\w+):(?: |$)", text, re.MULTILINE)
    assert keys == every
    ours = yaml.safe_load((PROJECT / "config.yaml").read_text("utf-8"))
    assert set(ours) - set(keys) <= {"arxiv"}
    assert {"min_score", "homepage"} < set(keys)
    assert set(yaml.safe_load(text)) == set(keys) - {"min_score", "homepage"}


def traces() -> list[str]:
    """Return what tells of this list: its title, and its domains."""
    readme = (PROJECT / "README.md").read_text("utf-8")
    config = yaml.safe_load((PROJECT / "config.yaml").read_text("utf-8"))
    title = readme.partition("\n")[0].removeprefix("# ")
    return [title, "reasoning model", "jailbreak", *config.get("domains", {})]


def test_own_list(clone: Clone, server: Server) -> None:
    """Begun, tried and looked at, a new list has its own papers, and nothing of ours in it."""
    place = clone.new()
    configure(place, server.url)
    before = texts(place)
    built = clone.tried()
    assert texts(place) == before
    pages = texts(built)
    assert f"{SUBJECT}, 25" in pages["README.md"].replace("&nbsp;", " ")
    assert f"{SUBJECT}, 1" in pages["articles/2025-11.md"].replace("&nbsp;", " ")
    assert "[Structure](articles/domain-structure.md)" in pages["README.md"]
    assert "articles/data/2025-11.jsonl" in pages
    every = "".join(pages.values()).lower()
    assert [trace for trace in traces() if trace.lower() in every] == []


def test_each_try_is_the_first(clone: Clone, server: Server) -> None:
    """Papers of an earlier try, found by other keywords, are gone with it."""
    place = clone.new()
    configure(place, server.url)
    clone.tried()
    server.papers[:] = PAPERS[:3]
    built = clone.tried()
    store = (built / "articles/data/2025-11.jsonl").read_text("utf-8")
    assert store.count("\n") == 3


def test_own_templates(clone: Clone, server: Server) -> None:
    """A template of the list's own takes the place of ours, and all others stay."""
    place = clone.new()
    configure(place, server.url)
    (place / "templates").mkdir()
    (place / "templates/latest.md.j2").write_text("My own block.\n", "utf-8")
    readme = (clone.tried() / "README.md").read_text("utf-8")
    assert "My own block." in readme
    assert "articles/domain-structure.md" in readme


def plain(place: Path, url: str) -> None:
    """Write one list of keywords, and no domains."""
    configure(place, url, keywords=["protein language model"], domains=None)


def one_pair(place: Path, url: str) -> None:
    """Drop the second pair of markers."""
    configure(place, url)
    path = place / "README.md"
    lines = path.read_text("utf-8").split("\n")
    path.write_text("\n".join(line for line in lines if " DOMAINS_" not in line), "utf-8")


def old_name(place: Path, url: str) -> None:
    """Call the second pair of markers what it was called before."""
    configure(place, url)
    path = place / "README.md"
    path.write_text(path.read_text("utf-8").replace(" DOMAINS_", " SAFETY_DOMAINS_"), "utf-8")


@pytest.mark.parametrize(
    ("change", "tables"),
    [(plain, 0), (one_pair, 0), (old_name, 1)],
    ids=["no domains", "one pair of markers", "old name of the markers"],
)
def test_variants(
    clone: Clone, server: Server, change: Callable[[Path, str], None], tables: int
) -> None:
    """What is optional can be left out; only the table of domains is missing then."""
    change(clone.new(), server.url)
    built = clone.tried()
    readme = (built / "README.md").read_text("utf-8")
    latest, _, domains = readme.partition("## Domains")
    assert f"{SUBJECT}, 25" in latest.replace("&nbsp;", " ")
    assert domains.count("[Structure](articles/domain-structure.md)") == tables


def test_old_ids(clone: Clone, server: Server) -> None:
    """A subject outside cs, with papers from before 2007, is listed by month as any other."""
    facts: dict[str, Any] = {"title": "Strings and branes", "summary": "We speak of strings."}
    times = {"hep-th/9901001": "1999-01-02", "math.GT/0309136": "2003-09-08"}
    server.papers[:] = [
        paper(1, id=name, published=f"{day}T10:00:00Z", categories=["hep-th"], **facts)
        for name, day in times.items()
    ]
    place = clone.new()
    configure(
        place,
        server.url,
        keywords={"what": ["strings"]},
        categories=["hep-th", "math.*"],
        since="1995-01-01",
        domains={"Branes": {"about": "Of many dimensions.", "terms": ["branes"]}},
    )
    built = clone.tried()
    stored = [name for name in names(built) if name.endswith(".jsonl")]
    assert stored == ["articles/data/1999-01.jsonl", "articles/data/2003-09.jsonl"]
    readme = (built / "README.md").read_text("utf-8")
    assert "https://arxiv.org/abs/hep-th/9901001" in readme
    assert "[Branes](articles/domain-branes.md)" in readme


# --------------------------------------------------------------------------- what else is met first


@pytest.mark.parametrize(
    ("title", "times"),
    [("# Awesome Large Reasoning Model Safety", 0), ("# Proteins", 1)],
    ids=["this list", "another"],
)
def test_demo(clone: Clone, title: str, times: int) -> None:
    """The demo says in a list on another subject that its papers are our sample."""
    path = clone.root / "README.md"
    path.write_text(path.read_text("utf-8").replace("# Proteins", title), "utf-8")
    status, said = clone.make("demo")
    assert status == 0, said
    assert said.count("The papers are our sample") == times
    assert (clone.root / "build/demo/articles/README.md").exists()


def test_no_venv(clone: Clone) -> None:
    """Where no venv can be made, Python's own reason is shown, and what to do."""
    shutil.rmtree(clone.root / ".venv")
    python = clone.home / "python"
    script = '#!/bin/sh\nif [ "$1" = -m ]; then echo "the disk is full"; exit 1; fi\n'
    python.write_text(script, "utf-8")
    python.chmod(0o755)
    status, said = clone.make("demo", f"PYTHON={python}")
    assert status
    first, second, *_ = said.split("\n")
    assert first == "the disk is full"
    assert "apt install python3-venv" in second


def test_old_python(clone: Clone) -> None:
    """A Python that is too old is told before anything is made."""
    shutil.rmtree(clone.root / ".venv")
    status, said = clone.make("demo", "PYTHON=false")
    assert status
    assert said.startswith("Python 3.11 or later is needed")
    assert not (clone.root / ".venv").exists()


def free_port() -> int:
    """Return a port of this machine that nobody uses."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def test_serve(clone: Clone) -> None:
    """The search page is served on this machine alone, and its address is printed first."""
    (clone.root / "articles").mkdir()
    (clone.root / "articles/search.html").write_text("the page", "utf-8")
    port = free_port()
    command = ["make", "serve", f"PYTHON=exec {sys.executable} -u", f"PORT={port}"]
    address = f"http://127.0.0.1:{port}/search.html"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with subprocess.Popen(
        command,
        cwd=clone.root,
        env=clone.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
        start_new_session=True,
    ) as serving:
        try:
            assert serving.stdout
            assert address in serving.stdout.readline()
            assert serving.stdout.readline().startswith("Serving HTTP on 127.0.0.1")
            with opener.open(address) as page:
                assert page.read() == b"the page"
        finally:
            os.killpg(serving.pid, 15)


@pytest.mark.parametrize(
    ("tools", "calls"),
    [
        ([], ["make test", "make check"]),
        (["chromium", "apt-get"], ["make test", "make check"]),
        (["google-chrome", "apt-get"], ["make test", "make check"]),
        (
            ["apt-get"],
            [
                "apt-get update --quiet",
                "apt-get install --quiet --yes --no-install-recommends chromium",
                "make test",
                "make check",
            ],
        ),
    ],
    ids=["no apt-get", "chromium", "chrome", "no browser"],
)
def test_ci(tmp_path: Path, tools: list[str], calls: list[str]) -> None:
    """A browser is installed where there is none and Debian's tools are; then all is tested."""
    script = tmp_path / "clone/.ci/run"
    script.parent.mkdir(parents=True)
    shutil.copy(PROJECT / ".ci/run", script)
    binaries = tmp_path / "bin"
    binaries.mkdir()
    for name in ("bash", "dirname"):
        (binaries / name).symlink_to(str(shutil.which(name)))
    for name in ["make", *tools]:
        stand_in = f'#!{shutil.which("bash")}\necho "{name} $*" >>../calls\n'
        (binaries / name).write_text(stand_in, "utf-8")
        (binaries / name).chmod(0o755)
    command = [str(binaries / "bash"), str(script)]
    subprocess.run(command, env={"PATH": str(binaries)}, check=True)
    assert (tmp_path / "calls").read_text("utf-8").split("\n")[:-1] == calls
