"""Text: whatever a paper says, GitHub shows just that, in one cell, without formulas, commands or live markup."""

import re
import time
from collections.abc import Callable

import cmarkgfm
import pytest
from cmarkgfm.cmark import Options
from hypothesis import example, given
from hypothesis import strategies as st
from lxml import html

from update_papers import (
    LinkText,
    Paper,
    clause,
    clean,
    escape_markdown,
    fold,
    hits,
    make_row,
    say,
    tex_to_text,
)

RENDER: Callable[[str, int], str] = cmarkgfm.github_flavored_markdown_to_html
HOSTILE = [
    "a | b || c \\| d", "trailing \\", "\\\\|", "*b* _u_ ~~s~~ **", "`code | pipe` ``", "<b>x</b> </td></table>",
    "<!-- END -->", "<script>alert(1)</script>", "&lt; &amp; &copy; &#36; &#x3a;", "$x_1$ and $5", "$$E$$",
    "[a](javascript:b) ![c](d)", "[^1] [x] [a][b]", "https://a.org/x_y).", "www.a_b.org/c|d", "me@a_b.org", "~~~",
    "mailto:a@b.org", ":tada: :+1:", "| --- | --- |", "# h", "- [ ] todo", "1. one", "> quote", "W" * 300,
    "https://a.org/" + "x" * 300, "http://a.org/<b>", "ftp://a.org/$x$", "\u202ertl\u202c z\u200bw", "@name #123",
    "a\nb\r\nc\td\u2028e\x85f", "look!https://a.org/x", "{{ 7 }} {% x %}", "\\(x\\) \\$ \\_", "中文 https://a.org/路。",
]  # fmt: skip
TEXTS = st.lists(
    st.sampled_from(HOSTILE) | st.text(max_size=9) | st.text("|\\`*_~[]<>&$:!()w./@ -"),
    max_size=6,
).map("".join)


def cells(markdown: str) -> list[html.HtmlElement]:
    """Return the cells of the one row of a table whose second cell ends the row, as GitHub reads it."""
    page = f"| a | b |\n| --- | --- |\n| {markdown} | end |\n"
    rows = html.fromstring(RENDER(page, Options.CMARK_OPT_UNSAFE)).findall(".//tr")
    assert len(rows) == 2
    return rows[1].findall("td")


def shown(cell: html.HtmlElement) -> str:
    """Return the text of a cell."""
    return " ".join(str(cell.text_content()).split())


def pieces(cell: html.HtmlElement) -> list[str]:
    """Return the text nodes of a cell: GitHub looks for formulas and emoji within each of them."""
    return [str(node) for node in cell.itertext()]


# ---------------------------------------------------------------- Markdown


@given(TEXTS)
@example("".join(HOSTILE))
def test_any_text_stays_in_its_cell(text: str) -> None:
    """Any text is one cell of one row, with the same words and nothing that is live."""
    cell, end = cells(escape_markdown(text))
    assert shown(end) == "end"
    assert shown(cell) == clean(text)
    assert {element.tag for element in cell.iterdescendants()} <= {"a", "span", "wbr"}
    assert not any(re.match(r"\W*(?:javascript|data|vbscript):", str(link.get("href"))) for link in cell.iter("a"))
    assert not any(re.search(r":[\w+-]+:|\$.|.\$", piece) for piece in pieces(cell))


