"""A small list for the search page, a server for its pages, and a browser to look at them."""

import functools
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect, sync_playwright

from tests.helpers import feed, make_list, run

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
DOMAINS = {
    "Jailbreaks": {"about": "How prompts break in.", "terms": ["jailbreak"]},
    "Privacy & models": {"about": "What models tell.", "terms": ["privacy"]},
    "Monitoring <early>": {"about": "How thoughts are watched.", "terms": ["monitor"]},
}

# Without these, Chromium asks its maker's hosts for updates, or for rights that a container lacks.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # The same server by a name of plain http, which may not use the clipboard.
    "--host-resolver-rules=MAP desk.test 127.0.0.1",
)


def find_browser() -> str | None:
    """Return the path of an installed browser."""
    for name in BROWSERS:
        if path := shutil.which(name):
            return path
    return None


@contextmanager
def start_browser(path: str) -> Iterator[Browser]:
    """Start a browser without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def write_site(root: Path, papers: Sequence[dict[str, Any]], **config: Any) -> Path:
    """Let the updater make a list of these papers; return the folder that is published."""
    make_list(root, config={"domains": DOMAINS} | config)
    saved = root / "saved.atom"
    saved.write_bytes(feed(papers))
    assert run(root, "--feed", saved) == 0
    return root / "articles"


class Handler(SimpleHTTPRequestHandler):
    """Python's own server of files, quiet."""

    def log_message(self, *args: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """A server that does not wait for a connection that the browser keeps open."""

    daemon_threads = True


@contextmanager
def serve(folder: Path) -> Iterator[int]:
    """Serve a folder on 127.0.0.1, and give the port."""
    handler = functools.partial(Handler, directory=str(folder))
    with Server(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@dataclass(frozen=True)
class Desk:
    """A page of the browser, and what it complained of."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def open(self, port: int, query: str = "", host: str = "127.0.0.1") -> None:
        """Open the search page."""
        self.page.goto(f"http://{host}:{port}/search.html{query}")

    def type(self, words: str) -> None:
        """Put words into the search box."""
        self.page.get_by_role("searchbox").fill(words)

    def choose(self, label: str, option: str) -> None:
        """Choose an option of a filter."""
        self.page.get_by_role("combobox", name=label).select_option(option)

    def press(self, name: str) -> None:
        """Press the button of this name."""
        self.page.get_by_role("button", name=name).click()

    def row(self, title: str) -> Locator:
        """Return the row of a paper."""
        heading = self.page.get_by_role("heading", name=title, exact=True)
        return self.page.get_by_role("listitem").filter(has=heading)

    def expect_titles(self, *titles: str) -> None:
        """Wait until these are the papers shown, in this order."""
        expect(self.page.locator("#papers h2")).to_have_text(list(titles))

    def expect_text(self, text: str) -> None:
        """Wait until this can be read."""
        expect(self.page.get_by_text(text)).to_be_visible()


@contextmanager
def open_desk(browser: Browser, **options: Any) -> Iterator[Desk]:
    """Give an empty page that may use the clipboard, and note what it complains of."""
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"], **options)
    desk = Desk(context.new_page())

    def note(message: ConsoleMessage) -> None:
        is_icon = message.location["url"].endswith("/favicon.ico")  # browsers ask for one
        if message.type in {"error", "warning"} and not is_icon:
            desk.complaints.append(message.text)

    desk.page.on("console", note)
    desk.page.on("pageerror", lambda error: desk.complaints.append(str(error)))
    desk.page.set_default_timeout(10_000)
    yield desk
    context.close()
