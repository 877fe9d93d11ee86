"""ArXiv misbehaves, and the way to it: asked for real, against a real server."""

import dataclasses
import gzip
import logging
import os
import re
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any
from xml.sax.saxutils import escape

import arxiv
import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from urllib3 import HTTPConnectionPool
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, ReadTimeoutError

import update_papers
from tests.faults import (
    HOSTILE,
    altered,
    bomb,
    changing,
    cut_chunk,
    drip,
    drip_forever,
    endless,
    error_entry,
    hang,
    hang_inside,
    instead,
    moved,
    no_http,
    odd_chunk,
    packed,
    reset,
    short,
    spy,
    status,
    wait_until_closed,
)
from tests.helpers import (
    TOMORROW,
    Fault,
    Handler,
    Papers,
    Server,
    answer,
    ask_all,
    config_of,
    feed,
    numbers,
    paper,
    window,
)
from update_papers import (
    EXPLAIN_SECONDS,
    KEPT,
    BadAnswerError,
    UnavailableError,
    UpdaterError,
    ask,
    fault_of,
    fetch_one,
    in_short,
    read_saved,
    retry_after,
    time_limit,
    user_agent,
)

POOL = HTTPConnectionPool("127.0.0.1")
ON_POSIX = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="Windows has no such clock")
BUSY = (406, 429, 500, 502, 503, 504)
QUICK: dict[str, Fault] = {
    **{f"{code}": status(code) for code in BUSY},
    **{f"{code} with Retry-After": status(code, Retry_After="0") for code in BUSY},
    "Retry-After is no time": status(503, Retry_After="soon"),
    "Retry-After has no year": status(503, Retry_After="Fri, 31 Dec 99999 23:59:59 GMT"),
    "Retry-After is long ago": status(503, Retry_After="Fri, 31 Dec 1999 23:59:59 GMT"),
    "Retry-After has no end": status(503, Retry_After="9" * 5_000),
    "503 with the papers": lambda handler, body: answer(handler, body, 503),
    "resets": reset,
    "no HTTP": no_http,
    "short body": short,
    "Content-Length too small": lambda handler, body: answer(
        handler, body, Content_Length=str(len(body) - 9)
    ),
    "Content-Length is no number": lambda handler, body: answer(
        handler, body[:-9], Content_Length="many"
    ),
    "cut chunk": cut_chunk,
    "odd chunk": odd_chunk,
    "cut gzip": packed(lambda body: body[:-20]),
    "broken gzip": packed(lambda body: body[:99] + b"\0\0\0\0" + body[103:]),
    "gzip that is none": altered(lambda body: body, Content_Encoding="gzip"),
    "cut inside the authors": altered(lambda body: body[: body.rindex(b"<author>") + 20]),
    "cut behind an author": altered(lambda body: body[: body.rindex(b"<author>")]),
    "cut behind the entries": altered(lambda body: body[: body.rindex(b"</feed>")]),
    "HTML": instead(
        b"<!DOCTYPE html><html><head><title>arXiv</title></head><body><p>Sorry</body></html>"
    ),
    "XHTML": instead(b"<html xmlns='http://www.w3.org/1999/xhtml'><body/></html>"),
    "text": instead(b"Rate exceeded."),
    "hostile text": instead(HOSTILE.encode()),
    "empty": instead(b""),
    "no XML": instead(bytes(range(256))),
    "another feed": altered(lambda body: body.replace(b"feed", b"rss")),
    "no total": altered(lambda body: body.replace(b"totalResults", b"results")),
    "total is no number": altered(
        lambda body: re.sub(rb"totalResults>\d+", b"totalResults>many", body)
    ),
    "no entry": instead(feed([], total=3)),
    "error": instead(error_entry()),
    "error with a date": instead(error_entry("2025-11-19T00:00:00Z")),
    "hostile error": instead(error_entry(message=HOSTILE)),
    "nothing where there was something": instead(feed([])),
    "none announced": altered(lambda body: re.sub(rb"Results>\d+", b"Results>0", body)),
    "entity bomb": altered(bomb),
    "entity of a file": altered(spy),
    "entity in UTF-16": altered(
        lambda body: spy(body).decode().replace("UTF-8", "UTF-16").encode("utf-16")
    ),
    "redirect to no address": moved("http://["),
}
SLOW: dict[str, Fault] = {"hangs": hang, "hangs inside the body": hang_inside}
ENDLESS: dict[str, Fault] = {
    "drips": drip,
    "drips a header": drip_forever(b"HTTP/1.1 200 OK\r\nX-Long: ", b"x"),
    "goes on without end": drip_forever(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "empty blocks of gzip": drip_forever(
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", gzip.compress(b"")
    ),
}
HANGING = [
    *(pytest.param(fault, id=name) for name, fault in SLOW.items()),
    *(pytest.param(fault, id=name, marks=ON_POSIX) for name, fault in ENDLESS.items()),
]


@pytest.fixture(name="said")
def fixture_said(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """Return what gives the lines that were logged."""

    def lines() -> list[str]:
        return [record.getMessage() for record in caplog.records if record.name == "update_papers"]

    caplog.set_level(logging.WARNING)
    return lines


Said = Callable[[], list[str]]


# ---------------------------------------------------------------- faults, passing and lasting


@pytest.mark.parametrize("fault", QUICK.values(), ids=QUICK)
def test_lasting_fault(fault: Fault, server: Server, said: Said) -> None:
    """What lasts is given up after the further tries, in one sentence; nothing is taken."""
    server.faults += [fault] * 3
    found = ask_all(server)
    assert found.requests == 3
    assert re.fullmatch(rf"arXiv: .+; gave up after try 3; {KEPT}", found.problem)
    assert (found.papers, found.read_to, found.complete) == ([], None, False)
    assert len(said()) == 2
    for line in (*said(), found.problem):
        assert not re.search(r"::|##\[|\n", line)


@pytest.mark.parametrize("fault", QUICK.values(), ids=QUICK)
@pytest.mark.parametrize("page", [1, 2])
def test_passing_fault(fault: Fault, page: int, server: Server, said: Said) -> None:
    """What passes is mended within the run, and every author is there."""
    server.papers += [paper(3), paper(4)]
    server.faults += [None] * (page - 1) + [fault]
    found = ask_all(server, page_size=2)
    assert numbers(found) == [1, 2, 3, 4]
    assert {len(each.authors) for each in found.papers} == {3}
    assert found.complete
    assert not found.problem
    assert found.read_to == datetime(2025, 11, 3, 10, 4, tzinfo=UTC)
    assert found.requests == 3
    assert len(said()) == 1
    assert said()[0].endswith("; next try in 0 s")


@pytest.mark.parametrize("fault", HANGING)
def test_slow_fault(fault: Fault, server: Server) -> None:
    """A try that hangs or drips ends, and the next one finds the papers."""
    server.faults.append(fault)
    found = ask_all(server, timeout_seconds=0.2, retries=9)
    assert found.requests >= 2
    assert numbers(found) == [1, 2]
    assert not found.problem


@pytest.mark.parametrize("fault", HANGING)
def test_deadline(fault: Fault, server: Server) -> None:
    """No silence and no drip outlives the deadline, though each try might last much longer."""
    server.faults += [fault] * 21
    begun = time.monotonic()
    found = ask_all(server, timeout_seconds=30, deadline_seconds=0.3, retries=20)
    assert time.monotonic() - begun < 5
    assert found.problem.endswith(f"gave up after try 1; {KEPT}")
    assert not found.papers


def test_no_request_behind_the_deadline(server: Server) -> None:
    """When the time is up before the next page is asked for, it is not asked for."""
    server.papers += [paper(3), paper(4)]
    found = ask_all(server, page_size=2, delay_seconds=0.3, deadline_seconds=0.2)
    assert numbers(found) == [1, 2]
    assert found.problem == f"arXiv: the time for asking is up; {KEPT}"
    assert found.requests == len(server.requests) == 1


def test_first_request_fails(server: Server) -> None:
    """No sound answer: nothing is said of how far arXiv was read."""
    server.faults.append(status(503))
    found = ask_all(server, retries=0)
    assert found.problem == f"arXiv: HTTP 503; gave up after try 1; {KEPT}"
    assert (found.read_to, found.complete) == (None, False)


# ---------------------------------------------------------------- waits


@pytest.mark.parametrize(
    "retry_after",
    ["60", "99999999999999999999", "Fri, 31 Dec 2100 23:59:59 GMT"],
    ids=["seconds", "many seconds", "day"],
)
def test_long_retry_after(retry_after: str, server: Server) -> None:
    """A Retry-After is honoured: where the deadline comes first, asking ends."""
    server.faults.append(status(503, Retry_After=retry_after))
    found = ask_all(server)
    assert len(server.requests) == 1
    assert found.problem == f"arXiv: HTTP 503; gave up after try 1; {KEPT}"


def test_retry_after_is_capped(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """No Retry-After makes a run wait longer than the stated limit."""
    assert update_papers.MAX_WAIT == 300
    monkeypatch.setattr(update_papers, "MAX_WAIT", 0.01)
    server.faults.append(status(429, Retry_After="3600"))
    found = ask_all(server)
    assert found.requests == 2
    assert found.waited == 0.01


RETRY_AFTER = {
    "120": 120,
    "3600": 300,
    "Fri, 31 Dec 2100 23:59:59 GMT": 300,
    "Fri, 31 Dec 1999 23:59:59 GMT": 0,
    "Fri, 31 Dec 99999 23:59:59 GMT": 0,
    "Fri, 31 Dec 99999999999 23:59:59 GMT": 0,
    "soon": 0,
    "-5": 0,
    "": 0,
    "9" * 5_000: 0,
}


@pytest.mark.parametrize(
    ("text", "seconds"), RETRY_AFTER.items(), ids=lambda value: str(value)[:30]
)
def test_forms_of_retry_after(text: str, seconds: float) -> None:
    """Seconds and days are understood, what is neither asks for no wait."""
    assert retry_after(text) == seconds


def test_waits_double(server: Server) -> None:
    """Each wait is twice as long as the one before."""
    server.faults += [status(503)] * 3
    assert ask_all(server, retries=3, backoff_seconds=0.02).waited == pytest.approx(0.14)


def test_no_wait_is_shorter_than_the_pause(server: Server) -> None:
    """A further try comes no sooner than arXiv's terms allow, whatever `backoff_seconds` says."""
    server.faults.append(status(503, Retry_After="0"))
    assert ask_all(server, delay_seconds=0.05).waited == 0.05


def test_tries_are_counted_by_page(server: Server) -> None:
    """Each page has its own tries."""
    server.papers[:] = [paper(number) for number in range(1, 5)]
    server.faults += [status(503), status(503), None, status(500), status(504), None]
    assert numbers(ask_all(server, page_size=2)) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("host", "reason"),
    [("127.0.0.1", "Connection refused"), ("nosuchhost.invalid", "Failed to resolve")],
    ids=["refuses", "unknown"],
)
def test_no_connection(host: str, reason: str, said: Said) -> None:
    """A server that refuses, and one that no name leads to, are tried again, then given up."""
    with Server() as gone:
        url = gone.url.replace("127.0.0.1", host)
    config = config_of(url, timeout_seconds=5, retries=1)
    question = window(may_be_empty=True)
    found = ask(config, question, user_agent="tests")
    assert len(said()) == 1
    assert found.problem.endswith(f"gave up after try 2; {KEPT}")
    assert reason in found.problem
    assert "search_query" not in found.problem


WORDS: dict[str, tuple[Exception, str]] = {
    "no connection in time": (
        requests.ConnectTimeout(
            MaxRetryError(POOL, "/?q=1", ConnectTimeoutError(POOL, "timed out after 3 s"))
        ),
        "timed out after 3 s",
    ),
    "no answer in time": (
        requests.ReadTimeout(ReadTimeoutError(POOL, "/?q=1", "Read timed out.")),
        ".+Read timed out.",
    ),
    "hostile": (BadAnswerError(f"{HOSTILE}\n"), r".*error.*pwned"),
    "without words": (TimeoutError(), "TimeoutError"),
}


@pytest.mark.parametrize(("problem", "words"), WORDS.values(), ids=WORDS)
def test_words_for_problems(problem: Exception, words: str) -> None:
    """A problem is told in a line that repeats no address and obeys nobody."""
    said = in_short(problem)
    assert re.fullmatch(words, said)
    assert not re.search(r"::|##\[", said)


def test_words_for_problems_are_few() -> None:
    """However much a problem says, a message has its beginning alone."""
    assert len(in_short(BadAnswerError("x" * 1_000))) == 300


# ---------------------------------------------------------------- what is final or elsewhere


@pytest.mark.parametrize("code", [204, 304, 401, 403, 404, 410, 414])
def test_final_refusal(code: int, server: Server, said: Said) -> None:
    """A refusal that waiting does not mend is not tried again."""
    server.faults += [status(code, Retry_After="0")] * 2
    found = ask_all(server)
    assert len(server.requests) == 1
    assert found.problem == f"arXiv: HTTP {code}, which waiting does not mend; {KEPT}"
    assert not said()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (error_entry(message="Parse error near &quot;ANDNOT&quot;"), 'Parse error near "ANDNOT"'),
        (error_entry(message=f"{HOSTILE}\n{HOSTILE}"), "[^\n]+"),
        (b"<html>no</html>", "no reason given"),
        (b"", "no reason given"),
    ],
    ids=["error entry", "hostile", "HTML", "empty"],
)
def test_wrong_query(body: bytes, reason: str, server: Server) -> None:
    """What arXiv calls wrong is not tried again; its own reason and the query are told."""
    server.faults.append(status(400, body))
    with pytest.raises(UpdaterError) as raised:
        ask_all(server)
    assert not isinstance(raised.value, UnavailableError)
    assert len(server.requests) == 1
    sentence, _, address = str(raised.value).partition("; mend config.yaml: ")
    assert re.fullmatch(rf"arXiv calls the query wrong: {reason}", sentence)
    assert not re.search(r"::|##\[", sentence)
    assert address.startswith(f"{server.url}?search_query=")
    assert "reasoning+model" in address


