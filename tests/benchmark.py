"""What a run costs, by the age of the list: one table of ratios, all measured within this run.

    python tests/benchmark.py [--quick]

Stores of 4,000, 20,000 and 100,000 invented papers at 800 a month differ only in their age. A server on 127.0.0.1 gives
the same 1,000 newest papers at once. Every figure is the median of five; --quick takes smaller stores and fewer runs,
to see that the benchmark itself works.
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
from xml.sax.saxutils import escape

import yaml

PROJECT = Path(__file__).resolve().parent.parent
A_MONTH = 800
ANSWER = 1_000  # papers
NEWEST = 2035 * 12 + 5  # June 2035, in months: the ids of ten years before it are well-formed
UNTIL = "2035-06-28"
SUBJECTS = (
    "jailbreak prompts", "safety alignment", "chain of thought monitoring", "prompt injection", "backdoor triggers",
    "privacy leakage", "over-refusal", "guard model", "overthinking", "deception", "multimodal risks", "social bias",
)  # fmt: skip
STARTS = ["ab", "ac", "be", "com", "con", "de", "dis", "ex", "im", "in"]
STARTS += ["mo", "ob", "per", "pre", "pro", "re", "sub", "sur", "trans", "un"]
MIDDLES = ["cep", "duc", "fer", "gres", "jec", "por", "scri", "serv", "sta", "tain", "ten", "ver"]
ENDS = ["ate", "ed", "ing", "ion", "ive", "or"]
FILLER = [start + middle + end for start in STARTS for middle in MIDDLES for end in ENDS]  # 1,440: packs like real text


def arxiv_id(number: int) -> str:
    """Return the id of a paper, counted backwards from the newest month, which holds all negative numbers."""
    month = NEWEST - max(0, number // A_MONTH)
    place = 20_000 - number if number < 0 else 10_000 + A_MONTH - number % A_MONTH
    return f"{month // 12 % 100:02}{month % 12 + 1:02}.{place:05}"


def entry(number: int, version: int = 1) -> str:
    """Return an invented paper as arXiv serves it: about as long as a real one, of one or two domains."""
    name = arxiv_id(number)
    day = 28 if number < 0 else 1 + (A_MONTH - 1 - number % A_MONTH) * 27 // A_MONTH
    date = f"20{name[:2]}-{name[2:4]}-{day:02}T09:00:00Z"
    chance = [zlib.crc32(f"{number}/{place}".encode()) for place in range(175)]
    words = [FILLER[draw % len(FILLER)] for draw in chance[:170]]
    words[20] = SUBJECTS[min(chance[170] % len(SUBJECTS), chance[171] % len(SUBJECTS))]  # the first ones more often
    words[60] = SUBJECTS[min(chance[172] % len(SUBJECTS), chance[173] % len(SUBJECTS))]
    authors = "".join(f"<author><name>Author {chance[place]}</name></author>" for place in range(5))
    return (
        f"<entry><id>http://arxiv.org/abs/{name}v{version}</id><title>{escape(' '.join(words[:9]))} {number}</title>"
        f"<published>{date}</published><updated>{date}</updated><summary>Reasoning models: {' '.join(words)}.</summary>"
        f'{authors}<category term="cs.CL"/><arxiv:primary_category term="cs.CL"/></entry>\n'
    )


def feed(entries: Sequence[str]) -> bytes:
    """Return a whole answer."""
    head = (
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:arxiv="http://arxiv.org/schemas/atom" '
        'xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/">'
    )
    total = f"<opensearch:totalResults>{len(entries)}</opensearch:totalResults>"
    return f"{head}<opensearch:startIndex>0</opensearch:startIndex>{total}\n{''.join(entries)}</feed>".encode()


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
    with subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, text=True) as process:
        out = process.stdout.read() if process.stdout else ""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command[-6:]} ended with {process.returncode}: {out}")
    return time.perf_counter() - begun, usage.ru_maxrss / 1024, out


def updater(root: Path, *arguments: str | Path) -> tuple[float, float, str]:
    """Run the updater as a process of its own."""
    return spent(sys.executable, PROJECT / "update_papers.py", "--root", root, "--until", UNTIL, *arguments)


def new_list(root: Path, url: str) -> Path:
    """Make an empty list with the project's own config and templates."""
    shutil.copytree(PROJECT / "templates", root / "templates")
    config = yaml.safe_load((PROJECT / "config.yaml").read_text(encoding="utf-8"))
    config["arxiv"] = {"url": url, "delay_seconds": 0, "backoff_seconds": 0}
    (root / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False, allow_unicode=True), encoding="utf-8")
    markers = [f"<!-- {name}_{end} -->" for name in ("LATEST_PAPERS", "SAFETY_DOMAINS") for end in ("START", "END")]
    (root / "README.md").write_text("# A list\n\n" + "\n".join(markers) + "\n", encoding="utf-8")
    return root


def build(root: Path, papers: int, folder: Path) -> float:
    """Fill a list with this many papers from saved answers of 2,000; return the seconds that it took."""
    files = []
    for first in range(0, papers, 2_000):
        files.append(folder / f"{first:06}.atom")
        if not files[-1].exists():
            files[-1].write_bytes(feed([entry(number) for number in range(first, min(papers, first + 2_000))]))
    return updater(root, "--feed", *files)[0]


