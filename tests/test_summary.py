"""What a run tells: the summary on its page, and a log without commands for GitHub's runner."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.faults import (
    HOSTILE,
    altered,
    error_entry,
    instead,
    moved,
    no_headers,
    odd_chunk,
    status,
)
from tests.helpers import Fault, Server, feed, make_list, paper, run, stored
from tests.markdown import as_html

TWO_GROUPS = {"model": ["reasoning model", "xyzzy"], "subject": ["safety"]}
TOLD = "Asked arXiv 2 times, waited 1 s for it; received 6 papers."
NEWEST = "The newest of the list was submitted on 2025-11-03."
OLD = "the list stands still: its newest paper is 16 days old, more than stale_after_days (9); "


def too_low(number: int, day: str, **changes: Any) -> dict[str, Any]:
    """Return a paper that speaks too little of the subject, submitted on a day of November."""
    facts = {"title": "A reasoning model", "summary": "We speak of its safety."}
    return paper(number, published=f"2025-11-{day}T00:00:00Z", **(facts | changes))


def link(number: int) -> str:
    """Return how a summary names a paper."""
    return f"[2511.{number:05}](https://arxiv.org/abs/2511.{number:05})"


def paragraphs(summary: Path) -> list[str]:
    """Return the paragraphs of a summary as GitHub shows them."""
    page = as_html(summary.read_text("utf-8"))
    return [" ".join(str(part.text_content()).split()) for part in page.xpath("./p|./h3")]


def test_summary(server: Server, summary: Path, tmp_path: Path) -> None:
    """The run's page tells counts, waits, the newest date, and which papers came, as links."""
    config = {"keywords": TWO_GROUPS, "categories": ["cs.CL", "math.*"], "min_score": 4}
    root = make_list(tmp_path / "list", server.url, config, backoff_seconds=0.51)
    assert run(root, "--since", "2025-11-01") == 0
    server.papers[:] = [
        paper(1),
        paper(2, version=2),
        paper(3),
        paper(4, title=""),
        too_low(7, "12"),  # more than seven days ago
        too_low(8, "19"),
        too_low(9, "18", summary="x"),
    ]
    server.faults += [status(503)]
    summary.write_text("What stood there.\n", "utf-8")
    assert run(root) == 0
    text = summary.read_text("utf-8")
    assert text.startswith("What stood there.\n### 1 new, 1 revised, 3 in all\n")
    assert paragraphs(summary)[1:] == [
        "1 new, 1 revised, 3 in all",
        f"{TOLD} {NEWEST}",
        "New: 2511.00003",
        "Revised: 2511.00002",
        "Refused: http://arxiv.org/abs/2511.00004v1 title: String should have at least 1 character",
    ]
    assert f"\nNew: {link(3)}\n" in text
    assert f"\nRevised: {link(2)}\n" in text
    fold = as_html(text).find(".//details")
    assert fold.findtext("summary") == "2 keywords and categories that no paper of this sweep has"
    assert fold.findtext("p") == "xyzzy, math.*"
    summary.write_text("", "utf-8")
    assert run(root) == 0  # no sweep this time
    assert "<details>" not in summary.read_text("utf-8")


def test_quiet_run(server: Server, root: Path, summary: Path) -> None:
    """A run that brings nothing says so in two lines."""
    assert run(root) == 0
    found = paragraphs(summary)
    assert len(server.requests) == 1
    assert found[1] == "0 new, 0 revised, 2 in all"
    assert re.fullmatch(
        r"Asked arXiv (once|1 time), .*; received 2 papers\. The newest .*", found[2]
    )
    assert found[3:] == []


def test_run_that_does_not_ask(root: Path, summary: Path) -> None:
    """A run that asks nothing does not speak of arXiv."""
    assert run(root, "--rebuild") == 0
    text = summary.read_text("utf-8")
    assert "0 new, 0 revised, 2 in all" in text
    assert "Asked arXiv" not in text
    assert "<details>" not in text


def test_empty_list(server: Server, tmp_path: Path, summary: Path) -> None:
    """A list that stays empty is a problem, and has no newest paper."""
    server.papers.clear()
    assert run(make_list(tmp_path / "list", server.url)) == 3
    text = summary.read_text("utf-8")
    assert "\n**the list is empty, and arXiv gave 0 papers: look at keywords," in text
    assert "The newest of the list" not in text


