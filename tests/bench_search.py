"""What the search page costs a reader of 10,000 invented papers, in a real browser.

    python -m tests.bench_search

Each figure is the median of five page loads, and of the key presses in each.
"""

import random
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, expect

from tests.browser import find_browser, serve, start_browser, write_site
from tests.helpers import paper

PAPERS = 10_000
A_MONTH = 800
LOADS = 5
ABSTRACT = 190  # words, about 1,300 characters as on arXiv
WORDS = 5_000  # about as many as a field uses
TYPED = "chain reason safe"

# Times in milliseconds, counted by the browser from the moment it was sent to the page; for a key
# press, up to the next picture. Browsers round that to 8 ms, and tell of none below 16.
WATCH = """
  window.times = { first: 0, all: 0, keys: [] };
  new MutationObserver(() => {
    const isLoading = !document.getElementById("loading")?.hidden;
    if (!times.first && document.querySelector("#papers li")) times.first = performance.now();
    if (times.first && !times.all && !isLoading) times.all = performance.now();
  }).observe(document, { attributes: true, childList: true, subtree: true });
  new PerformanceObserver((seen) => {
    for (const { name, duration } of seen.getEntries()) {
      if (name === "input") times.keys.push(duration);
    }
  }).observe({ type: "event", durationThreshold: 16 });
"""


AIMS = {
    "first rows": "≤ 500",
    "all papers": "≤ 2,000",
    "a key press": "≤ 50",
    "the slowest key press of a load": "-",
}


def invent_papers() -> Iterator[dict[str, Any]]:
    """Yield papers as long as real ones, the same in every run."""
    chance = random.Random(1)
    letters = "abcdefghilmnoprstu"
    words = ["".join(chance.choices(letters, k=chance.randint(3, 11))) for _ in range(WORDS)]
    words += ["chain", "reasoning", "safety", "models", "jailbreak", "privacy"] * 25

    for number in range(PAPERS):
        month = number // A_MONTH
        yield paper(
            number % A_MONTH + 1,
            f"{24 + month // 12}{month % 12 + 1:02}",
            title=" ".join(chance.choices(words, k=10)),
            authors=[" ".join(chance.choices(words, k=2)).title() for _ in range(6)],
            summary=" ".join(chance.choices(words, k=ABSTRACT)),
        )


def measure(browser: Browser, port: int) -> dict[str, float]:
    """Load the page in a fresh browser profile, type, and return what it took, by name."""
    everything = f"{PAPERS} of {PAPERS} papers"
    with browser.new_context() as context:
        page = context.new_page()
        page.add_init_script(WATCH)
        page.goto(f"http://127.0.0.1:{port}/search.html")
        expect(page.locator("#count")).to_have_text(everything, timeout=30_000)
        box = page.get_by_role("searchbox")
        box.press_sequentially(TYPED, delay=100)
        for _ in TYPED:
            box.press("Backspace")
        expect(page.locator("#count")).to_have_text(everything)
        times = page.evaluate("times")
    keys = times["keys"] or [0]
    return {
        "first rows": times["first"],
        "all papers": times["all"],
        "a key press": statistics.median(keys),
        "the slowest key press of a load": max(keys),
    }


def main() -> None:
    """Print the figures beside their aims, as a table."""
    path = find_browser()
    if path is None:
        sys.stderr.write("The search page was not measured: no Chromium or Chrome here.\n")
        return

    with tempfile.TemporaryDirectory() as folder:
        site = write_site(Path(folder), list(invent_papers()))
        with serve(site) as port, start_browser(path) as browser:
            loads = [measure(browser, port) for _ in range(LOADS)]

    sys.stdout.write("| search page, milliseconds | measured | aim |\n| --- | --- | --- |\n")
    for name, aim in AIMS.items():
        took = statistics.median(load[name] for load in loads)
        sys.stdout.write(f"| {name} | {took:,.0f} | {aim} |\n")


if __name__ == "__main__":
    main()
