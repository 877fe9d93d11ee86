"""What the tests share: invented papers, a stand-in for arXiv on 127.0.0.1, and small lists to run the updater in."""

import json
import re
import shutil
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape, quoteattr

import update_papers
from update_papers import Paper

PROJECT = Path(__file__).resolve().parent.parent
COVERAGE, INDEX = "articles/data/coverage.json", "articles/data/index.json"
NOW = datetime(2025, 11, 20, tzinfo=UTC)
Handler = BaseHTTPRequestHandler
Fault = Callable[[Handler, bytes], None] | None


def paper(number: int = 1, month: str = "2511", **changes: Any) -> dict[str, Any]:
    """Return the facts of an invented paper."""
    facts: dict[str, Any] = {
        "id": f"{month}.{number:05}",
        "version": 1,
        "title": f"Reasoning model safety, part {number}",
        "authors": ["Ada Lovelace", "Alan Turing", "Grace Hopper"],
        "published": f"20{month[:2]}-{month[2:]}-03T10:{number % 60:02}:00Z",
        "summary": f"We invent paper {number} on the safety of a reasoning model and its chain of thought.",
        "categories": ["cs.CL", "cs.AI"],
        "comment": None,
    }
    return {"updated": changes.get("published", facts["published"])} | facts | changes


def entry(facts: dict[str, Any]) -> str:
    """Return a paper as arXiv serves it."""
    name = f"http://arxiv.org/abs/{facts['id']}v{facts['version']}" if facts["version"] else facts["id"]
    parts = [f"<entry><id>{escape(name)}</id>", f"<title>{escape(facts['title'])}</title>"]
    parts += [f"<{tag}>{facts[tag]}</{tag}>" for tag in ("updated", "published") if facts[tag] is not None]
    parts.append(f"<summary>{escape(facts['summary'])}</summary>")
    parts += [f"<category term={quoteattr(name)}/>" for name in facts["categories"]]
    parts += [f"<arxiv:primary_category term={quoteattr(name)}/>" for name in facts["categories"][:1]]
    if facts["comment"]:
        parts.append(f"<arxiv:comment>{escape(facts['comment'])}</arxiv:comment>")
    parts += [f"<author><name>{escape(author)}</name></author>" for author in facts["authors"]]
    return "".join(parts) + "</entry>\n"


def feed(papers: Sequence[dict[str, Any]], total: int | None = None, start: int = 0) -> bytes:
    """Return an answer with these papers."""
    return (
        "<?xml version='1.0' encoding='UTF-8'?>\n<feed xmlns='http://www.w3.org/2005/Atom' "
        "xmlns:arxiv='http://arxiv.org/schemas/atom' xmlns:opensearch='http://a9.com/-/spec/opensearch/1.1/'>\n"
        f"<opensearch:totalResults>{len(papers) if total is None else total}</opensearch:totalResults>\n"
        f"<opensearch:startIndex>{start}</opensearch:startIndex>\n" + "".join(map(entry, papers)) + "</feed>\n"
    ).encode()


class Server:
    """A stand-in for arXiv: dates, ids, order and paging are honoured, any other term finds every paper.

    `faults` are used up one a request: None answers well, a callable gets the handler and the good body.
    """

    def __init__(self, papers: Sequence[dict[str, Any]] = (), faults: Sequence[Fault] = ()) -> None:
        """Take the papers and the faults; both may be changed between requests."""
        self.papers, self.faults = list(papers), list(faults)
        self.requests: list[dict[str, str]] = []
        self.httpd = ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.httpd.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.httpd.server_port}/api/query"

    def __enter__(self) -> Self:
        """Begin to serve."""
        threading.Thread(target=self.httpd.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_details: object) -> None:
        """Stop."""
        self.httpd.shutdown()
        self.httpd.server_close()

    def find(self, query: dict[str, str]) -> bytes:
        """Return the good answer."""
        found = list(self.papers)
        if ids := [name for name in query.get("id_list", "").split(",") if name]:
            found = [facts for facts in found if facts["id"] in ids]
        if dates := re.search(r'submittedDate:"(\d{12}) TO (\d{12})"', query.get("search_query", "")):
            found = [f for f in found if dates[1] <= re.sub(r"\D", "", f["published"] or "")[:12] <= dates[2]]
        found.sort(key=lambda facts: str(facts["published"]), reverse=query.get("sortOrder") != "ascending")
        start, size = int(query.get("start", 0)), int(query.get("max_results", 10))
        return feed(found[start : start + size], len(found), start)

    def handler(self) -> type[Handler]:
        """Return the class that answers the requests."""
        server = self

        class Answers(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                query = {key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()}
                server.requests.append(query)
                fault = server.faults.pop(0) if server.faults else None
                body = server.find(query)
                if fault:
                    fault(self, body)
                else:
                    answer(self, body)

            def log_message(self, *_arguments: object) -> None:
                pass

        return Answers


def answer(handler: Handler, body: bytes, status: int = 200, /, **headers: str) -> None:
    """Send an answer; header names are written with underscores."""
    handler.send_response(status)
    for name, value in ({"Content_Length": str(len(body))} | headers).items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


def make_list(root: Path, url: str = "", config: dict[str, Any] | str | None = None, **settings: float) -> Path:
    """Make a small list: the project's templates, a README.md with markers, a config without waits.

    `config`: further keys, or the whole text; `settings`: of the part `arxiv`.
    """
    root.mkdir(parents=True, exist_ok=True)
    shutil.copytree(PROJECT / "templates", root / "templates")
    lines = ["# A small list", "", "Written by hand.", ""]
    for name in ("LATEST_PAPERS", "SAFETY_DOMAINS"):
        lines += [f"<!-- {name}_START -->", f"<!-- {name}_END -->", "", "More words.", ""]
    (root / "README.md").write_text("\n".join(lines), encoding="utf-8")
    asking = {"url": url or "http://127.0.0.1:9/api/query", "delay_seconds": 0, "backoff_seconds": 0}
    asking |= {"timeout_seconds": 0.5, "retries": 2, "deadline_seconds": 20} | settings
    if not isinstance(config, str):
        facts = {"keywords": "[reasoning model]", "since": "2024-09-12", "stale_after_days": "0"}
        facts["arxiv"] = json.dumps(asking)
        facts |= {key: json.dumps(value) for key, value in (config or {}).items()}
        config = "".join(f"{key}: {value}\n" for key, value in facts.items())
    (root / "config.yaml").write_text(config, encoding="utf-8")
    return root


def run(root: Path, *arguments: str | Path, now: datetime = NOW) -> int:
    """Run the updater on a list; return its exit status."""
    return update_papers.main(["--root", str(root), *map(str, arguments)], now=now)


def tree(root: Path) -> dict[str, bytes]:
    """Return the files of a list by path, apart from templates and temporary files."""
    paths = [path for path in sorted(root.rglob("*")) if path.is_file() and not path.name.startswith(".update-papers.")]
    return {str(path.relative_to(root)): path.read_bytes() for path in paths if path.parent.name != "templates"}


def stored(root: Path) -> dict[str, Paper]:
    """Return the papers in the store."""
    texts = [file.read_text("utf-8") for file in sorted((root / "articles/data").glob("*.jsonl"))]
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
