"""ArXiv misbehaves, and the way to it: the real client against a real server."""

import gzip
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import arxiv
import pytest

import update_papers
from tests.faults import (
    KEPT,
    altered,
    bomb,
    cut_chunk,
    drip,
    endless,
    error_entry,
    hang,
    hang_inside,
    instead,
    moved,
    no_http,
    packed,
    reset,
    short,
    spy,
    status,
    wait_until_closed,
)
from tests.helpers import (
    PROJECT,
    Fault,
    Handler,
    Server,
    answer,
    configure,
    feed,
    make_list,
    paper,
    run,
    shown,
    stored,
    swept_to,
    tree,
)
from update_papers import Transport, make_client, parse_config

FORGOTTEN = "nothing though there was something"
QUICK: dict[str, Fault] = {
    **{f"{code}": status(code) for code in (406, 429, 500, 502, 503, 504)},
    **{f"{code} with Retry-After": status(code, Retry_After="0") for code in (406, 429, 500, 502, 503, 504)},
    "Retry-After is no time": status(503, Retry_After="soon"),
    "Retry-After has no year": status(503, Retry_After="Fri, 31 Dec 99999 23:59:59 GMT"),
    "Retry-After is long ago": status(503, Retry_After="Fri, 31 Dec 1999 23:59:59 GMT"),
    "503 with the papers": lambda handler, body: answer(handler, body, 503),
    "resets": reset,
    "no HTTP": no_http,
    "short body": short,
    "Content-Length too small": lambda handler, body: answer(handler, body, Content_Length=str(len(body) - 9)),
    "Content-Length is no number": lambda handler, body: answer(handler, body[:-9], Content_Length="many"),
    "cut chunk": cut_chunk,
    "cut gzip": packed(lambda body: body[:-20]),
    "broken gzip": packed(lambda body: body[:99] + b"\0\0\0\0" + body[103:]),
    "gzip that is none": altered(lambda body: body, Content_Encoding="gzip"),
    "cut inside the authors": altered(lambda body: body[: body.rindex(b"<author>") + 20]),
    "cut behind an author": altered(lambda body: body[: body.rindex(b"<author>")]),
    "cut behind the entries": altered(lambda body: body[: body.rindex(b"</feed>")]),
    "HTML": instead(b"<!DOCTYPE html><html><head><title>arXiv</title></head><body><p>Sorry</body></html>"),
    "XHTML": instead(b"<html xmlns='http://www.w3.org/1999/xhtml'><body/></html>"),
    "text": instead(b"Rate exceeded."),
    "empty": instead(b""),
    "no XML": instead(bytes(range(256))),
    "another feed": altered(lambda body: body.replace(b"feed", b"rss")),
    "no total": altered(lambda body: body.replace(b"totalResults", b"results")),
    "total is no number": altered(lambda body: re.sub(rb"totalResults>\d+", b"totalResults>many", body)),
    "no entry": instead(feed([], total=3)),
    "error": instead(error_entry()),
    "error with a date": instead(error_entry("2025-11-19T00:00:00Z")),
    FORGOTTEN: instead(feed([])),
    "entity bomb": altered(bomb),
    "entity of a file": altered(spy),
}
SLOW: dict[str, Fault] = {"hangs": hang, "hangs inside the body": hang_inside, "drips": drip}


