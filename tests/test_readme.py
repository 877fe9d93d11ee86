"""What stands in this list by hand: tables, ids, links, the attacks at a glance.

Every chapter of README.md is optional but "Latest papers". What a fork has dropped is not tested.
"""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import yaml

from tests.markdown import PROJECT, broken_tables, cells, chapter, missing_links, slug, tables

README = (PROJECT / "README.md").read_text("utf-8")
CONFIG = yaml.safe_load((PROJECT / "config.yaml").read_text("utf-8"))
BY_HAND = re.sub(r"(?<=_START -->\n)[^\0]*?(?=<!-- \w+_END -->)", "", README)
CHAPTERS = re.findall(r"^## (.+)", README, re.MULTILINE)
OPTIONAL = (
    "Contents",
    "Key safety domains",
    "Attacks at a glance",
    "Key papers by domain",
    "Search and feeds",
    "Large reasoning models",
    "Data sets and benchmarks",
    "Surveys",
    "Tools",
    "Motivation",
    "Run it yourself",
    "Contributing",
    "FAQ",
    "References",
    "Acknowledgements",
    "Licence",
)
# Since 2015 a month's papers have five digits, from April 2007 they had four; before, a prefix.
ABSTRACT_PAGE = re.compile(
    r"""abs/(
        (1[5-9]|[2-9]\d) (0[1-9]|1[0-2]) \. \d{5}
        | (0[7-9]|1[0-4]) (0[1-9]|1[0-2]) \. \d{4}
        | [a-z-]+ (\.[A-Z]{2})? / \d{7}
    )""",
    re.VERBOSE,
)
DROPPED = {name for name in OPTIONAL if not re.search(rf"^##+ {name}$", README, re.MULTILINE)}


def part(heading: str) -> str:
    """Return what stands under a heading; where it was dropped, skip the test."""
    text = chapter(BY_HAND, heading)
    if not text:
        pytest.skip(f"{heading.lstrip('# ')} was dropped")
    return text


# ------------------------------------------------------------------------- links and tables


def test_links() -> None:
    """Every relative link leads to a file, every anchor to a heading that was not dropped."""
    dropped = {f"#{slug(name)}" for name in DROPPED}
    assert [link for link in missing_links(PROJECT / "README.md") if link not in dropped] == []


def test_contents() -> None:
    """The contents name every other chapter, in order."""
    listed = re.findall(r"^- \[(.+)\]\(#", part("## Contents"), re.MULTILINE)
    kept = [name for name in listed if name not in DROPPED]
    assert kept == [name for name in CHAPTERS if name != "Contents"]


def test_tables() -> None:
    """Every line of a table has the cells of its head."""
    assert broken_tables(README) == []


def test_markers() -> None:
    """The markers stand in pairs, alone on their lines; the pair of the domains may be missing."""
    found = re.findall(r"^<!-- (\w+_(?:START|END)) -->$", README, re.MULTILINE)
    domains = r"( (SAFETY_)?DOMAINS_START (SAFETY_)?DOMAINS_END)?"
    assert re.fullmatch(rf"LATEST_PAPERS_START LATEST_PAPERS_END{domains}", " ".join(found))


def test_comments() -> None:
    """Comments are markers, or tell awesome-lint what to leave out."""
    comments = re.findall(r"^<!-- ?(.*?) ?-->", README, re.MULTILINE)
    known = re.compile(r"\w+_(START|END)|lint (en|dis)able( [a-z-]+)*")
    assert [text for text in comments if not known.fullmatch(text)] == []


def test_nothing_is_left_open() -> None:
    """Nothing is promised, and no figure waits to be measured."""
    found = re.findall(r"coming soon|\bTODO\b|\bTBD\b|lorem ipsum|@@\w*", BY_HAND, re.IGNORECASE)
    assert found == []


def test_arxiv_links() -> None:
    """In a table an arXiv id is well formed, linked by its abstract page, and there once."""
    for lines in tables(BY_HAND):
        ids = re.findall(r"arxiv\.org/(.*?)\)", "\n".join(lines))
        assert [i for i in ids if not ABSTRACT_PAGE.fullmatch(i)] == []
        assert [i for i, count in Counter(ids).items() if count > 1] == []


def test_ids_as_text() -> None:
    """A link whose text is an id leads to the paper with that id."""
    pattern = r"\[(?:arXiv:)?(\d{4}\.\d+)\]\(https://arxiv\.org/abs/(.*?)\)"
    assert [pair for pair in re.findall(pattern, BY_HAND) if pair[0] != pair[1]] == []


def test_counts() -> None:
    """A fold that says how many entries it has, such as "Closed: 18 models", has that many."""
    pattern = r"<summary>.*</\w+>: (\d+) [\w ]+</summary>\n\n((?:\|.*\n)+)"
    for count, table in re.findall(pattern, BY_HAND):
        assert table.count("\n") - 2 == int(count), table.partition("\n")[2][:100]


