"""--explain: why a paper is in the list or not, in the eyes of arXiv's index."""

import re
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import Stemmer

import update_papers
from tests.faults import drip, hang, status
from tests.helpers import Fault, Server, feed, make_list, paper, run, stored, tree
from tests.test_config import TOKEN, judge

OLD_ID = "hep-th/9901001"


@pytest.fixture(name="old", scope="module")
def fixture_old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a list that has a new and an old paper, and nobody to ask."""
    root = make_list(tmp_path_factory.mktemp("old") / "list")
    saved = root / "saved.atom"
    saved.write_bytes(feed([paper(1), paper(id=OLD_ID, title="Old", summary="x")]))
    assert run(root, "--feed", saved) == 0
    return root


# ------------------------------------------------------------------------ ways to write an id

WRITINGS = [
    "2511.00001",
    "2511.00001v1",
    "2511.00001v12",
    " 2511.00001 ",
    "arXiv:2511.00001",
    "arxiv:2511.00001v2",
    "arXiv: 2511.00001",
    "arxiv.org/abs/2511.00001",
    "http://arxiv.org/abs/2511.00001",
    "https://arxiv.org/abs/2511.00001",
    "https://arxiv.org/abs/2511.00001v3",
    "https://arxiv.org/abs/2511.00001/",
    "https://arxiv.org/abs/2511.00001?context=cs",
    "https://arxiv.org/pdf/2511.00001",
    "https://arxiv.org/pdf/2511.00001v2",
    "https://arxiv.org/pdf/2511.00001v2.pdf",
    "https://arxiv.org/html/2511.00001v1#S2",
    "https://www.arxiv.org/abs/2511.00001",
    "https://export.arxiv.org/abs/2511.00001",
    OLD_ID,
    f"{OLD_ID}v3",
    f"arXiv:{OLD_ID}",
    f"https://arxiv.org/abs/{OLD_ID}v1",
    f"https://arxiv.org/pdf/{OLD_ID}",
    "https://arxiv.org/bibtex/2511.00001",
    "https://doi.org/10.48550/arXiv.2511.00001",
    "arXiv:2511.00001v1 [cs.CR]",
    "<https://arxiv.org/abs/2511.00001>",
]


@pytest.mark.parametrize("written", WRITINGS)
def test_writings(written: str, old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An id may be written as arXiv, a browser or a citation has it; any version is the paper."""
    assert run(old, "--explain", written) == 0
    arxiv_id = OLD_ID if OLD_ID in written else "2511.00001"
    said = capsys.readouterr()
    assert said.out.startswith(f"{arxiv_id}: ")
    assert not said.err


NO_ID = [
    "",
    " ",
    "::x",
    "../x",
    "2511",
    "2511.1",
    "2511.0001",
    "0704.00001",
    "2513.00001",
    "2511.00001v",
    "2511.00001, 2511.00002",
    "arXiv:",
    "jailbreak",
    "https://example.org/abs/2511.00001",
    "https://arxiv.org/list/cs.CR/recent",
]


