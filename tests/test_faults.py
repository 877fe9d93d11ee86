"""ArXiv misbehaves: each row of the table of faults, with the real client against a real server."""

import gzip
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import arxiv
import pytest

import update_papers
from tests.helpers import PROJECT, Fault, Handler, Server, answer, feed, make_list, paper, run, tree
from update_papers import Paper, Transport, make_client, parse_config

COVERAGE, INDEX = "articles/data/coverage.json", "articles/data/index.json"
HOSTILE = "::error::pwned ##[error]pwned"
Papers = list[dict[str, Any]]
KEPT = "what came is kept, the next run goes on from there\n"


def aged(number: int, month: int) -> dict[str, Any]:
    """Return a paper of a month of 2025."""
    return paper(number, f"25{month:02}")


def stored(root: Path) -> dict[str, Paper]:
    """Return the papers in the store."""
    texts = [file.read_text("utf-8") for file in (root / "articles/data").glob("*.jsonl")]
    return {found.id: found for found in map(Paper.from_line, "".join(texts).split("\n")[:-1])}


def swept_to(root: Path) -> str:
    """Return how far arXiv has been asked completely, "" if nobody knows."""
    path = root / COVERAGE
    return str(json.loads(path.read_text("utf-8"))["swept_to"])[:10] if path.exists() else ""


def shown(root: Path) -> dict[str, bytes]:
    """Return all that readers of the list see: pages and papers."""
    return {name: data for name, data in tree(root).items() if name not in {"config.yaml", INDEX, COVERAGE}}


def configure(root: Path, **changes: Any) -> None:
    """Change settings of `arxiv` in the config of a list."""
    path = root / "config.yaml"
    head, _, settings = path.read_text("utf-8").partition("arxiv: ")
    path.write_text(f"{head}arxiv: {json.dumps(json.loads(settings) | changes)}\n", "utf-8")


@pytest.fixture(name="shared", scope="module")
def fixture_shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Path]]:
    """Return a server and a list that has its two papers, made once."""
    with Server([paper(1), paper(2)]) as server:
        root = make_list(tmp_path_factory.mktemp("shared"), server.url)
        assert run(root) == 0
        yield server, root


@pytest.fixture(name="server")
def fixture_server(shared: tuple[Server, Path]) -> Server:
    """Return a server with two papers."""
    server, _ = shared
    server.papers[:] = [paper(1), paper(2)]
    server.faults.clear()
    server.requests.clear()
    return server


@pytest.fixture(name="root")
def fixture_root(shared: tuple[Server, Path], tmp_path: Path) -> Path:
    """Return a list that has the server's two papers already."""
    return shutil.copytree(shared[1], tmp_path / "list")


# ---------------------------------------------------------------- the faults


def status(code: int, body: bytes = b"", **headers: str) -> Fault:
    """Answer with a status."""
    return lambda handler, _: answer(handler, body, code, **headers)


def instead(body: bytes) -> Fault:
    """Answer something else."""
    return lambda handler, _: answer(handler, body)


def altered(change: Callable[[bytes], bytes], **headers: str) -> Fault:
    """Answer a part of the answer, or an altered one."""
    return lambda handler, body: answer(handler, change(body), **headers)


def packed(change: Callable[[bytes], bytes]) -> Fault:
    """Answer with gzip that is broken."""
    return altered(lambda body: change(gzip.compress(body)), Content_Encoding="gzip")


def short(handler: Handler, body: bytes) -> None:
    """Promise more bytes than come."""
    answer(handler, body[:-50], Content_Length=str(len(body)))


