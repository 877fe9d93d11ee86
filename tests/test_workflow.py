"""The schedule: the shell steps of both actions, run as GitHub runs them, and what YAML decides."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

from tests.helpers import PROJECT, Handler, Server, answer, make_list, paper


def load(name: str) -> dict[Any, Any]:
    """Return a YAML file of the project."""
    text = (PROJECT / name).read_text("utf-8")
    loaded: dict[Any, Any] = yaml.safe_load(text)
    return loaded


OURS = ".github/workflows/update.yml"
THEIRS = "starter/.github/workflows/update.yml"
CALLERS = [OURS, THEIRS]
ACTION, REPORT = load("action.yml"), load("report/action.yml")
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"] + REPORT["runs"]["steps"]
INSTALL, UPDATE, COMMIT, END, TELL = (step for step in STEPS if "run" in step)

KNOWN = [paper(1), paper(2)]
NEW = [paper(3), paper(4)]
ROW = "Reasoning model safety, part 4"
BOT = "github-actions[bot] <41898282+github-actions[bot]@users.noreply.github.com>"
PLAIN_GIT = ["git", "-c", "user.name=Human", "-c", "user.email=human@example.org"]
BASH = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail"]
CLONE = ["clone", "--quiet", "--template="]
EXPRESSION = re.compile(r"\$\{\{ (.+?) }}")


def holds(condition: str, inputs: dict[str, str]) -> bool:
    """Tell whether a step is run as GitHub does: an input is text, and only "" is false."""
    pattern = r"(!?)inputs\.([\w-]+)(?: (==|!=) '(.*)')?"
    found = re.fullmatch(pattern, condition.removeprefix("${{ ").removesuffix(" }}"))
    assert found, f"the test cannot read {condition}"
    negated, name, comparison, literal = found.groups()
    if comparison:
        return (inputs[name] == literal) is (comparison == "==")
    return bool(inputs[name]) is not bool(negated)


@pytest.mark.parametrize(
    ("condition", "met"),
    [
        ("inputs.dry-run != 'true'", ["", "false"]),
        ("inputs.dry-run == 'true'", ["true"]),
        ("${{ !inputs.dry-run }}", [""]),
    ],
)
def test_conditions(condition: str, met: list[str]) -> None:
    """The stand-in for GitHub's expressions takes 'false' for true, as GitHub does."""
    values = ["", "false", "true"]
    assert [value for value in values if holds(condition, {"dry-run": value})] == met


def updater(root: Path, *flags: str) -> int:
    """Run the updater on a list, by the clock of this machine; return its exit status."""
    command = [sys.executable, str(PROJECT / "update_papers.py"), "--root", str(root), *flags]
    return subprocess.run(command, check=False, capture_output=True).returncode


