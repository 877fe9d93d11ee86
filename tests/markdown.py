"""Markdown as GitHub reads it: what the tests of README.md and its neighbours share."""

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import cmarkgfm
from cmarkgfm.cmark import Options
from lxml import html

PROJECT = Path(__file__).resolve().parent.parent
RENDER: Callable[[str, int], str] = cmarkgfm.github_flavored_markdown_to_html

# What stands at GitHub above a repository's files, and the file here that it is about.
ABOVE = (
    (r"(?:\.\./){2,3}actions/workflows/([\w-]+\.yml)(?:/badge\.svg)?", ".github/workflows/"),
    (r"(?:\.\./){2,3}issues/new/choose()", ".github/ISSUE_TEMPLATE"),
    (r"(?:\.\./){2,3}raw/HEAD/(.+)", ""),
)


def as_html(markdown: str) -> html.HtmlElement:
    """Return a page as GitHub reads it."""
    return html.fromstring(f"<div>{RENDER(markdown, Options.CMARK_OPT_UNSAFE)}</div>")


def slug(heading: str) -> str:
    """Return the anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(page: html.HtmlElement) -> set[str]:
    """Return the anchors of all headings of a page, and the one of README.md itself."""
    counts = Counter[str]()
    found = {"readme"}
    for heading in page.xpath(".//h1|.//h2|.//h3|.//h4"):
        name = slug(str(heading.text_content()))
        found.add(f"{name}-{counts[name]}" if counts[name] else name)
        counts[name] += 1
    return found


def find_file(page: Path, path: str) -> Path:
    """Return the file that a relative link of a page leads to."""
    for pattern, place in ABOVE:
        if match := re.fullmatch(pattern, path):
            return PROJECT / (place + match[1])
    return page.parent / path if path else page


def leads_somewhere(page: Path, link: str) -> bool:
    """Return whether a relative link of a page leads to a file and, in it, to a heading."""
    path, _, anchor = unquote(link).partition("#")
    file = find_file(page, path)
    if not anchor:
        return file.exists()
    return file.exists() and anchor in anchors(as_html(file.read_text("utf-8")))


def missing_links(page: Path) -> list[str]:
    """Return the relative links of a page that lead nowhere."""
    found = as_html(page.read_text("utf-8")).xpath(".//a/@href|.//img/@src")
    links = [str(link) for link in found if not re.match("https?:|mailto:", link)]
    return [link for link in links if not leads_somewhere(page, link)]


def tables(text: str) -> list[list[str]]:
    """Return the lines of each table."""
    blocks = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
    return [block.rstrip("\n").split("\n") for block in blocks]


def cells(line: str) -> list[str]:
    """Return the cells of a line of a table."""
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def broken_tables(text: str) -> list[str]:
    """Return the heads of tables with a line of another number of cells.

    GitHub itself drops and adds cells without a word.
    """
    broken = []
    for lines in tables(text):
        widths = {len(cells(line)) for line in lines}
        if len(widths) > 1 or not re.fullmatch(r"(\| :?-+:? )+\|", lines[1]):
            broken.append(lines[0])
    return broken


def chapter(text: str, heading: str) -> str:
    """Return what stands under a heading such as "## Tools", "" where there is none."""
    level = len(heading.partition(" ")[0])
    _, _, rest = f"\n{text}".partition(f"\n{heading}\n")
    return re.split(rf"^#{{1,{level}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0]
