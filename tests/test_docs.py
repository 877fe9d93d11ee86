"""The words about the tool: UPDATER.md, CONTRIBUTING.md and the forms say what is there."""

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.markdown import PROJECT, broken_tables, cells, chapter, missing_links, tables
from update_papers import ArxivSettings, Config, main

README, UPDATER, CONTRIBUTING, MAKEFILE, CONFIG = (
    (PROJECT / name).read_text("utf-8")
    for name in ("README.md", "UPDATER.md", "CONTRIBUTING.md", "Makefile", "config.yaml")
)
RUN_IT = chapter(UPDATER, "## Run it yourself")
FORMS = sorted((PROJECT / ".github/ISSUE_TEMPLATE").glob("*.yml"))
TOLD = [PROJECT / name for name in ("README.md", "UPDATER.md", "CONTRIBUTING.md", "config.yaml")]


def first_column(head: str) -> list[str]:
    """Return the first cells of the table with that head, without backticks and arguments."""
    for lines in tables(RUN_IT):
        if cells(lines[0])[0] == head:
            return [cells(line)[0].strip("`").partition(" ")[0] for line in lines[2:]]
    return []


# --------------------------------------------------------------------- flags, codes and keys


@pytest.fixture(name="flags")
def fixture_flags(capsys: pytest.CaptureFixture[str]) -> set[str]:
    """Return the flags that the command line knows."""
    with pytest.raises(SystemExit):
        main(["--help"])
    known = re.findall(r"^  (--?[a-z-]+)", capsys.readouterr().out, re.MULTILINE)
    return set(known) - {"-h"}


def test_flags(flags: set[str]) -> None:
    """Every flag of the command line is in UPDATER.md, and no other."""
    assert len(flags) > 10
    assert set(first_column("Flag")) == flags


def test_ways_to_run(flags: set[str], capsys: pytest.CaptureFixture[str]) -> None:
    """UPDATER.md names the flags of which only one can be given."""
    _, _, rest = RUN_IT.partition("A date is written 2025-01-31.")
    named = re.findall(r"`(--[a-z-]+)`", rest.partition(" are ways to run")[0])
    assert {*named} < flags
    values = {"--since": "=2025-01-31", "--feed": "=x", "--explain": "=2511.00001"}
    given = [flag + values.get(flag, "") for flag in named]
    for pair in itertools.combinations(given, 2):
        with pytest.raises(SystemExit, match=r"^2$"):
            main(pair)
        assert "not allowed with" in capsys.readouterr().err


def test_exit_codes() -> None:
    """Every exit code is in UPDATER.md."""
    assert first_column("Code") == ["0", "1", "2", "3"]


def test_keys() -> None:
    """Every key stands in the shipped config.yaml, if only as a comment, and in UPDATER.md."""
    keys = {field.alias or name for name, field in Config.model_fields.items()}
    written = re.findall(r"^(?:# ?)?( *)(\w+):", CONFIG, re.MULTILINE)
    assert keys <= {key for indent, key in written if not indent}
    assert {*ArxivSettings.model_fields} <= {key for indent, key in written if indent}
    assert sorted(first_column("Key")) == sorted(keys)


# ---------------------------------------------------------------------------------- commands


def make_targets(text: str) -> set[str]:
    """Return what a text tells its reader to make."""
    return set(re.findall(r"(?:^|`)make ([a-z]+)", text, re.MULTILINE))


@pytest.mark.parametrize(
    "text", [README, UPDATER, CONTRIBUTING], ids=["README", "UPDATER", "CONTRIBUTING"]
)
def test_make_targets(text: str) -> None:
    """What the reader is told to make can be made."""
    assert make_targets(text) <= set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE))


def test_all_make_targets() -> None:
    """UPDATER.md tells of every target."""
    phony = re.search(r"^\.PHONY: (.+)", MAKEFILE, re.MULTILINE)
    assert phony
    assert make_targets(RUN_IT) == set(phony[1].split()) - {"help"}


@pytest.mark.parametrize("path", [*TOLD, *FORMS], ids=lambda path: str(path.name))
def test_commands(path: Path, flags: set[str]) -> None:
    """A command works where only `make demo` was run, and its flags exist."""
    text = path.read_text("utf-8")
    command = r"([^\s`\"']*)python update_papers\.py((?: --?[a-z-]+)*)"
    for folder, given in re.findall(command, text):
        assert folder in {".venv/bin/", ".venv\\Scripts\\"}
        assert set(given.split()) <= flags


def test_without_make() -> None:
    """Where make is missing, two lines make the environment that the commands use."""
    lines = re.search(r"```bat\n(py -m venv .+)\n(.+ -r (\S+))\n```", RUN_IT)
    assert lines
    assert (PROJECT / lines[3]).exists()


# ------------------------------------------------------------------------------ CONTRIBUTING


@pytest.mark.parametrize("name", ["UPDATER.md", "CONTRIBUTING.md", "articles/README.md"])
def test_links(name: str) -> None:
    """Every relative link leads to a file, every anchor to a heading."""
    assert missing_links(PROJECT / name) == []


def test_tables() -> None:
    """Every line of a table has the cells of its head."""
    assert broken_tables(UPDATER + CONTRIBUTING) == []


def test_entry() -> None:
    """The example of an entry has the form, and the length, that is asked for."""
    pattern = r"^- \[\d{4}\] \[.+\]\(https://.+\)\n  (.+)$"
    found = re.search(pattern, CONTRIBUTING, re.MULTILINE)
    assert found
    assert "5 to 15 words" in CONTRIBUTING
    assert 5 <= len(found[1].split()) <= 15


# ------------------------------------------------------------------------------------- forms


def fields(form: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Return the id and the rest of each field that is filled in."""
    for field in form["body"]:
        if field["type"] != "markdown":
            yield field["id"], field


@pytest.mark.parametrize("path", FORMS, ids=[path.stem for path in FORMS])
def test_issue_form(path: Path) -> None:
    """GitHub can show the form: names, unique ids, options, and something that is required."""
    form: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    if path.stem == "config":
        assert {"name", "url", "about"} == set(form["contact_links"][0])
        return
    assert form["name"]
    assert form["description"]
    found = dict(fields(form))
    labels = {field["attributes"]["label"] for field in found.values()}
    assert len(labels) == len(found) == len(list(fields(form)))
    assert any(field.get("validations", {}).get("required") for field in found.values())


@pytest.mark.parametrize("path", FORMS, ids=[path.stem for path in FORMS])
def test_fields(path: Path) -> None:
    """Each field is of a kind that GitHub knows, and a choice offers two things or more."""
    form: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    for name, field in fields({"body": form.get("body", [])}):
        assert re.fullmatch(r"[\w-]+", name)
        assert field["type"] in {"input", "textarea", "dropdown", "checkboxes"}
        if field["type"] == "dropdown":
            assert len(set(field["attributes"]["options"])) > 1
