"""README.md: the markers are found where GitHub shows none, and nothing but the text between them changes."""

import re
from collections.abc import Callable
from pathlib import Path

import cmarkgfm
import pytest
from cmarkgfm.cmark import Options
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.helpers import make_list, run, tree
from update_papers import UpdaterError, find_block, splice

RENDER: Callable[[str, int], str] = cmarkgfm.github_flavored_markdown_to_html
NAME = "LATEST_PAPERS"
START, END = f"<!-- {NAME}_START -->", f"<!-- {NAME}_END -->"
PAIR = f"{START}\nold\n{END}\n"


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
        pytest.param(f"```\n{PAIR}```\n{PAIR}", id="backtick fence before"),
        pytest.param(f"{PAIR}~~~ markdown\n{PAIR}~~~\n", id="tilde fence behind"),
        pytest.param(f"````\n```\n{PAIR}```\n````\n{PAIR}", id="longer fence"),
        pytest.param(f"~~~~\n~~~\n```\n{PAIR}~~~~~\n{PAIR}", id="longer tilde fence"),
        pytest.param(f"```\n{PAIR}``` x\n~~~\n   ```\n{PAIR}", id="closed by no other line"),
        pytest.param(f"{PAIR}```\n{PAIR}", id="fence that nobody closes"),
        pytest.param(f"``` a`b\n{PAIR}", id="backtick in the word behind the fence"),
        pytest.param(f"    ```\n\n{PAIR}", id="fence indented too far"),
        pytest.param(f"<!-- {NAME}S_START -->\n<!-- SAFETY_DOMAINS_START -->\n{PAIR}", id="other names"),
    ],
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_found(text: str, line_end: str) -> None:
    """The one pair that is alone on its lines, outside code, is found; a splice changes nothing but its inside."""
    text = text.replace("\n", line_end)
    place = find_block(text, NAME)
    assert place
    assert text[slice(*place)] == "old" + line_end
    begin, end = place
    assert splice(text, NAME, "| a |\n| b |\n") == text[:begin] + f"| a |{line_end}| b |{line_end}" + text[end:]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param(f"# Title\n\n{START}\nold\n", 3, id="only the start"),
        pytest.param(f"# Title\n{END}\n", 2, id="only the end"),
        pytest.param(f"# Title\n{END}\n{START}\n", 2, id="reversed"),
        pytest.param(f"{START}\n{PAIR}", 1, id="start twice"),
        pytest.param(f"\n{PAIR}{END}\n", 2, id="end twice"),
        pytest.param(f"text\n{PAIR}{PAIR}", 2, id="pair twice"),
        pytest.param(f"{START}\n  {END}\n", 1, id="end indented"),
        pytest.param(f"{START}\n```\n{END}\n```\n", 1, id="end inside a fence"),
        pytest.param(f"~~~\n{START}\n~~~\n{END}\n", 4, id="start inside a fence"),
        pytest.param(f"{START} the papers\n{END}\n", 2, id="start with text behind it"),
    ],
)
def test_no_pair(text: str, line: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever is no pair in order ends the run with 2 and the line of the first marker; no file changes."""
    make_list(tmp_path)
    (tmp_path / "README.md").write_bytes(text.encode())
    before = tree(tmp_path)
    assert run(tmp_path, "--offline") == 2
    said = capsys.readouterr()
    assert re.fullmatch(rf"README\.md, line {line}: not one pair of markers; write .+\n", said.err)
    assert not said.out
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param(f"# Title\n  {START}\n  {END}\n", id="indented"),
        pytest.param(f"```\n{PAIR}```\n", id="inside a fence"),
        pytest.param(f"~~~\n{PAIR}", id="inside a fence without an end"),
        pytest.param(f"Write {START} and {END}.\n", id="in prose"),
        pytest.param(PAIR.replace(NAME, "SAFETY_DOMAINS"), id="the other pair only"),
        pytest.param(PAIR.lower(), id="lower case"),
        pytest.param(PAIR.replace("<!-- ", "<!--"), id="without space"),
    ],
)
def test_no_marker(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a marker of the papers the run ends with 2 and says what to write; no file changes."""
    make_list(tmp_path)
    (tmp_path / "README.md").write_bytes(text.encode())
    before = tree(tmp_path)
    assert run(tmp_path, "--offline") == 2
    assert re.fullmatch(rf"README\.md, line 1: no markers; put {START} and {END} .+\n", capsys.readouterr().err)
    assert tree(tmp_path) == before


def test_broken_pair_of_domains(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A broken pair of the domains ends the run as one of the papers does, though that pair may be missing."""
    make_list(tmp_path)
    (tmp_path / "README.md").write_text(f"# List\n{PAIR}<!-- SAFETY_DOMAINS_END -->\n", "utf-8")
    before = tree(tmp_path)
    assert run(tmp_path, "--offline") == 2
    assert capsys.readouterr().err.startswith("README.md, line 5: not one pair of markers")
    assert tree(tmp_path) == before
    (tmp_path / "README.md").write_text(f"# List\n{PAIR}", "utf-8")
    assert run(tmp_path, "--offline") == 0


MARKERS = [START, END, f"{START}  ", f" {END}", f"`{START}`"]
FENCES = ["```", "````", "```py", "``` a`b", "   ```", "    ```", "```  ", "~~~", "~~~~", "~~~ `x", "  ~~~", "`` ~~~"]
LINES = st.sampled_from(MARKERS) | st.sampled_from([*FENCES, "text", "", "# Title"]) | st.sampled_from([START, END])


@given(lines=st.lists(LINES, max_size=12), line_end=st.sampled_from(["\n", "\r\n"]))
def test_as_github_reads_it(lines: list[str], line_end: str) -> None:
    """A marker counts exactly where cmark-gfm passes it on as a comment, and does not show it as text or code."""
    text = "".join(line + line_end for line in lines)
    shown = RENDER(text, Options.CMARK_OPT_UNSAFE)
    comments = re.findall(rf"^<!-- {NAME}_(START|END) -->[ \t]*\r?$", shown, re.MULTILINE)
    try:
        place = find_block(text, NAME)
    except UpdaterError:
        assert comments not in ([], ["START", "END"])
    else:
        assert comments == (["START", "END"] if place else [])


AROUND = st.text(st.sampled_from("`~<!- >#|\\\n\r\ufeff\u2028\x85\0aé安ع🔒\udcff") | st.characters(codec="utf-8"))
BLOCK = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\n"))).map(
    lambda lines: "".join(f"| {line}\n" for line in lines)
)


@given(before=AROUND, old=BLOCK, new=BLOCK, behind=AROUND, line_end=st.sampled_from(["\n", "\r\n"]))
def test_splice_keeps_the_rest(before: str, old: str, new: str, behind: str, line_end: str) -> None:
    """Any text around the markers stays as it is, and a second splice changes nothing."""
    head, tail = f"{before}\n{START}{line_end}", f"{END}{line_end}{behind}"
    text = head + old.replace("\n", line_end) + tail
    try:
        place = find_block(text, NAME)
    except UpdaterError:
        place = None
    assume(place)
    once = splice(text, NAME, new)
    assert once == head + new.replace("\n", line_end) + tail
    assert splice(once, NAME, new) == once
    assert splice(once, NAME, old) == text


def test_other_block_stays(tmp_path: Path) -> None:
    """Each pair gets its own part, in whatever order the pairs stand, and the text between them stays."""
    make_list(tmp_path)
    text = f"# List\n{PAIR.replace(NAME, 'SAFETY_DOMAINS')}\nbetween\n{PAIR}end"
    (tmp_path / "README.md").write_text(text, "utf-8")
    assert run(tmp_path, "--offline") == 0
    written = (tmp_path / "README.md").read_text("utf-8")
    assert re.sub(r"(?s)(_START -->\n).*?(?=<!-- )", r"\1old\n", written) == text
    assert "old" not in written