def changed_files(root: Path, since: float) -> Iterator[str]:
    """Yield what a run wrote."""
    for path in sorted(root.rglob("*")):
        if path.is_file() and path.stat().st_mtime > since:
            yield str(path.relative_to(root))


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
    names = dict(line.split(" ", 1) for line in git("rev-list", "--objects", "--all").splitlines() if " " in line)
    sizes = git("cat-file", "--batch-all-objects", "--batch-check=%(objectname) %(objecttype) %(objectsize:disk)")
    for name, kind, size in (line.split() for line in sizes.splitlines()):
        path = names.get(name, "") if kind == "blob" else kind
        label = "month pages and store" if path[9:13].isdigit() or "/data/20" in path else path
        kinds["domain pages" if "domain-" in path else label] += int(size)
    return growth / (runs * papers), kinds


def measure(folder: Path, url: str, sizes: Sequence[int], runs: int) -> Iterator[tuple[str, str, str]]:
    """Yield the rows of the table that need the lists: figure, value, aim."""
    lists, first = {}, 0.0
    for size in sizes:
        lists[size] = new_list(folder / f"list-{size}", url)
        first = build(lists[size], size, folder)
        updater(lists[size])  # settles coverage.json
        for path in lists[size].rglob("*.*"):  # as if made yesterday: the files of the last minutes are read again
            age = 0 if path.name == "index.json" else 86_400
            os.utime(path, (time.time() - age, time.time() - age))
    Answers.body = feed([entry(number) for number in range(ANSWER - 1, -1, -1)])
    script = (
        "import arxiv, jinja2, yaml\nclient = arxiv.Client(page_size=2000, delay_seconds=0)\n"
        f"client.query_url_format = '{url}?{{}}'\nlist(client.results(arxiv.Search('x')))"
    )
    quiet: dict[int, list[tuple[float, float, str]]] = {size: [] for size in sizes}
    busy: dict[int, list[float]] = {size: [] for size in sizes}
    bare = []
    for _ in range(runs):
        bare.append(spent(sys.executable, "-c", script)[0])
        for size in sizes:
            quiet[size].append(updater(lists[size]))
    small, middle, large = sizes
    seconds = {size: statistics.median(run[0] for run in quiet[size]) for size in sizes}
    memory = {size: statistics.median(run[1] for run in quiet[size]) for size in sizes}
    base = statistics.median(bare)
    yield f"nothing new, {middle:,} ÷ imports and the bare client", f"{seconds[middle] / base:.2f}", "≤ 1.6"
    yield f"nothing new, {large:,} ÷ {small:,}", f"{seconds[large] / seconds[small]:.2f}", "≤ 1.2"
    begun, fresh = 0.0, 0
    for _ in range(runs):
        saved, fresh = folder / "ten.atom", fresh - 10
        saved.write_bytes(feed([entry(number) for number in range(fresh, fresh + 10)]))
        for size in sizes:
            begun = time.time()
            busy[size].append(updater(lists[size], "--feed", saved)[0])
    ten = {size: statistics.median(busy[size]) for size in sizes}
    yield f"ten new papers, {large:,} ÷ {small:,}", f"{ten[large] / ten[small]:.2f}", "≤ 1.3"
    yield f"peak memory, {large:,} ÷ {small:,}", f"{memory[large] / memory[small]:.2f}", "≤ 1.2"
    written = Counter("domain pages" if "domain-" in name else name for name in changed_files(lists[large], begun))
    yield "files written for ten new papers", ", ".join(f"{n} {name}" for name, n in written.items()), "that month's"
    yield f"first build of {large:,}: papers a second", f"{large / first:,.0f}", "many"
    spans = [base, *seconds.values(), ten[small], ten[large]]
    yield "seconds: bare; nothing new; ten new", ", ".join(f"{span:.2f}" for span in spans), "-"


def measure_growth(folder: Path, papers: int, runs: int) -> Iterator[tuple[str, str, str]]:
    """Yield the rows of the table on git: figure, value with the share of each kind of page, aim."""
    record = len(gzip.compress(json.dumps(entry(0)).encode()))
    for rate in (1, 3, 10):
        root = new_list(folder / f"growth-{rate}", "http://127.0.0.1:9/")
        build(root, papers, folder)
        growth, kinds = git_growth(root, runs, rate, folder)
        share = ", ".join(f"{name} {size / sum(kinds.values()):.0%}" for name, size in kinds.most_common(6))
        yield f"git growth a paper ÷ its record, {rate} a run", f"{growth / record:.1f} ({share})", "≤ 5 at 10"


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Answers.body = feed([entry(number) for number in range(ANSWER - 1, -1, -1)])
    sizes, runs, growth_runs = ((1_600, 2_400, 4_000), 1, 3) if quick else ((4_000, 20_000, 100_000), 5, 200)
    with tempfile.TemporaryDirectory() as folder:
        url = f"http://127.0.0.1:{server.server_port}/api/query"
        sys.stdout.write("| figure | measured | aim |\n| --- | --- | --- |\n")
        growing = measure_growth(Path(folder), sizes[0], growth_runs)
        for row in itertools.chain(measure(Path(folder), url, sizes, runs), growing):
            sys.stdout.write(f"| {' | '.join(row)} |\n")
            sys.stdout.flush()
    server.shutdown()


if __name__ == "__main__":
    main()
