"""README.md: its title and markers are found where GitHub shows them, and its words stay."""

import re
from html import unescape
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.helpers import feed, make_list, paper, run, tree
from tests.markdown import as_html
from update_papers import UpdaterError, fill_blocks, find_blocks

NAME = "LATEST_PAPERS"
START, END = f"<!-- {NAME}_START -->", f"<!-- {NAME}_END -->"
PAIR = f"{START}\nold\n{END}\n"


def take(root: Path, text: bytes) -> bytes:
    """Run on a list with this README.md and a paper; return what it is afterwards."""
    make_list(root)
    (root / "README.md").write_bytes(text)
    (root / "saved.atom").write_bytes(feed([paper(1)]))
    assert run(root, "--feed", root / "saved.atom") == 0
    return (root / "README.md").read_bytes()


# ----------------------------------------------------------------------------------- markers


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(PAIR, id="alone"),
        pytest.param(f"# Title\ntext\n{PAIR}text\n", id="between text"),
        pytest.param(f"{START}\nold\n{END}", id="no line end at the end"),
        pytest.param(f"{START} \t\nold\n{END}  \n", id="spaces behind"),
        pytest.param("\ufeff" + PAIR, id="byte order mark"),
        pytest.param(f"Put `{START}` and {END} there, or {START}.\n{PAIR}", id="named in prose"),
        pytest.param(f"> {START}\n\n- {START}\n\n{PAIR}", id="in a quotation and a list"),
        pytest.param(f"  {START}\n    {END}\n{PAIR}", id="indented ones beside"),
        pytest.param(f"```\n  {START}\n  {END}\n```\n{PAIR}", id="indented in a fence before"),
        pytest.param(f"{PAIR}~~~\n {START}\n {END}\n", id="indented in a fence behind"),
        pytest.param(f"```\n<<<<<<< HEAD\n=======\n>>>>>>> main\n```\n{PAIR}", id="conflict shown"),
        pytest.param(f"<!-- {NAME}S_START -->\n<!-- OTHERS_END -->\n{PAIR}", id="other names"),
    ],
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_found(text: str, line_end: str) -> None:
    """The pair alone on its lines is found; filling it changes nothing else."""
    text = text.replace("\n", line_end)
    place = find_blocks(text)[NAME]
    assert text[place] == "old" + line_end
    before, behind = text[: place.start], text[place.stop :]
    wanted = f"{before}| a |{line_end}| b |{line_end}{behind}"
    assert fill_blocks(text, lambda _: "| a |\n| b |\n") == wanted


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param(f"# Title\n\n{START}\nold\n", 3, id="only the start"),
        pytest.param(f"# Title\n{END}\n", 2, id="only the end"),
        pytest.param(f"# Title\n{END}\n{START}\n", 2, id="swapped"),
        pytest.param(f"{START}\n{PAIR}", 1, id="start twice"),
        pytest.param(f"\n{PAIR}{END}\n", 5, id="end twice"),
        pytest.param(f"text\n{PAIR}{PAIR}", 5, id="pair twice"),
        pytest.param(f"```\n{PAIR}```\n{PAIR}", 6, id="pair shown in a fence, not indented"),
        pytest.param(
            f"{START}\n<!-- DOMAINS_START -->\n<!-- DOMAINS_END -->\n{END}\n", 1, id="nested"
        ),
        pytest.param(f"{START}\n  {END}\n", 1, id="end indented"),
        pytest.param(f"{START} the papers\n{END}\n", 2, id="start with text behind it"),
        pytest.param(f"{PAIR}<!-- DOMAINS_END -->\n", 4, id="of the domains"),
        pytest.param(f"{PAIR}<!-- SAFETY_DOMAINS_START -->\n", 4, id="by their first name"),
    ],
)
def test_no_pair(text: str, line: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is no pair in order ends the run with 2 and a marker's line; nothing changes."""
    make_list(tmp_path)
    (tmp_path / "README.md").write_bytes(text.encode())
    before = tree(tmp_path)
    assert run(tmp_path, "--rebuild") == 2
    said = capsys.readouterr()
    wanted = rf"README\.md, line {line}: not one pair of markers; write <!-- \w+_START --> and .+\n"
    assert re.fullmatch(wanted, said.err)
    assert not said.out
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param(f"# Title\n  {START}\n  {END}\n", id="indented"),
        pytest.param(f"Write {START} and {END}.\n", id="in prose"),
        pytest.param(PAIR.replace(NAME, "DOMAINS"), id="the other pair only"),
        pytest.param(PAIR.lower(), id="lower case"),
        pytest.param(PAIR.replace("<!-- ", "<!--"), id="without space"),
    ],
)
def test_no_marker(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a marker of the papers the run ends with 2 and says what to write."""
    make_list(tmp_path)
    (tmp_path / "README.md").write_bytes(text.encode())
    before = tree(tmp_path)
    assert run(tmp_path, "--rebuild") == 2
    wanted = rf"README\.md, line 1: no markers; put {START} and {END} .+\n"
    assert re.fullmatch(wanted, capsys.readouterr().err)
    assert tree(tmp_path) == before


SIGNS = st.sampled_from("`~<!- >#|\\\n\r\ufeff\u2028\x85\0aé安ع🔒\udcff")
AROUND = st.text(SIGNS | st.characters(codec="utf-8"))
BLOCK = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\n"))).map(
    lambda lines: "".join(f"| {line}\n" for line in lines)
)


@given(before=AROUND, old=BLOCK, new=BLOCK, behind=AROUND, line_end=st.sampled_from(["\n", "\r\n"]))
def test_filling_keeps_the_rest(
    before: str, old: str, new: str, behind: str, line_end: str
) -> None:
    """Any text around the markers stays as it is, and a second filling changes nothing."""
    head, tail = f"{before}\n{START}{line_end}", f"{END}{line_end}{behind}"
    text = head + old.replace("\n", line_end) + tail
    try:
        places = find_blocks(text)
    except UpdaterError:
        places = {}
    assume(places)
    once = fill_blocks(text, lambda _: new)
    assert once == head + new.replace("\n", line_end) + tail
    assert fill_blocks(once, lambda _: new) == once
    assert fill_blocks(once, lambda _: old) == text


def test_other_block_stays(tmp_path: Path) -> None:
    """Each pair gets its own part, in whatever order they stand, and the text between stays."""
    text = f"# List\n{PAIR.replace(NAME, 'DOMAINS')}\nbetween\n{PAIR}end"
    written = take(tmp_path, text.encode()).decode()
    assert re.sub(r"(?s)(_START -->\n).*?(?=<!-- )", r"\1old\n", written) == text
    assert "old" not in written


@pytest.mark.parametrize("block", ["| no end of line |", f"{START}\n", f"{END}\n", f"{END}\n```\n"])
def test_template_that_breaks_the_markers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], block: str
) -> None:
    """A template that doubles or moves the markers is named and nothing is written."""
    make_list(tmp_path)
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates/latest.md.j2").write_text(block, "utf-8")
    before = tree(tmp_path)
    assert run(tmp_path, "--rebuild") == 2
    assert capsys.readouterr().err.startswith("templates/latest.md.j2: ")
    assert tree(tmp_path) == before


BOM = b"\xef\xbb\xbf"


@pytest.mark.parametrize(
    ("before", "behind"),
    [
        pytest.param(b"# List\r\n\r\n", b"\r\nEnd.\r\n", id="CRLF"),
        pytest.param(BOM + b"# List\n", b"", id="byte order mark"),
        pytest.param(BOM, b"\n", id="byte order mark before the marker"),
        pytest.param(b"Li\xe7te, \xff\n", b"\xed\xa0\x80 \xfe", id="odd bytes, no end of line"),
        pytest.param("\u2028a\x85b\x0cc\n".encode(), "\u2029\x1c\n".encode(), id="other ends"),
        pytest.param(b"\n\n \t\n", b"  \t\n\n\n", id="white space"),
    ],
)
def test_bytes_around_the_markers(tmp_path: Path, before: bytes, behind: bytes) -> None:
    """Outside the markers every byte stays, and between them line ends are those of the markers."""
    end = b"\r\n" if b"\r\n" in before else b"\n"
    start = START.encode() + end
    text = take(tmp_path, before + start + b"old" + end + END.encode() + end + behind)
    assert text.startswith(before + start)
    assert text.endswith(END.encode() + end + behind)
    block = text[len(before + start) : -len(end + behind)]
    assert block.count(b"\n") == block.count(end) > 5
    assert b"2511.00001" in block
    assert run(tmp_path, "--check") == 0


# ------------------------------------------------------------------------------------- title


TITLES = {
    "plain": ("# A list", "A list"),
    "closed": ("#  A list  ##  ", "A list"),
    "centred": ('<h1 align="center">\n\nA list\n\n</h1>\n\n## Words', "A list"),
    "behind an anchor": ("<a name=top></a><h1>A list</h1>", "A list"),
    "endless": (f"# {'word ' * 1_000}", f"{'word ' * 29}word…"),
    "byte order mark": ("\ufeff# A list", "A list"),
    "names of signs": ("# AT&amp;amp;T", "AT&amp;T"),
    "two lines": ("# A<br/>list", "A list"),
    "image and link": ("# ![logo](a.svg) A [nice](x.md) list", "A nice list"),
    "emphasis": ("# *A* nice **list** of `code`", "A nice list of code"),
    "no emphasis": ("# snake_case_list", "snake_case_list"),
    "CJK": ("# 安全 list", "安全 list"),
    "signs": ("# A | list [x", "A | list [x"),
    "badge": ("# A list [![ci](x.svg)](https://x.example)", "A list"),
    "badges alone": ("# [![ci](x.svg)](y)\n\n# A list", "A list"),
    "entities": ("# A &amp; B &lt;list&gt;", "A & B <list>"),
    "tags": ("# A <i>nice</i> list<br>", "A nice list"),
    "h1": ("<h1>A list</h1>", "A list"),
    "h1 of lines": ('<h1 align="center">\n<img src="x">\nA <i>list</i>\n</h1>', "A list"),
    "not from a fence": ("Words.\n\n```\n# No\n```\n\n# A list", "A list"),
    "not from tildes": ("~~~\n# No\n~~~\n# A list", "A list"),
    "not from indented code": ("    # No\n\n# A list", "A list"),
    "not from front matter": ("---\ntitle: No\n---\n\n## A list", "A list"),
    "no space behind #": ("#No\n\n# A list", "A list"),
    "the first": ("## A list\n\n# Words", "A list"),
    "of an image in a link": ("# The [**old** ![x](y)](z) list", "The old list"),
}


@pytest.mark.parametrize(("heading", "title"), TITLES.values(), ids=TITLES)
def test_title(tmp_path: Path, heading: str, title: str) -> None:
    """The way back from every page is called what GitHub shows as README.md's heading."""
    take(tmp_path, f"{heading}\n\n{PAIR}".encode())
    for name in ("README", "2025-11"):
        text = (tmp_path / f"articles/{name}.md").read_text("utf-8")
        link = next(as_html(text).iter("a"))
        assert link.text_content() == f"← {title}"
        assert link.get("href") == "../README.md"
    atom = (tmp_path / "articles/feed.xml").read_text("utf-8")
    assert unescape(atom).count(f"<title>{title}</title>") == 1


def test_no_title(tmp_path: Path) -> None:
    """A list without a heading has a way back all the same."""
    take(tmp_path, PAIR.encode())
    text = (tmp_path / "articles/2025-11.md").read_text("utf-8")
    link = next(as_html(text).iter("a"))
    assert re.fullmatch(r"← \w+", str(link.text_content()))
    assert link.get("href") == "../README.md"


def test_new_title(tmp_path: Path) -> None:
    """A new title reaches every page at the next run, though no paper is new."""
    text = take(tmp_path, f"# A list\n\n{PAIR}".encode())
    (tmp_path / "README.md").write_bytes(text.replace(b"# A list", b"# Another"))
    assert run(tmp_path, "--feed", tmp_path / "saved.atom") == 0
    pages = sorted(tmp_path.glob("articles/*.md"))
    assert all("[← Another](../README.md)" in page.read_text("utf-8") for page in pages)