def cut_chunk(handler: Handler, body: bytes) -> None:
    """Break off inside a chunk."""
    handler.protocol_version = "HTTP/1.1"
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.wfile.write(b"%x\r\n%b\r\n%x\r\n%b" % (len(body) // 2, body[: len(body) // 2], len(body), body[-20:]))
    handler.close_connection = True


def reset(handler: Handler, _: bytes) -> None:
    """Reset the connection."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.rfile.close()
    handler.connection.close()


def wait_until_closed(handler: Handler) -> None:
    """Wait until the client has had enough."""
    try:
        handler.rfile.read(1)
    except OSError:
        handler.close_connection = True


def hang(handler: Handler, _: bytes) -> None:
    """Answer nothing."""
    wait_until_closed(handler)


def hang_inside(handler: Handler, body: bytes) -> None:
    """Stop in the middle of the body."""
    answer(handler, body[: len(body) // 2], Content_Length=str(len(body)))
    wait_until_closed(handler)


def drip(handler: Handler, body: bytes) -> None:
    """Send a byte at a time."""
    try:
        answer(handler, b"", Content_Length=str(len(body)))
        for byte in body:
            handler.wfile.write(bytes([byte]))
            threading.Event().wait(0.02)
    except OSError:
        handler.close_connection = True


def no_http(handler: Handler, _: bytes) -> None:
    """Answer with something that is no HTTP."""
    handler.wfile.write(b"220 mail ready\r\n")


def error_entry(published: str = "", message: str = "incorrect id format") -> bytes:
    """Return an error as arXiv dresses it up as an entry."""
    name = b"<id>https://arxiv.org/api/errors#incorrect_id_format</id><title>Error</title>"
    rest = f"{published and f'<updated>{published}</updated><published>{published}</published>'}"
    entry = b"<entry>" + name + f"{rest}<summary>{message}</summary></entry></feed>".encode()
    return feed([], total=1).replace(b"</feed>", entry)


def bomb(body: bytes) -> bytes:
    """Return an answer whose first title is an entity that grows."""
    entities = '<!ENTITY a0 "safety">' + "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(9))
    declared = body.replace(b"<feed", f"<!DOCTYPE feed [{entities}]>\n<feed".encode(), 1)
    return declared.replace(b"<title>", b"<title>&a9;", 1)


def spy(body: bytes) -> bytes:
    """Return an answer whose first title asks for a file."""
    declared = body.replace(b"<feed", b'<!DOCTYPE feed [<!ENTITY a SYSTEM "file:///etc/passwd">]>\n<feed', 1)
    return declared.replace(b"<title>", b"<title>&a;", 1)


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
    return Transport(parse_config(f"keywords: [x]\nsince: 2025-01-01\narxiv: {{{settings}}}").arxiv)


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
    assert {vars(client)["_session"].get_adapter(f"{scheme}://arxiv.org/") for scheme in ("http", "https")} == {
        transport
    }
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
def test_no_connection(
    host: str, root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that refuses, and one that no name leads to, are tried again, then given up with 3."""
    monkeypatch.setenv("no_proxy", "*")
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


def moved(place: str) -> Fault:
    """Answer that what is asked for is elsewhere; "" is where the client asked already."""
    return lambda handler, _: answer(handler, b"", 301, Location=place or handler.path)


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


# ---------------------------------------------------------------- answers of several pages


def changing(server: Server, change: Callable[[Papers], object]) -> Fault:
    """Answer well, and change the papers before the next page is asked for."""

    def fault(handler: Handler, body: bytes) -> None:
        change(server.papers)
        answer(handler, body)

    return fault


def test_second_page_fails(server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where page 2 fails for good, page 1 is kept, and the next run goes on from there and leaves no hole."""
    server.papers[:] = [aged(number, number) for number in range(1, 8)]
    server.faults += [None, *[status(503)] * 3]
    root = make_list(tmp_path, server.url, {"lookback_days": 10}, page_size=2)
    assert run(root) == 3
    assert capsys.readouterr().out.startswith("2 new, 0 revised, 2 in all; ")
    assert list(stored(root)) == ["2501.00001", "2502.00002"]
    assert swept_to(root) == "2025-02-03"
    assert "[Reasoning model safety, part 2]" in (root / "README.md").read_text("utf-8")
    server.requests.clear()
    assert run(root) == 0
    assert '"202501241002 TO' in server.requests[0]["search_query"]
    assert len(stored(root)) == 7
    assert swept_to(root) == "2025-07-03"


def test_unordered_page_before_a_failure(server: Server, root: Path) -> None:
    """What came is kept, but a page that is not in order says nothing of what was asked for completely."""
    configure(root, page_size=2)
    server.faults += [instead(feed(FOUR[1::-1], total=6)), *[status(503)] * 3]
    assert run(root) == 3
    assert len(stored(root)) == 4
    assert swept_to(root) == "2025-11-03"


FOUR = [paper(number, published=f"2025-11-{number}T10:00:00Z") for number in (11, 12, 13, 14)]
SHIFTS: dict[str, tuple[Callable[[Papers], object], set[int], int]] = {
    "grows at the end": (
        lambda papers: papers.append(paper(15, published="2025-11-15T10:00:00Z")),
        {11, 12, 13, 14},
        0,
    ),
    "grows at the beginning": (lambda papers: papers.append(paper(10)), {11, 12, 13}, 0),
    "shrinks at the end": (lambda papers: papers.pop(), {11, 12, 13}, 3),
    "shrinks at the beginning": (lambda papers: papers.pop(0), {11, 12, 14}, 3),
    "shrinks to one page": (lambda papers: papers.__delitem__(slice(2, None)), {11, 12}, 3),
}


@pytest.mark.parametrize(("change", "came", "ends"), SHIFTS.values(), ids=SHIFTS)
def test_list_shifts(change: Callable[[Papers], object], came: set[int], ends: int, server: Server, root: Path) -> None:
    """Where the list shifts between two pages, what came is merged, and the next run gets what slipped through."""
    configure(root, page_size=2)
    server.papers[:] = FOUR
    server.faults.append(changing(server, change))
    assert run(root) == ends
    assert {int(name[-2:]) for name in stored(root)} == {1, 2} | came
    assert swept_to(root) == "2025-11-03"
    assert run(root) == 0
    assert set(stored(root)) >= {facts["id"] for facts in server.papers}


ONE, TWO, THREE = (paper(number, published=f"2025-11-{number:02}T10:00:00Z") for number in (11, 12, 13))
LISTS: dict[str, tuple[Sequence[dict[str, Any]], int, int]] = {
    "unsorted": ((TWO, ONE, THREE), 3, 0),
    "newest first": ((THREE, TWO, ONE), 3, 0),
    "the same paper twice": ((ONE, ONE, TWO, THREE), 4, 0),
    "two versions of a paper": ((ONE, ONE | {"version": 2}, TWO, THREE), 4, 0),
    "more than announced": ((ONE, TWO, THREE), 2, 0),
    "none announced": ((ONE, TWO, THREE), 0, 3),
    "fewer than announced": ((ONE, TWO, THREE), 5, 3),
}


@pytest.mark.parametrize(("papers", "total", "ends"), LISTS.values(), ids=LISTS)
def test_order_and_count(papers: Sequence[dict[str, Any]], total: int, ends: int, server: Server, root: Path) -> None:
    """Where order or count is wrong, each paper that came is stored once, and `swept_to` stands still."""
    server.faults += [instead(feed(papers, total)), instead(feed([], total))] + [instead(feed([], total))] * 2
    assert run(root) == ends
    came = 0 if total == 0 else 3
    assert len(stored(root)) == 2 + came
    assert swept_to(root) == "2025-11-03"
    text = (root / "articles/data/2025-11.jsonl").read_text("utf-8") if came else ""
    assert text.count('"2511.00011"') == (1 if came else 0)


def test_sweep_that_lacks_papers(server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A sweep from `since` that brings fewer papers than announced ends with 3, and is done again by the next run."""
    server.faults.append(instead(feed([paper(1), paper(1)], 2)))
    root = make_list(tmp_path, server.url)
    assert run(root) == 3
    said = capsys.readouterr().err
    assert "arXiv announced 2 papers and gave 1; what came is kept\n" in said
    assert said.endswith(f"arXiv: not all papers that it announced came; {KEPT}")
    assert not swept_to(root)
    assert run(root) == 0
    assert server.requests[0]["search_query"] == server.requests[1]["search_query"]
    assert len(stored(root)) == 2


def test_only_old_papers(server: Server, root: Path) -> None:
    """Papers of 2020 go where they belong: the front page keeps its newest, and `swept_to` stands still."""
    old = [paper(number, "2003") for number in (1, 2)]
    front = (root / "README.md").read_text("utf-8")
    configure(root)
    server.faults.append(instead(feed(old)))
    assert run(root) == 0
    assert (root / "articles/2020-03.md").read_text("utf-8").count("\n| 2020-03-03 |") == 2
    newest = re.search(r"Newest: [\d-]+", front)
    assert newest
    text = (root / "README.md").read_text("utf-8")
    assert newest[0] in text
    assert rows(text)[:2] == rows(front)
    assert swept_to(root) == "2025-11-03"


def rows(page: str) -> list[str]:
    """Return the rows of papers of a page."""
    return re.findall(r"^\| \d{4}-.*$", page, re.MULTILINE)


@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)], ids=["ascending", "descending"])
def test_versions(order: slice, server: Server, root: Path) -> None:
    """The higher version stays whatever comes first, and within a version the longer list of authors."""
    second = paper(2, version=2, title="Second version")
    short = paper(1, authors=paper()["authors"][:1], summary="Mended.")
    server.faults.append(instead(feed([paper(2), second, short][order])))
    assert run(root) == 0
    found = stored(root)
    assert (found["2511.00002"].version, found["2511.00002"].title) == (2, "Second version")
    assert found["2511.00001"].authors == ("Ada Lovelace", "Alan Turing", "Grace Hopper")
    assert found["2511.00001"].abstract == "Mended."