def test_query_wrong_at_a_later_page(server: Server) -> None:
    """What arXiv calls wrong after it gave papers costs none of them."""
    server.papers.append(paper(3))
    server.faults += [None, status(400)]
    found = ask_all(server, page_size=2)
    assert numbers(found) == [1, 2]
    assert found.problem.startswith("arXiv calls the query wrong: ")
    assert found.problem.endswith(f"; {KEPT}")


def test_papers_that_nobody_announced(server: Server) -> None:
    """Papers behind a total of none are no answer, even where none may be right."""
    server.faults += [QUICK["none announced"]] * 3
    found = ask(config_of(server.url), window(may_be_empty=True), user_agent="tests")
    assert "0 papers announced, 2 given behind 0" in found.problem


def test_nothing_on_the_second_page(server: Server) -> None:
    """A later page that knows of no paper is asked for again, even where none may be right."""
    server.papers.append(paper(3))
    server.faults += [None, instead(feed([]))]
    question = window(may_be_empty=True)
    found = ask(config_of(server.url, page_size=2), question, user_agent="tests")
    assert numbers(found) == [1, 2, 3]


def test_double_ends_what_is_known(server: Server) -> None:
    """From where a paper comes twice, nothing is said of how far arXiv was read."""
    server.papers[:] = FOUR
    server.faults.append(changing(server, lambda papers: papers.append(paper(10))))
    assert ask_all(server, page_size=2).read_to == datetime(2025, 11, 12, 10, tzinfo=UTC)


