"""What the tests share: invented papers, a stand-in for arXiv on 127.0.0.1, and small lists."""

import json
import re
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape, quoteattr

import update_papers
from update_papers import PAPER, STATE, Answer, Config, Paper, Window, ask, parse_config

PROJECT = Path(__file__).resolve().parent.parent
NOW = datetime(2025, 11, 20, tzinfo=UTC)
TOMORROW = datetime(2025, 11, 21, tzinfo=UTC)
SINCE = datetime(2024, 9, 12, tzinfo=UTC)  # as in the config of a small list
Handler = BaseHTTPRequestHandler
Fault = Callable[[Handler, bytes], None] | None
Papers = list[dict[str, Any]]


def paper(number: int = 1, month: str = "2511", **changes: Any) -> dict[str, Any]:
    """Return the facts of an invented paper."""
    facts: dict[str, Any] = {
        "id": f"{month}.{number:05}",
        "version": 1,
        "title": f"Reasoning model safety, part {number}",
        "authors": ["Ada Lovelace", "Alan Turing", "Grace Hopper"],
        "published": f"20{month[:2]}-{month[2:]}-03T10:{number % 60:02}:00Z",
        "summary": f"We invent paper {number} on the safety of a reasoning model.",
        "categories": ["cs.CL", "cs.AI"],
        "comment": None,
    }
    facts["updated"] = changes.get("published", facts["published"])
    return facts | changes


def entry(facts: dict[str, Any]) -> str:
    """Return a paper as arXiv serves it."""
    name = facts["id"]
    if facts["version"]:
        name = f"http://arxiv.org/abs/{name}v{facts['version']}"
    parts = [f"<entry><id>{escape(name)}</id>", f"<title>{escape(facts['title'])}</title>"]
    tags = [tag for tag in ("updated", "published") if facts[tag] is not None]
    parts += [f"<{tag}>{facts[tag]}</{tag}>" for tag in tags]
    parts.append(f"<summary>{escape(facts['summary'])}</summary>")
    terms = [quoteattr(name) for name in facts["categories"]]
    parts += [f"<category term={term}/>" for term in terms]
    parts += [f"<arxiv:primary_category term={term}/>" for term in terms[:1]]
    if facts["comment"]:
        parts.append(f"<arxiv:comment>{escape(facts['comment'])}</arxiv:comment>")
    parts += [f"<author><name>{escape(author)}</name></author>" for author in facts["authors"]]
    return "".join(parts) + "</entry>\n"


def feed(papers: Sequence[dict[str, Any]], total: int | None = None, start: int = 0) -> bytes:
    """Return an answer with these papers."""
    if total is None:
        total = len(papers)
    head = (
        "<?xml version='1.0' encoding='UTF-8'?>\n"
        "<feed xmlns='http://www.w3.org/2005/Atom' xmlns:arxiv='http://arxiv.org/schemas/atom' "
        "xmlns:opensearch='http://a9.com/-/spec/opensearch/1.1/'>\n"
        f"<opensearch:totalResults>{total}</opensearch:totalResults>\n"
        f"<opensearch:startIndex>{start}</opensearch:startIndex>\n"
    )
    return f"{head}{''.join(map(entry, papers))}</feed>\n".encode()


