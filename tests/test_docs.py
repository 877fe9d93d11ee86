"""The words around the code: what README.md, CONTRIBUTING.md and the forms say is there, and works as they say."""

import ast
import re
import shutil
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import cmarkgfm
import pytest
import yaml
from cmarkgfm.cmark import Options
from lxml import html

from tests.helpers import Server, paper, run, tree
from update_papers import UpdaterError, main, parse_config

PROJECT = Path(__file__).parent.parent
README, CONTRIBUTING, MAKEFILE, CONFIG = (
    (PROJECT / name).read_text("utf-8") for name in ("README.md", "CONTRIBUTING.md", "Makefile", "config.yaml")
)
BLOCK = re.compile(r"(?<=_START -->\n)[^\0]*?(?=<!-- \w+_END -->)")
BY_HAND = BLOCK.sub("", README)
RENDER: Callable[[str, int], str] = cmarkgfm.github_flavored_markdown_to_html
FORMS = sorted((PROJECT / ".github/ISSUE_TEMPLATE").glob("*.yml"))


def read(markdown: str) -> html.HtmlElement:
    """Return a page as GitHub reads it."""
    return html.fromstring(f"<div>{RENDER(markdown, Options.CMARK_OPT_UNSAFE)}</div>")


def known_keys(text: str) -> list[str]:
    """Return the keys that the updater knows, which it tells whoever writes another one."""
    with pytest.raises(UpdaterError, match="unknown key; known are") as raised:
        parse_config("keywords: [x]\nsince: 2024-09-12\n" + text)
    return str(raised.value).rpartition("known are ")[2].split(", ")


# ---------------------------------------------------------------- what can be said and set


def test_flags(capsys: pytest.CaptureFixture[str]) -> None:
    """Every flag of the command line is in the README, and no other."""
    with pytest.raises(SystemExit):
        main(["--help"])
    known = set(re.findall(r"^  (--?[a-z-]+)", capsys.readouterr().out, re.MULTILINE)) - {"-h"}
    assert len(known) > 10
    assert set(re.findall(r"^\| `(--?[a-z-]+)", README, re.MULTILINE)) == known


def test_exit_codes() -> None:
    """Every exit code is in the README."""
    assert re.findall(r"^\| (\d) \| ", README, re.MULTILINE) == ["0", "1", "2", "3"]


def test_keys() -> None:
    """Every key of the config stands in the shipped one, behind or below a comment that explains it."""
    keys = known_keys("xyzzy: 1\n")
    assert [key for key in keys if not re.search(rf"^{key}:", CONFIG, re.MULTILINE)] == []
    assert [
        key for key in known_keys("arxiv: {xyzzy: 1}\n") if not re.search(rf"^  {key}:", CONFIG, re.MULTILINE)
    ] == []
    blocks = re.split(r"^(?=\w)", CONFIG, flags=re.MULTILINE)
    commented = [
        after.partition(":")[0] for before, after in pairwise(blocks) if re.search(r"^# .+\n\Z", before, re.MULTILINE)
    ]
    assert {"keywords", "since", "latest", "lookback_days", "stale_after_days", "domains", "arxiv"} <= set(commented)


def test_markers() -> None:
    """Both pairs of markers stand in the README, once each and alone on their lines."""
    marks = [f"<!-- {name}_{end} -->" for name in ("LATEST_PAPERS", "SAFETY_DOMAINS") for end in ("START", "END")]
    assert re.findall(r"^<!-- \w+_(?:START|END) -->$", README, re.MULTILINE) == marks


@pytest.mark.parametrize("text", [README, CONTRIBUTING], ids=["README", "CONTRIBUTING"])
def test_make_targets(text: str) -> None:
    """What the reader is told to make can be made."""
    targets = set(re.findall(r"(?:^|`)make ([a-z]+)", text, re.MULTILINE))
    assert "test" in targets
    assert targets <= set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE))


# ---------------------------------------------------------------- links and tables


def slugs(page: html.HtmlElement) -> set[str]:
    """Return the anchors that GitHub gives the headings of a page, and the one of the README itself."""
    counts = Counter[str]()
    found = {"readme"}
    for heading in page.xpath(".//h1|.//h2|.//h3|.//h4"):
        slug = re.sub(r"[^\w\- ]", "", str(heading.text_content()).strip().lower()).replace(" ", "-")
        found.add(f"{slug}-{counts[slug]}" if counts[slug] else slug)
        counts[slug] += 1
    return found


