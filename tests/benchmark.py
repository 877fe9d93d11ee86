"""What a run costs, by the size of the list: one table, all of it measured within this run.

    python tests/benchmark.py [--quick]

Lists of 4,000, 20,000 and 100,000 invented papers at 790 a month, with the shipped domains. Each
run is one in a fresh copy of the list, as GitHub's are, and asks a server on 127.0.0.1, which gives
the same 1,000 newest papers at once, and the new ones. Every figure is the median of five; --quick
takes smaller lists and fewer runs, to see that the benchmark itself works.
"""

import argparse
import gzip
import itertools
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

import yaml

PROJECT = Path(__file__).resolve().parent.parent
A_MONTH = 790  # ten more begin no new page, as seven times in eight
ANSWER = 1_000  # papers
NEWEST = 2026 * 12 + 8  # September 2026, in months: it is past, so that no run sweeps
UNTIL = "2026-09-28"
SUBJECTS = (
    "jailbreak prompts", "safety alignment", "chain of thought monitoring", "prompt injection",
    "backdoor triggers", "privacy leakage", "over-refusal", "guard model", "overthinking",
    "deception", "multimodal risks", "social bias",
)  # fmt: skip
STARTS = ["ab", "ac", "be", "com", "con", "de", "dis", "ex", "im", "in"]
STARTS += ["mo", "ob", "per", "pre", "pro", "re", "sub", "sur", "trans", "un"]
MIDDLES = ["cep", "duc", "fer", "gres", "jec", "por", "scri", "serv", "sta", "tain", "ten", "ver"]
ENDS = ["ate", "ed", "ing", "ion", "ive", "or"]
FILLER = [
    start + middle + end for start in STARTS for middle in MIDDLES for end in ENDS
]  # 1,440: packs like real text


def arxiv_id(number: int) -> str:
    """Return the id of a paper; they count backwards from the newest month.

    That holds all negative numbers.
    """
    month = NEWEST - max(0, number // A_MONTH)
    place = 20_000 - number if number < 0 else 10_000 + A_MONTH - number % A_MONTH
    return f"{month // 12 % 100:02}{month % 12 + 1:02}.{place:05}"


def entry(number: int, version: int = 1) -> str:
    """Return an invented paper as arXiv serves it: as long as a real one, of some domains."""
    name = arxiv_id(number)
    day = 28 if number < 0 else 1 + (A_MONTH - 1 - number % A_MONTH) * 27 // A_MONTH
    date = f"20{name[:2]}-{name[2:4]}-{day:02}T09:00:00Z"
    chance = [zlib.crc32(f"{number}/{place}".encode()) for place in range(175)]
    words = [FILLER[draw % len(FILLER)] for draw in chance[:170]]
    words[20] = SUBJECTS[
        min(chance[170] % len(SUBJECTS), chance[171] % len(SUBJECTS))
    ]  # the first ones more often
    words[60] = SUBJECTS[min(chance[172] % len(SUBJECTS), chance[173] % len(SUBJECTS))]
    sentences = [" ".join(words[at : at + 20]).capitalize() for at in range(0, len(words), 20)]
    sentences[3] = f"We {sentences[3].lower()}"  # the lead
    authors = "".join(f"<author><name>Author {chance[place]}</name></author>" for place in range(5))
    return (
        f"<entry><id>http://arxiv.org/abs/{name}v{version}</id>"
        f"<title>{escape(' '.join(words[:9]))} {number}</title>"
        f"<published>{date}</published><updated>{date}</updated>"
        f"<summary>Reasoning models: {'. '.join(sentences)}.</summary>"
        f'{authors}<category term="cs.CL"/><arxiv:primary_category term="cs.CL"/></entry>\n'
    )


def feed(entries: Sequence[str]) -> bytes:
    """Return a whole answer."""
    head = (
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:arxiv="http://arxiv.org/schemas/atom" '
        'xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/">'
    )
    total = f"<opensearch:totalResults>{len(entries)}</opensearch:totalResults>"
    start = "<opensearch:startIndex>0</opensearch:startIndex>"
    return f"{head}{start}{total}\n{''.join(entries)}</feed>".encode()


def newest(new: int) -> bytes:
    """Return arXiv's answer when so many papers are new, the oldest first."""
    return feed([entry(number) for number in range(ANSWER - 1, -1 - new, -1)])


class Figure(NamedTuple):
    """A row of the table."""

    name: str
    measured: str
    aim: str


class Answers(BaseHTTPRequestHandler):
    """Gives the same body to every request."""

    body = b""

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


def spent(*command: str | Path) -> tuple[float, float, str]:
    """Run a command; return its seconds, its peak memory in MB and what it printed."""
    begun = time.perf_counter()
    with subprocess.Popen(
        [str(part) for part in command], stdout=subprocess.PIPE, text=True
    ) as process:
        out = process.stdout.read() if process.stdout else ""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command[-6:]} ended with {process.returncode}: {out}")
    return time.perf_counter() - begun, usage.ru_maxrss / 1024, out