class Server:
    """A stand-in for arXiv: dates, ids, order and paging are honoured, any term finds every paper.

    `faults` are used up one a request: None answers well, a callable gets the handler and the
    good body.
    """

    def __init__(self, papers: Sequence[dict[str, Any]] = (), faults: Sequence[Fault] = ()) -> None:
        """Take the papers and the faults; both may be changed between requests."""
        self.papers, self.faults = list(papers), list(faults)
        self.requests: list[dict[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.httpd = ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.httpd.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.httpd.server_port}/api/query"

    def __enter__(self) -> Self:
        """Begin to serve."""
        serve = self.httpd.serve_forever
        threading.Thread(target=serve, kwargs={"poll_interval": 0.01}, daemon=True).start()
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
        asked = query.get("search_query", "")
        if dates := re.search(r'submittedDate:"(\d{12}) TO (\d{12})"', asked):
            found = [facts for facts in found if dates[1] <= minute(facts) <= dates[2]]
        descending = query.get("sortOrder") != "ascending"
        found.sort(key=lambda facts: str(facts["published"]), reverse=descending)
        start, size = int(query.get("start", 0)), int(query.get("max_results", 10))
        return feed(found[start : start + size], len(found), start)

    def handler(self) -> type[Handler]:
        """Return the class that answers the requests."""
        server = self

        class Answers(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                query = parse_qs(urlsplit(self.path).query)
                asked = {key: values[0] for key, values in query.items()}
                server.requests.append(asked)
                server.headers.append(dict(self.headers))
                fault = server.faults.pop(0) if server.faults else None
                body = server.find(asked)
                if fault:
                    fault(self, body)
                else:
                    answer(self, body)

            def log_message(self, *_arguments: object) -> None:
                pass

        return Answers


def minute(facts: dict[str, Any]) -> str:
    """Return when a paper was submitted, as a query writes it."""
    return re.sub(r"\D", "", facts["published"] or "")[:12]


def answer(handler: Handler, body: bytes, status: int = 200, /, **headers: str) -> None:
    """Send an answer; header names are written with underscores."""
    handler.send_response(status)
    for name, value in ({"Content_Length": str(len(body))} | headers).items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


# ------------------------------------------------------------------------------------- lists

README = """\
# A small list

Written by hand.

<!-- LATEST_PAPERS_START -->
<!-- LATEST_PAPERS_END -->

More words.

<!-- DOMAINS_START -->
<!-- DOMAINS_END -->

More words.
"""


def config_text(url: str, keys: dict[str, Any] | None = None, **settings: Any) -> str:
    """Return a config without waits; `keys` of it, and `settings` of its part `arxiv`."""
    asking = {
        "url": url or "http://127.0.0.1:9/api/query",
        "delay_seconds": 0,
        "backoff_seconds": 0,
        "timeout_seconds": 0.5,
        "retries": 2,
        "deadline_seconds": 20,
    }
    facts = {
        "keywords": ["reasoning model"],
        "since": f"{SINCE:%Y-%m-%d}",
        "stale_after_days": 0,
        "arxiv": asking | settings,
    }
    facts |= keys or {}
    return "".join(f"{key}: {json.dumps(value)}\n" for key, value in facts.items())


def make_list(
    root: Path, url: str = "", config: dict[str, Any] | str | None = None, **settings: Any
) -> Path:
    """Make a small list: a README.md with markers, and a config without waits.

    `config`: further keys, or the whole text; `settings`: of its part `arxiv`.
    """
    root.mkdir(parents=True, exist_ok=True)
    (root / "README.md").write_text(README, encoding="utf-8")
    if not isinstance(config, str):
        config = config_text(url, config, **settings)
    (root / "config.yaml").write_text(config, encoding="utf-8")
    return root


def configure(root: Path, **changes: Any) -> None:
    """Change settings of `arxiv` in the config of a list."""
    path = root / "config.yaml"
    lines = path.read_text("utf-8").splitlines()
    for number, line in enumerate(lines):
        key, _, value = line.partition(": ")
        if key == "arxiv":
            lines[number] = f"{key}: {json.dumps(json.loads(value) | changes)}"
    path.write_text("\n".join(lines) + "\n", "utf-8")


def run(root: Path, *arguments: str | Path, now: datetime = NOW) -> int:
    """Run the updater on a list; return its exit status."""
    return update_papers.main(["--root", str(root), *map(str, arguments)], now=now)


def tree(root: Path) -> dict[str, bytes]:
    """Return the files of a list by path, apart from templates and temporary files."""
    files = {}
    for path in sorted(root.rglob("*")):
        is_ours = path.parent.name != "templates" and not path.name.startswith(".update-papers.")
        if path.is_file() and is_ours:
            files[path.relative_to(root).as_posix()] = path.read_bytes()
    return files


def shown(root: Path) -> dict[str, bytes]:
    """Return all that readers of the list see: pages and papers."""
    hidden = {"config.yaml", STATE}
    return {name: data for name, data in tree(root).items() if name not in hidden}


def stored(root: Path) -> dict[str, Paper]:
    """Return the papers of the store by id, in the order in which they stand there."""
    papers = {}
    for path in sorted((root / "articles/data").glob("*.jsonl")):
        for line in path.read_bytes().splitlines():
            paper = PAPER.validate_json(line)
            papers[paper.id] = paper
    return papers


def state(root: Path) -> dict[str, Any]:
    """Return what state.json says, nothing if there is none."""
    path = root / STATE
    if not path.exists():
        return {}
    facts: dict[str, Any] = json.loads(path.read_bytes())
    return facts


# ---------------------------------------------------------------------------- quick templates

ROW = "{{ row.paper.line() }} {{ row.lead }} {{ row.venue }} {{ row.domains }}\n"
TRENDS = "{% for trend in trends %}{{ trend.papers }} {{ trend.recent }} {% endfor %}.\n"
ROWS = "{% for row in rows %}" + ROW + "{% endfor %}"
TITLES = "{% for paper in titles %}{{ paper.id }} {{ paper.shown_title }}\n{% endfor %}"
ENTRIES = "{% for paper in papers %}{{ paper.line() }}\n{% endfor %}"
FRONT_ROWS = "{% for row in rows %}" + ROW + "{% endfor %}"
QUICK = {
    "month.md.j2": "{{ heading }} {{ name }} {{ names }} {{ before }} {{ after }}\n" + ROWS,
    "domain.md.j2": "{{ domain }} {{ count }} {{ others }} {{ key_papers }}\n" + ROWS + TITLES,
    "archive.md.j2": "{{ title }} {{ count }} {{ months }}\n" + TRENDS + ROWS,
    "feed.xml.j2": "<id>{{ id }}</id> {{ name }} {{ domain }} {{ updated }}\n" + ENTRIES,
    "search.html.j2": "{{ title }} {{ homepage }} {{ months }} {{ domains }} {{ exclude }}\n",
    "latest.md.j2": "{{ count }} {{ week }}\n" + FRONT_ROWS,
    "domains.md.j2": TRENDS,
    "summary.md.j2": "",
}


def put_quick_templates(root: Path) -> None:
    """Give a list templates that show all that they are given, and are quickly read."""
    (root / "templates").mkdir()
    for name, text in QUICK.items():
        (root / "templates" / name).write_text(text, "utf-8")


# ------------------------------------------------------------------------------ asking alone


def config_of(url: str, **settings: Any) -> Config:
    """Return a config without waits; `settings` of its part `arxiv`."""
    return parse_config(config_text(url, **settings).encode())


def window(**changes: Any) -> Window:
    """Return a window whose papers all the tests' servers have."""
    facts: dict[str, Any] = {"begin": SINCE, "end": TOMORROW, "may_be_empty": False}
    return Window(**facts | {"is_sweep": False} | changes)


def ask_all(server: Server, *, pinned: tuple[str, ...] = (), **changes: Any) -> Answer:
    """Ask for everything; `changes` of the settings."""
    asked = window(pinned=pinned)
    return ask(config_of(server.url, **changes), asked, user_agent="tests")


def numbers(found: Answer) -> list[int]:
    """Return the last two digits of the ids that came."""
    return [int(paper.id[-2:]) for paper in found.papers]