@pytest.mark.parametrize("written", NO_ID)
def test_no_id(written: str, old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is no id is refused with 2, and with an example of one."""
    with pytest.raises(SystemExit, match=r"^2$"):
        run(old, "--explain", written)
    said = capsys.readouterr()
    remedy = "is no arXiv id; write one such as 2511.21590 or https://arxiv.org/abs/2511.21590"
    assert f"argument --explain: {written!r} {remedy}" in said.err
    assert not said.out


# ------------------------------------------------------------------------------ the answer

KEYS = {
    "keywords": {"model": ["reasoning model", "ti:thinking"], "": ["safety"]},
    "exclude_keywords": ["ti:driving"],
    "categories": ["cs.*"],
    "include": ["2511.00008"],
    "exclude": ["2511.00009"],
    "min_score": 3,
}
WHOLE = """\
2511.00001: Safe thinking: :error:
submitted: 2025-11-03; since: 2024-09-12
keywords, model: reasoning model, ti:thinking
keywords, group 2: safety
exclude_keywords: none
categories: cs.CL ## [group]: fit
score: 4, min_score: 3 (reasoning model 1, thinking 2, safety 1)
include: no
exclude: no
stored: no
listed
"""


def test_whole_answer(server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--explain says what matches and what decides, the score with its words, and the outcome."""
    title = "Safe thinking::error:"
    abstract = "The safety of reasoning models."
    server.papers[:] = [paper(1, title=title, summary=abstract, categories=["cs.CL", "##[group]"])]
    root = make_list(tmp_path, server.url, KEYS)
    before = tree(root)
    assert run(root, "--explain", "2511.00001") == 0
    said = capsys.readouterr()
    assert said.out == WHOLE
    assert not said.err
    assert len(server.requests) == 1
    assert tree(root) == before


VERDICTS: dict[str, tuple[dict[str, Any], list[str], str]] = {
    "found": ({}, ["group 2: safety", "stored: no", "include: no"], "listed"),
    "no keyword": (
        {"title": "Safety", "summary": "x"},
        ["keywords, model: NONE", "keywords, group 2: safety"],
        "not listed",
    ),
    "excluded word": (
        {"title": "Safe driving of a reasoning model"},
        ["exclude_keywords: ti:driving"],
        "not listed",
    ),
    "category": (
        {"categories": ["math.CO"]},
        ["categories: math.CO: DO NOT FIT"],
        "not listed",
    ),
    "category in second place": ({"categories": ["math.CO", "cs.AI"]}, [": fit"], "listed"),
    "before since": (
        {"published": "2024-09-11T23:59:00Z"},
        ["submitted: 2024-09-11; since: 2024-09-12"],
        "not listed",
    ),
    "score": (
        {"title": "Soup", "summary": "The safety of a reasoning model."},
        ["score: 2, min_score: 3 (reasoning model 1, safety 1)"],
        "not listed",
    ),
    "no phrase": (
        {"title": "Soup", "summary": "x"},
        ["score: 0, min_score: 3 (no phrase)"],
        "not listed",
    ),
    "included": (
        {"id": "2511.00008", "title": "Soup", "summary": "x"},
        ["keywords, model: NONE", "include: yes"],
        "listed",
    ),
    "excluded": ({"id": "2511.00009"}, ["exclude: yes"], "not listed"),
}


@pytest.mark.parametrize("verdict", VERDICTS.values(), ids=VERDICTS)
def test_verdict(
    verdict: tuple[dict[str, Any], list[str], str],
    server: Server,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The last line is what a run does with the paper, and a line above it says why."""
    facts, said, end = verdict
    asked = paper(1, **facts)
    server.papers[:] = [asked]
    root = make_list(tmp_path, server.url, KEYS)
    assert run(root, "--explain", asked["id"]) == 0
    out = capsys.readouterr().out
    assert [part for part in said if part not in out] == []
    assert out.splitlines()[-1] == end


def test_stored_paper(old: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A paper of the store is listed whatever the keywords say, unless `exclude` hides it."""
    assert run(old, "--explain", OLD_ID) == 0
    lines = capsys.readouterr().out.splitlines()
    assert {"keywords, group 1: NONE", "stored: yes"} <= {*lines}
    assert lines[-1] == "listed"

    root = shutil.copytree(old, tmp_path / "list")
    with (root / "config.yaml").open("a", encoding="utf-8") as file:
        file.write(f"exclude: [{OLD_ID}]\n")
    assert run(root, "--explain", OLD_ID) == 0
    assert capsys.readouterr().out.endswith("exclude: yes\nstored: yes\nnot listed\n")


def test_unknown_paper(root: Path, server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    """A paper that arXiv does not have ends with 2 and a sentence."""
    assert run(root, "--explain", "2511.00404v2") == 2
    said = capsys.readouterr()
    assert said.err.startswith("--explain 2511.00404: arXiv has no such paper; ")
    assert not said.out
    assert [asked["id_list"] for asked in server.requests] == ["2511.00404"]


# ------------------------------------------------------------------------- without a network


def give_up(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Ask for a paper in vain, with the waits of a real list; it must not take long."""
    begun = time.monotonic()
    assert run(root, "--explain", "2511.00009") == 3
    assert time.monotonic() - begun < 10
    said = capsys.readouterr().err
    assert re.fullmatch(
        r"--explain 2511\.00009: arXiv: .+; "
        r"check the network and the proxy \(HTTPS_PROXY\), or try again later\n",
        said,
    )


REAL_WAITS: dict[str, Any] = {
    "delay_seconds": 5,
    "backoff_seconds": 30,
    "timeout_seconds": 60,
    "retries": 4,
}


def test_no_network(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a network --explain gives up at once, and says what to check."""
    give_up(make_list(tmp_path, **REAL_WAITS), capsys)


@pytest.mark.parametrize("fault", [hang, drip, status(503)], ids=["hangs", "drips", "busy"])
def test_slow_network(
    fault: Fault,
    server: Server,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nor does it wait longer than 15 seconds, which are shortened here, for a slow one."""
    assert update_papers.EXPLAIN_SECONDS <= 15
    monkeypatch.setattr(update_papers, "EXPLAIN_SECONDS", 0.2)
    server.faults += [fault] * 2
    give_up(make_list(tmp_path, server.url, **REAL_WAITS), capsys)


# ------------------------------------------------------------ what arXiv's index sees, is seen

STOP_WORDS = {"a", "and", "as", "for", "in", "is", "of", "the", "with"}
FIELDS = {"ti": "title", "abs": "summary"}


def porter(text: str) -> str:
    """Return the stems of an English text, as Lucene's English analyzer has them."""
    words = re.findall(r"[a-z0-9]+", text.lower().replace("'s", ""))
    stemmed = Stemmer.Stemmer("porter").stemWords(words)
    kept = [stem for stem, word in zip(stemmed, words, strict=True) if word not in STOP_WORDS]
    return f" {' '.join(kept)} "


class Index(Server):
    """A stand-in for arXiv that finds what a query asks for, by stems."""

    def find(self, query: dict[str, str]) -> bytes:
        """Return the papers that a query finds, or those of some ids."""
        ids = query.get("id_list", "").split(",")
        tokens = TOKEN.findall(query.get("search_query", ""))
        if not tokens:
            return feed([facts for facts in self.papers if facts["id"] in ids])
        return feed([facts for facts in self.papers if judge(iter(tokens), Holds(facts))])


class Holds:
    """Tells of a paper whether it has what a part of a query asks for."""

    def __init__(self, facts: dict[str, Any]) -> None:
        """Take a paper."""
        self.facts = facts

    def __call__(self, token: str) -> bool:
        """Look the words up in their field; dates and categories always fit here."""
        field, _, words = token.partition(":")
        return field not in FIELDS or porter(words) in porter(self.facts[FIELDS[field]])


LEFT = [
    "Reasoning models",
    "The reasoning model's",
    "Reason, modelled:",
    "A reasoned model and",
    "Thinking is",
    "Thoughts as",
    "Chains of thought for",
    "Chain-of-Thoughts with",
]
RIGHT = [
    "safety",
    "safe use",
    "safeties",
    "jailbreaking",
    "the jailbroken",
    "faithful",
    "faith",
    "generations",
]
SUBJECTS = ["safety", "jailbreaks", "faithfulness", "generalization"]
MODELS = ["reasoning model", "ti:thinking", "chain of thought"]


def titled(titles: Sequence[str]) -> list[dict[str, Any]]:
    """Return a paper for each title, with an abstract that says nothing."""
    numbered = enumerate(titles, 1)
    return [paper(number, title=title, summary="Nothing.") for number, title in numbered]


def test_seen_alike(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What arXiv's stemming finds is listed, and --explain names a term for it in each group."""
    titles = [f"{left} {right}" for left in LEFT for right in RIGHT]
    with Index(titled(titles)) as server:
        keys = {"keywords": {"model": MODELS, "subject": SUBJECTS}}
        root = make_list(tmp_path, server.url, keys, timeout_seconds=10)
        assert run(root) == 0
        listed = stored(root).keys()
        assert len(titles) / 4 < len(listed) < len(titles) * 3 / 4

        for facts in server.papers:
            capsys.readouterr()
            assert run(root, "--explain", facts["id"]) == 0
            out = capsys.readouterr().out
            is_listed = facts["id"] in listed
            assert ("NONE" not in out) == is_listed, facts["title"]
            assert out.endswith("\nlisted\n") == is_listed, facts["title"]