@pytest.mark.parametrize("fault", QUICK.values(), ids=QUICK)
def test_fault(fault: Fault, server: Server, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What lasts is given up after the further tries, with 3, a sentence and no byte touched; what passes is mended."""
    before = tree(root)
    server.papers.append(paper(3))
    server.faults += [fault] * 3
    assert run(root) == 3
    assert len(server.requests) == 3
    last = capsys.readouterr().err.splitlines(keepends=True)[-1]
    assert re.fullmatch(rf"arXiv: .+; gave up after 3 tries; {KEPT}", last)
    assert tree(root) == before
    server.faults.append(fault)
    assert run(root) == 0
    assert len(server.requests) == 5
    assert "next try in 0 s" in capsys.readouterr().err
    assert [len(found.authors) for found in stored(root).values()] == [3, 3, 3]


@pytest.mark.parametrize("name", ["503", "short body", "cut behind an author", "text", "empty", "no entry", "error"])
def test_first_run(name: str, server: Server, tmp_path: Path) -> None:
    """In an empty list a fault that lasts leaves neither a paper nor a word that arXiv was asked completely."""
    root = make_list(tmp_path, server.url, retries=0)
    server.faults.append(QUICK[name])
    assert run(root) == 3
    assert not stored(root)
    assert not swept_to(root)


@pytest.mark.parametrize("fault", SLOW.values(), ids=SLOW)
def test_slow_fault(fault: Fault, server: Server, root: Path) -> None:
    """A try that hangs or drips ends, and the next one finds the papers."""
    configure(root, timeout_seconds=0.2)
    server.papers.append(paper(3))
    server.faults.append(fault)
    assert run(root) == 0
    assert len(server.requests) == 2
    assert [len(found.authors) for found in stored(root).values()] == [3, 3, 3]


@pytest.mark.parametrize("fault", SLOW.values(), ids=SLOW)
def test_deadline(fault: Fault, server: Server, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No silence and no drip holds a run beyond its deadline, though each try might last much longer."""
    before = shown(root)
    configure(root, timeout_seconds=30, deadline_seconds=0.3, retries=20)
    server.faults += [fault] * 21
    begun = time.monotonic()
    assert run(root) == 3
    assert time.monotonic() - begun < 5
    assert f"the time of this run is up; {KEPT}" in capsys.readouterr().err
    assert shown(root) == before


@pytest.mark.parametrize(
    "retry_after",
    ["60", "99999999999999999999", "Fri, 31 Dec 2100 23:59:59 GMT"],
    ids=["seconds", "many seconds", "day"],
)
def test_long_retry_after(retry_after: str, server: Server, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A Retry-After that is longer than our own wait is honoured: where the deadline comes first, the run ends."""
    server.faults.append(status(503, Retry_After=retry_after))
    assert run(root) == 3
    assert len(server.requests) == 1
    assert capsys.readouterr().err == f"arXiv: HTTP 503; the time of this run is up; {KEPT}"


def test_retry_after_is_capped(server: Server, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No Retry-After makes a run wait longer than the stated limit."""
    assert update_papers.MAX_WAIT == 300
    monkeypatch.setattr(update_papers, "MAX_WAIT", 0.01)
    server.faults.append(status(429, Retry_After="3600"))
    assert run(root) == 0
    assert len(server.requests) == 2


def transport_of(url: str) -> Transport:
    """Return a transport that waits some milliseconds."""
    settings = f"url: '{url}', backoff_seconds: 0.02, delay_seconds: 0, retries: 3"
    return Transport(parse_config(f"keywords: [x]\nsince: 2025-01-01\narxiv: {{{settings}}}"))


def test_waits_double(server: Server) -> None:
    """Waits double, with up to a quarter of jitter, so that not all who wait come back at once."""
    transport = transport_of(server.url)
    server.faults += [status(503)] * 3
    assert len(list(make_client(transport).results(arxiv.Search("x")))) == 2
    assert 0.14 < transport.waited <= 0.175


def test_client_uses_our_transport(server: Server) -> None:
    """The client's session, a name of its own, is what carries every request: without it there is no limit at all."""
    transport = transport_of(server.url)
    client = make_client(transport)
    assert vars(client)["_session"] is transport
    assert len(list(client.results(arxiv.Search("x")))) == 2
    assert transport.requests == 1
    assert server.requests[0]["raw"] == "1"


def test_tries_are_counted_by_page(server: Server, tmp_path: Path) -> None:
    """Each page has its own tries."""
    server.papers[:] = [paper(number) for number in range(1, 5)]
    server.faults += [status(503), status(503), None, status(500), status(504), None]
    make_list(tmp_path, server.url, page_size=2)
    assert run(tmp_path) == 0
    assert len(stored(tmp_path)) == 4


@pytest.mark.parametrize("host", ["127.0.0.1", "nosuchhost.invalid"], ids=["refuses", "unknown"])
def test_no_connection(host: str, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A server that refuses, and one that no name leads to, are tried again, then given up with 3."""
    with Server() as gone:
        configure(root, url=gone.url.replace("127.0.0.1", host), timeout_seconds=5, retries=1)
    before = shown(root)
    assert run(root) == 3
    said = capsys.readouterr().err
    assert said.count("next try in") == 1
    assert said.endswith(f"gave up after 2 tries; {KEPT}")
    assert shown(root) == before


# ---------------------------------------------------------------- what is final, and what is elsewhere


@pytest.mark.parametrize("code", [401, 403, 404, 410, 414])
def test_final_refusal(code: int, server: Server, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A refusal that waiting does not mend is not tried again."""
    before = tree(root)
    server.faults += [status(code, Retry_After="0")] * 2
    assert run(root) == 3
    assert len(server.requests) == 1
    assert capsys.readouterr().err == f"arXiv: HTTP {code}, which waiting does not mend; {KEPT}"
    assert tree(root) == before


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (error_entry(message="Parse error near &quot;ANDNOT&quot;"), r'Parse error near (&quot;|")ANDNOT(&quot;|")'),
        (b"<html>no</html>", "no reason given"),
        (b"", "no reason given"),
    ],
    ids=["error entry", "HTML", "empty"],
)
def test_wrong_query(body: bytes, reason: str, server: Server, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What arXiv calls wrong is not tried again: exit 2, arXiv's own message and the query, and nothing is written."""
    server.papers.append(paper(3))
    server.faults += [None, status(400, body)]
    configure(root, page_size=2)
    before = tree(root)
    assert run(root) == 2
    assert len(server.requests) == 2
    said = capsys.readouterr()
    sentence, _, address = said.err.splitlines()[-1].partition("; mend config.yaml: ")
    assert re.fullmatch(rf"arXiv calls the query wrong: {reason}", sentence)
    assert address.startswith(f"{server.url}?search_query=")
    assert "reasoning+model" in address
    assert not said.out
    assert tree(root) == before


def test_redirect(server: Server, root: Path) -> None:
    """Where arXiv sends the client elsewhere, the papers come from there."""
    server.papers.append(paper(3))
    server.faults.append(moved(""))
    assert run(root) == 0
    assert len(stored(root)) == 3


@pytest.mark.parametrize("place", ["", "/maintenance", "ftp://arxiv.org/x", "http://[", "https:///"], ids=repr)
def test_redirect_into_nothing(place: str, server: Server, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A redirect in a circle, or to what is no answer, is a fault like others: exit 3 and a sentence."""
    before = tree(root)
    server.faults += [moved(place), *([moved("")] * 50 if not place else [instead(b"<html/>")] * 3)]
    assert run(root) == 3
    assert capsys.readouterr().err.endswith(KEPT)
    assert tree(root) == before


def test_circle(server: Server, root: Path) -> None:
    """A circle of redirects is left after a few rounds, and not gone round again by each further try."""
    server.faults += [moved("")] * 50
    assert run(root) == 3
    assert len(server.requests) == 4


# ---------------------------------------------------------------- limits


@pytest.mark.parametrize(
    "fault",
    [endless, status(503, bytes(200_000)), packed(lambda _: gzip.compress(bytes(10_000_000)))],
    ids=["1 GB", "with a status", "packed"],
)
def test_large_body(
    fault: Fault, server: Server, root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A body is cut off at the stated limit."""
    monkeypatch.setattr(update_papers, "MAX_BODY", 100_000)
    before = tree(root)
    server.faults += [fault] * 3
    assert run(root) == 3
    assert f"arXiv: an answer of more than 100,000 bytes; {KEPT}" in capsys.readouterr().err
    assert tree(root) == before


def test_bomb_in_a_saved_answer(server: Server, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Entities are refused in saved answers too."""
    for number, change in enumerate((bomb, spy)):
        saved = root.parent / f"{number}.atom"
        saved.write_bytes(change(feed([paper(3)])))
        assert run(root, "--feed", saved) == 2
        assert re.fullmatch(rf"{saved}: .+; save the answer again\n", capsys.readouterr().err)
    assert not server.requests


# ---------------------------------------------------------------- interruptions


def test_interrupted(server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A run that is interrupted while it waits for arXiv keeps what came; the next one goes on from there."""

    def interrupt(handler: Handler, _: bytes) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        wait_until_closed(handler)

    server.papers[:] = [paper(number, f"25{number:02}") for number in range(1, 8)]
    server.faults += [None, interrupt]
    root = make_list(tmp_path, server.url, {"lookback_days": 10}, page_size=2, timeout_seconds=20)
    assert run(root) == 3
    assert capsys.readouterr().err.endswith(f"interrupted; {KEPT}")
    assert list(stored(root)) == ["2501.00001", "2502.00002"]
    assert run(root) == 0
    assert len(stored(root)) == 7


def test_cancelled_job(server: Server, tmp_path: Path) -> None:
    """SIGTERM, which a cancelled job gets, keeps what came as well."""

    def cancel(handler: Handler, _: bytes) -> None:
        process.terminate()
        wait_until_closed(handler)

    server.papers[:] = [paper(number, f"25{number:02}") for number in range(1, 8)]
    server.faults += [None, cancel]
    root = make_list(tmp_path, server.url, page_size=2, timeout_seconds=20)
    command = [sys.executable, str(PROJECT / "update_papers.py"), "--root", str(root), "--until", "2025-11-20"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        _, said = process.communicate(timeout=30)
    assert process.returncode == 3
    assert said.endswith(f"interrupted; {KEPT}")
    assert list(stored(root)) == ["2501.00001", "2502.00002"]
