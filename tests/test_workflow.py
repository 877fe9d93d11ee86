"""The schedule: the shell steps of update.yml, run as GitHub runs them, and what its YAML alone decides."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

from tests.helpers import PROJECT, Handler, Server, answer, feed, make_list, paper, run, tree

GITHUB = PROJECT / ".github"
WORKFLOW: dict[Any, Any] = yaml.safe_load((GITHUB / "workflows/update.yml").read_text("utf-8"))
JOBS: dict[str, Any] = WORKFLOW["jobs"]
STEPS = [(name, step) for name, job in JOBS.items() for step in job["steps"]]
CRONS = [entry["cron"] for entry in WORKFLOW[True]["schedule"]]  # YAML 1.1 takes the key `on` for true
MONTHLY = "17 9 1 * *"
KNOWN, NEW = [paper(1), paper(2)], [paper(3), paper(4)]
ROW = "Reasoning model safety, part 4"
BOT = "github-actions[bot] <41898282+github-actions[bot]@users.noreply.github.com>"
GH = """#!/bin/sh
echo "$*" >>"$RUNNER_TEMP/calls"
: "${GH_TOKEN:?}" "${GH_REPO:?}"
case "$1 $2" in
  "api "*) cat "$RUNNER_TEMP/facts" ;;
  "issue list") cat "$RUNNER_TEMP/open" ;;
  "run list") cat "$RUNNER_TEMP/ended" ;;
esac
"""


@dataclass
class Place:
    """A clone on a runner, the repository that it came from, and the runner's own folder."""

    root: Path
    log: str = ""  # what the steps printed

    def __post_init__(self) -> None:
        """Name the folders."""
        self.origin, self.clone, self.temp = (self.root / name for name in ("origin.git", "clone", "temp"))

    def git(self, *arguments: str, at: Path | None = None) -> str:
        """Run git as a human."""
        command = ["git", "-c", "user.name=Human", "-c", "user.email=human@example.org", *arguments]
        return subprocess.run(command, cwd=at or self.clone, check=True, capture_output=True, text=True).stdout.strip()

    def history(self) -> list[str]:
        """Return the subjects of the origin's commits, the newest first."""
        return self.git("log", "--format=%s", "main", at=self.origin).split("\n")

    def shown(self, name: str) -> str:
        """Return a file of the origin."""
        return self.git("show", f"main:{name}", at=self.origin)

    def push(self, **texts: str) -> None:
        """Push as a human: texts by file name, with `__` for the dot."""
        self.git("clone", "--quiet", str(self.origin), str(self.root / "human"), at=self.root)
        for name, text in texts.items():
            (self.root / "human" / name.replace("__", ".")).write_text(text, encoding="utf-8")
        self.git("add", ".", at=self.root / "human")
        self.git("commit", "--quiet", "--message", "By hand", at=self.root / "human")
        self.git("push", "--quiet", at=self.root / "human")

    def refuse(self, times: int) -> None:
        """Let the origin refuse so many pushes."""
        hook = self.origin / "hooks/update"
        hook.write_text(f'#!/bin/sh\necho x >>tries\ntest "$(wc -l <tries)" -gt {times}\n', encoding="utf-8")
        hook.chmod(0o755)

    def pushes(self) -> int:
        """Return how often the hook was asked."""
        return (self.origin / "tries").read_text("utf-8").count("x")

    def environment(self, step: dict[str, Any], schedule: str = "", **values: str) -> dict[str, str]:
        """Return what a step finds: GitHub's variables, and its own with their expressions replaced."""
        output = self.temp / "output"
        found = dict(line.split("=", 1) for line in output.read_text("utf-8").split()) if output.exists() else {}
        values = {f"inputs.{name.replace('_', '-')}": text for name, text in values.items()} | {
            "github.token": "t0ken",
            "github.repository": "someone/list",
            "needs.update.result": values.get("result", ""),
            "steps.update.outputs.status": found.get("status", ""),
            f"github.event.schedule == '{MONTHLY}'": str(schedule == MONTHLY).lower(),
        }
        own = {
            name: re.sub(r"\$\{\{ (.+?) }}", lambda expression: values.get(expression[1], ""), text)
            for name, text in step.get("env", {}).items()
        }
        path = f"{self.temp}:{Path(sys.executable).parent}:{os.environ['PATH']}"
        return own | {
            "PATH": path, "HOME": str(self.temp), "GIT_CONFIG_NOSYSTEM": "1", "RUNNER_TEMP": str(self.temp),
            "GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(self.temp / "summary"),
            "GITHUB_REF": "refs/heads/main", "GITHUB_REF_NAME": "main", "GITHUB_RUN_ID": "77",
            "GITHUB_SERVER_URL": "https://example.org",
        }  # fmt: skip

    def step(self, step: dict[str, Any], **values: str) -> int:
        """Run a step as `shell: bash` does; return its exit status."""
        script = self.temp / "step.sh"
        script.write_text(step["run"], encoding="utf-8")
        ended = subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", script], cwd=self.clone, check=False, text=True,
            env=self.environment(step, **values), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self.log += ended.stdout
        return ended.returncode

    def update(self, between: Callable[[], None] | None = None, *, asked: bool = False, **values: str) -> int:
        """Run the steps of the job `update` until one fails; return how it ends. `between`: before the push."""
        for step in JOBS["update"]["steps"]:
            if "pip install" in step.get("run", "pip install") or (asked and "id" in step):
                continue
            if "id" not in step and between:
                between, _ = None, between()
            if status := self.step(step, **values):
                return status
        return 0


