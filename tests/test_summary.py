"""What a run tells: the summary on its page, and a log without commands for GitHub's runner."""

import re
from pathlib import Path

import pytest

from tests.faults import HOSTILE, altered, error_entry, instead, moved, no_headers, odd_chunk, status
from tests.helpers import Fault, Server, feed, make_list, paper, run, stored


def test_summary(server: Server, summary: Path, tmp_path: Path) -> None:
    """The run page tells counts, waits, the newest date, new and revised papers and near misses as links."""
    keywords = {"model": ["reasoning model", "xyzzy"], "safety": ["safety"]}
    root = make_list(tmp_path / "list", server.url, {"keywords": keywords}, backoff_seconds=0.51)
    assert run(root, "--since", "2025-11-01") == 0
    server.papers[:] = [paper(1), paper(2, version=2), paper(3), paper(4, title="")]
    near = [paper(8, published="2025-11-18T00:00:00Z"), paper(9, published="2025-11-19T00:00:00Z"), paper(3)]
    server.faults += [status(503), None, instead(feed(near))]
    summary.write_text("What stood there.\n", "utf-8")
    assert run(root) == 0
    text = summary.read_text("utf-8")
    assert text.startswith("What stood there.\n### 1 new, 1 revised\n")
    told = "Asked arXiv 3 times, waited 1 s for it; received 4 papers, the newest of the list is of 2025-11-03."
    assert told in text
    link = "[2511.0000{0}](https://arxiv.org/abs/2511.0000{0})".format
    assert f"\nNew: {link(3)}\n" in text
    assert f"\nRevised: {link(2)}\n" in text
    assert re.search(rf"\nNear misses .+: {re.escape(f'{link(9)}, {link(8)}')}\n", text)
    assert re.search(r"\nRefused: .*00004v1.* has no title\n", text)
    assert "1 keywords that no paper of this answer has" in text
    assert "xyzzy" in text
    assert "safety" not in server.requests[-1]["search_query"]


def test_summary_of_a_failure(server: Server, root: Path, summary: Path) -> None:
    """A run that ends with 3 says so on its page, with the reason."""
    server.faults += [status(403)]
    assert run(root) == 3
    assert "\n**arXiv: HTTP 403, which waiting does not mend" in summary.read_text("utf-8")


def test_no_near_misses_without_a_reader(server: Server, tmp_path: Path) -> None:
    """Near misses are asked for only where a summary shows them."""
    root = make_list(tmp_path, server.url, {"keywords": {"model": ["reasoning model"], "safety": ["safety"]}})
    assert run(root) == 0
    assert len(server.requests) == 1


LOUD: dict[str, tuple[Fault, ...]] = {
    "id": (instead(feed([paper(3, id=HOSTILE, version=0)])),),
    "id of several lines": (instead(feed([paper(3, id=f"x\n{HOSTILE}\r{HOSTILE}\u2028{HOSTILE}", version=0)])),),
    "id in parts": (instead(feed([paper(3, id=":\u200b:error:\u200b: #\u200b#[error] :::::", version=0)])),),
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
    faults: tuple[Fault, ...], server: Server, root: Path, summary: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing that arXiv sends reaches log or summary as a line or a command that GitHub's runner obeys."""
    server.faults += faults
    run(root, "--verbose")
    said = capsys.readouterr()
    for text in (said.err, said.out, summary.read_text("utf-8")):
        assert not re.search(r"::|##\[", text)
        assert not re.search(r"[\x00-\x09\x0b-\x1f\u2028]", text)
    assert said.err.count("\n") < 30


def test_no_commands_in_new_papers(
    server: Server, root: Path, summary: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No text of a paper stands in log or summary."""
    server.papers.append(paper(3, title=HOSTILE, summary=HOSTILE, comment=HOSTILE, authors=[HOSTILE]))
    assert run(root) == 0
    said = capsys.readouterr()
    assert "pwned" not in said.err + said.out + summary.read_text("utf-8")
    assert len(stored(root)) == 3