def updater(root: Path, *arguments: str | Path) -> tuple[float, float, str]:
    """Run the updater as a process of its own."""
    return spent(
        sys.executable, PROJECT / "update_papers.py", "--root", root, "--until", UNTIL, *arguments
    )


def new_list(root: Path, url: str) -> Path:
    """Make an empty list with the project's own config and templates."""
    shutil.copytree(PROJECT / "templates", root / "templates")
    config = yaml.safe_load((PROJECT / "config.yaml").read_text(encoding="utf-8"))
    config["min_score"] = 0  # invented papers mean nothing
    config["arxiv"] = {"url": url, "delay_seconds": 0, "backoff_seconds": 0}
    (root / "config.yaml").write_text(
        yaml.safe_dump(config, sort_keys=False, allow_unicode=True), encoding="utf-8"
    )
    markers = [
        f"<!-- {name}_{end} -->"
        for name in ("LATEST_PAPERS", "SAFETY_DOMAINS")
        for end in ("START", "END")
    ]
    (root / "README.md").write_text("# A list\n\n" + "\n".join(markers) + "\n", encoding="utf-8")
    return root


def build(root: Path, papers: int, folder: Path) -> float:
    """Fill a list with papers from saved answers of 2,000; return the seconds that it took."""
    files = []
    for first in range(0, papers, 2_000):
        files.append(folder / f"{first:06}.atom")
        if not files[-1].exists():
            files[-1].write_bytes(
                feed([entry(number) for number in range(first, min(papers, first + 2_000))])
            )
    return updater(root, "--feed", *files)[0]


