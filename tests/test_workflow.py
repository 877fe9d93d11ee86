"""The schedule: the shell steps of update.yml, run as GitHub runs them, and what its YAML alone decides."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

from tests.helpers import PROJECT, Handler, Server, answer, feed, make_list, paper, run

GITHUB = PROJECT / ".github"
WORKFLOW: dict[Any, Any] = yaml.safe_load((GITHUB / "workflows/update.yml").read_text("utf-8"))
JOBS: dict[str, Any] = WORKFLOW["jobs"]
STEPS: list[dict[str, Any]] = [step for job in JOBS.values() for step in job["steps"]]
INSTALL, ASK, COMMIT, END, REPORT, KEEP = (step for step in STEPS if "run" in step)
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
        plain = {"PATH": os.environ["PATH"], "HOME": str(self.root)}
        ended = subprocess.run(command, cwd=at or self.clone, env=plain, check=True, capture_output=True, text=True)
        return ended.stdout.strip()

    def history(self) -> list[str]:
        """Return the subjects of the origin's commits, the newest first."""
        return self.git("log", "--format=%s", "main", at=self.origin).split("\n")

    def shown(self, name: str) -> str:
        """Return a file of the origin."""
        return self.git("show", f"main:{name}", at=self.origin)

    def push(self, **texts: str) -> None:
        """Push as a human: texts by file name."""
        self.git("clone", "--quiet", "--template=", str(self.origin), str(self.root / "human"), at=self.root)
        for name, text in texts.items():
            (self.root / "human" / name).write_text(text, encoding="utf-8")
        self.git("add", ".", at=self.root / "human")
        self.git("commit", "--quiet", "--message", "By hand", at=self.root / "human")
        self.git("push", "--quiet", at=self.root / "human")

    def environment(self, step: dict[str, Any], schedule: str = "", **values: str) -> dict[str, str]:
        """Return what a step finds: GitHub's variables, and its own with their expressions replaced."""
        output = self.temp / "output"
        found = dict(line.split("=", 1) for line in output.read_text("utf-8").split()) if output.exists() else {}
        values = {
            "inputs.since": values.get("since", ""),
            "inputs.dry-run": values.get("dry_run", ""),
            "github.token": "t0ken",
            "github.repository": "someone/list",
            "needs.update.result": values.get("result", ""),
            "steps.update.outputs.status": found.get("status", ""),
            f"github.event.schedule == '{MONTHLY}'": str(schedule == MONTHLY).lower(),
        }
        own = {
            name: re.sub(r"\$\{\{ (.+?) }}", lambda expression: values[expression[1]], text)
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
        command = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)]
        ended = subprocess.run(
            command, cwd=self.clone, env=self.environment(step, **values), check=False, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self.log += ended.stdout
        return ended.returncode

    def ask(self, **values: str) -> int:
        """Run the step that asks arXiv."""
        return self.step(ASK, **values)

    def finish(self, dry_run: str = "") -> int:
        """Run the steps after it, until one fails."""
        committing = COMMIT.get("if") != "${{ !inputs.dry-run }}" or dry_run != "true"
        return (committing and self.step(COMMIT)) or self.step(END)

    def update(self, **values: str) -> int:
        """Run the job `update`, apart from its installing; return how it ends."""
        return self.ask(**values) or self.finish(values.get("dry_run", ""))


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
    work = make_list(tmp_path_factory.mktemp("work") / "list", arxiv.url, {"keywords": keywords}, page_size=2)
    for name in ("update_papers.py", ".gitignore", ".gitattributes"):
        shutil.copy(PROJECT / name, work)
    assert run(work) == 0
    place.git("init", "--quiet", "--template=", "--initial-branch=main", at=work)
    place.git("add", ".", at=work)
    place.git("commit", "--quiet", "--message", "Begin", at=work)
    place.git("clone", "--quiet", "--template=", "--bare", str(work), str(place.origin), at=place.root)
    place.git("clone", "--quiet", "--template=", "--depth=1", place.origin.as_uri(), str(place.clone), at=place.root)
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
    assert place.ask() == 0
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
    """When nothing came, nothing is committed and nothing is pushed; arXiv is asked for the last months only."""
    server.papers[:] = KNOWN
    assert place.update(schedule=CRONS[0]) == 0
    assert 'submittedDate:"2025' in server.requests[0]["search_query"]
    assert place.history() == [place.git("log", "--format=%s")] == ["Begin"]
    assert "0 new, 0 revised, 2 in all; 0 files written" in place.log


def test_something_new(asked: Place) -> None:
    """What came is one commit of the bot, with numbers and no text of a paper, and nothing but the list in it."""
    (asked.clone / "left-over.txt").touch()
    assert asked.finish() == 0
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
    assert "gave up after 3 tries" in place.log


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
        "NOTES.md": {"NOTES.md": "Words."},
        "README.md, text": {"README.md": before.replace("Written by hand.", "Written by a human.")},
        "README.md, generated lines": {"README.md": before.replace("part 2", "PART TWO")},
    }[file]
    page = (asked.clone / "README.md").read_text("utf-8").strip()
    asked.push(**by_hand)
    assert asked.finish() == 0
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
    coverage = "articles/data/coverage.json"
    changed = asked.git("ls-files", "--modified", "--others", "README.md", "articles").split("\n")
    assert coverage in changed
    asked.push(**{name: (asked.clone / name).read_text("utf-8") for name in changed if name != coverage})
    assert asked.finish() == 0
    assert asked.history() == ["By hand", "Begin"]