# ---------------------------------------------------------------- odd entries

ODD_IDS = [
    "http://arxiv.org/abs/../../etc/passwd",
    "http://arxiv.org/abs/../../../2511.00003v1",
    "http://arxiv.org/abs/2511.21591v0x",
    "http://arxiv.org/abs/2511.21591v0",
    "http://arxiv.org/abs/2513.00001v1",
    "http://arxiv.org/abs/2612.00001v1",
    "http://arxiv.org/abs/2511.00003v1/../../x",
    "http://arxiv.org/abs/2511.00003v1\n../x",
    "http://arxiv.org/abs/٢٥١١.00003v1",
    "http://arxiv.org.evil.example/abs/2511.00003v1",
    "/etc/passwd",
    "http://arxiv.org/abs/",
    HOSTILE,
    "",
]
ODD_DATES = ["1066-10-14T00:00:00Z", "2099-01-01T00:00:00Z", "9999-12-31T23:59:59-23:00", "soon", "", None]
ODD: dict[str, dict[str, Any]] = {
    **{f"id {name!r}": {"id": name, "version": 0} for name in ODD_IDS},
    **{f"published {date!r}": {"published": date, "updated": "2025-11-03T10:00:00Z"} for date in ODD_DATES},
    **{f"updated {date!r}": {"updated": date} for date in ODD_DATES},
    **{f"no {field}": {field: nothing} for field, nothing in (("title", " "), ("summary", ""), ("authors", [" "]))},
    "no primary category": {"categories": []},
}