@given(TEXTS)
@example("".join(HOSTILE))
def test_any_text_can_be_a_link(text: str) -> None:
    """Any text inside a link is the text of this one link."""
    cell, end = cells(f"[{escape_markdown(LinkText(text))}](https://arxiv.org/abs/1)")
    assert shown(end) == "end"
    assert shown(cell) == clean(text)
    assert [link.get("href") for link in cell.iter("a")] == ["https://arxiv.org/abs/1"]
    assert shown(cell[0]) == clean(text)
    assert {element.tag for element in cell.iterdescendants()} <= {"a", "span", "wbr"}


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("see https://a.org/x_y.", ["https://a.org/x_y"]),
        ("(https://a.org/x).", ["https://a.org/x"]),
        ("**http://a.org/x_** y", ["http://a.org/x"]),
        ("https://a.org/p|q and ftp://a.org/x", ["https://a.org/p%7Cq", "ftp://a.org/x"]),
        ("https://a.org/?x=1&y=2;", ["https://a.org/?x=1&y=2"]),
        ("www.a_b.org/c_d, more", ["http://www.a_b.org/c_d"]),
        ("HTTPS://A.org/`x`", ["HTTPS://A.org/%60x"]),
        ("write to me@a_b.org", ["mailto:me@a_b.org"]),
        ("https://a.org/" + "x" * 300, ["https://a.org/" + "x" * 300]),
        ("https:// www a.org httpx:a.org", []),
    ],
    ids=["underscore", "brackets", "bold", "pipe", "query", "www", "tick", "mail", "long", "none"],
)
def test_address(text: str, links: list[str]) -> None:
    """A bare address is a link to just this address, without the punctuation behind it."""
    cell, _ = cells(escape_markdown(text))
    assert [link.get("href") for link in cell.iter("a")] == links
    assert shown(cell) == text


@pytest.mark.parametrize("text", ["x" * 300, "https://a.org/" + "x" * 300, "_" * 300, "安全" * 150])
def test_long_word(text: str) -> None:
    """A long word may break, so that it does not widen the table."""
    cell, _ = cells(escape_markdown(text))
    assert max(map(len, pieces(cell))) <= 40
    assert shown(cell) == text


def test_markup_is_not_escaped_twice() -> None:
    """What is escaped stays as it is."""
    once = escape_markdown("a_b & c")
    assert escape_markdown(once) == once == "a\\_b &amp; c"


# ---------------------------------------------------------------- plain text and the log


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("  a \n\t b\u2028c\x85d\u00a0e ", "a b c d e"),
        ("a\x00b\x1b[1mc", "ab[1mc"),
        ("\u202eabc\u2066\ufeff", "abc"),
        ("so\u00adft zero\u200bwidth", "soft zerowidth"),
        ("\ud800x\U000e0041", "x"),
        ("Café 安全 \U0001f680", "Café 安全 \U0001f680"),
        ("\u200b", ""),
    ],
    ids=["white space", "control", "bidi", "zero width", "no characters", "kept", "nothing"],
)
def test_clean(text: str, wanted: str) -> None:
    """Nobody has to read what cannot be seen."""
    assert clean(text) == wanted


@given(st.text("a:#[ \n\r\u200b\u2028%") | st.text())
@example("::error::x")
@example("\u200b:::set-output name=a::b")
@example("#\u200b#[error]x")
def test_say(text: str) -> None:
    """GitHub's runner obeys nothing that is said, and every character that can be seen is there."""
    said = say(text)
    assert "::" not in said
    assert "##[" not in said
    assert len((said + "\n").splitlines()) == 1
    assert said.replace(" ", "") == clean(text).replace(" ", "")


def test_say_is_short() -> None:
    """A huge text does not flood the log."""
    assert len(say("x" * 100_000)) == 5_000


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Jail-Breaks", "jail break"),
        ("policies", "policy"),
        ("attacking", "attacked"),
        ("defenses", "defense"),
        ("safety_tuning", "safety tune"),
        ("FAITHFUL", "faithful"),
    ],
)
def test_fold(one: str, other: str) -> None:
    """Case, hyphens and common endings do not matter."""
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), [("jailbreak", "jail break"), ("safe", "unsafe"), ("red", "r")])
def test_fold_keeps_words_apart(one: str, other: str) -> None:
    """Other words stay other words, and a short one is not cut to nothing."""
    assert fold(one) != fold(other)


def some_paper(**facts: str) -> Paper:
    """Return an invented paper with these facts."""
    texts = {"title": "A plain title", "abstract": "A plain abstract.", "comment": ""} | facts
    return Paper(
        id="2511.00001", version=1, authors=("Ann Example", "Bo Long"), published="2025-11-03T10:00:00Z",
        updated="2025-11-03T10:00:00Z", primary_category="cs.AI", categories=("cs.AI",), **texts,
    )  # fmt: skip