def test_human_breaks_it(asked: Place) -> None:
    """When the new tip can't be used, nothing is pushed and the job fails with 2."""
    asked.push(**{"config.yaml": "keywords: ["})
    assert asked.finish() == 2
    assert asked.history() == ["By hand", "Begin"]
    assert "config.yaml, line 2: not YAML" in asked.log


def test_human_push_without_answers(server: Server, place: Place) -> None:
    """Pages that a changed config calls for go out though arXiv is silent and a human pushes meanwhile."""
    config = place.shown("config.yaml").replace("since:", "latest: 1\nsince:")
    (place.clone / "config.yaml").write_text(config, encoding="utf-8")
    place.git("commit", "--quiet", "--all", "--message", "One paper")
    place.git("push", "--quiet", "origin", "main")
    server.faults[:] = [refusal] * 3
    assert place.ask() == 0
    place.push(NOTES="Words.")
    assert place.finish() == 3
    assert place.history() == ["Update papers: 0 new, 0 revised", "By hand", "One paper", "Begin"]
    assert "part 1" not in place.shown("README.md")


def test_near_misses(server: Server, place: Place) -> None:
    """Papers that were received as near misses only don't enter the list when the push is refused."""
    near = paper(9, title="No paper of this list")
    server.faults[:] = [None, None, lambda handler, _body: answer(handler, feed([near]))]
    assert place.ask() == 0
    place.push(NOTES="Words.")
    assert place.finish() == 0
    assert len(server.requests) == 3
    assert "2511.00009" in (place.temp / "summary").read_text("utf-8")
    assert place.history()[0] == "Update papers: 2 new, 0 revised"
    assert "2511.00009" not in place.shown("articles/data/2025-11.jsonl")


def test_protected_branch(server: Server, asked: Place) -> None:
    """A push that is always refused is tried three times more, then the job fails and the run page says so."""
    hook = asked.origin / "hooks/update"
    hook.parent.mkdir()
    hook.write_text("#!/bin/sh\necho refused >>tries\nexit 1\n", encoding="utf-8")
    hook.chmod(0o755)
    assert asked.finish() == 1
    assert (asked.origin / "tries").read_text("utf-8").count("refused") == 4
    assert asked.history() == ["Begin"]
    assert "push was refused again" in (asked.temp / "summary").read_text("utf-8")
    assert server.requests == []


# ---------------------------------------------------------------- inputs, log, token


def test_sweep(server: Server, place: Place) -> None:
    """Once a month arXiv is asked from the beginning of the list on."""
    assert place.ask(schedule=MONTHLY) == 0
    assert 'submittedDate:"202409120000 TO ' in server.requests[0]["search_query"]


def test_dry_run(server: Server, place: Place) -> None:
    """A dry run, here of a list without archive, prints the difference and writes nothing; no line of it is obeyed."""
    place.git("rm", "-r", "--quiet", "articles")
    place.git("commit", "--quiet", "--message", "No archive")
    place.git("push", "--quiet", "origin", "main")
    server.papers.append(paper(5, title="##[error]safety\n::error::reasoning model", summary="::set-output name=a::b"))
    assert place.update(dry_run="true", since="2025-10-09") == 0
    assert place.git("status", "--porcelain") == ""
    assert place.history() == place.git("log", "--format=%s").split("\n") == ["No archive", "Begin"]
    assert 'submittedDate:"202510090000 TO ' in server.requests[0]["search_query"]
    assert "--- a/README.md" in place.log
    assert "5 new, 0 revised, 5 in all; " in place.log
    assert "##[error]" in place.log
    assert obeyed(place.log) == []
    assert obeyed(place.log + "::error::ours") == ["::error::ours"]


