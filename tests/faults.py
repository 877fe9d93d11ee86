"""What goes wrong between arXiv and us: a fault takes a request's handler and the good answer."""

import gzip
import socket
import struct
import threading
from collections.abc import Callable

from tests.helpers import Fault, Handler, Papers, Server, answer, feed

HOSTILE = "::error::pwned ##[error]pwned"
KEPT = "what came is kept, the next run goes on from there\n"


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
    half = body[: len(body) // 2]
    handler.wfile.write(b"%x\r\n%b\r\n" % (len(half), half))
    handler.wfile.write(b"%x\r\n%b" % (len(body), body[-20:]))
    handler.close_connection = True


def reset(handler: Handler, _: bytes) -> None:
    """Reset the connection."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.rfile.close()
    handler.connection.close()


def wait_until_closed(handler: Handler) -> None:
    """Wait until the client has had enough, or 10 seconds: then it has no patience of its own."""
    try:
        handler.connection.settimeout(10)
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


def drip_forever(beginning: bytes, drop: bytes) -> Fault:
    """Send something again and again, so that no silence is long."""

    def fault(handler: Handler, _: bytes) -> None:
        try:
            handler.wfile.write(beginning)
            while True:
                handler.wfile.write(drop)
                threading.Event().wait(0.02)
        except OSError:
            handler.close_connection = True

    return fault


def no_http(handler: Handler, _: bytes) -> None:
    """Answer with something that is no HTTP."""
    handler.wfile.write(b"220 mail ready\r\n")


def error_entry(published: str = "", message: str = "incorrect id format") -> bytes:
    """Return an error as arXiv dresses it up as an entry."""
    name = b"<id>https://arxiv.org/api/errors#incorrect_id_format</id><title>Error</title>"
    dates = ""
    if published:
        dates = f"<updated>{published}</updated><published>{published}</published>"
    rest = f"{dates}<summary>{message}</summary></entry></feed>"
    entry = b"<entry>" + name + rest.encode()
    return feed([], total=1).replace(b"</feed>", entry)


def bomb(body: bytes) -> bytes:
    """Return an answer whose first title is an entity that grows."""
    entities = '<!ENTITY a0 "safety">'
    for n in range(9):
        tenfold = f"&a{n};" * 10
        entities += f'<!ENTITY a{n + 1} "{tenfold}">'
    declared = body.replace(b"<feed", f"<!DOCTYPE feed [{entities}]>\n<feed".encode(), 1)
    return declared.replace(b"<title>", b"<title>&a9;", 1)


def spy(body: bytes) -> bytes:
    """Return an answer whose first title asks for a file."""
    entity = b'<!DOCTYPE feed [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    declared = body.replace(b"<feed", entity + b"\n<feed", 1)
    return declared.replace(b"<title>", b"<title>&a;", 1)


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


def moved(place: str) -> Fault:
    """Answer that what is asked for is elsewhere; "" is where the client asked already."""
    return lambda handler, _: answer(handler, b"", 301, Location=place or handler.path)


def changing(server: Server, change: Callable[[Papers], object]) -> Fault:
    """Answer well, and change the papers before the next page is asked for."""

    def fault(handler: Handler, body: bytes) -> None:
        change(server.papers)
        answer(handler, body)

    return fault