def git_growth(root: Path, runs: int, papers: int, folder: Path) -> tuple[float, Counter[str]]:
    """Return the bytes that git grows by with each new paper, and the new bytes by kind of page."""

    def git(*arguments: str) -> str:
        user = ("-c", "user.name=bench", "-c", "user.email=bench@localhost", "-c", "gc.auto=0")
        command = [shutil.which("git") or "git", "-C", str(root), *user, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def packed() -> int:
        git("gc", "--quiet", "--prune=now")
        return sum(path.stat().st_size for path in (root / ".git/objects/pack").glob("*.pack"))

    git("init", "--quiet")
    git("add", "--all")
    git("commit", "--quiet", "--message", "start")
    before, saved = packed(), folder / "growth.atom"
    for run in range(runs):
        numbers = range(-1 - run * papers, -1 - (run + 1) * papers, -1)
        saved.write_bytes(feed([entry(number) for number in numbers]))
        updater(root, "--feed", saved)
        git("add", "--all")
        git("commit", "--quiet", "--message", "run")
    growth = packed() - before
    kinds: Counter[str] = Counter()
    names = dict(
        line.split(" ", 1)
        for line in git("rev-list", "--objects", "--all").splitlines()
        if " " in line
    )
    sizes = git(
        "cat-file",
        "--batch-all-objects",
        "--batch-check=%(objectname) %(objecttype) %(objectsize:disk)",
    )
    for name, kind, size in (line.split() for line in sizes.splitlines()):
        path = names.get(name, "") if kind == "blob" else kind
        label = "month pages and store" if path[9:13].isdigit() or "/data/20" in path else path
        kinds["domain pages" if "domain-" in path else label] += int(size)
    return growth / (runs * papers), kinds


def fresh_runs(root: Path, runs: int, *arguments: str | Path) -> tuple[float, float]:
    """Run the updater on fresh copies of a list, as the cron does; return seconds and peak MB."""
    spans = []
    for number in range(runs):
        copy = root.with_name(f"{root.name}-{number}")
        shutil.copytree(root, copy)
        spans.append(updater(copy, *arguments)[:2])
        shutil.rmtree(copy)
    seconds, memory = zip(*spans, strict=True)
    return statistics.median(seconds), statistics.median(memory)


def measure(folder: Path, url: str, sizes: Sequence[int], runs: int) -> Iterator[Figure]:
    """Yield the figures that need a list of each size."""
    script = "import arxiv, jinja2, yaml"
    base = statistics.median(spent(sys.executable, "-c", script)[0] for _ in range(2 * runs + 1))
    yield Figure("the imports arxiv, jinja2 and yaml, in seconds", f"{base:.2f}", "-")

    for size, quiet_aim in zip(sizes, ("≤ 3.5", "≤ 6", "-"), strict=True):
        root = new_list(folder / f"list-{size}", url)
        first = build(root, size, folder)
        yield Figure(f"first build of {size:,}, papers a second", f"{size / first:,.0f}", "≥ 1,500")
        Answers.body = newest(0)
        updater(root)  # state.json remembers what was asked

        quiet, memory = fresh_runs(root, runs)
        yield Figure(f"nothing new at {size:,} ÷ imports", f"{quiet / base:.1f}", quiet_aim)
        yield Figure(f"nothing new at {size:,}, seconds", f"{quiet:.2f}", "-")
        yield Figure(f"peak memory at {size:,}, MB", f"{memory:.0f}", "≤ 200 at 20,000")
        Answers.body = newest(10)
        ten, _ = fresh_runs(root, runs)
        yield Figure(f"ten new papers at {size:,} ÷ imports", f"{ten / base:.1f}", "≤ 12 at 20,000")
        shutil.rmtree(root)


def measure_growth(folder: Path, papers: int, runs: int) -> Iterator[Figure]:
    """Yield what git grows by, with the share of each kind of page."""
    record = len(gzip.compress(json.dumps(entry(0)).encode()))
    for rate in (1, 3, 10):
        root = new_list(folder / f"growth-{rate}", "http://127.0.0.1:9/")
        build(root, papers, folder)
        growth, kinds = git_growth(root, runs, rate, folder)
        share = ", ".join(
            f"{name} {size / sum(kinds.values()):.0%}" for name, size in kinds.most_common(6)
        )
        yield Figure(
            f"git growth a paper ÷ its record, {rate} a run",
            f"{growth / record:.1f} ({share})",
            "≤ 5 at 10",
        )


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sizes, runs, growth_runs = (4_000, 20_000, 100_000), 5, 200
    if quick:
        sizes, runs, growth_runs = (400, 800, 1_600), 1, 3
    with tempfile.TemporaryDirectory() as folder:
        url = f"http://127.0.0.1:{server.server_port}/api/query"
        sys.stdout.write("| figure | measured | aim |\n| --- | --- | --- |\n")
        figures = measure(Path(folder), url, sizes, runs)
        growing = measure_growth(Path(folder), sizes[0], growth_runs)
        for figure in itertools.chain(figures, growing):
            sys.stdout.write(f"| {' | '.join(figure)} |\n")
            sys.stdout.flush()
    server.shutdown()


if __name__ == "__main__":
    main()