def missing_links(root: Path, name: str) -> list[str]:
    """Return the links of a page that lead nowhere; those above the repository are pages of GitHub's."""
    page, folder = read((root / name).read_text("utf-8")), (root / name).parent
    links = [str(link) for link in page.xpath(".//a/@href|.//img/@src") if not re.match("https?:|mailto:", str(link))]
    missing = []
    for link in links:
        path, _, anchor = unquote(link).partition("#")
        if found := re.match(r"\.\./\.\./(actions/workflows/[\w-]+\.yml|issues/new/choose)", path):
            target = (
                PROJECT / ".github" / found[1].replace("actions/", "").replace("issues/new/choose", "ISSUE_TEMPLATE")
            )
        else:
            target = folder / path if path else root / name
        if not target.exists() or (anchor and anchor not in slugs(read(target.read_text("utf-8")))):
            missing.append(link)
    return missing


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "articles/README.md"])
def test_links(name: str) -> None:
    """Every relative link leads to a file, every anchor to a heading."""
    assert missing_links(PROJECT, name) == []


def test_contents() -> None:
    """The contents name every chapter that follows, in order."""
    before, _, after = README.partition("\n## Contents\n")
    listed = re.findall(r"^- \[(.+)\]\(#", after.partition("\n## ")[0], re.MULTILINE)
    assert listed == re.findall(r"^## (.+)", before + after, re.MULTILINE)


def tables(text: str) -> list[list[str]]:
    """Return the lines of each table."""
    return [block.rstrip("\n").split("\n") for block in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)]


@pytest.mark.parametrize("text", [README, CONTRIBUTING], ids=["README", "CONTRIBUTING"])
def test_tables(text: str) -> None:
    """Every line of a table has the cells of its head: GitHub itself drops and adds cells without a word."""
    for lines in tables(text):
        counts = {re.sub(r"\\.", "", line).count("|") for line in lines}
        assert len(counts) == 1, lines[0]
        assert re.fullmatch(r"(\| :?-+:? )+\|", lines[1])


def test_arxiv_links() -> None:
    """An arXiv id in a table by hand is well formed, is linked by its own abstract page, and stands once."""
    seen = 0
    for lines in tables(BY_HAND):
        ids = re.findall(r"arxiv\.org/(.*?)\)", "\n".join(lines))
        assert [i for i in ids if not re.fullmatch(r"abs/\d{2}(0[1-9]|1[0-2])\.\d{5}", i)] == []
        assert [i for i, count in Counter(ids).items() if count > 1] == []
        texts = re.findall(r"\[(\d{4}\.\d+)\]\(https://arxiv\.org/abs/(.*?)\)", "\n".join(lines))
        assert [pair for pair in texts if pair[0] != pair[1]] == []
        seen += len(ids)
    assert seen or "arxiv.org/abs/" not in BY_HAND


def test_no_placeholders() -> None:
    """Nothing is promised and nothing is left open; comments are markers or for awesome-lint."""
    assert not re.findall(r"coming soon|\bTODO\b|\bTBD\b|lorem ipsum", README + CONTRIBUTING, re.IGNORECASE)
    comments = re.findall(r"<!-- ?(.*?) ?-->", README)
    assert [
        text for text in comments if not re.fullmatch(r"\w+_(START|END)|lint (en|dis)able( [a-z-]+)*|…_\w+|…", text)
    ] == []


def test_acknowledgement() -> None:
    """ArXiv is thanked in the words that it asks for."""
    assert "Thank you to arXiv for use of its open access interoperability." in README


# ---------------------------------------------------------------- the script's own rule


def test_size_of_the_script() -> None:
    """The script has no more lines than CONTRIBUTING.md says, and nor has any of its functions."""
    text = (PROJECT / "update_papers.py").read_text("utf-8")
    found = re.search(r"it is over that, with ([\d,]+): .+, no function over (\d+)", CONTRIBUTING)
    assert found
    assert text.count("\n") <= int(found[1].replace(",", ""))
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
    spans = {node.name: (node.end_lineno or 0) - node.lineno + 1 for node in functions}
    assert {name: span for name, span in spans.items() if span > int(found[2])} == {}


# ---------------------------------------------------------------- forms


