"""Saved answers that are damaged at random: whatever comes, the list loses nothing and its tables stay whole."""

import os
import re
import shutil
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import cmarkgfm
import pytest

from tests.helpers import PROJECT, make_list, run, stored, tree

SAMPLE = PROJECT / "tests/data/answer.atom"
LATER = datetime(2025, 12, 1, tzinfo=UTC)
COUNT = int(os.environ.get("FUZZ", "60"))
WEIRD = [
    "|", "\\|", "`", "``|``", "$x$", "$|$", "\\", "\\verb|x|", "\\begin{tabular}", "^{|}", "~~~", "# ",
    "\n\n| a | b |\n", "</details>", "<table>", "<!-- LATEST_PAPERS_END -->", "{{ title }}", "{% endfor %}",
    "&amp;lt;", "[x](", "](y)", "![", "<https://x.example/|>", "www.x.example|y", "\u202e", "\u2028", "\x85",
    "\u200b|\u200b", "安全|安全", "9" * 500,
]  # fmt: skip
RENDER: Callable[[str], str] = cmarkgfm.github_flavored_markdown_to_html


def flip(data: bytes, random: Random) -> bytes:
    """Change some bytes, anywhere or in texts."""
    spots: Sequence[int] = range(len(data))
    signs = bytes(range(256))
    if random.random() < 0.5:
        spots = [spot for text in re.finditer(rb"(?<=>)[^<>]{9,}", data) for spot in range(*text.span())]
        signs = b"|`$\\*_[]{}~ \nx"
    damaged = bytearray(data)
    for _ in range(random.randint(1, 20)):
        damaged[random.choice(spots)] = random.choice(signs)
    return bytes(damaged)


def cut(data: bytes, random: Random) -> bytes:
    """Leave out a part, often the end."""
    begin = random.randrange(len(data))
    return data[:begin] + random.choice([b"", data[begin + random.randrange(2_000) :]])


def double(data: bytes, random: Random) -> bytes:
    """Double a part."""
    begin = random.randrange(len(data))
    end = begin + random.randrange(5_000)
    return data[:end] + data[begin:]


def shuffle(data: bytes, random: Random) -> bytes:
    """Shuffle the entries, double some and leave some out."""
    head, *entries = data.removesuffix(b"</feed>\n").split(b"<entry>")
    return b"<entry>".join([head, *random.choices(entries or [b""], k=len(entries))]) + b"</feed>\n"


def refill(data: bytes, random: Random, *texts: str) -> bytes:
    """Put other texts in some fields, attributes too."""
    fields = list(re.finditer(rb"(?<=>)[^<>]+(?=</)|(?<==\")[^\"]*(?=\")", data))
    for field in sorted(
        random.sample(fields, min(len(fields), random.randint(1, 30))), key=re.Match.start, reverse=True
    ):
        words = [
            random.choice(texts),
            *([field[0].decode(errors="replace")] * random.choice([0, 1]) if "" not in texts else []),
        ]
        text = "".join(random.sample(words, len(words))).replace("&", "&amp;").replace("<", "&lt;")
        data = data[: field.start()] + text.encode() + data[field.end() :]
    return data


def empty(data: bytes, random: Random) -> bytes:
    """Empty some fields."""
    return refill(data, random, "", " ", "\n")


def fill(data: bytes, random: Random) -> bytes:
    """Fill some fields with what means something elsewhere."""
    return refill(data, random, *WEIRD)


def remove(data: bytes, random: Random) -> bytes:
    """Remove some elements."""
    elements = list(re.finditer(rb"<([a-z:_]+)\b[^<>]*(?:/>|>[^<>]*</\1>)", data))
    for element in sorted(
        random.sample(elements, min(len(elements), random.randint(1, 30))), key=re.Match.start, reverse=True
    ):
        data = data[: element.start()] + data[element.end() :]
    return data


DAMAGES: list[Callable[[bytes, Random], bytes]] = [flip, cut, double, shuffle, empty, fill, remove]


@pytest.fixture(name="original", scope="module")
def fixture_original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A list that has the papers of the sample."""
    domains = {"Attacks": {"about": "Attacks.", "terms": ["attack"]}}
    root = make_list(tmp_path_factory.mktemp("original") / "list", config={"latest": 5, "domains": domains})
    assert run(root, "--feed", SAMPLE, now=LATER) == 0
    return root


def check_tables(page: str) -> int:
    """Check that cmark-gfm reads each line that looks like a row as one, with all of its cells; return their number."""
    rows = [line for line in page.split("\n") if line.startswith("|")]
    rules = [line for line in rows if re.fullmatch(r"[| :-]+", line)]
    html = RENDER(page)
    assert html.count("<tr>") == len(rows) - len(rules)
    assert html.count("<table>") == len(rules)
    columns, alone = "", ""
    for line, following in zip(rows, [*rows[1:], ""], strict=True):
        columns = following if following in rules else columns
        alone += "" if line in rules else f"{line}\n{columns}\n\n"  # a head that has other cells than its rule is none
    html = RENDER(alone)
    assert html.count("<table>") == len(rows) - len(rules)
    return len(re.findall(r"^\| \d{4}-\d\d-\d\d \|", page, re.MULTILINE))


@pytest.mark.parametrize("seed", range(COUNT))
def test_damaged_answer(seed: int, original: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A damaged answer ends with 0 or 2: no traceback, no paper lost or emptied, no broken table, no second opinion."""
    random, data = Random(seed), SAMPLE.read_bytes()  # noqa: S311 - damage, not secrets
    for damage in random.choices(DAMAGES, k=random.randint(1, 2)):
        data = damage(data, random)
    saved, root = tmp_path / "saved.atom", shutil.copytree(original, tmp_path / "list")
    saved.write_bytes(data)
    before, known = tree(root), stored(root)
    status = run(root, "--feed", saved, now=LATER)
    assert status in {0, 2}
    said = capsys.readouterr()
    if status == 2:
        assert re.fullmatch(r".+saved\.atom: .+; save the answer again\n", said.err)
        assert tree(root) == before
    papers = stored(root)
    assert papers.keys() >= known.keys()
    for paper in papers.values():
        assert paper.title
        assert paper.abstract
        assert paper.primary_category
        assert len(paper.authors) >= 1
    after = tree(root)
    months = {name: data.decode() for name, data in after.items() if re.search(r"/\d{4}-\d\d\.md$", name)}
    assert sum(map(check_tables, months.values())) == len(papers)
    for name, page in after.items():
        if name.endswith(".md"):
            check_tables(page.decode())
    assert "More words.\n" in after["README.md"].decode()
    assert run(root, "--feed", saved, now=LATER) == status
    assert tree(root) == after