@pytest.mark.parametrize("change", ODD.values(), ids=ODD)
def test_odd_entry(change: dict[str, Any], server: Server, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An odd entry is refused with one warning; its neighbours are stored, and no input names a file."""
    before = set(tree(root.parent))
    server.faults.append(instead(feed([paper(1), paper(3, **change), paper(4)])))
    assert run(root) == 0
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert said[0].startswith("refused: ")
    assert list(stored(root)) == ["2511.00001", "2511.00002", "2511.00004"]
    assert set(tree(root.parent)) == before
    assert not re.search(rb"1066|2099|9999|passwd", b"".join(shown(root).values()))


LARGE: dict[str, dict[str, Any]] = {
    "title of 1 MB": {"title": "safe " * 200_000},
    "title of one word": {"title": "x" * 1_000_000},
    "5,000 authors": {"authors": [f"Author {number}" for number in range(5_000)]},
    "author of 1 MB": {"authors": ["A. " * 300_000]},
    "abstract of 1 MB": {"summary": "safe " * 200_000},
    "comment of 1 MB": {"comment": "12 pages " * 100_000},
}


@pytest.mark.parametrize("change", LARGE.values(), ids=LARGE)
def test_large_entry(change: dict[str, Any], server: Server, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An entry larger than any real record is cut with one warning; pages and store stay small."""
    server.papers.append(paper(3, **change))
    configure(root, timeout_seconds=5)
    assert run(root) == 0
    assert capsys.readouterr().err == "2511.00003: longer than any real record, cut\n"
    assert len(stored(root)) == 3
    assert all(len(data) < 100_000 for data in tree(root).values())
    pages = b"".join(data for name, data in tree(root).items() if name.endswith(".md"))
    assert max(map(len, pages.splitlines())) <= 4_096


# ---------------------------------------------------------------- limits


def endless(handler: Handler, _: bytes) -> None:
    """Send 1 GB."""
    try:
        answer(handler, b"", Content_Length=str(2**30))
        for _megabyte in range(2**10):
            handler.wfile.write(bytes(2**20))
    except OSError:
        handler.close_connection = True
    else:
        raise AssertionError("the client took 1 GB")


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


def test_windows(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More papers than arXiv gives for one query are asked for in windows, none of which goes beyond its limit."""
    monkeypatch.setattr(update_papers, "MAX_RESULTS", 4)
    server.papers[:] = [paper(number) for number in range(1, 12)]
    root = make_list(tmp_path, server.url, page_size=2)
    assert run(root) == 0
    assert len(stored(root)) == 11
    assert swept_to(root) == "2025-11-03"
    assert max(int(asked["start"]) for asked in server.requests) == 2


@pytest.mark.parametrize("minute", [0, 1], ids=["all in one minute", "not in order"])
def test_windows_that_cannot_be_split(
    minute: int, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A long answer that cannot be split ends the run with 3 instead of asking for ever; what came is kept."""
    monkeypatch.setattr(update_papers, "MAX_RESULTS", 4)
    server.papers[:] = [paper(n, published=f"2025-11-03T10:{n * minute:02}:00Z") for n in range(9)]
    server.faults += [instead(feed(server.papers[3::-1], 9))] * minute
    root = make_list(tmp_path, server.url, page_size=4)
    assert run(root) == 3
    assert capsys.readouterr().err.endswith(KEPT)
    assert len(stored(root)) >= 4
    assert len(server.requests) <= 2
    assert bool(swept_to(root)) == (not minute)


# ---------------------------------------------------------------- interruptions


def test_interrupted(server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A run that is interrupted while it waits for arXiv keeps what came; the next one goes on from there."""

    def interrupt(handler: Handler, _: bytes) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        wait_until_closed(handler)

    server.papers[:] = [aged(number, number) for number in range(1, 8)]
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

    server.papers[:] = [aged(number, number) for number in range(1, 8)]
    server.faults += [None, cancel]
    root = make_list(tmp_path, server.url, page_size=2, timeout_seconds=20)
    command = [sys.executable, str(PROJECT / "update_papers.py"), "--root", str(root), "--until", "2025-11-20"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        _, said = process.communicate(timeout=30)
    assert process.returncode == 3
    assert said.endswith(f"interrupted; {KEPT}")
    assert list(stored(root)) == ["2501.00001", "2502.00002"]


# ---------------------------------------------------------------- nothing found, pinned papers, saved answers


def test_way_out(server: Server, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where arXiv finds nothing any more, the sentence names the way out, and the way leads out; no paper is lost."""
    server.papers.clear()
    assert run(root) == 3
    assert f"delete {COVERAGE} to ask from `since` anew" in capsys.readouterr().err
    (root / COVERAGE).unlink()
    assert run(root) == 0
    assert len(stored(root)) == 2


def test_nothing_where_nothing_was(server: Server, tmp_path: Path) -> None:
    """Nothing found is right on the first run, and beyond what is known."""
    papers, server.papers[:] = list(server.papers), []
    root = make_list(tmp_path, server.url)
    assert run(root) == 0
    server.papers[:] = papers
    assert run(root) == 0
    server.papers.clear()
    assert run(root, "--since", "2025-11-10") == 0
    assert len(stored(root)) == 2
    assert len(server.requests) == 3


def test_include(server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Pinned papers are asked for by id until they are stored; one that arXiv does not have is named each time."""
    server.papers.append(paper(7, "2301"))
    root = make_list(tmp_path, server.url, {"include": ["2301.00007", "2301.99999"]})
    unknown = "config.yaml: include: arXiv does not give 2301.99999; correct or delete it\n"
    for asked in ("2301.00007,2301.99999", "2301.99999"):
        server.requests.clear()
        assert run(root) == 0
        assert capsys.readouterr().err == unknown
        assert [request["id_list"] for request in server.requests if request.get("id_list")] == [asked]
    assert list(stored(root)) == ["2301.00007", "2511.00001", "2511.00002"]


def test_include_fails(server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where pinned papers can't be asked for, the run ends with 3 and keeps the others; the next run asks again."""
    server.papers.append(paper(7, "2301"))
    server.faults += [None, *[status(503)] * 3]
    root = make_list(tmp_path, server.url, {"include": ["2301.00007"]})
    assert run(root) == 3
    assert len(stored(root)) == 2
    assert capsys.readouterr().err.endswith(KEPT)
    assert run(root) == 0
    assert len(stored(root)) == 3


def test_saved_answers(server: Server, tmp_path: Path) -> None:
    """Answers that were kept make the same list again, whatever faults came between them, without a request."""
    server.papers[:] = [aged(number, number) for number in range(1, 6)]
    server.faults += [status(503), None, short, instead(b""), None]
    saved = tmp_path / "saved"
    first = make_list(tmp_path / "first", server.url, page_size=2)
    assert run(first, "--keep-answers", saved) == 0
    asked = len(server.requests)
    second = make_list(tmp_path / "second", server.url, page_size=2)
    assert run(second, "--feed", *sorted(saved.iterdir())) == 0
    assert len(server.requests) == asked == 6
    same = tree(first)
    assert same.pop(COVERAGE)
    assert tree(second) == same


@pytest.mark.parametrize(
    "data", [b"", b"Rate exceeded.", error_entry(), None], ids=["empty", "text", "error", "missing"]
)
def test_bad_saved_answer(data: bytes | None, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A saved answer that is none ends the run with 2, a sentence with its name, and nothing written."""
    good, bad = root.parent / "good.atom", root.parent / "bad.atom"
    good.write_bytes(feed([paper(3)]))
    if data is not None:
        bad.write_bytes(data)
    before = tree(root)
    assert run(root, "--feed", good, bad) == 2
    assert re.fullmatch(rf"{bad}: .+; save the answer again\n", capsys.readouterr().err)
    assert tree(root) == before


def test_explain_what_cannot_be_listed(server: Server, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--explain says in a sentence that a paper can't be listed, or that arXiv can't be read."""
    server.papers.append(paper(3, summary=""))
    assert run(root, "--explain", "2511.00003") in {2, 3}
    assert "has no abstract" in capsys.readouterr().err
    server.faults += [status(503)] * 3
    assert run(root, "--explain", "2511.00004") == 3
    assert capsys.readouterr().err.endswith(KEPT)


# ---------------------------------------------------------------- what the run page and the log tell


@pytest.fixture(name="summary")
def fixture_summary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file of the summary."""
    path = tmp_path / "summary.md"
    path.write_text("What stood there.\n", "utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(path))
    return path


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
    assert "208" not in server.requests[-1]["search_query"]
    assert "safety" not in server.requests[-1]["search_query"]


def test_summary_of_a_failure(server: Server, root: Path, summary: Path) -> None:
    """A run that ends with 3 says so on its page, with the reason."""
    server.faults += [status(403)]
    assert run(root) == 3
    assert "\n**arXiv: HTTP 403, which waiting does not mend" in summary.read_text("utf-8")


def test_no_near_misses_without_a_reader(server: Server, root: Path) -> None:
    """Near misses are asked for only where a summary shows them."""
    assert run(root) == 0
    assert len(server.requests) == 1


def odd_chunk(handler: Handler, _: bytes) -> None:
    """Send a chunk with a size that is none."""
    handler.protocol_version = "HTTP/1.1"
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.wfile.write(HOSTILE.encode() + b"\r\n")
    handler.close_connection = True


def no_headers(handler: Handler, body: bytes) -> None:
    """Send headers that are none."""
    handler.wfile.write(b"HTTP/1.0 200 OK\r\n##[error]pwned\r\n##[error]pwned\r\n\r\n" + body)


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
    """No text of a paper stands in log or summary, and none in the differences is a command for GitHub's runner."""
    server.papers.append(paper(3, title=HOSTILE, summary=HOSTILE, comment=HOSTILE, authors=[HOSTILE]))
    assert run(root) == 0
    said = capsys.readouterr()
    assert "pwned" not in said.err + said.out + summary.read_text("utf-8")
    server.papers.append(paper(4, title=HOSTILE, summary=HOSTILE, comment=HOSTILE, authors=[HOSTILE]))
    assert run(root, "--dry-run") == 0
    said = capsys.readouterr()
    assert "pwned" in said.out
    assert not re.search(r"^[-+ ]?\s*::|##\[", said.out, re.MULTILINE)
    assert len(stored(root)) == 3


def test_no_category_but_the_primary_one(server: Server, root: Path) -> None:
    """An entry that has a primary category only never makes a store that the next run cannot read."""
    body = re.sub(rb"<category [^>]*>", b"", feed([paper(3)]))
    server.faults += [instead(body), instead(body)]
    assert run(root) == 0
    assert run(root) == 0
    assert {"2511.00001", "2511.00002"} <= set(stored(root))