@pytest.mark.parametrize("text", ["$(touch pwned)'\"; touch pwned #", "2025-01-01 --offline", "--offline"])
def test_hostile_inputs(server: Server, place: Place, text: str) -> None:
    """Whatever stands in the inputs is text: a wrong date ends with 2, and nothing else happens."""
    before = sorted(place.clone.rglob("[!.]*"))
    assert place.update(since=text, dry_run=text) == 2
    assert sorted(place.clone.rglob("[!.]*")) == before
    assert "argument --since: invalid" in place.log
    assert obeyed(place.log) == []
    assert not server.requests
    assert place.history() == ["Begin"]


def test_token(asked: Place) -> None:
    """The token reaches git, but no file, no log and no updater."""
    asking = {**COMMIT, "run": "git credential fill <<<$'protocol=https\\nhost=example.org\\n'"}
    assert asked.step(asking) == 0
    assert {"username=x-access-token", "password=t0ken"} < set(asked.log.split())
    asked.log = ""
    spy = 'import os, sys\nif len(sys.argv) > 1:\n    sys.exit(9 if "t0k" "en" in str(os.environ) else 8)\n'
    asked.push(**{"update_papers.py": spy})
    assert asked.finish() == 8
    assert "t0ken" not in asked.log
    assert [path for path in asked.root.rglob("*") if path.is_file() and b"t0ken" in path.read_bytes()] == []


# ---------------------------------------------------------------- the other jobs


SUCCESS, FAILURE = "Update: success", "Update: failure"
RUN = "https://example.org/someone/list/actions/runs/77"


def failing(times: int) -> str:
    """Return what the issue says."""
    return f"--body The update has failed {times} times in a row, the last time here: {RUN}"


def opened(times: int) -> list[str]:
    """Return the calls that open the issue."""
    label = "label create update-failed --force --color B60205 --description The list stands still"
    return [label, f"issue create --label update-failed --title The update fails {failing(times)}"]


def report(root: Path, facts: str, result: str, issue: str, ended: list[str]) -> list[str]:
    """Run the job `report`; return the calls of gh that change something."""
    place = Place(root)
    place.clone.mkdir()
    place.temp.mkdir()
    for name, text in (("gh", GH), ("facts", facts), ("open", issue), ("ended", "\n".join(ended))):
        (place.temp / name).write_text(text, encoding="utf-8")
    (place.temp / "gh").chmod(0o755)
    assert place.step(REPORT, result=result) == 0
    calls = (place.temp / "calls").read_text("utf-8").splitlines()
    return [call for call in calls if not call.startswith(("api ", "issue list ", "run list "))]


@pytest.mark.parametrize(
    ("result", "issue", "ended", "calls"),
    [
        ("failure", "", [], []),
        ("failure", "", [FAILURE, SUCCESS, FAILURE], []),
        ("failure", "", [FAILURE, "Update: timed_out", SUCCESS], opened(3)),
        ("failure", "", [FAILURE, "Dry run: success", "Update: cancelled", FAILURE], opened(3)),
        ("failure", "", ["Dry run: failure", FAILURE, SUCCESS], []),
        ("failure", "5", [FAILURE] * 4, [f"issue comment 5 {failing(5)}"]),
        ("success", "5", [FAILURE] * 4, [f"issue close 5 --comment The update works again: {RUN}"]),
        ("success", "", [FAILURE] * 4, []),
    ],
    ids=["first run", "twice", "third", "others between", "dry run", "again", "works again", "works"],
)
def test_report(tmp_path: Path, result: str, issue: str, ended: list[str], calls: list[str]) -> None:
    """The third failure in a row opens one issue, further ones add to it, success closes it."""
    assert report(tmp_path, "true main", result, issue, ended) == calls


@pytest.mark.parametrize("facts", ["false main", "true trunk"], ids=["no issues", "other branch"])
def test_report_is_silent(tmp_path: Path, facts: str) -> None:
    """Where issues are switched off, and on branches of no weight, nothing is told."""
    assert report(tmp_path, facts, "failure", "", [FAILURE] * 4) == []


def test_schedule() -> None:
    """The hours are those wanted; what is done once a month waits for a line that stands in the schedule."""
    assert CRONS == ["37 4,16 * * *", MONTHLY]
    assert JOBS["keep"]["if"] == f"github.event.schedule == '{MONTHLY}'"
    assert re.findall(r"schedule == '(.*?)'", str(JOBS)) == [MONTHLY] * 2
    assert KEEP["run"] == "gh workflow enable update.yml"
    assert "--workflow update.yml " in REPORT["run"]
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
    assert [step for step in STEPS if "${{" in step.get("run", "")] == []
    assert "--require-hashes" in INSTALL["run"]
    (checkout,) = (step for step in STEPS if "checkout" in step.get("uses", ""))
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
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["project"]
    needs = [Requirement(line) for line in project["dependencies"]]
    assert [need.name for need in needs if not need.specifier.contains(pinned[need.name])] == []
