"""The index saves work and decides nothing: whatever happened, a run leaves what --rebuild makes of the same store."""

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import update_papers
from tests.helpers import feed, make_list, paper, run, tree
from update_papers import GENERATED, INDEX

MONTHS = ["9901", "2401", "2402", "2403", "2404", "2405"]
TOPICS = ["attack", "backup", "coffee"]  # of one length, and the only words that domains look for
DOMAINS = {topic.title(): {"about": topic, "terms": [topic]} for topic in TOPICS}
KNOWN = "{{ title }} {{ index.months | list }} {{ index.count() }} {{ index.latest }} {{ lists }}\n"
LINES = "{% for row in rows %}{{ row }}\n{% endfor %}"
TEMPLATES = {  # they show all that templates can show, and are quickly read
    "month": "{{ generated }}\n{{ name }} {{ names }} {{ around }}\n" + LINES,
    "domain": "{{ generated }}\n{{ domain }} " + KNOWN,
    "archive": "{{ generated }}\n" + KNOWN,
    "feed.xml": KNOWN,
    "latest": KNOWN + "{{ lists[''][:config.latest] }}\n",
    "domains": KNOWN,
}
Facts = dict[str, Any]
Edit = tuple[Any, ...]


def about(topics: str, number: int = 1, month: str = "2405", version: int = 1) -> Facts:
    """Return the facts of a paper on these topics."""
    facts = paper(number, month, title=f"A {topics} model", version=version, authors=["Ann"])
    if month == "9901":
        facts |= {"id": f"cs/{month}{number:03}"} | dict.fromkeys(("published", "updated"), "1999-01-03T10:00:00Z")
    return facts


@contextmanager
def small_list(*papers: Facts) -> Iterator[Path]:
    """Make a list whose pages show so few papers that their limits matter, and fill it."""
    limits = {"LISTED": 2, "PAGE_ROWS": 2}
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        for name, limit in limits.items():
            patch.setattr(update_papers, name, limit)
        root = make_list(Path(folder) / "list", config={"latest": 2, "domains": DOMAINS})
        for name, text in TEMPLATES.items():
            (root / f"templates/{name}{'' if '.' in name else '.md'}.j2").write_text(text, "utf-8")
        receive(root, papers)
        yield root


def receive(root: Path, papers: Sequence[Facts]) -> None:
    """Run with an answer that has these papers, or without any answer."""
    saved = root.parent / "saved.atom"
    saved.write_bytes(feed(papers))
    assert run(root, *(["--feed", saved] if papers else ["--offline"])) == 0


def rebuilt(root: Path) -> dict[str, bytes]:
    """Return what --rebuild makes of a copy that has lost its index and all generated pages."""
    copy = shutil.copytree(root, root.parent / "copy")
    for path in [*copy.glob("articles/*.*"), copy / INDEX]:
        path.unlink()
    assert run(copy, "--rebuild") == 0
    files = tree(copy)
    shutil.rmtree(copy)
    return files


def change(root: Path, edit: Edit) -> None:
    """Do to the files what people do."""
    match edit:
        case "config", key, value:
            path = root / "config.yaml"
            path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text("utf-8")) | {key: value}), "utf-8")
        case "add", name:
            (root / name).write_text(f"{GENERATED}\nold", "utf-8")
        case "remove", pattern, number:
            if found := sorted(root.glob(pattern)):
                found[number % len(found)].unlink()
        case "edit", pattern, number, old, new:
            if found := sorted(root.glob(pattern)):
                path = found[number % len(found)]
                path.write_text(path.read_text("utf-8").replace(old, new, 1), "utf-8")
        case _:
            raise AssertionError(edit)


STORE, PAGE = "articles/data/*.jsonl", "articles/*.*"
OLD = [f"articles/{name}.md" for name in ("1999-01", "2024-01-2", "2031-01", "domain-old")]
IDS = [about("", number, month)["id"] for month in MONTHS for number in (1, 2, 3)]
TOPIC, NUMBER, NAME = st.sampled_from(TOPICS), st.integers(0, 20), st.sampled_from([*DOMAINS, "Other", "Another"])
SUBJECT = st.lists(TOPIC, max_size=2).map(" ".join)
PAPER = st.builds(about, SUBJECT, st.integers(1, 4), st.sampled_from(MONTHS), st.sampled_from([1, 1, 1, 2, 3]))
EDIT = st.one_of(
    st.tuples(st.just("config"), st.just("latest"), st.integers(1, 4)),
    st.tuples(st.just("config"), st.just("exclude"), st.lists(st.sampled_from(IDS), max_size=3)),
    st.tuples(st.just("config"), st.just("domains"), st.dictionaries(NAME, st.sampled_from([*DOMAINS.values()]))),
    st.tuples(st.just("add"), st.sampled_from(OLD)),
    st.tuples(st.just("remove"), st.sampled_from([STORE, PAGE, INDEX]), NUMBER),
    st.tuples(st.just("edit"), st.just(STORE), NUMBER, TOPIC, TOPIC),
    st.tuples(st.just("edit"), st.sampled_from([PAGE, "templates/[_a-m]*.j2"]), NUMBER, st.just("\n"), st.just("x\n")),
    st.tuples(st.just("edit"), st.just("README.md"), NUMBER, st.sampled_from(["# A", "24", "\n"]), st.just("# Z\n")),
)
STEP = st.tuples(st.lists(EDIT, max_size=2), st.lists(PAPER, max_size=4))