@dataclass
class Place:
    """A clone on a runner, the repository that it came from, and the runner's own folder."""

    root: Path
    code: Path = PROJECT  # the folder of the action
    log: str = ""  # what the steps printed
    inputs: dict[str, str] = field(default_factory=lambda: {"since": "", "dry-run": "false"})

    def __post_init__(self) -> None:
        """Name the folders."""
        self.origin = self.root / "origin.git"
        self.clone = self.root / "clone"
        self.temp = self.root / "temp"

    def git(self, *arguments: str, at: Path | None = None) -> str:
        """Run git as a human; return what it prints."""
        plain = {"PATH": os.environ["PATH"], "HOME": str(self.root)}
        ended = subprocess.run(
            [*PLAIN_GIT, *arguments],
            cwd=at or self.clone,
            env=plain,
            check=True,
            capture_output=True,
            encoding="utf-8",
        )
        return ended.stdout.strip()

    def history(self) -> list[str]:
        """Return the subjects of the origin's commits, the newest first."""
        return self.git("log", "--format=%s", "main", at=self.origin).split("\n")

    def shown(self, name: str) -> str:
        """Return a file of the origin."""
        return self.git("show", f"main:{name}", at=self.origin)

    def push(self, **texts: str) -> None:
        """Push as a human: texts by file name."""
        human = self.root / "human"
        self.git(*CLONE, str(self.origin), str(human), at=self.root)
        for name, text in texts.items():
            (human / name).write_text(text, "utf-8")
        self.git("add", ".", at=human)
        self.git("commit", "--quiet", "--message", "By hand", at=human)
        self.git("push", "--quiet", at=human)

    def commit(self, message: str) -> None:
        """Commit what stands in the clone and push it, before the action begins."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        self.git("push", "--quiet", "origin", "main")

    def outputs(self) -> dict[str, str]:
        """Return what the steps have put out so far."""
        path = self.temp / "output"
        if not path.exists():
            return {}
        lines = path.read_text("utf-8").split("\n")
        return dict(line.split("=", 1) for line in lines if line)

    def environment(self, step: dict[str, Any]) -> dict[str, str]:
        """Return what a step finds: GitHub's variables, and its own with their expressions."""
        values = {f"inputs.{name}": value for name, value in self.inputs.items()}
        values |= {f"steps.update.outputs.{key}": text for key, text in self.outputs().items()}
        values |= {"github.token": "t0ken", "github.repository": "someone/list"}
        own = {
            name: EXPRESSION.sub(lambda found: values[found[1]], text)
            for name, text in step.get("env", {}).items()
        }
        return own | {
            "PATH": f"{self.temp}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(self.temp),
            "no_proxy": "*",
            "GIT_CONFIG_NOSYSTEM": "1",
            "RUNNER_TEMP": str(self.temp),
            "GITHUB_ACTION_PATH": str(self.code),
            "GITHUB_WORKSPACE": str(self.clone),
            "GITHUB_OUTPUT": str(self.temp / "output"),
            "GITHUB_STEP_SUMMARY": str(self.temp / "summary"),
            "GITHUB_REF": "refs/heads/main",
            "GITHUB_REF_NAME": "main",
            "GITHUB_RUN_ID": "77",
            "GITHUB_SERVER_URL": "https://example.org",
            "GITHUB_WORKFLOW_REF": "someone/list/.github/workflows/daily.yml@refs/heads/main",
        }

    def step(self, step: dict[str, Any]) -> int:
        """Run a step as `shell: bash` does; return its exit status."""
        if not holds(step.get("if", "!inputs.never"), self.inputs | {"never": ""}):
            return 0
        script = self.temp / "step.sh"
        script.write_text(step["run"], "utf-8")
        command = [*BASH, str(script)]
        ended = subprocess.run(
            command,
            cwd=self.clone,
            env=self.environment(step),
            check=False,
            encoding="utf-8",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.log += ended.stdout
        return ended.returncode

    def finish(self) -> int:
        """Run the steps after the asking, until one fails."""
        return self.step(COMMIT) or self.step(END)

    def update(self, **inputs: str) -> int:
        """Run the action, apart from its installing; return how it ends."""
        self.inputs |= {name.replace("_", "-"): text for name, text in inputs.items()}
        return self.step(UPDATE) or self.finish()


@pytest.fixture(scope="module")
def arxiv() -> Iterator[Server]:
    """Serve for all tests: the address stands in the shared list."""
    with Server() as server:
        yield server


@pytest.fixture
def server(arxiv: Server) -> Server:
    """Serve the known papers and the new ones."""
    arxiv.papers[:] = KNOWN + NEW
    arxiv.faults.clear()
    arxiv.requests.clear()
    return arxiv


@pytest.fixture(scope="module")
def begun(arxiv: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a list that knows two papers, its origin, and the clone that a runner makes of it."""
    place = Place(tmp_path_factory.mktemp("begun"))
    arxiv.papers[:] = KNOWN
    keywords = {"subject": ["reasoning model"], "view": ["safety"]}
    folder = tmp_path_factory.mktemp("work") / "list"
    work = make_list(folder, arxiv.url, {"keywords": keywords}, page_size=2)
    assert updater(work) == 0
    place.git("init", "--quiet", "--template=", "--initial-branch=main", at=work)
    place.git("add", ".", at=work)
    place.git("commit", "--quiet", "--message", "Begin", at=work)
    place.git(*CLONE, "--bare", str(work), str(place.origin), at=place.root)
    place.git(*CLONE, "--depth=1", place.origin.as_uri(), str(place.clone), at=place.root)
    place.git("remote", "set-url", "origin", "../origin.git")
    place.temp.mkdir()
    return place.root


@pytest.fixture
def place(begun: Path, tmp_path: Path) -> Place:
    """Return a fresh clone of the list."""
    return Place(shutil.copytree(begun, tmp_path / "a place"))


@pytest.fixture(scope="module")
def asked_once(arxiv: Server, begun: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a clone whose updater has just received the new papers."""
    place = Place(shutil.copytree(begun, tmp_path_factory.mktemp("asked") / "place"))
    arxiv.papers[:] = KNOWN + NEW
    arxiv.faults.clear()
    assert place.step(UPDATE) == 0
    return place.root


@pytest.fixture
def asked(server: Server, asked_once: Path, tmp_path: Path) -> Place:
    """Return a clone that is about to commit and push; arXiv is not to be asked any more."""
    assert not server.requests
    return Place(shutil.copytree(asked_once, tmp_path / "a place"))


def refusal(handler: Handler, _body: bytes) -> None:
    """Answer as a server that has too much to do."""
    answer(handler, b"", 503)


def obeyed(log: str) -> list[str]:
    """Return the lines of a log that the runner takes for commands."""
    word = ""
    commands = []
    for line in re.split(r"\r\n|\r|\n", log):
        begun = re.match(r"\s*::stop-commands::([0-9a-f]{32,})$", line)
        if word:
            word = "" if line.strip() == f"::{word}::" else word
        elif begun:
            word = begun[1]
        elif line.lstrip().startswith("::") or "##[" in line:
            commands.append(line)
    return commands


# ------------------------------------------------------------------- asking, committing, pushing


def test_nothing_new(server: Server, place: Place) -> None:
    """When nothing came, nothing is committed; arXiv is asked for the last months only."""
    server.papers[:] = KNOWN
    assert place.update() == 0
    assert 'submittedDate:"2025' in server.requests[0]["search_query"]
    assert place.history() == [place.git("log", "--format=%s")] == ["Begin"]
    assert "0 new, 0 revised, 2 in all; 0 files written" in place.log


def test_something_new(asked: Place) -> None:
    """What came is one commit of the bot: the list alone, its message no text of a paper."""
    (asked.clone / "left-over.txt").touch()
    assert asked.finish() == 0
    assert asked.history() == ["Update papers: 2 new, 0 revised", "Begin"]
    form = "--format=%an <%ae>%n%cn <%ce>%n%B"
    commit = asked.git("log", "-1", form, "main", at=asked.origin)
    assert commit == f"{BOT}\n{BOT}\nUpdate papers: 2 new, 0 revised"
    changed = asked.git("diff", "--name-only", "main^", "main", at=asked.origin).split("\n")
    assert {name.partition("/")[0] for name in changed} == {"README.md", "articles"}
    assert "articles/data/2025-11.jsonl" in changed
    assert ROW in asked.shown("README.md")
    assert "2 new, 0 revised" in (asked.temp / "summary").read_text("utf-8")


def test_outputs(asked: Place) -> None:
    """The action puts out what it says: the counts of the closing line, and the status."""
    outputs = asked.outputs()
    values = {name: output["value"] for name, output in ACTION["outputs"].items()}
    assert values == {name: f"${{{{ steps.update.outputs.{name} }}}}" for name in outputs}
    assert UPDATE["id"] == "update"
    files = outputs.pop("files")
    assert outputs == {"status": "0", "new": "2", "revised": "0", "total": "4"}
    closing = (asked.temp / "done").read_text("utf-8").strip().split("\n")[-1]
    assert closing == f"2 new, 0 revised, 4 in all; {files} files written"


def test_partial_failure(server: Server, place: Place) -> None:
    """What came before arXiv failed is pushed, and then the action fails with 3."""
    server.papers += [paper(5), paper(6)]
    server.faults[:] = [None, None, *[refusal] * 9]
    assert place.update() == 3
    assert place.history() == ["Update papers: 2 new, 0 revised", "Begin"]
    assert place.outputs()["status"] == "3"
    assert place.outputs()["total"] == "4"


def test_unusable(server: Server, place: Place) -> None:
    """With a list that can't be used the action fails with 2 and commits nothing."""
    (place.clone / "config.yaml").write_text("keywords: [", "utf-8")
    (place.clone / "README.md").write_text("half a thought", "utf-8")
    assert place.update() == 2
    assert place.outputs() == {"status": "2"}
    assert place.history() == ["Begin"]
    assert place.git("diff", "--cached", "--name-only") == ""
    assert not server.requests


@pytest.mark.usefixtures("server")
def test_young_list(place: Place) -> None:
    """A list that has no archive yet is committed whole."""
    shutil.rmtree(place.clone / "articles")
    place.commit("Begin anew")
    assert place.update() == 0
    assert place.history()[0] == "Update papers: 4 new, 0 revised"
    assert ROW in place.shown("articles/2025-11.md")


@pytest.mark.parametrize("rule", ["data/", "*.jsonl", "/articles"])
def test_hidden_store(place: Place, rule: str) -> None:
    """Where git would leave the store behind, nothing is pushed, and the guilty line is named."""
    shutil.rmtree(place.clone / "articles")
    (place.clone / ".gitignore").write_text(f"# mine\n{rule}\n", "utf-8")
    place.commit("Hide it")
    assert place.update() == 1
    assert place.history() == ["Hide it", "Begin"]
    summary = (place.temp / "summary").read_text("utf-8")
    assert f"Delete these lines: .gitignore:2:{rule}\n" in summary
    assert f"Delete these lines: .gitignore:2:{rule}\n" in place.log


@pytest.mark.usefixtures("server")
def test_innocent_gitignore(place: Place) -> None:
    """A rule that hides nothing of what a run writes is nobody's business."""
    (place.clone / ".gitignore").write_text("build/\n*.tmp\n", "utf-8")
    place.commit("Ignore")
    assert place.update() == 0
    assert place.history()[0] == "Update papers: 2 new, 0 revised"


# --------------------------------------------------------------------------- a push that is refused


@pytest.mark.parametrize("file", ["NOTES.md", "README.md, text", "README.md, generated lines"])
def test_human_push(server: Server, asked: Place, file: str) -> None:
    """A push in between is kept, generated lines are made anew, and arXiv is not asked again."""
    before = asked.shown("README.md")
    by_hand = {
        "NOTES.md": {"NOTES.md": "Words."},
        "README.md, text": {"README.md": before.replace("by hand", "by a human")},
        "README.md, generated lines": {"README.md": before.replace("part 2", "PART TWO")},
    }[file]
    page = (asked.clone / "README.md").read_text("utf-8").strip()
    asked.push(**by_hand)
    assert asked.finish() == 0
    assert asked.history() == ["Update papers: 2 new, 0 revised", "By hand", "Begin"]
    if file == "README.md, text":
        page = page.replace("by hand", "by a human")
    assert asked.shown("README.md") == page
    names = asked.git("ls-tree", "--name-only", "main", at=asked.origin).split("\n")
    assert ("NOTES.md" in names) == (file == "NOTES.md")
    assert server.requests == []
    assert updater(asked.clone, "--check") == 0
    summary = (asked.temp / "summary").read_text("utf-8")
    assert summary.count("2 new, 0 revised") == 1


def test_human_was_faster(asked: Place) -> None:
    """When the new tip has everything already, nothing is committed and the action ends well."""
    listed = asked.git("ls-files", "--modified", "--others", "README.md", "articles")
    names = listed.split("\n")
    assert "articles/data/2025-11.jsonl" in names
    asked.push(**{name: (asked.clone / name).read_text("utf-8") for name in names})
    assert asked.finish() == 0
    assert asked.history() == ["By hand", "Begin"]


def test_human_breaks_it(asked: Place) -> None:
    """When the new tip can't be used, nothing is pushed and the action fails with 2."""
    asked.push(**{"config.yaml": "keywords: ["})
    assert asked.finish() == 2
    assert asked.history() == ["By hand", "Begin"]
    assert "config.yaml, line" in asked.log


def test_human_push_without_answers(server: Server, place: Place) -> None:
    """Pages that a new config calls for go out though arXiv is silent and somebody pushes."""
    config = place.shown("config.yaml").replace("since:", "latest: 1\nsince:")
    (place.clone / "config.yaml").write_text(config + "\n", "utf-8")
    place.commit("One paper")
    server.faults[:] = [refusal] * 9
    assert place.step(UPDATE) == 0
    place.push(NOTES="Words.")
    assert place.finish() == 3
    subjects = ["Update papers: 0 new, 0 revised", "By hand", "One paper", "Begin"]
    assert place.history() == subjects
    assert "part 1" not in place.shown("README.md")


def test_protected_branch(server: Server, asked: Place) -> None:
    """A push that is always refused is tried four times; then the run page says so."""
    hook = asked.origin / "hooks/update"
    hook.parent.mkdir()
    hook.write_text("#!/bin/sh\necho refused >>tries\nexit 1\n", "utf-8")
    hook.chmod(0o755)
    assert asked.finish() == 1
    assert (asked.origin / "tries").read_text("utf-8").count("refused") == 4
    assert asked.history() == ["Begin"]
    assert "the push was refused four times" in (asked.temp / "summary").read_text("utf-8")
    assert server.requests == []


def test_own_code(server: Server, asked: Place) -> None:
    """Where the action is the list's own, as in `uses: ./`, the new tip's script does the work."""
    asked.code = asked.clone
    asked.push(**{"update_papers.py": "import sys\nsys.exit(7)\n"})
    assert asked.finish() == 7
    assert asked.history() == ["By hand", "Begin"]
    assert server.requests == []


# ------------------------------------------------------------------------------ inputs, log, token


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("dry_run", ["true", "false", ""])
def test_dry_run(place: Place, dry_run: str) -> None:
    """Only 'true' is a dry run, which prints the difference and writes nothing."""
    dry = dry_run == "true"
    assert place.update(dry_run=dry_run) == 0
    assert place.history() == (["Begin"] if dry else ["Update papers: 2 new, 0 revised", "Begin"])
    assert ("--- a/README.md" in place.log) == dry
    assert place.git("status", "--porcelain") == ""
    assert place.outputs()["new"] == "2"


def test_harmless_log(server: Server, place: Place) -> None:
    """No line of a paper is obeyed by the runner, and `since` reaches the updater."""
    title = "##[error]safety\n::error::reasoning model"
    server.papers.append(paper(5, title=title, summary="::set-output name=a::b"))
    assert place.update(dry_run="true", since="2025-10-09") == 0
    assert 'submittedDate:"202510090000 TO ' in server.requests[0]["search_query"]
    assert "##[error]" in place.log
    assert obeyed(place.log) == []
    assert obeyed(place.log + "::error::ours") == ["::error::ours"]


HOSTILE = ["$(touch pwned)'\"; touch pwned #", "2025-01-01 --rebuild", "--rebuild"]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_inputs(server: Server, place: Place, text: str) -> None:
    """Whatever stands in the inputs is text: a wrong date ends with 2, and nothing else happens."""
    before = sorted(place.clone.rglob("[!.]*"))
    assert place.update(since=text, dry_run=text) == 2
    assert sorted(place.clone.rglob("[!.]*")) == before
    assert "--since" in place.log
    assert obeyed(place.log) == []
    assert not server.requests
    assert place.history() == ["Begin"]


def test_token(asked: Place) -> None:
    """The token reaches git, but no file, no log and no updater."""
    question = "git credential fill <<<$'protocol=https\\nhost=example.org\\n'"
    assert asked.step({**COMMIT, "run": question}) == 0
    assert {"username=x-access-token", "password=t0ken"} < set(asked.log.split())
    asked.log = ""
    asked.code = asked.clone
    spy = 'import os, sys\nsys.exit(9 if "t0k" "en" in str(os.environ) else 8)\n'
    asked.push(**{"update_papers.py": spy})
    assert asked.finish() == 8
    assert "t0ken" not in asked.log
    files = [path for path in asked.root.rglob("*") if path.is_file()]
    assert [path for path in files if b"t0ken" in path.read_bytes()] == []


# -------------------------------------------------------------------------------------- the report

GH = """#!/bin/sh
echo "$*" >>"$RUNNER_TEMP/calls"
: "${GH_TOKEN:?}" "${GH_REPO:?}"
case "$1 $2" in
  "api "*) cat "$RUNNER_TEMP/facts" ;;
  "issue list") cat "$RUNNER_TEMP/open" ;;
  "run list") cat "$RUNNER_TEMP/ended" ;;
esac
"""
RUN = "https://example.org/someone/list/actions/runs/77"
GOOD, BAD = "success Update", "failure Update"


def failing(times: int) -> str:
    """Return what the issue says."""
    return f"The update has failed {times} times in a row, the last time here: {RUN}"


def opened(times: int) -> list[str]:
    """Return the calls that open the issue."""
    label = "label create update-failed --force --color B60205"
    return [
        f"{label} --description The list stands still",
        f"issue create --label update-failed --title The update fails --body {failing(times)}",
    ]


def told(root: Path, facts: str, result: str, issue: str, ended: list[str]) -> list[str]:
    """Run the step that tells of failures with a stand-in for `gh`; return what it changed."""
    place = Place(root, inputs={"result": result})
    place.clone.mkdir()
    place.temp.mkdir()
    files = {"gh": GH, "facts": facts, "open": issue, "ended": "\n".join(ended), "calls": ""}
    for name, text in files.items():
        (place.temp / name).write_text(text, "utf-8")
    (place.temp / "gh").chmod(0o755)
    assert place.step(TELL) == 0, place.log
    calls = (place.temp / "calls").read_text("utf-8").split("\n")[:-1]
    asked = [call for call in calls if call.startswith("run list")]
    assert all("--workflow daily.yml --branch main" in call for call in asked)
    return [call for call in calls if not call.startswith(("api ", "issue list", "run list"))]


@pytest.mark.parametrize(
    ("result", "issue", "ended", "calls"),
    [
        pytest.param("failure", "", [" Update"], [], id="first run"),
        pytest.param("failure", "", [" Update", BAD, GOOD, BAD, BAD], [], id="second failure"),
        pytest.param("failure", "", [" Update", BAD, BAD, GOOD], opened(3), id="third failure"),
        pytest.param(
            "failure",
            "",
            [" Update", BAD, "cancelled Update", "timed_out Update", "startup_failure Update"],
            opened(4),
            id="other ends between",
        ),
        pytest.param(
            "failure",
            "",
            [" Update", BAD, "success Dry run", BAD, "failure Dry run", GOOD],
            opened(3),
            id="dry runs do not count",
        ),
        pytest.param(
            "failure",
            "",
            [" Update", "failure Neue Arbeiten", "failure More words: success", GOOD],
            opened(3),
            id="any other title counts",
        ),
        pytest.param(
            "failure",
            "5",
            [" Update", BAD, BAD],
            [f"issue comment 5 --body {failing(3)}"],
            id="again",
        ),
        pytest.param(
            "success",
            "5",
            [" Update", BAD, BAD],
            [f"issue close 5 --comment The update works again: {RUN}"],
            id="works again",
        ),
        pytest.param("success", "", [" Update", BAD, BAD, BAD], [], id="works"),
    ],
)
def test_report(
    tmp_path: Path, result: str, issue: str, ended: list[str], calls: list[str]
) -> None:
    """The third failure in a row opens one issue, further ones add to it, success closes it."""
    assert told(tmp_path, "true main", result, issue, ended) == calls


@pytest.mark.parametrize("facts", ["false main", "true trunk"], ids=["no issues", "other branch"])
def test_report_is_silent(tmp_path: Path, facts: str) -> None:
    """Where issues are switched off, and on branches of no weight, nothing is told."""
    assert told(tmp_path, facts, "failure", "", [BAD] * 4) == []


# -------------------------------------------------------------------------- what YAML alone decides


def jobs(name: str) -> dict[str, Any]:
    """Return the jobs of a workflow."""
    found: dict[str, Any] = load(name)["jobs"]
    return found


def uses(name: str) -> dict[str, str]:
    """Return the actions that a file uses, each with what stands behind its `@`."""
    text = (PROJECT / name).read_text("utf-8")
    lines = re.findall(r"^ +(?:- )?uses: ([^\s@]+)(.*)$", text, re.MULTILINE)
    return dict(lines)


@pytest.mark.parametrize("name", CALLERS)
def test_schedule(name: str) -> None:
    """One line names the hours, off the full one; a run that has begun is left to end."""
    workflow = load(name)
    triggers = workflow[True]  # YAML 1.1 takes the key `on` for true
    (entry,) = triggers["schedule"]
    minute, _, rest = entry["cron"].partition(" ")
    assert int(minute) % 15
    assert rest == "4,16 * * *"
    assert {"config.yaml", "templates/**"} <= set(triggers["push"]["paths"])
    assert workflow["concurrency"]["cancel-in-progress"] is False


def test_same_names() -> None:
    """Both workflows tell a dry run by the same title, which report/action.yml knows."""
    names = {load(name)["run-name"] for name in CALLERS}
    assert names == {"${{ inputs.dry-run && 'Dry run' || 'Update' }}"}
    assert '"Dry run"' in TELL["run"]
    inputs = [load(name)[True]["workflow_dispatch"]["inputs"] for name in CALLERS]
    assert inputs[0] == inputs[1]
    assert set(inputs[0]) == set(ACTION["inputs"])


@pytest.mark.parametrize("name", CALLERS)
def test_calls(name: str) -> None:
    """Each job gives its action the inputs that it has, and time to fail before the job ends."""
    update, report = jobs(name)["update"], jobs(name)["report"]
    checkout, action = update["steps"]
    assert checkout["with"] == {"ref": "${{ github.ref }}", "persist-credentials": False}
    assert action["with"] == {key: f"${{{{ inputs.{key} }}}}" for key in ACTION["inputs"]}
    assert action["timeout-minutes"] == 45
    assert update["timeout-minutes"] > 45
    assert report["steps"][-1]["with"] == {"result": "${{ needs.update.result }}"}
    assert set(REPORT["inputs"]) == {"result"}
    condition = "!cancelled() && needs.update.result != 'cancelled' && !inputs.dry-run"
    assert report["if"] == f"${{{{ {condition} }}}}"


@pytest.mark.parametrize("name", CALLERS)
def test_least_privilege(name: str) -> None:
    """A job may do what it is for and no more, and none runs without an end."""
    assert load(name)["permissions"] == {}
    wanted = {
        "update": {"contents": "write"},
        "report": {"actions": "read", "issues": "write"},
    }
    if name == OURS:
        wanted["report"]["contents"] = "read"
        wanted["publish"] = {"contents": "read", "pages": "write", "id-token": "write"}
    assert {key: job["permissions"] for key, job in jobs(name).items()} == wanted
    assert [key for key, job in jobs(name).items() if "timeout-minutes" not in job] == []


def test_publish() -> None:
    """Pages go out where it is wanted, after a good update or one that is short, from the tip."""
    job = jobs(OURS)["publish"]
    condition = " ".join(job["if"].split())
    assert "!cancelled() && vars.PAGES == 'true' && !inputs.dry-run &&" in condition
    ends = re.findall(r"outputs\.status == '(\d)'", condition)
    assert ends == ["0", "3"]
    update = jobs(OURS)["update"]
    assert update["outputs"] == {"status": "${{ steps.update.outputs.status }}"}
    assert update["steps"][-1]["id"] == "update"
    checkout, pack, _deploy = job["steps"]
    assert checkout["with"]["ref"] == "${{ github.ref }}"
    assert pack["with"] == {"path": "articles/"}


YAMLS = ["action.yml", "report/action.yml", OURS, THEIRS, ".github/workflows/test.yml"]


def test_pins() -> None:
    """Every action of others is pinned by its commit, the same one everywhere."""
    used = [pair for name in YAMLS for pair in uses(name).items()]
    others = {(name, pin) for name, pin in used if not name.startswith((".", "OWNER/"))}
    assert len(others) == len({name for name, _ in others})
    form = re.compile(r"@[0-9a-f]{40} # v\d+\.\d+\.\d+")
    assert [pair for pair in others if not form.fullmatch(pair[1])] == []
    assert {"./", "./report"} <= set(uses(OURS))
    assert {"OWNER/REPO", "OWNER/REPO/report"} <= set(uses(THEIRS))


def test_no_pasting() -> None:
    """No text from outside is pasted into a shell line; packages come by their hashes."""
    called = [job for name in CALLERS for job in jobs(name).values()]
    assert [step for job in called for step in job["steps"] if "run" in step] == []
    assert [step for step in STEPS if "${{" in step.get("run", "")] == []
    assert all(step["shell"] == "bash" for step in STEPS if "run" in step)
    assert "--only-binary=:all: --require-hashes" in INSTALL["run"]
    assert '"$GITHUB_ACTION_PATH/.github/requirements.txt"' in INSTALL["run"]


def test_make_check_sees_all() -> None:
    """`make check` reads every workflow, action and dependabot.yml that there is."""
    makefile = (PROJECT / "Makefile").read_text("utf-8")
    makefile = makefile.replace("\\\n", "")
    listed = re.findall(r"^(?:ACTIONS|WORKFLOWS|DEPENDABOT) = (.+)$", makefile, re.MULTILINE)
    names = " ".join(listed).split()
    found = [*PROJECT.glob("action.yml"), *PROJECT.glob("report/action.yml")]
    for folder in (PROJECT, PROJECT / "starter"):
        found += [*folder.glob(".github/dependabot.yml"), *folder.glob(".github/workflows/*.yml")]
    assert sorted(names) == sorted(path.relative_to(PROJECT).as_posix() for path in found)


def test_archive(place: Place) -> None:
    """Who uses the action downloads no list of ours, but the tests, which `make demo` needs."""
    work = place.root / "work"
    for name in ("articles/data/2025-11.jsonl", "starter/articles/page.md", "tests/data/a.atom"):
        (work / name).parent.mkdir(parents=True)
        (work / name).touch()
    shutil.copy(PROJECT / ".gitattributes", work)
    place.git("init", "--quiet", "--template=", at=work)
    place.git("add", ".", at=work)
    place.git("commit", "--quiet", "--message", "All", at=work)
    place.git("archive", "--format=zip", "--output=all.zip", "HEAD", at=work)
    shutil.unpack_archive(work / "all.zip", work / "all")
    kept = [path.relative_to(work / "all") for path in (work / "all").rglob("*") if path.is_file()]
    names = [".gitattributes", "starter/articles/page.md", "tests/data/a.atom"]
    assert sorted(path.as_posix() for path in kept) == names


def test_requirements() -> None:
    """The pinned packages are those that pyproject.toml asks for, with hashes, from no address."""
    text = (PROJECT / ".github/requirements.txt").read_text("utf-8")
    assert "://" not in text
    assert "--index" not in text.partition("\n")[2].replace("--no-emit-index-url", "")
    pattern = r"^([\w.-]+)==([\w.]+)(.*)\n((?:    .*\n)+)"
    blocks = re.findall(pattern, text, re.MULTILINE)
    assert [name for name, _, _, hashes in blocks if "--hash=sha256:" not in hashes] == []
    assert len(blocks) == len(re.findall(r"^\w", text, re.MULTILINE))
    pinned = {name: version for name, version, _, _ in blocks}
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["project"]
    needs = [Requirement(line) for line in project["dependencies"]]
    assert [need.name for need in needs if need.name not in pinned] == []
    wrong = [need.name for need in needs if not need.specifier.contains(pinned[need.name])]
    assert wrong == []