@pytest.fixture(scope="module")
def arxiv() -> Iterator[Server]:
    """Serve for all tests: the address stands in the shared list."""
    with Server() as server:
        yield server


@pytest.fixture
def server(arxiv: Server) -> Server:
    """Serve the known papers and the new ones."""
    arxiv.papers[:], arxiv.faults[:], arxiv.requests[:] = KNOWN + NEW, [], []
    return arxiv


@pytest.fixture(scope="module")
def begun(arxiv: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a list that knows two papers, its origin, and the clone that a runner makes of it."""
    place = Place(tmp_path_factory.mktemp("begun"))
    arxiv.papers[:] = KNOWN
    keywords = {"subject": ["reasoning model"], "view": ["safety"]}
    work = make_list(place.root / "work", arxiv.url, {"keywords": keywords}, page_size=2)
    for name in ("update_papers.py", ".gitignore", ".gitattributes"):
        shutil.copy(PROJECT / name, work)
    assert run(work) == 0
    place.git("init", "--quiet", "--initial-branch=main", at=work)
    place.git("add", ".", at=work)
    place.git("commit", "--quiet", "--message", "Begin", at=work)
    place.git("clone", "--quiet", "--bare", str(work), str(place.origin), at=place.root)
    place.git("clone", "--quiet", "--depth=1", place.origin.as_uri(), str(place.clone), at=place.root)
    place.git("remote", "set-url", "origin", "../origin.git")
    place.temp.mkdir()
    return place.root


@pytest.fixture
def place(begun: Path, tmp_path: Path) -> Place:
    """Return a fresh clone of the list."""
    return Place(shutil.copytree(begun, tmp_path / "place"))


@pytest.fixture(scope="module")
def asked_once(arxiv: Server, begun: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a clone whose updater has just received the new papers."""
    place = Place(shutil.copytree(begun, tmp_path_factory.mktemp("asked") / "place"))
    arxiv.papers[:], arxiv.faults[:] = KNOWN + NEW, []
    assert place.step(next(step for _, step in STEPS if "id" in step)) == 0
    return place.root


@pytest.fixture
def asked(server: Server, asked_once: Path, tmp_path: Path) -> Place:
    """Return a clone that is about to commit and push; arXiv is not to be asked any more."""
    assert not server.requests
    return Place(shutil.copytree(asked_once, tmp_path / "place"))


def refusal(handler: Handler, _body: bytes) -> None:
    """Answer as a server that has too much to do."""
    answer(handler, b"", 503)


def obeyed(log: str) -> list[str]:
    """Return the lines of a log that the runner takes for commands."""
    word, commands = "", []
    for line in re.split(r"\r\n|\r|\n", log):
        if word:
            word = "" if line.strip() == f"::{word}::" else word
        elif found := re.match(r"\s*::stop-commands::([0-9a-f]{32,})$", line):
            word = found[1]
        elif line.lstrip().startswith("::") or "##[" in line:
            commands.append(line)
    return commands


# ---------------------------------------------------------------- asking, committing, pushing


def test_nothing_new(server: Server, place: Place) -> None:
    """When nothing came, nothing is committed and nothing is pushed."""
    server.papers[:] = KNOWN
    place.refuse(9)
    assert place.update() == 0
    assert place.history() == ["Begin"]
    assert not (place.origin / "tries").exists()
    assert "0 new, 0 revised, 2 in all; 0 files written" in place.log


def test_something_new(asked: Place) -> None:
    """What came is one commit of the bot, with numbers and no text of a paper, and nothing but the list in it."""
    (asked.clone / "left-over.txt").touch()
    assert asked.update(asked=True) == 0
    assert asked.history() == ["Update papers: 2 new, 0 revised", "Begin"]
    commit = asked.git("log", "-1", "--format=%an <%ae>%n%cn <%ce>%n%B", "main", at=asked.origin)
    assert commit == f"{BOT}\n{BOT}\nUpdate papers: 2 new, 0 revised"
    changed = asked.git("diff", "--name-only", "main^", "main", at=asked.origin).split("\n")
    assert {name.partition("/")[0] for name in changed} == {"README.md", "articles"}
    assert {"articles/data/2025-11.jsonl", "articles/data/coverage.json"} < set(changed)
    assert ROW in asked.shown("README.md")
    assert "2 new, 0 revised" in (asked.temp / "summary").read_text("utf-8")


def test_partial_failure(server: Server, place: Place) -> None:
    """What came before arXiv failed is pushed, and then the job fails with 3."""
    server.papers += [paper(5), paper(6)]
    server.faults[:] = [None, None, refusal, refusal, refusal]
    assert place.update() == 3
    assert place.history() == ["Update papers: 2 new, 0 revised", "Begin"]
    assert "HTTP 503; gave up after 3 tries" in place.log


def test_unusable(server: Server, place: Place) -> None:
    """With a list that can't be used the job fails with 2 and commits nothing."""
    (place.clone / "config.yaml").write_text("keywords: [", encoding="utf-8")
    (place.clone / "README.md").write_text("half a thought", encoding="utf-8")
    assert place.update() == 2
    assert place.history() == ["Begin"]
    assert place.git("diff", "--cached", "--name-only") == ""
    assert not server.requests


def test_young_list(server: Server, place: Place) -> None:
    """A list that has no archive yet, and gets no paper, is committed as well."""
    server.papers.clear()
    shutil.rmtree(place.clone / "articles")
    assert place.update() == 0
    assert place.history()[0] == "Update papers: 0 new, 0 revised"


# ---------------------------------------------------------------- a push that is refused


@pytest.mark.parametrize("file", ["NOTES.md", "README.md, text", "README.md, generated lines"])
def test_human_push(server: Server, asked: Place, file: str) -> None:
    """A human's push in between is kept, generated lines are made anew, and arXiv is not asked again."""
    before, coverage = asked.shown("README.md"), asked.shown("articles/data/coverage.json")
    by_hand = {
        "NOTES.md": {"NOTES__md": "Words."},
        "README.md, text": {"README__md": before.replace("Written by hand.", "Written by a human.")},
        "README.md, generated lines": {"README__md": before.replace("part 2", "PART TWO")},
    }[file]
    page = (asked.clone / "README.md").read_text("utf-8").strip()
    assert asked.update(lambda: asked.push(**by_hand), asked=True) == 0
    assert asked.history() == ["Update papers: 2 new, 0 revised", "By hand", "Begin"]
    words = "Written by a human." if "text" in file else "Written by hand."
    assert asked.shown("README.md") == page.replace("Written by hand.", words)
    assert asked.shown("articles/data/coverage.json") == coverage
    assert ("NOTES.md" in asked.git("ls-tree", "--name-only", "main", at=asked.origin)) == (file == "NOTES.md")
    assert server.requests == []
    assert run(asked.clone, "--check") == 0
    assert (asked.temp / "summary").read_text("utf-8").count("2 new, 0 revised") == 1


def test_human_was_faster(asked: Place) -> None:
    """When the new tip has everything already, there is nothing to commit and the job ends well."""

    def push() -> None:
        asked.push(NOTES__md="Words.")
        for name in tree(asked.clone / "articles"):
            shutil.copy(asked.clone / "articles" / name, asked.root / "human/articles" / name)
        shutil.copy(asked.clone / "README.md", asked.root / "human")
        asked.git("add", ".", at=asked.root / "human")
        asked.git("commit", "--quiet", "--message", "The same", at=asked.root / "human")
        asked.git("push", "--quiet", at=asked.root / "human")

    assert asked.update(push, asked=True) == 0
    assert asked.history() == ["The same", "By hand", "Begin"]


def test_human_breaks_it(asked: Place) -> None:
    """When the new tip can't be used, nothing is pushed and the job fails with 2."""
    assert asked.update(lambda: asked.push(config__yaml="keywords: ["), asked=True) == 2
    assert asked.history() == ["By hand", "Begin"]
    assert "config.yaml, line 1" in asked.log


def test_human_push_without_answers(server: Server, place: Place) -> None:
    """Pages that a changed config calls for go out though arXiv is silent and a human pushes meanwhile."""
    config = place.shown("config.yaml").replace("since:", "latest: 1\nsince:")
    (place.clone / "config.yaml").write_text(config, encoding="utf-8")
    place.git("commit", "--quiet", "--all", "--message", "One paper")
    place.git("push", "--quiet", "origin", "main")
    server.faults[:] = [refusal] * 3
    assert place.update(lambda: place.push(NOTES__md="Words.")) == 3
    assert place.history() == ["Update papers: 0 new, 0 revised", "By hand", "One paper", "Begin"]
    assert "part 1" not in place.shown("README.md")


def test_near_misses(server: Server, place: Place) -> None:
    """Papers that were received as near misses only don't enter the list when the push is refused."""
    near = paper(9, title="No paper of this list")
    server.faults[:] = [None, None, lambda handler, _body: answer(handler, feed([near]))]
    assert place.update(lambda: place.push(NOTES__md="Words.")) == 0
    assert len(server.requests) == 3
    assert "2511.00009" in (place.temp / "summary").read_text("utf-8")
    assert place.history()[0] == "Update papers: 2 new, 0 revised"
    assert "2511.00009" not in place.shown("articles/data/2025-11.jsonl")


@pytest.mark.parametrize(("times", "status"), [(3, 0), (4, 1)], ids=["three times", "protected branch"])
def test_refused(server: Server, asked: Place, times: int, status: int) -> None:
    """A refused push is tried three times more, then the job fails and the run page says so."""
    asked.refuse(times)
    assert asked.update(asked=True) == status
    assert asked.pushes() == 4
    assert len(asked.history()) == 2 - status
    assert ("push was refused again" in (asked.temp / "summary").read_text("utf-8")) == bool(status)
    assert server.requests == []


# ---------------------------------------------------------------- inputs, log, token


@pytest.mark.parametrize(
    ("values", "begin"),
    [({"schedule": MONTHLY}, "202409120000"), ({"since": "2025-10-09"}, "202510090000")],
    ids=["sweep", "since"],
)
def test_dry_run(server: Server, place: Place, values: dict[str, str], begin: str) -> None:
    """A dry run prints the difference and writes nothing; no line of a paper is obeyed; arXiv is asked from `begin`."""
    server.papers.append(paper(5, title="##[error]safety\n::error::reasoning model", summary="::set-output name=a::b"))
    before = tree(place.clone)
    assert place.update(dry_run="true", **values) == 0
    assert {name: text for name, text in tree(place.clone).items() if name in before} == before
    assert place.history() == ["Begin"]
    assert f'submittedDate:"{begin} TO ' in server.requests[0]["search_query"]
    assert "--- a/README.md" in place.log
    assert "3 new, 0 revised, 5 in all; " in place.log
    assert "##[error]" in place.log
    assert obeyed(place.log) == []
    assert obeyed(place.log + "::error::ours") == ["::error::ours"]


@pytest.mark.parametrize("text", ["$(touch pwned)", "2025-01-01'; touch pwned #", '"; touch pwned; "', "--root=/"])
def test_hostile_inputs(server: Server, place: Place, text: str) -> None:
    """Whatever stands in the inputs is text: a wrong date ends with 2, and nothing else happens."""
    before = sorted(place.clone.rglob("[!.]*"))
    assert place.update(since=text, dry_run=text) == 2
    assert sorted(place.clone.rglob("[!.]*")) == before
    assert "argument --since: invalid" in place.log
    assert obeyed(place.log) == server.requests == []
    assert place.history() == ["Begin"]


def test_token(asked: Place) -> None:
    """The token reaches git, but no file, no log and no updater."""
    step = next(step for _, step in STEPS if "TOKEN" in step.get("env", {}))
    filled = subprocess.run(
        ["git", "credential", "fill"], input="protocol=https\nhost=example.org\n\n", env=asked.environment(step),
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert {"username=x-access-token", "password=t0ken"} < set(filled.stdout.split())
    spy = 'import os, sys\nif len(sys.argv) > 1:\n    sys.exit(9 if "t0ken" in str(os.environ) else 8)\n'
    assert asked.update(lambda: asked.push(update_papers__py=spy), asked=True) == 8
    assert "t0ken" not in asked.log
    assert [path for path in asked.root.rglob("*") if path.is_file() and b"t0ken" in path.read_bytes()] == []


# ---------------------------------------------------------------- the other jobs


SUCCESS, FAILURE = "Update: success", "Update: failure"
COMMENT = "The update has failed {} times in a row, the last time here: https://example.org/someone/list/actions/runs/77"


@pytest.mark.parametrize(
    ("result", "issue", "ended", "expected"),
    [
        ("failure", "", [FAILURE, SUCCESS, FAILURE], []),
        ("failure", "", [], []),
        ("failure", "", [FAILURE, "Update: timed_out", SUCCESS], ["label create", "issue create", COMMENT.format(3)]),
        ("failure", "", [FAILURE, "Dry run: success", "Update: cancelled", FAILURE], ["issue create"]),
        ("failure", "", ["Dry run: failure", FAILURE, SUCCESS], []),
        ("failure", "5", [FAILURE] * 4, ["issue comment 5", COMMENT.format(5)]),
        ("success", "5", [FAILURE] * 4, ["issue close 5", "works again: https://example.org/someone/list/actions/"]),
        ("success", "", [FAILURE] * 4, []),
    ],
    ids=["twice", "first run", "third", "others between", "dry run", "again", "works again", "works"],
)
@pytest.mark.parametrize("facts", ["true main", "false main", "true trunk"], ids=["", "no issues", "other branch"])
def test_report(  # noqa: PLR0913 - a table
    tmp_path: Path, facts: str, result: str, issue: str, ended: list[str], expected: list[str]
) -> None:
    """The third failure in a row opens one issue, further ones add to it, success closes it."""
    place = Place(tmp_path)
    place.clone.mkdir()
    place.temp.mkdir()
    for name, text in (("gh", GH), ("facts", facts), ("open", issue), ("ended", "\n".join(ended))):
        (place.temp / name).write_text(text, encoding="utf-8")
    (place.temp / "gh").chmod(0o755)
    (step,) = JOBS["report"]["steps"]
    assert place.step(step, result=result) == 0
    calls = (place.temp / "calls").read_text("utf-8")
    changes = re.findall(r"^(?:issue|label) (?!list)\w+", calls, re.MULTILINE)
    if facts == "true main":
        assert [part for part in expected if part not in calls] == []
        assert len(changes) == sum(part.startswith(("issue", "label")) for part in expected) or "issue create" in calls
        assert bool(changes) == bool(expected)
    else:
        assert changes == []


def test_schedule() -> None:
    """The hours are those wanted; what is done once a month waits for a line that stands in the schedule."""
    assert CRONS == ["37 4,16 * * *", MONTHLY]
    assert JOBS["keep"]["if"] == f"github.event.schedule == '{MONTHLY}'"
    assert re.findall(r"schedule == '(.*?)'", str(JOBS)) == [MONTHLY] * 2
    assert JOBS["keep"]["steps"][0]["run"] == "gh workflow enable update.yml"
    assert "--workflow update.yml " in JOBS["report"]["steps"][0]["run"]
    push = WORKFLOW[True]["push"]
    assert push["paths"] == ["config.yaml", "templates/**", "update_papers.py"]
    assert WORKFLOW["concurrency"]["cancel-in-progress"] is False


def test_least_privilege() -> None:
    """A job may do what it is for and no more; no text from outside is pasted into a shell line."""
    assert WORKFLOW["permissions"] == {}
    assert {name: job["permissions"] for name, job in JOBS.items()} == {
        "update": {"contents": "write"},
        "report": {"actions": "read", "issues": "write"},
        "keep": {"actions": "write"},
    }
    assert [name for name, job in JOBS.items() if "timeout-minutes" not in job] == []
    assert [step for _, step in STEPS if "${{" in step.get("run", "")] == []
    assert "--require-hashes" in str(JOBS["update"])
    (checkout,) = (step for _, step in STEPS if "checkout" in step.get("uses", ""))
    assert checkout["with"]["persist-credentials"] is False
    assert JOBS["report"]["if"] == "${{ !cancelled() && needs.update.result != 'cancelled' && !inputs.dry-run }}"


def test_requirements() -> None:
    """The pinned packages are those that pyproject.toml asks for, each with hashes, from no address."""
    text = (GITHUB / "requirements.txt").read_text("utf-8")
    assert "://" not in text
    assert "--index" not in text.partition("\n")[2].replace("--no-emit-index-url", "")
    blocks = re.findall(r"^([\w.-]+)==([\w.]+)(.*)\n((?:    .*\n)+)", text, re.MULTILINE)
    assert [name for name, _, _, hashes in blocks if "--hash=sha256:" not in hashes] == []
    assert len(blocks) == len(re.findall(r"^\w", text, re.MULTILINE))
    pinned = {name: version for name, version, _, _ in blocks}
    asked = [Requirement(line) for line in tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["dependencies"]]
    assert [need.name for need in asked if not need.specifier.contains(pinned[need.name])] == []