def test_problem(server: Server, root: Path, summary: Path) -> None:
    """A run that ends with 3 says why, and a list that stands still how old it is."""
    server.faults += [status(403)]
    assert run(root) == 3
    assert "\n**arXiv: HTTP 403" in summary.read_text("utf-8")
    config = (root / "config.yaml").read_text("utf-8")
    config = config.replace("stale_after_days: 0", "stale_after_days: 9")
    (root / "config.yaml").write_text(config, "utf-8")
    assert run(root) == 3
    assert paragraphs(summary)[-1].startswith(OLD)


def test_mistake(root: Path, summary: Path) -> None:
    """A run that can't begin says why on its page, too."""
    (root / "config.yaml").write_text("since: 2024-09-12\nlates: 1\n", "utf-8")
    assert run(root) == 2
    text = summary.read_text("utf-8")
    assert re.search(r"^\*\*config\.yaml.*lates", text, re.MULTILINE)


def test_many_new_papers(server: Server, root: Path, summary: Path) -> None:
    """However many papers come, the summary stays far below GitHub's limit of 1 MiB."""
    server.papers += [paper(number) for number in range(3, 1_000)]
    server.papers += [paper(number, title="") for number in range(1_000, 1_200)]
    assert run(root) == 0
    text = summary.read_text("utf-8")
    assert "### 997 new" in text
    assert text.count("\nRefused: ") < 200
    assert len(text) < 100_000


def test_nothing_is_asked_for_the_summary(server: Server, root: Path, summary: Path) -> None:
    """What the summary tells is known from the answer: it costs no request."""
    assert run(root) == 0
    assert len(server.requests) == 1
    assert summary.exists()


LOUD: dict[str, tuple[Fault, ...]] = {
    "id": (instead(feed([paper(3, id=HOSTILE, version=0)])),),
    "id of several lines": (
        instead(feed([paper(3, id=f"x\n{HOSTILE}\r{HOSTILE}\u2028{HOSTILE}", version=0)])),
    ),
    "id in parts": (
        instead(feed([paper(3, id=":\u200b:error:\u200b: #\u200b#[error] :::::", version=0)])),
    ),
    "error": (instead(error_entry(message=HOSTILE)),) * 3,
    "text": (instead(HOSTILE.encode()),) * 3,
    "text in parts": (instead(b"\n:\0:error:\x1b:x ##\x07[error]"),) * 3,
    "wrong query": (status(400, error_entry(message=f"\n{HOSTILE}")),),
    "chunk": (odd_chunk,) * 3,
    "encoding": (altered(lambda body: body, Content_Encoding="::error::x"),) * 3,
    "redirect": (moved("http://127.0.0.1:9/::error::x##[x"),) * 3,
    "headers": (no_headers,),
}


@pytest.mark.parametrize("faults", LOUD.values(), ids=LOUD)
def test_no_commands_for_the_runner(
    faults: tuple[Fault, ...],
    server: Server,
    root: Path,
    summary: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nothing that arXiv sends reaches log or summary as a line or command for GitHub's runner."""
    server.faults += faults
    run(root, "--verbose")
    said = capsys.readouterr()
    for text in (said.err, said.out, summary.read_text("utf-8")):
        assert not re.search(r"::|##\[", text)
        assert not re.search(r"[\x00-\x09\x0b-\x1f\u2028]", text)
    assert said.err.count("\n") < 30


def test_no_markup_of_arxiv(server: Server, root: Path, summary: Path) -> None:
    """What arXiv sends stands in the summary as text: no element, no emphasis."""
    server.faults += [instead(feed([paper(3, id="<img src=x>*b*[c](d)", version=0)]))]
    run(root)
    page = as_html(summary.read_text("utf-8"))
    assert "<img src=x>*b*[c](d)" in str(page.text_content())
    assert not list(page.iter("img", "em"))


def test_no_text_of_papers(
    server: Server, tmp_path: Path, summary: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No text of a paper stands in log or summary: neither a new one's, nor one's that is not."""
    hostile = {"summary": HOSTILE, "comment": HOSTILE, "authors": [HOSTILE]}
    server.papers += [
        too_low(3, "19", title=f"Reasoning model {HOSTILE}", **hostile),
        too_low(4, "19", title=HOSTILE, **hostile),
    ]
    root = make_list(tmp_path / "list", server.url, {"min_score": 1})
    assert run(root) == 0
    said = capsys.readouterr()
    text = summary.read_text("utf-8")
    assert list(stored(root)) == ["2511.00001", "2511.00002", "2511.00003"]
    assert "pwned" not in said.err + said.out + text