def test_windows_are_no_fault(server: Server, said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes in windows is announced as a whole; no question goes beyond arXiv's limit."""
    monkeypatch.setattr(update_papers, "MAX_RESULTS", 4)
    server.papers[:] = [paper(number) for number in range(1, 12)]
    assert ask_all(server, page_size=3).complete
    assert not said()
    assert {request["max_results"] for request in server.requests} <= {"3", "1"}


@ON_POSIX
def test_drip_ends_at_the_deadline(server: Server) -> None:
    """What drips ends at the deadline, and not some silences later."""
    server.faults.append(drip)
    begun = time.monotonic()
    ask_all(server, timeout_seconds=30, deadline_seconds=1)
    assert time.monotonic() - begun < 3


def test_redirect(server: Server) -> None:
    """Where arXiv sends the client elsewhere, the papers come from there."""
    server.faults.append(moved(""))
    found = ask_all(server)
    assert numbers(found) == [1, 2]
    assert found.requests == 1


PLACES = ["", "/maintenance", "ftp://arxiv.org/x", "http://[", "https:///"]


@pytest.mark.parametrize("place", PLACES, ids=repr)
def test_redirect_into_nothing(place: str, server: Server) -> None:
    """A redirect in a circle, or to what is no answer, is a fault like others."""
    for _ in range(3):
        server.faults += [moved(place), instead(b"<html/>")]
    found = ask_all(server)
    assert found.problem.endswith(KEPT)
    assert not found.papers


def test_circle(server: Server) -> None:
    """A circle of redirects is left after a few rounds."""
    server.faults += [moved("")] * 50
    found = ask_all(server)
    assert len(server.requests) == 12
    assert found.problem.endswith(f"gave up after try 3; {KEPT}")


# ---------------------------------------------------------------- limits

PACKED = gzip.compress(bytes(10_000_000))
LARGE_BODIES: dict[str, Fault] = {
    "1 GB": endless,
    "with a wrong query": status(400, bytes(200_000)),
    "packed": altered(lambda _: PACKED, Content_Encoding="gzip"),
}


@pytest.mark.parametrize("fault", LARGE_BODIES.values(), ids=LARGE_BODIES)
def test_large_body(fault: Fault, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body is cut off at the stated limit, and not asked for again."""
    assert update_papers.MAX_BODY == 64 * 2**20
    monkeypatch.setattr(update_papers, "MAX_BODY", 100_000)
    server.faults += [fault] * 3
    found = ask_all(server)
    assert found.problem == f"arXiv: an answer of more than 100,000 bytes; {KEPT}"
    assert found.requests == 1


# ---------------------------------------------------------------- who asks, and how


def test_parser_of_the_client() -> None:
    """What reads an entry, a name of the client's own, is there and gives its results."""
    found = vars(vars(arxiv)["_feed"])["parse"](feed([paper(1), paper(2)])).results
    assert [entry.entry_id[-7:] for entry in found] == ["00001v1", "00002v1"]
    assert isinstance(found[0], arxiv.Result)


def test_headers(server: Server) -> None:
    """Requests name us, not the client, and say what they accept: arXiv answered 406 without."""
    ask_all(server)
    assert server.headers[0]["User-Agent"] == "tests"
    assert server.headers[0]["Accept"] == "*/*"


@pytest.mark.parametrize("repository", ["", "octo-org/some_list.x"])
def test_user_agent(repository: str) -> None:
    """The name of the project, and the list's address if there is one."""
    where = rf" \(\+https://github\.com/{re.escape(repository)}\)" if repository else ""
    assert re.fullmatch(rf"update-papers/\d+\.\d+\.\d+{where}", user_agent(repository))


def test_pauses_between_questions(server: Server) -> None:
    """The pause is kept between pages, and between the window and the pinned papers too."""
    server.papers.append(paper(3))
    begun = time.monotonic()
    found = ask_all(server, pinned=("2511.00001",), page_size=2, delay_seconds=0.05)
    assert found.requests == 3
    assert time.monotonic() - begun >= 0.1


# ---------------------------------------------------------------- progress


def test_progress(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    """A long answer tells how far it has come, from its first page on; a short one is silent."""
    caplog.set_level(logging.INFO, "update_papers")
    ask_all(server, page_size=2)
    assert not caplog.messages
    server.papers.append(paper(3))
    ask_all(server, page_size=2, delay_seconds=0.01)
    assert caplog.messages == ["arXiv: 2 of 3 papers", "arXiv: 3 of 3 papers"]


# ---------------------------------------------------------------- order and number


def test_second_page_fails(server: Server) -> None:
    """Where page 2 fails for good, page 1 is kept and known to be complete."""
    server.papers[:] = [paper(number, f"25{number:02}") for number in range(1, 8)]
    server.faults += [None, *[status(503)] * 3]
    found = ask_all(server, page_size=2)
    assert numbers(found) == [1, 2]
    assert found.read_to == datetime(2025, 2, 3, 10, 2, tzinfo=UTC)
    assert found.problem.endswith(KEPT)
    assert not found.complete


def test_unordered_page_before_a_failure(server: Server) -> None:
    """What came is kept, but a page that is not in order says nothing of how far arXiv was read."""
    server.faults += [instead(feed(FOUR[1::-1], total=6)), *[status(503)] * 3]
    found = ask_all(server, page_size=2)
    assert numbers(found) == [12, 11]
    assert found.read_to is None
    assert found.problem


FOUR = [paper(number, published=f"2025-11-{number}T10:00:00Z") for number in (11, 12, 13, 14)]
FIFTEENTH = paper(15, published="2025-11-15T10:00:00Z")
SHIFTS: dict[str, tuple[Callable[[Papers], object], set[int]]] = {
    "grows at the beginning": (lambda papers: papers.append(paper(10)), {11, 12, 13, 14}),
    "shrinks at the end": (lambda papers: papers.pop(), {11, 12, 13}),
    "shrinks at the beginning": (lambda papers: papers.pop(0), {11, 12, 14}),
    "shrinks to one page": (lambda papers: papers.__delitem__(slice(2, None)), {11, 12}),
}


@pytest.mark.parametrize(("change", "came"), SHIFTS.values(), ids=SHIFTS)
def test_list_shifts(
    change: Callable[[Papers], object], came: set[int], server: Server, said: Said
) -> None:
    """Where the list shifts between two pages, what came is kept, and the answer is not whole."""
    server.papers[:] = FOUR
    server.faults.append(changing(server, change))
    found = ask_all(server, page_size=2)
    assert set(numbers(found)) == came
    assert not found.complete
    assert not found.problem
    assert re.fullmatch(r"arXiv announced \d papers and gave \d; what came is kept", said()[-1])


def test_list_grows_at_the_end(server: Server) -> None:
    """Papers that come while the list is read are read too."""
    server.papers[:] = FOUR
    server.faults.append(changing(server, lambda papers: papers.append(FIFTEENTH)))
    found = ask_all(server, page_size=2)
    assert numbers(found) == [11, 12, 13, 14, 15]
    assert found.complete


ONE, TWO, THREE = FOUR[:3]
SECOND = ONE | {"version": 2}
COUNTS: dict[str, tuple[Sequence[dict[str, Any]], int]] = {
    "the same paper twice": ((ONE, ONE, TWO, THREE), 4),
    "two versions of a paper": ((ONE, SECOND, TWO, THREE), 4),
    "more than announced": ((ONE, TWO, THREE), 2),
}


@pytest.mark.parametrize(("papers", "total"), COUNTS.values(), ids=COUNTS)
def test_count(papers: Sequence[dict[str, Any]], total: int, server: Server, said: Said) -> None:
    """Where the number is wrong, what came is taken, and the answer is not whole."""
    server.faults.append(instead(feed(papers, total)))
    found = ask_all(server)
    assert {paper.id[-2:] for paper in found.papers} == {"11", "12", "13"}
    assert not found.complete
    assert not found.problem
    assert said() == [f"arXiv announced {total} papers and gave 3; what came is kept"]


@pytest.mark.parametrize("papers", [(TWO, ONE, THREE), (THREE, TWO, ONE)], ids=["mixed", "turned"])
def test_order(papers: Sequence[dict[str, Any]], server: Server, said: Said) -> None:
    """Where everything came, its order is no matter."""
    server.faults.append(instead(feed(papers)))
    found = ask_all(server)
    assert found.complete
    assert found.read_to == datetime(2025, 11, 13, 10, tzinfo=UTC)
    assert not said()


def test_fewer_than_announced(server: Server) -> None:
    """Papers that are announced and do not come are asked for again, then given up."""
    server.faults += [instead(feed([ONE, TWO, THREE], 5)), *[instead(feed([], 5))] * 3]
    found = ask_all(server)
    assert numbers(found) == [11, 12, 13]
    assert not found.complete
    assert "5 papers announced, 0 given behind 3; gave up after try 3" in found.problem


def test_sound_answer(server: Server, said: Said) -> None:
    """A whole answer is complete, up to its newest paper, without a word."""
    server.papers[:] = FOUR
    found = ask_all(server)
    assert found.complete
    assert found.read_to == datetime(2025, 11, 14, 10, tzinfo=UTC)
    assert (found.problem, found.refused, found.missing) == ("", [], [])
    assert (found.requests, found.waited) == (1, 0)
    assert not said()


def test_nothing_found(server: Server) -> None:
    """No paper is right where it may be, and a sentence with a way out where it may not."""
    server.papers.clear()
    question = window(may_be_empty=True)
    found = ask(config_of(server.url), question, user_agent="tests")
    assert (found.papers, found.read_to, found.complete, found.problem) == ([], None, True, "")
    assert "delete articles/data/state.json to ask from `since` anew" in ask_all(server).problem


def test_order_of_the_question(server: Server) -> None:
    """The oldest papers are asked for first, so that what breaks off can be gone on with."""
    ask_all(server)
    asked = server.requests[0]
    assert (asked["sortBy"], asked["sortOrder"]) == ("submittedDate", "ascending")


# ---------------------------------------------------------------- windows


def test_windows(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """More papers than arXiv gives for a query come in windows, none beyond its limit."""
    assert update_papers.MAX_RESULTS == 10_000
    monkeypatch.setattr(update_papers, "MAX_RESULTS", 4)
    server.papers[:] = [paper(number) for number in range(1, 12)]
    found = ask_all(server, page_size=2)
    assert set(numbers(found)) == {*range(1, 12)}
    assert found.read_to == datetime(2025, 11, 3, 10, 11, tzinfo=UTC)
    assert found.complete
    assert max(int(asked["start"]) for asked in server.requests) == 2


@pytest.mark.parametrize("minute", [0, 1], ids=["all in one minute", "not in order"])
def test_windows_that_cannot_be_split(
    minute: int, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long answer that cannot be split ends the asking instead of going on for ever."""
    monkeypatch.setattr(update_papers, "MAX_RESULTS", 4)
    times = [f"2025-11-03T10:{number * minute:02}:00Z" for number in range(9)]
    server.papers[:] = [paper(number, published=each) for number, each in enumerate(times)]
    server.faults += [instead(feed(server.papers[3::-1], 9))] * minute
    found = ask_all(server, page_size=4)
    assert re.fullmatch(rf"arXiv: more than 4 papers, .+; {KEPT}", found.problem)
    assert len(found.papers) >= 4
    assert len(server.requests) <= 2
    assert not found.complete
    assert bool(found.read_to) == (not minute)


def test_second_window_fails(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the second window is wrong or empty, the first one still counts."""
    monkeypatch.setattr(update_papers, "MAX_RESULTS", 4)
    server.papers[:] = [paper(number) for number in range(1, 8)]
    nothing = [instead(feed([]))] * 3
    question = window(may_be_empty=True)
    for faults in ([None, status(403)], [None, *nothing]):
        server.faults[:] = faults
        found = ask(config_of(server.url, page_size=4), question, user_agent="tests")
        assert numbers(found)[:4] == [1, 2, 3, 4]
        assert found.read_to == datetime(2025, 11, 3, 10, 4, tzinfo=UTC)
        assert not found.complete


# ---------------------------------------------------------------- interruptions


@pytest.fixture(name="_heard")
def fixture_heard() -> Iterator[None]:
    """Hear SIGINT, which a job in the background ignores, and so does what it starts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_heard")
def test_interrupted(server: Server) -> None:
    """Who is interrupted while it waits for arXiv keeps what came."""

    def interrupt(handler: Handler, _: bytes) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        wait_until_closed(handler)

    server.papers[:] = [paper(number, f"25{number:02}") for number in range(1, 8)]
    server.faults += [None, interrupt]
    found = ask_all(server, page_size=2, timeout_seconds=20)
    assert found.problem == f"interrupted; {KEPT}"
    assert numbers(found) == [1, 2]
    assert found.read_to == datetime(2025, 2, 3, 10, 2, tzinfo=UTC)


# ---------------------------------------------------------------- entries

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
    "x" * 1_000,
]
ODD_DATES: dict[str | None, str] = {
    "1066-10-14T00:00:00Z": "{}: .+ greater than or equal to 1991-08-14T00:00:00Z",
    "2099-01-01T00:00:00Z": "was {} 2099-01-01",
    "2025-11-21T00:00:01Z": "was {} 2025-11-21",
    "9999-12-31T23:59:59-23:00": "has no id or no date to be read",
    "2025-11-03Z10:00:00": "has no id or no date to be read",
    "soon": "has no id or no date to be read",
    "": "has no id or no date to be read",
    None: "has no id or no date to be read",
}
LARGER = "is larger than any real record"
ODD: dict[str, tuple[dict[str, Any], str]] = {
    **{f"id {name!r}": ({"id": name, "version": 0}, "is no arXiv id") for name in ODD_IDS},
    **{
        f"published {date!r}": ({"published": date, "updated": FOUR[0]["updated"]}, reason)
        for date, reason in ODD_DATES.items()
    },
    **{f"updated {date!r}": ({"updated": date}, reason) for date, reason in ODD_DATES.items()},
    "no title": ({"title": " "}, "title: String should have at least 1 character"),
    "no abstract": ({"summary": ""}, "abstract: String should have at least 1 character"),
    "no author": ({"authors": []}, "authors: .+ at least 1 item .+"),
    "no name of an author": ({"authors": [" "]}, "authors: .+ at least 1 item .+"),
    "no primary category": ({"categories": []}, "primary_category: .+ at least 1 character"),
    "title of 1 MB": ({"title": "safe " * 200_000}, LARGER),
    "title of one word": ({"title": "x" * 1_000_000}, LARGER),
    "9,000 authors": ({"authors": [f"Author {number}" for number in range(9_000)]}, LARGER),
    "author of 1 MB": ({"authors": ["A. " * 300_000]}, LARGER),
    "abstract of 1 MB": ({"summary": "safe " * 200_000}, LARGER),
    "comment of 1 MB": ({"comment": "12 pages " * 100_000}, LARGER),
}


@pytest.mark.parametrize(("change", "reason"), ODD.values(), ids=ODD)
def test_odd_entry(change: dict[str, Any], reason: str, server: Server, said: Said) -> None:
    """An odd entry is refused with one warning; its neighbours are taken, the answer is sound."""
    server.faults.append(instead(feed([paper(1), paper(3, **change), paper(4)])))
    found = ask_all(server, timeout_seconds=5)
    assert numbers(found) == [1, 4]
    assert len(found.refused) == 1
    assert re.search(rf" {reason.format('(published|updated)')}$", found.refused[0])
    assert said() == [f"refused: {found.refused[0]}"]
    assert len(said()[0]) < 400
    assert not re.search(r"::|##\[|\n", said()[0])
    assert found.complete
    assert found.read_to == datetime(2025, 11, 3, 10, 4, tzinfo=UTC)


def test_empty_ids(server: Server) -> None:
    """An entry without an id has a name in the log all the same."""
    odd = [paper(1, id="", version=0), paper(2, id=" ", version=0)]
    server.faults.append(instead(feed(odd)))
    first, second = ask_all(server).refused
    assert first == "an entry has no id or no date to be read"
    assert second.endswith("is no arXiv id")


def test_other_faults(server: Server) -> None:
    """What else pydantic may find wrong with a record is told with the name of the field."""
    sound = ask_all(server).papers[0]
    with pytest.raises(ValidationError) as raised:
        dataclasses.replace(sound, version=0)
    assert fault_of(raised.value) == "version: Input should be greater than or equal to 1"


def test_names_of_authors(server: Server) -> None:
    """An author without a name is left out; the others keep their order."""
    server.papers[:] = [paper(1, authors=["Ada  Lovelace", " ", "", "Alan\nTuring"])]
    assert ask_all(server).papers[0].authors == ("Ada Lovelace", "Alan Turing")


def test_many_authors(server: Server, said: Said) -> None:
    """A paper of a very large collaboration is taken whole."""
    authors = tuple(f"Firstname Lastname {number}" for number in range(2_500))
    server.papers[:] = [paper(1, authors=authors)]
    assert ask_all(server).papers[0].authors == authors
    assert not said()


def test_facts(server: Server) -> None:
    """What arXiv says of a paper stands in its record, to the second; texts are clean."""
    published, updated = "2002-01-31T10:00:00.5Z", "2025-11-04T01:30:00+02:00"
    facts = paper(id="hep-th/0201001", version=3, published=published, updated=updated)
    facts |= {"title": "A\n  title", "comment": " 12 pages"}
    server.faults.append(instead(feed([facts])))
    found = ask_all(server).papers[0]
    assert (found.id, found.version) == ("hep-th/0201001", 3)
    assert found.published == datetime(2002, 1, 31, 10, tzinfo=UTC)
    assert found.updated == datetime(2025, 11, 3, 23, 30, tzinfo=UTC)
    assert (found.title, found.comment, found.doi) == ("A title", "12 pages", "")
    assert (found.primary_category, found.categories) == ("cs.CL", ("cs.CL", "cs.AI"))


def test_no_category_but_the_primary_one(server: Server) -> None:
    """An entry that has a primary category only has this one."""
    body = re.sub(rb"<category [^>]*>", b"", feed([paper(3)]))
    server.faults.append(instead(body))
    assert ask_all(server).papers[0].categories == ("cs.CL",)


# ---------------------------------------------------------------- pinned papers


def test_pinned(server: Server, said: Said) -> None:
    """Pinned papers are asked for by id; those that arXiv does not have are named."""
    server.papers.append(paper(7, "2301"))
    found = ask_all(server, pinned=("2301.00007", "2301.99999"))
    assert [paper.id for paper in found.papers] == ["2511.00001", "2511.00002", "2301.00007"]
    assert found.missing == ["2301.99999"]
    assert found.complete
    assert server.requests[1]["id_list"] == "2301.00007,2301.99999"
    assert not said()


def test_no_pinned_paper_found(server: Server) -> None:
    """Where arXiv has none of the pinned papers, that is no fault."""
    found = ask_all(server, pinned=("2301.99999",))
    assert (found.requests, found.problem, found.missing) == (2, "", ["2301.99999"])


def test_many_pinned(server: Server) -> None:
    """Pinned papers are asked for a hundred at a time, which keeps the address short."""
    found = ask_all(server, pinned=tuple(f"2301.{number:05}" for number in range(250)))
    counts = [len(asked["id_list"].split(",")) for asked in server.requests[1:]]
    assert counts == [100, 100, 50]
    assert len(found.missing) == 250


def test_pinned_fail(server: Server) -> None:
    """Where pinned papers can't be asked for, the window counts, and nobody is called missing."""
    server.faults += [None, *[status(503)] * 3]
    found = ask_all(server, pinned=tuple(f"2301.{number:05}" for number in range(250)))
    assert numbers(found) == [1, 2]
    assert found.problem.endswith(KEPT)
    assert found.complete
    assert found.read_to
    assert not found.missing
    assert found.requests == 4


def test_pinned_refused_by_arxiv(server: Server) -> None:
    """An id that arXiv calls wrong costs nothing of the window, and ends the run with its words."""
    server.faults += [None, status(400, error_entry())]
    found = ask_all(server, pinned=("foo/0001001",))
    assert numbers(found) == [1, 2]
    assert found.complete
    assert "calls the query wrong" in found.problem


def test_pinned_alike(server: Server) -> None:
    """A number alone does not make a paper: it has its archive too."""
    server.papers.append(paper(7, id="physics/9901001", published="1999-01-04T00:00:00Z"))
    found = ask_all(server, pinned=("physics/9901001", "cs/9901001"))
    assert found.missing == ["cs/9901001"]


def test_pinned_wait_for_a_sound_window(server: Server) -> None:
    """Where the window fails, arXiv is left in peace."""
    server.faults += [status(403)]
    assert ask_all(server, pinned=("2301.00007",)).requests == 1


def test_pinned_and_refused(server: Server) -> None:
    """A pinned paper whose record cannot be listed is refused, and not called missing too."""
    server.papers.append(paper(7, "2301", summary=""))
    found = ask_all(server, pinned=("2301.00007", "2301.00008"))
    assert "2301.00007" in found.refused[0]
    assert found.missing == ["2301.00008"]


# ---------------------------------------------------------------- answers that were kept


def test_kept_answers(server: Server, tmp_path: Path) -> None:
    """What is kept is what was taken, whatever faults came between, and gives the same papers."""
    server.papers[:] = [paper(number, f"25{number:02}") for number in range(1, 6)]
    server.papers[2]["published"] = "soon"
    server.faults += [status(503), None, short, instead(b""), None]
    folder = tmp_path / "new" / "folder"
    begin = datetime(1000, 1, 1, tzinfo=UTC)
    question = window(begin=begin, end=TOMORROW + timedelta(days=1))
    config = config_of(server.url, page_size=2)
    server.papers.pop(2)
    first = ask(config, question, user_agent="tests", keep=folder)
    asked = len(server.requests)
    paths = sorted(folder.iterdir())
    assert [path.name for path in paths] == ["0001.atom", "0002.atom"]
    again = read_saved(paths, TOMORROW)
    assert again.papers == first.papers
    assert len(again.papers) == 4
    assert len(server.requests) == asked == 5
    assert (again.read_to, again.complete, again.problem) == (None, False, "")


MESSY = st.sampled_from(["Z", "T", " ", "\n", "+", "-", ":", ".", "W", "2025", "11", "3", "é", ""])
DATES = st.one_of(
    st.text(max_size=25),
    st.datetimes().map(lambda moment: f"{moment.isoformat()}Z"),
    st.tuples(st.datetimes(), MESSY, st.integers(0, 25)).map(
        lambda parts: parts[1].join([f"{parts[0]}+01:00"[: parts[2]], f"{parts[0]}Z"[parts[2] :]])
    ),
)


@given(dates=st.lists(DATES, min_size=1, max_size=3))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_client_reads_each_entry(dates: list[str], tmp_path: Path) -> None:
    """Whatever stands for a date: the client skips no entry, and stumbles over none."""
    path = tmp_path / "0001.atom"
    texts = [escape("".join(filter(str.isprintable, date))) for date in dates]
    path.write_bytes(feed([paper(1, published=text, updated=text) for text in texts]))
    found = read_saved([path], TOMORROW)
    assert len(found.papers) + len(found.refused) == len(dates)


def test_kept_as_it_came(server: Server, tmp_path: Path, said: Said) -> None:
    """A page with odd entries is kept as it came, and refused again in the same words."""
    body = feed([paper(1, published="soon"), paper(2, id="", version=0), paper(3)])
    server.faults.append(instead(body))
    question = window()
    first = ask(config_of(server.url), question, user_agent="tests", keep=tmp_path)
    assert (tmp_path / "0001.atom").read_bytes() == body
    again = read_saved([tmp_path / "0001.atom"], TOMORROW)
    assert again.refused == first.refused
    assert len(said()) == 4


def test_saved_page_of_a_long_answer(tmp_path: Path) -> None:
    """A page that announces further ones, or none at all, is read for what it has."""
    pages = {"a": feed([paper(1)], total=900), "b": feed([])}
    for name, body in pages.items():
        (tmp_path / name).write_bytes(body)
    assert numbers(read_saved(sorted(tmp_path.iterdir()), TOMORROW)) == [1]


BAD_FILES = {
    "empty": b"",
    "text": b"Rate exceeded.",
    "hostile": HOSTILE.encode(),
    "error": error_entry(message=HOSTILE),
    "bomb": bomb(feed([paper(3)])),
    "spy": spy(feed([paper(3)])),
    "announced, not given": feed([], total=3),
}


@pytest.mark.parametrize("data", BAD_FILES.values(), ids=BAD_FILES)
def test_bad_saved_answer(data: bytes, tmp_path: Path) -> None:
    """A saved answer that is none is named in a sentence."""
    good, bad = tmp_path / "good.atom", tmp_path / "bad.atom"
    good.write_bytes(feed([paper(3)]))
    bad.write_bytes(data)
    with pytest.raises(UpdaterError) as raised:
        read_saved([good, bad], TOMORROW)
    said = str(raised.value)
    assert re.fullmatch(rf"{re.escape(str(bad))}: .+; save the answer again", said)
    assert not re.search(r"::|##\[", said)


def test_folder_that_cannot_be_written(server: Server, tmp_path: Path) -> None:
    """A folder for answers that is a file is named; it is not tried again."""
    folder = tmp_path / "file"
    folder.write_bytes(b"")
    question = window()
    with pytest.raises(OSError, match=re.escape(str(folder))):
        ask(config_of(server.url), question, user_agent="tests", keep=folder)
    assert len(server.requests) == 1


# ---------------------------------------------------------------- one paper


def test_fetch_one(server: Server) -> None:
    """A paper is fetched by its id, and it is said if arXiv has no such paper."""
    config = config_of(server.url)
    found = fetch_one(config, "2511.00002", TOMORROW, user_agent="tests")
    assert found.id == "2511.00002"
    with pytest.raises(UpdaterError, match=r"^--explain 2511\.00003: arXiv has no such paper; "):
        fetch_one(config, "2511.00003", TOMORROW, user_agent="tests")
    assert server.headers[0]["User-Agent"] == "tests"


def test_fetch_what_cannot_be_listed(server: Server) -> None:
    """A paper that can't be listed is no paper that arXiv lacks: the reason is told."""
    server.papers.append(paper(3, summary=""))
    with pytest.raises(UpdaterError, match=r"^--explain 2511\.00003: never listed: .+ abstract: "):
        fetch_one(config_of(server.url), "2511.00003", TOMORROW, user_agent="tests")


NO_NETWORK: dict[str, Fault] = {"busy": status(503), "hangs": hang, "forbidden": status(403)}


@pytest.mark.parametrize("fault", NO_NETWORK.values(), ids=NO_NETWORK)
def test_fetch_one_has_little_patience(
    fault: Fault, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody waits: --explain gives up soon whatever config.yaml says, and says what to check."""
    assert EXPLAIN_SECONDS <= 15
    monkeypatch.setattr(update_papers, "EXPLAIN_SECONDS", 0.3)
    server.faults += [fault] * 9
    config = config_of(
        server.url, timeout_seconds=60, deadline_seconds=5000, retries=20, backoff_seconds=30
    )
    begun = time.monotonic()
    with pytest.raises(UnavailableError) as raised:
        fetch_one(config, "2511.00002", TOMORROW, user_agent="tests")
    assert time.monotonic() - begun < 5
    assert re.fullmatch(
        r"--explain 2511.00002: arXiv: .+; check the network and the proxy \(HTTPS_PROXY\), "
        r"or try again later",
        str(raised.value),
    )


@ON_POSIX
def test_time_limit_ends_with_the_request() -> None:
    """What comes after a request has all the time it needs."""
    with time_limit(0.05):
        pass
    assert not Event().wait(0.2)


def test_proxies_are_honoured(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy, certificates and the like are honoured as requests does."""
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("http_proxy", server.url)
    found = ask(
        config_of("http://nosuchhost.invalid/api/query"),
        window(),
        user_agent="tests",
    )
    assert numbers(found) == [1, 2]
