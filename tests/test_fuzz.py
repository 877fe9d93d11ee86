"""Saved answers that are damaged at random: whatever comes, the list loses nothing."""

import os
import re
import shutil
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from tests.helpers import PROJECT, make_list, put_quick_templates, run, stored, tree

SAMPLE = PROJECT / "tests/data/answer.atom"
LATER = datetime(2025, 12, 1, tzinfo=UTC)
COUNT = int(os.environ.get("FUZZ", "20"))
WEIRD = [
    "|",
    "$|$",
    "\\verb|x|",
    "^{|}",
    "~~~",
    "\n\n| a | b |\n",
    "</details>",
    "<!-- LATEST_PAPERS_END -->",
    "{{ title }}",
    "{% endfor %}",
    "&amp;lt;",
    "\u202e",
    "\u2028",
    "\x85",
    "安全|安全",
    "9" * 500,
]
FIELD = re.compile(rb"(?<=>)[^<>]+(?=</)|(?<==\")[^\"]*(?=\")")
ELEMENT = re.compile(rb"<([a-z:_]+)\b[^<>]*(?:/>|>[^<>]*</\1>)")
MANY = 30  # fields or elements that are damaged at most


def flip(data: bytes, random: Random) -> bytes:
    """Change some bytes, anywhere or in texts."""
    spots: Sequence[int] = range(len(data))
    signs = bytes(range(256))
    if random.random() < 0.5:
        texts = re.finditer(rb"(?<=>)[^<>]{9,}", data)
        spots = [spot for text in texts for spot in range(*text.span())]
        signs = b"|`$\\*_[]{}~ \nx"
    damaged = bytearray(data)
    for _ in range(random.randint(1, 20)):
        damaged[random.choice(spots)] = random.choice(signs)
    return bytes(damaged)


def cut(data: bytes, random: Random) -> bytes:
    """Leave out a part, often the end."""
    begin = random.randrange(len(data))
    rest = data[begin + random.randrange(2_000) :]
    return data[:begin] + random.choice([b"", rest])


def double(data: bytes, random: Random) -> bytes:
    """Double a part."""
    begin = random.randrange(len(data))
    end = begin + random.randrange(5_000)
    return data[:end] + data[begin:]


def shuffle(data: bytes, random: Random) -> bytes:
    """Shuffle the entries, double some and leave some out."""
    head, *entries = data.removesuffix(b"</feed>\n").split(b"<entry>")
    chosen = random.choices(entries or [b""], k=len(entries))
    return b"<entry>".join([head, *chosen]) + b"</feed>\n"


def exchange(
    data: bytes, random: Random, kind: re.Pattern[bytes], make: Callable[[bytes], bytes]
) -> bytes:
    """Make something else of some parts of a kind."""
    parts = list(kind.finditer(data))
    count = min(len(parts), random.randint(1, MANY))
    for part in sorted(random.sample(parts, count), key=re.Match.start, reverse=True):
        data = data[: part.start()] + make(part[0]) + data[part.end() :]
    return data


def empty(data: bytes, random: Random) -> bytes:
    """Empty some fields."""
    return exchange(data, random, FIELD, lambda _: random.choice([b"", b" ", b"\n"]))


def fill(data: bytes, random: Random) -> bytes:
    """Fill some fields with what means something elsewhere."""

    def filled(text: bytes) -> bytes:
        weird = random.choice(WEIRD).replace("&", "&amp;").replace("<", "&lt;").encode()
        return random.choice([weird, weird + text, text + weird])

    return exchange(data, random, FIELD, filled)


def remove(data: bytes, random: Random) -> bytes:
    """Remove some elements."""
    return exchange(data, random, ELEMENT, lambda _: b"")


DAMAGES = [flip, cut, double, shuffle, empty, fill, remove]


@pytest.fixture(name="original", scope="module")
def fixture_original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a list that has the papers of the sample."""
    domains = {"Attacks": {"about": "Attacks.", "terms": ["attack"]}}
    config = {"latest": 5, "domains": domains}
    root = make_list(tmp_path_factory.mktemp("original") / "list", config=config)
    put_quick_templates(root)
    assert run(root, "--feed", SAMPLE, now=LATER) == 0
    return root


@pytest.mark.parametrize("seed", range(COUNT))
def test_damaged_answer(
    seed: int, original: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A damaged answer ends with 0 or 2: no traceback, no paper lost or emptied, nothing twice."""
    random = Random(seed)
    data = SAMPLE.read_bytes()
    for damage in random.choices(DAMAGES, k=random.randint(1, 2)):
        data = damage(data, random)
    saved = tmp_path / "saved.atom"
    saved.write_bytes(data)
    root = shutil.copytree(original, tmp_path / "list")
    before, known = tree(root), stored(root)

    status = run(root, "--feed", saved, now=LATER)
    assert status in {0, 2}
    if status == 2:
        said = capsys.readouterr().err
        assert re.fullmatch(r".+saved\.atom: .+; save the answer again\n", said)
        assert tree(root) == before

    papers = stored(root)
    assert papers.keys() >= known.keys()
    for paper in papers.values():
        assert paper.title.strip()
        assert paper.abstract.strip()
        assert all(name.strip() for name in paper.authors)
    after = tree(root)
    assert after["README.md"].decode().count("More words.\n") == 2
    assert run(root, "--feed", saved, now=LATER) == status
    assert tree(root) == after