def test_hits() -> None:
    """A term is looked for where its prefix says, in title and abstract without one, as whole words."""
    paper = some_paper(title="Red-teaming models", abstract="They refuse attacks.", comment="At a workshop")
    found = ["red team", "attack", "ti:model", "abs:refused", "au:Long", "co:workshop"]
    missing = ["ti:attack", "abs:model", "odel", "workshop", "co:model", "au:Ann Long", "teaming models they"]
    assert hits(found + missing, paper) == found


# ---------------------------------------------------------------- TeX


CASES = {
    "accents": (r"Poincar\'e, Erd\H{o}s, G\"{o}del, \v{C}ech, Fran\c{c}ois", "Poincaré, Erdős, Gödel, Čech, François"),
    "letters": (r"na\"{\i}ve {\O}rsted \L{}ojasiewicz \r{A}ngstr\"om", "naïve Ørsted Łojasiewicz Ångström"),
    "scripts": (r"$x^{2}+y_{10}$, $2^{-k}$, $x_i^2$", "x²+y₁₀, 2⁻ᵏ, xᵢ²"),
    "glued": (r"$\ell_2$-norm, glued$_3$here, $\geq$90\%", "ℓ₂-norm, glued₃here, ≥90%"),
    "word as a script": (r"$L_{\text{safe}}$", "L_safe"),
    "alphabets": (r"$\mathcal{L}$ $\mathbb{R}^n$ $\mathbb R$", "L Rⁿ R"),
    "fonts": (r"$\mathrm{TPR}$ $\mathbf{x}$ $\mathit{ab}$", "TPR x ab"),
    "hats": (r"$\hat{y}$ and $\hat\theta$", "ŷ and θ"),
    "fractions": (r"$\frac{1}{2}$ or $\frac{a+b}{c}$, $\sqrt{d}$", "1/2 or (a+b)/c, √d"),
    "symbols": (r"$\pi \to \beta$, $3\leq 4$, $O(n \log n)$", "π → β, 3≤ 4, O(n log n)"),
    "functions": (r"$\sin x + \sec y$", "sin x + sec y"),
    "delimiters": (r"\(x^2\) and \[y\] and $$E=mc^2$$", "x² and y and E=mc²"),
    "set": (r"$\{x_i\}_{i=1}^n$", "{xᵢ}ᵢ₌₁ⁿ"),
    "styles": (r"\textbf{one \emph{two} \textsc{three}} {\em four}", "one two three four"),
    "unknown macros": (r"\guard{keeps} the \oursys model, \method's", "keeps the oursys model, method's"),
    "prices": ("from $3M to $5M, $5 and $10, US$ 20", "from $3M to $5M, $5 and $10, US$ 20"),
    "price and formula": (r"\$8,000 for $n$ runs", "$8,000 for n runs"),
    "escapes": (r"95\% of \#1 R\&D in my\_file \{a\}", "95% of #1 R&D in my_file {a}"),
    "links": (r"\href{https://a.org/b_c}{the page}, \url{https://a.org/d}", "the page, https://a.org/d"),
    "ties": (r"Fig.~1 at ~7B", "Fig. 1 at ~7B"),
    "references": (r"in Fig. \ref{f} and \eqref{e}.", "in Fig. and ."),
    "breaks": (r"one\\two \par three", "one two three"),
    "comparison": (r"$p<0.05$ & $q>1$", "p<0.05 & q>1"),
}


@pytest.mark.parametrize(("source", "wanted"), CASES.values(), ids=CASES)
def test_tex(source: str, wanted: str) -> None:
    """TeX reads as its author meant it; a price stays a price."""
    assert " ".join(tex_to_text(source).split()) == wanted


TEX_PIECES = re.findall(
    r"\S+",
    r"\alpha \textbf{ \frac{ \' \" \^ ^ _ { } $ $$ \$ \( \) \[ \] \\ \{ ~ `` [ ] \c \d $5 x \unknown \href{ \cite{"
    r" \begin{ \left \sqrt \mathbb R \hat ^{ _{ \, word US$",
)