# ------------------------------------------------------------------------------- key papers


def key_papers() -> dict[str, list[list[str]]]:
    """Return the rows of key papers by domain."""
    text = part("### Key papers by domain")
    folds = re.findall(r"<summary><h4>(.+?)</h4>.*\n\n((?:\|.*\n)+)", text)
    return {name: [cells(line) for line in table.split("\n")[2:-1]] for name, table in folds}


def test_key_papers() -> None:
    """Each fold is named like a domain, in the order of config.yaml, its newest paper first."""
    folds = key_papers()
    assert list(folds) == [name for name in CONFIG.get("domains") or {} if name in folds]
    for name, rows in folds.items():
        dates = [date for date, _, _ in rows]
        assert dates == sorted(dates, reverse=True), name


def test_key_papers_once() -> None:
    """A key paper stands in one domain only."""
    papers = [paper for rows in key_papers().values() for _, paper, _ in rows]
    assert [paper for paper, count in Counter(papers).items() if count > 1] == []


def test_lines_of_key_papers() -> None:
    """The line on why to read a paper has 5 to 15 words, as CONTRIBUTING.md asks."""
    lines = [line for rows in key_papers().values() for _, _, line in rows]
    assert [line for line in lines if not 5 <= len(line.split()) <= 15] == []


# -------------------------------------------------------------------------------- attacks


def test_attacks_are_drawn() -> None:
    """The mindmap shows the words of the list, in the same order and nested alike."""
    text = part("### Attacks at a glance")
    listed = re.findall(r"^( *)- ([^:\n]+)", text, re.MULTILINE)
    _, _, drawing = text.partition("```mermaid\nmindmap\n  root((Attacks))\n")
    drawn = re.findall(r"^    ( *)(.+)", drawing.partition("```")[0], re.MULTILINE)
    assert listed
    assert listed == drawn


def test_attacks_lead_to_domains() -> None:
    """Every leaf of the list leads to a domain of config.yaml, under its name; branches don't."""
    items = re.findall(r"^( *)- [^:\n]+(.*)", part("### Attacks at a glance"), re.MULTILINE)
    depths = [len(indent) for indent, _ in items]
    for (indent, rest), following in zip(items, [*depths[1:], 0], strict=True):
        link = re.fullmatch(r": \[(.+)\]\(articles/domain-[\w-]+\.md\)", rest)
        assert bool(link) == (following <= len(indent)), rest
        assert link is None or link[1] in CONFIG["domains"]


# ------------------------------------------------------------------------------ references


def test_citation() -> None:
    """The survey that frames the list is cited in full: authors, year, title and id."""
    text = part("## References")
    found = re.search(r"^(.+) \((\d{4})\)\. \*(.+)\*\. \[arXiv:2502\.05206\]", text, re.MULTILINE)
    assert found or "2502.05206" not in text
    if found:
        authors, year, title = found.groups()
        assert authors.startswith("Xingjun Ma, Yifeng Gao, ")
        assert len(authors.split(", ")) == 47
        assert (year, title.partition(":")[0]) == ("2025", "Safety at Scale")


def test_acknowledgement() -> None:
    """ArXiv is thanked in the words that it asks for."""
    thanks = "Thank you to arXiv for use of its open access interoperability."
    assert thanks in part("## Acknowledgements")


# ----------------------------------------------------------------------------------- forks


def copy_project(root: Path) -> None:
    """Copy what the tests of the texts read."""
    for name in (".github", "articles", "templates", "tests"):
        shutil.copytree(PROJECT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in (
        "CONTRIBUTING.md",
        "LICENSE",
        "Makefile",
        "UPDATER.md",
        "config.yaml",
        "pyproject.toml",
    ):
        shutil.copy(PROJECT / name, root)
    shutil.copy(PROJECT / "update_papers.py", root)


@pytest.mark.parametrize(
    "level",
    [
        pytest.param(r"##", id="chapters"),
        pytest.param(r"###", id="parts of chapters"),
    ],
)
def test_fork(level: str, tmp_path: Path) -> None:
    """A fork that drops whatever is optional has no red test of its texts."""
    copy_project(tmp_path)
    names = "|".join(OPTIONAL)
    pattern = rf"^{level} (?:{names})\n[^\0]*?(?=^#{{1,{len(level)}}} |\Z)"
    text, count = re.subn(pattern, "", README, flags=re.MULTILINE)
    if not count:
        pytest.skip("all of it was dropped already")
    (tmp_path / "README.md").write_text(text, "utf-8")
    tests = ["tests/test_readme.py", "tests/test_docs.py"]
    options = ["--override-ini=addopts=", "-p", "no:cacheprovider", "-k", "not fork", "--tb=line"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *tests],
        cwd=tmp_path,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