@pytest.mark.parametrize("path", FORMS, ids=[path.stem for path in FORMS])
def test_issue_form(path: Path) -> None:
    """GitHub can show the form: names, unique ids, options, and something that must be filled in."""
    form: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    if path.stem == "config":
        assert {"name", "url", "about"} == set(form["contact_links"][0])
        return
    assert form["name"]
    assert form["description"]
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    assert {field["type"] for field in fields} <= {"input", "textarea", "dropdown", "checkboxes"}
    assert all(re.fullmatch(r"[\w-]+", field["id"]) and field["attributes"]["label"] for field in fields)
    assert (
        len({field["id"] for field in fields}) == len({field["attributes"]["label"] for field in fields}) == len(fields)
    )
    assert all(len(set(field["attributes"]["options"])) > 1 for field in fields if field["type"] == "dropdown")
    assert any(field.get("validations", {}).get("required") for field in fields)


# ---------------------------------------------------------------- "Make it your own"

STEPS = re.findall(r"^\d\. (.+)", README.partition("\n## Make it your own\n")[2].partition("\n## ")[0], re.MULTILINE)
LISTS = {  # what step 1 calls a hand-written list, and its heading
    "key papers": "### Key papers by domain",
    "models": "## Large reasoning models",
    "data sets": "## Datasets and benchmarks",
    "surveys": "## Surveys",
    "tools": "## Tools",
    "motivation": "## Motivation",
    "references": "## References",
}
OTHER = {
    "keywords": {"model": ["protein language model", "ti:ESM"], "task": ["fold", "structure"]},
    "exclude_keywords": ["ti:survey"],
    "domains": {"Structure": {"about": "How proteins fold.", "terms": ["structure", "fold"]}},
    "since": "2025-01-01",
    "include": [],
    "exclude": [],
}


def follow_the_steps(root: Path, url: str) -> None:
    """Do in `root` what the first three steps say, for protein language models."""
    shutil.rmtree(root / "articles")
    text = README
    for name, heading in LISTS.items():
        assert name in STEPS[0]
        text, count = re.subn(rf"^{heading}\n[^\0]*?(?=^##? )", "", text, flags=re.MULTILINE)
        assert count == 1, heading
        text = re.sub(rf"^- \[{heading.lstrip('# ')}\]\(#.*\n", "", text, flags=re.MULTILINE)
    _title, _sentence, rest = text.split("\n\n", 2)
    text = f"# Protein Language Models\n\nModels that read proteins.\n\n{rest}"
    (root / "README.md").write_text(text, "utf-8")
    config = yaml.safe_load(CONFIG)
    assert [key for key in re.findall(r"`(\w+)`", STEPS[1]) if key not in config] == []
    config["arxiv"] |= {"url": url, "delay_seconds": "0"}
    (root / "config.yaml").write_text(yaml.safe_dump(config | OTHER, allow_unicode=True), "utf-8")


@pytest.mark.skipif(not README.startswith("# Awesome Large Reasoning"), reason="the steps have been followed already")
def test_make_it_your_own(tmp_path: Path) -> None:
    """Five steps make a list on another subject, in which nothing generated tells of this one."""
    assert len(STEPS) == 5
    for name in ("templates", "articles"):
        shutil.copytree(PROJECT / name, tmp_path / name)
    text = "Protein language models and the structure of proteins"
    papers = [
        paper(n, title=f"{text}, {n}", summary=f"{text}.", published=f"2025-11-{n:02}T00:00:00Z") for n in range(1, 20)
    ]
    with Server(papers) as server:
        follow_the_steps(tmp_path, server.url)
        assert run(tmp_path) == 0
    before = tree(tmp_path)
    assert run(tmp_path, "--check") == 0
    readme = before["README.md"].decode()
    generated = "".join(BLOCK.findall(readme)) + "".join(
        body.decode() for name, body in before.items() if "articles/" in name
    )
    old = {str(domain.name) for domain in parse_config(CONFIG).domains} - set(OTHER["domains"])
    old |= set(re.findall(r"arxiv\.org/abs/([\d.]+)", README)) | {README[2:].partition("\n")[0]}
    assert [trace for trace in sorted(old) if trace in generated] == []
    assert sorted(path.name for path in tmp_path.glob("articles/*.md")) == [
        "2025-11.md",
        "README.md",
        "domain-structure.md",
    ]
    assert "| [Structure](articles/domain-structure.md) | How proteins fold. | 19 |" in readme
    for name in ("LICENSE", "CONTRIBUTING.md", "config.yaml"):
        if not (tmp_path / name).exists():
            shutil.copy(PROJECT / name, tmp_path)
    assert [name for name in ("README.md", "articles/README.md") if missing_links(tmp_path, name)] == []