@given(st.lists(st.sampled_from([*TEX_PIECES, " "]) | st.text(max_size=3), max_size=30).map("".join))
def test_tex_never_fails(text: str) -> None:
    """Nothing raises, and no command is left."""
    assert "\\" not in tex_to_text(text)


@given(st.lists(st.from_regex(r"[A-Za-z]{1,9}[,.;]?", fullmatch=True), min_size=1, max_size=9))
def test_words_beside_tex_stay(words: list[str]) -> None:
    """Every word of a text, also inside macros, is there and in its place."""
    text = " ".join(words)
    source = rf"{text} $x_1$ \textbf{{{text}}} \emph{{\own{{{text}}}}} {text} \%"
    assert tex_to_text(source).split() == [*words, "x₁", *words, *words, *words, "%"]


@given(st.text(st.characters(exclude_characters="\\$~`^_{}", codec="utf-8")))
def test_no_tex(text: str) -> None:
    """A text without TeX comes back as it is."""
    assert tex_to_text(text) == text


@pytest.mark.parametrize("unit", ["{", "\\a{", "$", "^{", "\\", "\\'{", "$x ", "$5 ", "~", "\\(", "\\a[", "{}"])
def test_time_is_linear(unit: str) -> None:
    """A hundred kilobytes of the same thing are no burden."""
    begin = time.perf_counter()
    tex_to_text(unit * (100_000 // len(unit)))
    assert time.perf_counter() - begin < 2


# ---------------------------------------------------------------- what the texts tell


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Code: https://github.com/a-b/c.d.", "https://github.com/a-b/c.d"),
        ("(github.com/a/b.git)", "https://github.com/a/b"),
        ("https://www.github.com/a/b/tree/main/x", "https://github.com/a/b"),
        ("at https://gitlab.com/a/b, and", "https://gitlab.com/a/b"),
        ("https://huggingface.co/datasets/a/b_c;", "https://huggingface.co/datasets/a/b_c"),
        ("https://bitbucket.org/a/b!", "https://bitbucket.org/a/b"),
        ("https://codeberg.org/a/b", "https://codeberg.org/a/b"),
        (r"\href{https://github.com/a/b}{code}", "https://github.com/a/b"),
        (r"\url{https://github.com/a/b\_c}", "https://github.com/a/b_c"),
        ("https://github.com/a and https://a.github.io/b and mygithub.com/a/b", ""),
    ],
    ids=["dots", "git", "folder", "gitlab", "huggingface", "bitbucket", "codeberg", "TeX", "underscore", "none"],
)
def test_code(text: str, code: str) -> None:
    """The address of a repository is found in abstract and comment, without what stands behind it."""
    assert make_row(some_paper(abstract=text), ()).code == code
    assert make_row(some_paper(comment=text), ()).code == code


@given(st.text())
def test_abstract_is_cut_between_words(text: str) -> None:
    """The part of an abstract that stands open and the folded rest are the whole of it."""
    row = make_row(some_paper(abstract=clean(text) or "x"), ())
    assert f"{row.lead} {row.rest}".split() == tex_to_text(row.paper.abstract).split()
    assert len(row.lead) <= 80 or " " not in row.lead


@pytest.mark.parametrize("term", ["Re:Zero", "safety: a", "x: y: z"])
def test_colon_in_a_term(term: str) -> None:
    """Only the four known prefixes name a field; any other colon is part of the words."""
    assert hits([term], some_paper(title=f"On {term}, again")) == [term]
    assert clause(term) == f'ti:"{term}" OR abs:"{term}"'
    assert clause("co:ICML") == 'co:"ICML"'


@pytest.mark.parametrize(
    ("source", "wanted"),
    [(r"\textsc{Foo}\xspace is", "Foo is"), (r"$\v_i$", "vᵢ"), (r"$\bar\alpha$", "\u03b1"), ('\\"5', '"5')],
    ids=["xspace", "letter v", "bar", "quote"],
)
def test_tex_that_looks_like_an_accent(source: str, wanted: str) -> None:
    """A command is an accent only before a letter."""
    assert tex_to_text(source) == wanted