@settings(max_examples=6)
@given(papers=st.lists(PAPER, min_size=4, max_size=12), steps=st.lists(STEP, min_size=1, max_size=4))
def test_as_rebuilt(papers: list[Facts], steps: list[tuple[list[Edit], list[Facts]]]) -> None:
    """After each run of any sequence of runs and edits the list is what --rebuild makes of its store."""
    with small_list(*papers) as root:
        for edits, received in steps:
            for edit in edits:
                change(root, edit)
            receive(root, received)
            assert tree(root) == rebuilt(root)


def test_domain_that_loses_a_paper(capsys: pytest.CaptureFixture[str]) -> None:
    """A paper that leaves its domain makes room for the next, not for an older one that joined in the same run."""
    second, middle, old = about("attack", 2), about("attack", 1, "2403"), about("", 1, "2401")
    with small_list(about("attack", 1), second, middle, old) as root:
        receive(root, [about("", 1, version=2), about("attack", 1, "2401", version=2)])
        page = (root / "articles/domain-attack.md").read_text("utf-8")
        assert [facts["id"] in page for facts in (second, middle, old)] == [True, True, False]
        assert tree(root) == rebuilt(root)
        change(root, ("edit", "articles/data/2024-05.jsonl", 0, "attack", "coffee"))
        capsys.readouterr()
        assert run(root, "--offline", "--dry-run") == 0
        said = capsys.readouterr().out
        assert f" {len(re.findall('^--- a/', said, re.MULTILINE))} files would change" in said
        receive(root, [])
        assert tree(root) == rebuilt(root)


def test_only_what_changed(capsys: pytest.CaptureFixture[str]) -> None:
    """Papers of the newest month change its files and the fixed pages; nothing new changes nothing."""
    papers = [about("attack", number, month) for month in MONTHS for number in (1, 2, 3)]
    with small_list(*papers) as root:
        before = tree(root)
        receive(root, papers)
        assert tree(root) == before
        assert capsys.readouterr().out.endswith("\n0 new, 0 revised, 18 in all; 0 files written\n")
        receive(root, [*papers, about("attack", 4)])
        changed = {name for name, text in tree(root).items() if before.get(name) != text}
        dated = {name for name in changed if re.search(r"\d{4}-\d\d", name)}
        assert {name for name in dated if "2024-05" not in name} == set()
        assert dated == {"articles/2024-05-2.md", "articles/data/2024-05.jsonl"}  # the first page is full
        fixed = {"README.md", "articles/README.md", "articles/feed.xml", "articles/domain-attack.md", INDEX}
        assert fixed <= changed - dated <= fixed | {"articles/domain-backup.md", "articles/domain-coffee.md"}


def test_rebuild_keeps_all(capsys: pytest.CaptureFixture[str]) -> None:
    """--rebuild asks nobody and drops no paper, whatever the config says now."""
    with small_list(about("attack"), about("backup", 1, "9901")) as root:
        change(root, ("config", "keywords", ["nothing"]))
        change(root, ("config", "since", "2025-01-01"))
        before = {path.name: path.read_bytes() for path in root.glob("articles/data/*.jsonl")}
        assert run(root, "--rebuild") == 0
        assert {path.name: path.read_bytes() for path in root.glob("articles/data/*.jsonl")} == before
        assert " 2 in all; " in capsys.readouterr().out
        assert run(root, "--check") == 0


def test_store_that_was_put_back() -> None:
    """A store file that lost a paper, with the time of an old copy, is noticed as soon as that paper is to be shown."""
    with small_list(about("attack", 1, "2403"), about("backup", 1, "2404")) as root:
        copy = (root / "articles/data/2024-03.jsonl").read_bytes()
        receive(root, [about("attack", 2, "2403")])
        (root / "articles/data/2024-03.jsonl").write_bytes(copy)
        os.utime(root / "articles/data/2024-03.jsonl", (1_600_000_000, 1_600_000_000))
        receive(root, [about("coffee", 2, "2404")])
        assert tree(root) == rebuilt(root)
