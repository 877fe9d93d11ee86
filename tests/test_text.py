"""Text: whatever a paper says, a reader sees just that, without TeX and without live markup."""

from __future__ import annotations

import itertools
import re
import time
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

import cmarkgfm
import pytest
from cmarkgfm.cmark import Options
from hypothesis import example, given
from hypothesis import strategies as st
from lxml import html

import update_papers
from update_papers import (
    clean,
    code_link,
    escape_markdown,
    find_addresses,
    is_withdrawn,
    lead,
    link_text,
    log_text,
    plain_authors,
    plain_text,
    sentences,
    shorten,
    venue,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from markupsafe import Markup

Case = tuple[str, str]


def table(cases: dict[str, Case]) -> pytest.MarkDecorator:
    """Return the parameters of a test from a table: name, text, what is wanted."""
    return pytest.mark.parametrize(("text", "wanted"), cases.values(), ids=cases)


# ------------------------------------------------------------------------------- plain text


@table(
    {
        "white space": ("  a \n\t b\u2028c\x85d\u00a0e ", "a b c d e"),
        "control": ("a\x00b\x1b[1mc", "ab[1mc"),
        "bidi": ("\u202eabc\u2066\ufeff", "abc"),
        "zero width": ("so\u00adft zero\u200bwidth wo\u2060rd", "soft zerowidth word"),
        "surrogate": ("\ud800x\U000e0041", "x"),
        "no XML": ("a\ufffeb\uffff", "ab"),
        "kept": ("Café 安全 \U0001f680 e\u0301", "Café 安全 \U0001f680 e\u0301"),
        "nothing": ("\u200b", ""),
        "gone between spaces": ("a \u200b b", "a b"),
        "Persian": ("می\u200cروم", "می\u200cروم"),
        "Persian, loose": ("می\u200c روم\u200c", "می روم"),
        "Sinhala": ("ශ්\u200dරී", "ශ්\u200dරී"),
        "Latin": ("un\u200dsafe and\u200cor", "unsafe andor"),
        "profession": ("\U0001f468\u200d\U0001f4bb", "\U0001f468\u200d\U0001f4bb"),
        "flag": ("\U0001f3f3\ufe0f\u200d\U0001f308 x", "\U0001f3f3\ufe0f\u200d\U0001f308 x"),
        "emoji, loose": ("\U0001f468\u200d and", "\U0001f468 and"),
        "Arabic number sign": ("\u0600\u0661", "\u0600\u0661"),
    }
)
def test_clean(text: str, wanted: str) -> None:
    """Nobody has to read what cannot be seen, and what joins letters stays."""
    assert clean(text) == wanted


@given(st.text() | st.text("a م\u200c\u200d\u200b\U0001f468\ufe0f\n"))
def test_clean_once(text: str) -> None:
    """A clean text is clean: on one line, and cleaning it again changes nothing."""
    once = clean(text)
    assert clean(once) == once
    assert len(f"{once}\n".splitlines()) == 1
    assert not any(unicodedata.category(sign) in {"Cc", "Cs"} for sign in once)


@pytest.mark.parametrize(
    ("text", "limit", "wanted"),
    [
        ("short", 9, "short"),
        ("just fits", 9, "just fits"),
        ("one two three", 12, "one two…"),
        ("one two three", 8, "one two…"),
        ("one two, three", 10, "one two…"),
        ("abcdefghij", 5, "abcd…"),
        ("A1 " + "安" * 60, 50, "A1 " + "安" * 46 + "…"),
        ("a very_" + "long" * 20, 60, f"a very_{'long' * 13}…"),
        ("a b", 1, "…"),
        ("a b", 0, ""),
    ],
)
def test_shorten(text: str, limit: int, wanted: str) -> None:
    """A text that is too long ends at a word, and says so."""
    assert shorten(text, limit) == wanted


@given(st.text(), st.integers(0, 40))
def test_shorten_keeps_the_limit(text: str, limit: int) -> None:
    """Nothing is longer than the limit, and what is shorter is not touched."""
    done = shorten(text, limit)
    assert len(done) <= limit or done == text
    assert len(text) > limit or done == text
    assert text.startswith(done.removesuffix("…"))


@given(st.text("a:#[ \n\r\u200b\u2028%") | st.text())
@example("::error::x")
@example("\u200b:::set-output name=a::b")
@example("#\u200b#[error]x")
def test_log_text(text: str) -> None:
    """GitHub's runner obeys nothing that is said, and every character that can be seen is there."""
    said = log_text(text)
    assert "::" not in said
    assert "##[" not in said
    assert len(f"{said}\n".splitlines()) == 1
    assert said.replace(" ", "") == clean(text).replace(" ", "")


def test_log_text_is_short() -> None:
    """A huge text does not flood the log."""
    assert len(log_text("x" * 100_000)) == 5_000


# -------------------------------------------------------------------------------------- TeX

QUOTES = {
    "double": ("a ``safe'' model", 'a "safe" model'),
    "single": ("a `safe' model", "a 'safe' model"),
    "apostrophe": ("models' answers don't count", "models' answers don't count"),
    "both": ("`one', ``two'' and it's", "'one', \"two\" and it's"),
    "nested": ("``he said `no' ''", "\"he said 'no' \""),
    "two apostrophes": ("''word''", '"word"'),
    "code": ("run `make` and `x = 1`", "run `make` and `x = 1`"),
    "bracket": ("(`safe')", "('safe')"),
    "commands": (r"\lq\lq out-of-sample\rq\rq", '"out-of-sample"'),
    "one command": (r"a \lq rare\rq{} case", "a 'rare' case"),
    "not closed by its like": ('a ``half open" one', 'a "half open" one'),
    "grouped": ("{``}kept{''} apart", '"kept" apart'),
    "with apostrophes": (
        "`I can't', it said; the users' data",
        "'I can't', it said; the users' data",
    ),
    "comma inside": ("``so,'' ``then.''", '"so," "then."'),
    "enquote, coloured": (r"\enquote{{\color{red} hot}}", '"hot"'),
    "text commands": (r"\textquotedblleft yes\textquotedblright{} he", '"yes" he'),
    "enquote": (r"an \enquote{open} one", 'an "open" one'),
    "accent beside": (r"vis-\`a-vis the author's", "vis-à-vis the author's"),
}
MONEY = {
    "range": ("from $5 to $10", "from $5 to $10"),
    "thousands": ("From $20,000 and $30,000 a year", "From $20,000 and $30,000 a year"),
    "letters": ("a $27B / $7B deal", "a $27B / $7B deal"),
    "brackets": ("$0.02 (vs. $1.50 before)", "$0.02 (vs. $1.50 before)"),
    "US": ("US$5 to US$10, US$ 20", "US$5 to US$10, US$ 20"),
    "other dollars": ("A$5 and HK$6", "A$5 and HK$6"),
    "hyphen": ("costs $10-$20 each", "costs $10-$20 each"),
    "per": ("$0.5/task and $1.2/hour", "$0.5/task and $1.2/hour"),
    "one": ("below $100 a day", "below $100 a day"),
    "escaped": (r"\$5 and \$10 for $n$ runs", "$5 and $10 for n runs"),
    "formula behind": ("It costs $4,000, i.e. $k=3$ runs", "It costs $4,000, i.e. k=3 runs"),
    "formula before": (r"$k=3$ runs cost $5 or so", "k=3 runs cost $5 or so"),
    "sign behind": ("from 10$ to 20$ each", "from 10$ to 20$ each"),
    "percent": (r"$5\%$ of $20", "5% of $20"),
    "number": ("a gain of $2.5$ points", "a gain of 2.5 points"),
    "spaces inside": ("a gain of $ 4.8$ points", "a gain of 4.8 points"),
    "digit behind": (r"$\geq$90 and $\sim$600", "≥90 and ∼600"),
    "factor": (r"4$\times$ and $4\times$ faster", "4× and 4× faster"),
    "displayed": ("$$E=mc^2$$ holds", "E=mc² holds"),
    "USD": ("USD $5 or USD $6, USD$7", "USD $5 or USD $6, USD$7"),
    "dash": ("$1B\u2013$2B and $3 \u2013 $4", "$1B\u2013$2B and $3 \u2013 $4"),
    "shell": ("set $HOME and $PATH", "set $HOME and $PATH"),
    "compound": ("a $5-per-task and a $6-per-task plan", "a $5-per-task and a $6-per-task plan"),
    "formula in brackets": (
        "cut $1,000 to $10 ($100\\times$ less)",
        "cut $1,000 to $10 (100× less)",
    ),
    "one formula each": ("$a$ for $5, $b$ for $6, $c$ for $7", "a for $5, b for $6, c for $7"),
    "sum in a formula": (r"$\$0.20$ a page ($\$1$ in all)", "$0.20 a page ($1 in all)"),
    "less than": (r"$<$\$5 and <$6", "<$5 and <$6"),
    "sides": ('(e.g., $10), [$20] or "$30"', '(e.g., $10), [$20] or "$30"'),
    "letters and a sum": ("$\\alpha$ is $3M", "α is $3M"),
}
COMMANDS = {
    "footnote": (r"field\footnote{See the page.} opens", "field (See the page.) opens"),
    "footnote before a word": (r"one\footnote{two}three", "one (two) three"),
    "thanks": (r"A title\thanks{To all.}", "A title (To all.)"),
    "colour": (r"\textcolor{red}{Careful!} {\color{blue} calm} text", "Careful! calm text"),
    "colours within a word": (r"{\color{red}Safe}{\color{blue}Guard}", "SafeGuard"),
    "colour with a model": (r"\textcolor[rgb]{1,0,0}{red text}", "red text"),
    "boxes": (r"\colorbox{red}{a} \raisebox{1pt}{b} \resizebox{1cm}{!}{c}", "a b c"),
    "image": (r"\includegraphics[height=1em]{logo.png} Model", "Model"),
    "rule": (r"a\rule{1cm}{2pt}b", "a b"),
    "spaces": (r"a\quad b\hspace{1cm}c\,d\ e", "a b c d e"),
    "layout": (r"\noindent One\par two\newline three\linebreak four", "One two three four"),
    "line break": (r"one\\two\\[2pt]three", "one two three"),
    "xspace": (r"\textsc{Tool}\xspace is", "Tool is"),
    "list": (
        r"find: \begin{itemize} \item one \item two \end{itemize} Done",
        "find: • one • two Done",
    ),
    "citation": (r"work~\cite{a,b} and \citep[see][p. 3]{c}.", "work and."),
    "citation in brackets": (r"work (\cite{a}, \cite{b}) is", "work is"),
    "reference": (r"Fig.~\ref{f}, \cref{s} and \eqref{e}.", "Fig., and."),
    "symbols": (
        r"safe\textemdash the best\texttrademark{} at 20\textdegree{}C",
        "safe—the best™ at 20°C",
    ),
    "currency": (r"\pounds 5, \texteuro{}6 and 7\textcent", "£5, €6 and 7¢"),
    "old fonts": (r"{\cal O}(n) in {\em real} time, {\bf x}", "O(n) in real time, x"),
    "old font within a word": (r"un{\em safe}", "unsafe"),
    "font to the end": (r"now \bf bold", "now bold"),
    "fonts": (r"\textbf{one \emph{two} \textsc{three}}", "one two three"),
    "emphasis in a word": (r"\textbf{F}ast and \textbf{S}afe", "Fast and Safe"),
    "alphabets": (r"$\mathcal{L}$ in $\mathbb R^n$", "L in Rⁿ"),
    "caret": (r"10\^{}3 and 10\textsuperscript{6}", "10^3 and 10⁶"),
    "underscore": (r"my\_{}file and my\_other", "my_file and my_other"),
    "escapes": (r"5\% of \#1 R\&D \{a\}", "5% of #1 R&D {a}"),
    "prose": ("5% of A & B, #1, a_b and c^d", "5% of A & B, #1, a_b and c^d"),
    "unknown": (r"Our \modelname{} beats \sys{SafeNet}", "Our modelname beats SafeNet"),
    "unknown before a word": (r"use \tool and \method's", "use tool and method's"),
    "unknown behind a word": (r"use\tool now", "use tool now"),
    "unknown, two arguments": (r"\two{first}{second} end", "first second end"),
    "unknown, with a star": (r"the \gls*{cw} method", "the cw method"),
    "unknown, first of a group": (r"a{\tool}b", "a tool b"),
    "not HTML's": (r"a model, \eg this one; \ac{bf}; $\Pr(x)$", "a model, eg this one; bf; Pr(x)"),
    "icon": (r"\faGithub\ code", "code"),
    "link": (r"\href{https://a.org/b}{the page}.", "the page (https://a.org/b)."),
    "link, the same": (r"\href{https://a.org/b}{a.org/b}", "https://a.org/b"),
    "link, no text": (r"\href{https://a.org/b}.", "https://a.org/b."),
    "url": (r"at \url{https://a.org/b_c}.", "at https://a.org/b_c."),
    "mangled": (
        r"\k{appa} = 1, \c{opyright} 2025, \b{eta}-carotene, 5 {\mu}m",
        "kappa = 1, copyright 2025, beta-carotene, 5 μm",
    ),
    "number of a sign": (r"one$\unicode{x2013}$two", "one–two"),
    "units": (r"5 \unit{\per\centi\meter}", "5 per centi meter"),
    "verbatim": (r"call \verb|f_{x}|", "call f_{x}"),
    "newline of a program": (r"two (\n\n) and regex \d+", r"two (\n\n) and regex \d+"),
    "braces": ("{DeepSeek}-{R1} and {S}afe", "DeepSeek-R1 and Safe"),
    "lists in braces": ("one of {left, right, up}", "one of {left, right, up}"),
    "no list": (
        r"{\textbf{Careful}: rude, harmful words} {\em a, b}",
        "Careful: rude, harmful words a, b",
    ),
    "fonts side by side": (r"{\bf Deep}{\it Seek}", "DeepSeek"),
    "loose braces": ("a } b { c", "a } b { c"),
    "template": ("{{ user }} and {% raw %}", "user and % raw %"),
    "ties": (r"Fig.~1, et~al., at ~7B, 3~5, /~kim", "Fig. 1, et al., at ~7B, 3~5, /~kim"),
    "escaped quote": (r"the model\'s own \"5\"", 'the model\'s own "5"'),
    "flags": ("run --fast -- now (--slow, x=--y)", "run --fast -- now (--slow, x=--y)"),
    "dashes": ("Text--Image Models, 1999--2004", "Text\u2013Image Models, 1999\u20132004"),
    "dashes around": ("at 5%--or so---always", "at 5%\u2013or so\u2014always"),
    "rulers": ("one ----- two", "one ----- two"),
    "dashes of an address": ("https://a.org/x--y and so--so", "https://a.org/x--y and so\u2013so"),
    "thousands": (r"5{,}000 or 5\,000", "5,000 or 5 000"),
    "tie behind a number": (r"SafeR1~\cite{x} shows GPT-4~\cite{y}.", "SafeR1 shows GPT-4."),
    "tie before a stop": ("a ~b~, c", "a ~b~, c"),
    "footnote mark": (r"one\footnotemark[1] two", "one two"),
    "footnotes in a row": (r"one\footnote{a}\footnote{b}.", "one (a) (b)."),
    "empty footnote": (r"one\footnote{} two", "one two"),
    "other citations": (
        r"one \cites{a}{b} two \nocite{*} three \footfullcite[4]{c} four \sysref{x}.",
        "one two three four.",
    ),
    "group behind a citation": (r"one \cite{key} {two}", "one two"),
    "no citation": (r"\excited{models} are", "models are"),
    "linked reference": (r"see \hyperref[sec:x]{the end} now", "see the end now"),
    "link without a scheme": (r"\href{www.a.org/x\_y}{page}", "page (www.a.org/x_y)"),
    "link, the same host": (
        r"\href{https://github.com/a/b}{github.com/a/b}",
        "https://github.com/a/b",
    ),
    "link, turned round": (r"\href{the page}{https://a.org/b}", "the page (https://a.org/b)"),
    "link, two addresses": (r"\href{https://a.org/b}{https://a.org/c}", "https://a.org/c"),
    "deep braces": ("{" * 60 + "deep" + "}" * 60, "deep"),
    "tab of a program": (r"between \n and \t escapes", r"between \n and \t escapes"),
}
ACCENTS = {
    "symbols": (
        r"Poincar\'e, na\"{\i}ve, pi\~na, gar\c{c}on, \^ile",
        "Poincaré, naïve, piña, garçon, île",
    ),
    "letters": (r"Erd\H{o}s, \v{C}ech, \u{a}, \k{a}, \r{a}, \d{s}", "Erdős, Čech, ă, ą, å, ṣ"),
    "space": (r"Kara{\c c}a, Ho\v rava", "Karaça, Hořava"),
    "group": (r"Mart{\'\i}n, {\'E}va, {\"u}ber", "Martín, Éva, über"),
    "nested": (r"Vi\d{\^e}t and \'{\^e}", "Việt and ế"),
    "letters that are commands": (
        r"\O rsted, \L{}ojasiewicz, {\l}odz, \ss, \AA",
        "Ørsted, Łojasiewicz, łodz, ß, Å",
    ),
    "name": (r"Jos\'e \'Alvarez", "José Álvarez"),
    "alone": (r"\~{}5 and \^{}", "~5 and ^"),
    "tie": (r"\t{oo}", "oo"),
    "ring": (r"H\aa kon and \r{U}", "Håkon and Ů"),
    "in formulas": (r"$\hat{y}$, $\bar x$, $\tilde{\mathcal{O}}(n)$, $\vec{v}$", "ŷ, x̄, Õ(n), v⃗"),
    "at the end": ("\\hat\\", "hat\\"),
    "over a word": (r"$\widehat{abc}$", "abc"),
}
FORMULAS = {
    "scripts": (r"$x^{2}+y_{10}$, $2^{-k}$, $x_i^2$", "x²+y₁₀, 2⁻ᵏ, xᵢ²"),
    "glued": (r"$\ell_2$-norm, glued$_3$here", "ℓ₂-norm, glued₃here"),
    "word below": (r"$L_{\text{safe}}$, $x_{safe}$, $F_\mathrm{max}$", "L_safe, x_safe, F_max"),
    "font without braces": (r"$\Pi^\mathcal J$, $x_\mathrm y$, $M^\ast x$", "Πᴶ, x_y, M* x"),
    "no such superscript": (r"$x^{q}$ and $2^{O(n)}$", "x^q and 2ᴼ⁽ⁿ⁾"),
    "old font below": (r"$\Omega_{\rm GW}(25{\rm Hz})$", "Ω_GW(25Hz)"),
    "fractions": (r"$\frac{1}{2}$, $\frac{a+b}{c}$, $1\frac12$", "1/2, (a+b)/c, 1 1/2"),
    "nested fractions": (r"$\frac{\frac{a}{b}}{c}$", "(a/b)/c"),
    "roots": (r"$\sqrt{d}k$ and $\sqrt{a+b}$", "√d k and √(a+b)"),
    "signs": (r"$\pi \to \beta$, $3\leq 4$", "π → β, 3≤ 4"),
    "functions": (r"$O(n \log n)$, $T\ln T$, $\max_{x}$", "O(n log n), T ln T, maxₓ"),
    "delimiters": (r"\(x^2\) and \[y\]", "x² and y"),
    "brackets": (r"$O\left((a/b)\right)$, $\bigl(x\bigr)$", "O((a/b)), (x)"),
    "set": (r"$\{x_i\}_{i=1}^n$", "{xᵢ}ᵢ₌₁ⁿ"),
    "degrees": (r"$90^\circ$ and 35{\deg}", "90° and 35°"),
    "star": (r"$x^*$ and $y^{\ast}$", "x* and y*"),
    "comparison": (r"$p<0.05$ & $q>1$", "p<0.05 & q>1"),
    "power of ten": (r"$1.2\times10^{-5}$", "1.2×10⁻⁵"),
    "sign before a word": (r"$\langle$prompt, model$\rangle$ pair", "⟨prompt, model⟩ pair"),
    "norm": (r"$\|x\|$", "‖x‖"),
    "chemistry": (r"H$_2$O, CO$_{2}$, Ga$_2$O$_3$", "H₂O, CO₂, Ga₂O₃"),
}


@table(QUOTES | MONEY | COMMANDS | ACCENTS | FORMULAS)
def test_plain_text(text: str, wanted: str) -> None:
    """TeX reads as its author meant it, and what is none is left alone."""
    assert plain_text(text) == wanted


TEX_PIECES = re.findall(
    r"\S+",
    r"\alpha \textbf{ \frac{ \' \" \^ ^ _ { } $ $$ \$ \( \) \[ \] \\ \{ ~ `` '' [ ] \c \d $5 x"
    r" \unknown \href{ \cite{ \begin{ \left \sqrt \mathbb R \hat ^{ _{ \, word US$ \verb| \item"
    r" \footnote{ https://a.org/x \_ {\_} $\_$ \~{} \textcolor{ \em {\rm \unicode{x41} \k{appa}",
)
TEX_LIKE = st.lists(
    st.sampled_from([*TEX_PIECES, " "]) | st.text(max_size=3),
    max_size=30,
).map("".join)


@given(TEX_LIKE)
def test_plain_text_never_fails(text: str) -> None:
    """Whatever comes, the result is a clean text without commands."""
    plain = plain_text(text)
    assert clean(plain) == plain
    assert not re.search(r"\\(?:textbf|frac|cite|begin|unknown|footnote)\b", plain)


WORDS = st.lists(st.from_regex(r"[A-Za-z]{3,9}", fullmatch=True), min_size=1, max_size=9)


@given(WORDS)
def test_words_stay(words: list[str]) -> None:
    """Every word beside and inside TeX is there, in its place."""
    text = " ".join(words)
    source = rf"{text} $x_1$ \textbf{{{text}}} \emph{{\own{{{text}}}}} {{\it {text}}} {text} \%"
    assert plain_text(source).split() == [*words, "x₁", *words, *words, *words, *words, "%"]


BETWEEN = [
    r"\par ", r"\noindent ", r"\xspace{}", r"\cite{key}", r"\quad ", r"\newline ", r"\\",
    r"\vspace{1cm}", r"\footnote{note}", r"\label{key}", r"\bigskip ", r"\includegraphics{x.png}",
    r"\begin{center}", r"\faGithub{}", r"\unknown{}", r"\item ", r"\rule{1cm}{1cm}", r"\ref{a}",
]  # fmt: skip


@given(WORDS, st.lists(st.sampled_from(BETWEEN), min_size=9, max_size=9))
def test_words_are_not_glued(words: list[str], commands: list[str]) -> None:
    """Words between which a command stood stay two words."""
    parts = [part for pair in zip(words, commands, strict=False) for part in pair]
    shown = re.findall(r"\w+", plain_text("".join(parts)))
    assert [word for word in shown if word not in {"note", "unknown"}] == [
        word for word in words if word not in {"note", "unknown"}
    ]


@given(st.lists(st.decimals(0, 10**6, places=2) | st.integers(0, 10**6), min_size=1))
def test_sums_and_numbers_stay(numbers: list[object]) -> None:
    """No number changes, and every sum of money keeps its sign."""
    money = ", or ".join(f"${number} each" for number in numbers)
    assert plain_text(rf"{money} and 5\%") == f"{money} and 5%"
    formulas = r" \textbf{and} ".join(f"${number}$" for number in numbers)
    assert plain_text(formulas) == " and ".join(map(str, numbers))


@given(st.text(st.characters(exclude_characters="\\$~`'^_{}", codec="utf-8")))
def test_no_tex(text: str) -> None:
    """A text without TeX is only cleaned."""
    assert plain_text(text) == clean(text)


JUNK = [
    "{", "}", "\\a{", "$", "^{", "\\", "\\'{", "$x ", "$5 ", "~", "\\(", "\\[", "\\a[", "{}", "`",
    "``", "''", "`a ", "\\verb|", "\\begin{", "https://", "https://a.org/(", "www.", "a_{", "([",
    "\\Xref", "\\item[", "\\sqrt[", "[a] ", "\\lq ", "A.B.C.", "we have now ", "\\itemsep", "note ",
    "\\cite{", "\\frac", "\\hat", "{\\em ", "we ", "A. ", "(\\cite{a}", "accepted ", "\\'\\'", ",",
    "github.com/", "a, and ", "NeurIPS 2025, ", "this paper ", "\\unicode{x", "1 ", "of A, ",
]  # fmt: skip
# Signs that many a pattern repeats, and the parts of the sum that once took the cube of its length.
BLOWS = [".", " .", " ", "a", "A ", "1", "-", "(", "[", "{", ",", "/", "\\", "w.", "<", "#", ":"]
READERS: list[Callable[[str], object]] = [
    plain_text,
    lambda text: list(find_addresses(text)),
    code_link,
    venue,
    lead,
    lambda text: is_withdrawn(text, text),
    lambda text: plain_authors([text]),
    escape_markdown,
    link_text,
    log_text,
    lambda text: shorten(text, 100),
]


def seconds(read: Callable[[str], object], text: str) -> float:
    """Return how much time of the processor it takes to read a text."""
    begin = time.process_time()
    read(text)
    return time.process_time() - begin


def grows_too_fast(read: Callable[[str], object], *parts: str, times: int = 400) -> bool:
    """Tell whether a text whose parts are repeated takes more than its share of time.

    That is more than eight times as long for four times as much, the quickest of five readings
    each (what grows with the square takes sixteen); what is done in a moment says nothing.
    """
    short, long = ("".join(part * count for part in parts) for count in (times // 2, 2 * times))
    if seconds(read, long) < 0.01:
        return False
    quickest = [min(seconds(read, text) for _ in range(5)) for text in (short, long)]
    return quickest[1] > 8 * quickest[0]


@pytest.mark.parametrize("unit", JUNK)
def test_junk_is_no_burden(unit: str) -> None:
    """Every reader takes time in proportion to its text, made to hurt it as it may be."""
    for number, read in enumerate(READERS):
        assert not grows_too_fast(read, unit, times=5_000), number
        slow = [blow for blow in BLOWS if grows_too_fast(read, unit, blow, "x$")]
        assert not slow, number


def test_patterns_are_no_burden() -> None:
    """So does every pattern of the script by itself, used as the script uses it."""
    source = Path(update_papers.__file__).read_text("utf-8")
    slow = []
    for name, pattern in vars(update_papers).items():
        if not isinstance(pattern, re.Pattern) or not isinstance(pattern.pattern, str):
            continue
        way = re.search(rf"\b{name}\.(match|fullmatch|search|sub|findall|finditer)", source)
        if not way:
            continue  # a part of another one
        use = getattr(pattern, way[1]) if "match" in way[1] else pattern.findall
        blows = itertools.product(BLOWS, BLOWS)
        slow += [(name, *blow) for blow in blows if grows_too_fast(use, *blow, "!")]
    assert not slow


# -------------------------------------------------------------------------------- addresses


@table(
    {
        "underscore": (r"https://a.org/my\_model.", "https://a.org/my_model"),
        "in dollars": (r"https://a.org/my$\_$model", "https://a.org/my_model"),
        "bare in dollars": ("https://a.org/my$_$model", "https://a.org/my_model"),
        "in braces": (r"https://a.org/two{\_}parts", "https://a.org/two_parts"),
        "in both": (r"https://a.org/two{$\_$}parts", "https://a.org/two_parts"),
        "by name": (r"https://a.org/my\textunderscore{}model", "https://a.org/my_model"),
        "percent": (r"https://a.org/a\%20b", "https://a.org/a%20b"),
        "ampersand": (r"https://a.org/?a=1\&b=2", "https://a.org/?a=1&b=2"),
        "hash": (r"https://a.org/x\#y", "https://a.org/x#y"),
        "sim": (r"https://a.org/$\sim$kim/x", "https://a.org/~kim/x"),
        "tilde": (r"https://a.org/\~{}kim and", "https://a.org/~kim"),
        "tilde by name": (r"https://a.org/\textasciitilde kim", "https://a.org/~kim"),
        "plain tilde": ("https://a.org/~lee/y", "https://a.org/~lee/y"),
        "url": (r"\url{https://a.org/a_b~c}", "https://a.org/a_b~c"),
        "two": (r"\url{https://a.org/x}, https://b.org/y_z", "https://a.org/x https://b.org/y_z"),
        "without a space": ("https://a.org/x,https://b.org/y", "https://a.org/x https://b.org/y"),
        "balanced": ("https://a.org/T_(deep_x), or", "https://a.org/T_(deep_x)"),
        "in brackets": ("(https://a.org/b).", "https://a.org/b"),
        "not closed": ("https://a.org/b(see", "https://a.org/b"),
        "Chinese": ("见https://a.org/c。然后", "https://a.org/c"),
        "full width": ("（https://a.org/c），", "https://a.org/c"),
        "curly quotes": ("“https://a.org/c”", "https://a.org/c"),
        "dash": ("https://a.org/c—and", "https://a.org/c"),
        "punctuation": ("https://a.org/c?!", "https://a.org/c"),
        "bold": ("**https://a.org/c_**", "https://a.org/c"),
        "quoted": ("`https://a.org/c'", "https://a.org/c"),
        "www": (r"www.a\_b.org/c", "www.a_b.org/c"),
        "bare host": (r"github.com/a/my\_b.", "github.com/a/my_b"),
        "query": ("https://a.org/?x=1;y=[2],", "https://a.org/?x=1;y=[2]"),
        "formula behind": ("https://a.org/x $y_1$", "https://a.org/x"),
        "sim in braces": (r"https://a.org/${\sim}$kim", "https://a.org/~kim"),
        "quotes and a tie": ("``https://a.org/c''~or", "https://a.org/c"),
        "dollar behind": ("https://a.org/x$ or $5", "https://a.org/x"),
        "footnote behind": (
            r"https://a.org/x$^1$ and https://a.org/y²",
            "https://a.org/x https://a.org/y",
        ),
        "guillemets": ("«https://a.org/c»", "https://a.org/c"),
        "Arabic": ("https://a.org/c، https://a.org/d؟", "https://a.org/c https://a.org/d"),
        "Hindi": ("https://a.org/c।", "https://a.org/c"),
        "none": ("https:// www a.org httpx:a.org", ""),
    }
)
def test_address(text: str, wanted: str) -> None:
    """An address is found whole and exactly, whatever stands in it and around it."""
    found = [address[0] for address in find_addresses(plain_text(text))]
    assert found == wanted.split()


@table(
    {
        "dots": ("Code: https://github.com/a-b/c.d.", "https://github.com/a-b/c.d"),
        "git": ("(github.com/a/b.git)", "https://github.com/a/b"),
        "underscore": (r"\url{https://github.com/a/b\_c}", "https://github.com/a/b_c"),
        "folder": ("https://www.github.com/a/b/tree/main/x", "https://github.com/a/b"),
        "gitlab": ("at https://gitlab.com/a/b, and", "https://gitlab.com/a/b"),
        "dataset": (
            "https://huggingface.co/datasets/a/b_c;",
            "https://huggingface.co/datasets/a/b_c",
        ),
        "model": ("https://huggingface.co/lab/model-7B", "https://huggingface.co/lab/model-7B"),
        "bitbucket": ("https://bitbucket.org/a/b!", "https://bitbucket.org/a/b"),
        "codeberg": ("http://codeberg.org/a/b", "https://codeberg.org/a/b"),
        "link": (r"\href{https://github.com/a/b}{code}", "https://github.com/a/b"),
        "footnote": (r"page\footnote{https://github.com/a/b}", "https://github.com/a/b"),
        "anonymous": (
            "at https://anonymous.4open.science/r/x-7F3A/.",
            "https://anonymous.4open.science/r/x-7F3A",
        ),
        "short host": ("weights: hf.co/lab/model-8b.", "https://hf.co/lab/model-8b"),
        "own behind another": (
            "Built with https://github.com/a/base. We release everything at https://gitlab.com/b/own",
            "https://gitlab.com/b/own",
        ),
        "own before another": (
            "Code: https://github.com/b/own, after https://github.com/a/base",
            "https://github.com/b/own",
        ),
        "nobody's own": (
            "We audit https://github.com/a/x and https://github.com/b/y",
            "https://github.com/a/x",
        ),
        "upper case": ("https://GitHub.com/A/B", "https://github.com/A/B"),
        "second": ("https://a.org/x and https://github.com/a/b", "https://github.com/a/b"),
        "collection": ("https://huggingface.co/collections/lab/set-67aa", ""),
        "paper": ("https://huggingface.co/papers/2501.00001", ""),
        "blog": ("https://huggingface.co/blog/a/b", ""),
        "documentation": ("https://huggingface.co/docs/a/b", ""),
        "feature": ("We use github.com/features/copilot daily", ""),
        "organisation": ("https://github.com/orgs/lab/repositories", ""),
        "owner": ("https://github.com/lab", ""),
        "data sets of one": ("https://huggingface.co/datasets/lab", ""),
        "pages": ("https://a.github.io/b", ""),
        "link without a scheme": (r"\href{github.com/a/b}{code}", "https://github.com/a/b"),
        "footnote behind": (r"https://github.com/a/b\textsuperscript{1}", "https://github.com/a/b"),
        "word broken in two": ("https://github.com/a/b- c", ""),
        "other host": ("mygithub.com/a/b and https://gist.github.com/a/b", ""),
        "reserved, then real": ("github.com/topics/x, github.com/a/b", "https://github.com/a/b"),
        "none": ("no code", ""),
    }
)
def test_code_link(text: str, wanted: str) -> None:
    """The first repository is the code, and no other page of its host is."""
    assert code_link(plain_text(text)) == wanted


def test_own_code_is_said_nearby() -> None:
    """What says that code is the authors' own stands near its address."""
    text = f"Our work is {'not ' * 30}on https://github.com/a/x. Code: https://github.com/b/y"
    assert code_link(text) == "https://github.com/b/y"


# ------------------------------------------------------------------- what the texts tell


@table(
    {
        "short": ("NeurIPS 2025", "NeurIPS 2025"),
        "accepted": ("12 pages. Accepted to ICML 2025", "ICML 2025"),
        "accepted by": ("accepted by AAAI2026, 7 pages", "AAAI2026"),
        "behind pages": ("5 pages, 2 figures, CVPR 2025", "CVPR 2025"),
        "findings": ("ACL 2026 Findings", "ACL 2026 Findings"),
        "findings of": ("To appear in Findings of EMNLP 2025.", "Findings of EMNLP 2025"),
        "workshop": (
            "Accepted at the ICML 2025 Workshop on Safe and Honest Agents. 9 pages",
            "ICML 2025 Workshop on Safe and Honest Agents",
        ),
        "proceedings": (
            "Accepted to the Proc. of the 2025 Conf. on Safe AI (Oral)",
            "Proc. of the 2025 Conf. on Safe AI (Oral)",
        ),
        "list in the name": (
            "Accepted to the 2025 Conference on Safety, Trust, and Law (CSTL), Rome, Italy",
            "2025 Conference on Safety, Trust, and Law (CSTL)",
        ),
        "place and date": ("Presented at ICRA 2025, May 19-23, Atlanta, USA", "ICRA 2025"),
        "journal": (
            "Published in IEEE Transactions on Safety, 2025",
            "IEEE Transactions on Safety, 2025",
        ),
        "track": (
            "Accepted to KDD 2025, Research Track; code at https://a.org",
            "KDD 2025, Research Track",
        ),
        "poster": ("Accepted as a poster at SaTML 2026", "SaTML 2026"),
        "goes on": ("Accepted to ICLR 2026 and will be presented in April", "ICLR 2026"),
        "long": (
            f"Accepted to the 17th Conference on {'Very ' * 12}Long Names (CLN 2025)",
            "CLN 2025",
        ),
        "long, with a colon": (
            f"Accepted to the CLN 2025 Workshop: {'Very ' * 18}Long Names",
            "CLN 2025 Workshop",
        ),
        "long, year outside": (
            f"Accepted to the 2025 Conference on {'Very ' * 15}Long Names (CLN)",
            "CLN 2025",
        ),
        "long, no short name": (f"Accepted to the Conference on {'Very ' * 15}Long Names", ""),
        "TeX": (r"Accepted at \textbf{AAAI} '26", "AAAI '26"),
        "note of arXiv": (
            "ACL 2025. arXiv admin note: text overlap with arXiv:2501.00001",
            "ACL 2025",
        ),
        "short year": ("AAAI-26", "AAAI-26"),
        "short year and track": ("IJCAI-25 Main Track; 9 pages", "IJCAI-25 Main Track"),
        "semicolon": ("COLM 2025; code at https://a.org", "COLM 2025"),
        "at sign": ("Accepted @ ICML 2025", "ICML 2025"),
        "will": ("Will appear in ECAI 2025", "ECAI 2025"),
        "in": ("In: Proceedings of CHI 2025", "CHI 2025"),
        "paper track": ("ICML'25 Position Paper Track", "ICML'25 Position Paper Track"),
        "main paper": ("Main paper 9 pages, appendix 12 pages, ICLR 2025", "ICLR 2025"),
        "initials": (
            "Accepted at the 1st Workshop on A.I. Law @ ICML 2025",
            "1st Workshop on A.I. Law @ ICML 2025",
        ),
        "misspelt": ("Acccepted by ACL 2025 Findings", "ACL 2025 Findings"),
        "data in the name": (
            "2024 Conference on Big Data (CBD)",
            "2024 Conference on Big Data (CBD)",
        ),
        "oral paper": ("Accepted as an Oral paper at NAACL 2027, camera-ready", "NAACL 2027"),
        "full paper": ("ACCEPTED as a FULL PAPER at SIGIR 2026", "SIGIR 2026"),
        "address of a page": ("AISTATS 2026 Spotlight: this https URL", "AISTATS 2026 Spotlight"),
        "pages behind a stop": ("EMNLP 2026.14 pages, 3 figures", "EMNLP 2026"),
        "best paper": ("IUI 2026 Best Paper Award", "IUI 2026"),
        "copyright behind": ("Accepted at ICRA 2026. © 2026 IEEE. Personal use only", "ICRA 2026"),
        "library": ("The final version is available on IEEE Xplore", ""),
        "library, later": ("Published in the ACM Digital Library once available", ""),
        "rolling review": ("under ACL Rolling Review 2026", ""),
        "reviewed": ("ARR reviewed, 9 pages", ""),
        "withdrawn": ("Withdrawn from ICLR 2026", ""),
        "not accepted": ("Not yet accepted at ICLR 2026", ""),
        "not printed": ("Accepted at NDSS 2026, not in its proceedings", "NDSS 2026"),
        "intended": ("Intended for ACL 2026", ""),
        "in preparation": ("In preparation for CVPR 2026", ""),
        "virus": ("9 pages, COVID-19", ""),
        "day": ("Submitted to X; presented on 17th of September (Safe AI III)", ""),
        "blind review": ("Under double-blind review at ICLR 2026", ""),
        "hyphened review": ("Under-review at ISWC 2025", ""),
        "submitted": ("Submitted to ICLR 2026", ""),
        "in review": ("Under review at NeurIPS 2025", ""),
        "preprint": ("Preprint. 12 pages, 3 figures", ""),
        "once accepted": ("Code will be released once the paper is accepted", ""),
        "extension": ("Extended version of our ICML 2025 paper", ""),
        "challenge": ("Winner of the CVPR 2025 Challenge", ""),
        "copyright": ("Copyright 2025 IEEE. Personal use is permitted", ""),
        "nothing": ("", ""),
        "year twice": ("Accepted at ICML 2025, 2025", "ICML 2025"),
        "open bracket": ("Published at ICLR 2025 (Oral", "ICLR 2025"),
    }
)
def test_venue(text: str, wanted: str) -> None:
    """It is said where a paper was accepted, in the comment's own words, or nothing."""
    assert venue(plain_text(text)) == wanted


@given(
    st.text()
    | st.lists(st.sampled_from(["Accepted to ", "ICML 2025", ", ", "(", ")", ". ", "and A"])).map(
        "".join
    )
)
def test_venue_is_short(text: str) -> None:
    """Whatever a comment says, its venue fits into a line."""
    assert len(venue(text)) <= 90


WITHDRAWN = [
    "This paper has been withdrawn by the authors",
    "We withdraw this paper because of an error in Section 4",
    "Withdrawn",
    "Paper withdrawn due to a mistake",
    "withdrawn by the author; see arXiv:2501.00001",
    "This submission has been removed by arXiv administrators",
    "arXiv admin note: This paper has been withdrawn by arXiv due to disputed authorship",
    "12 pages. The authors have withdrawn this manuscript.",
    "This article was retracted by its authors",
    "This work has been withdrawn, it is replaced by arXiv:2501.00001",
    "This paper has now been withdrawn",
    "We are withdrawing the manuscript because of a bug",
    "The authors have decided to retract this paper",
    "I would like to withdraw this submission",
    "The author requests withdrawal of this paper",
    "Withdrawal due to an error",
    "v3: withdrawn",
    "[WITHDRAWN] 12 pages",
    "Paper is withdrawn, Theorem 2 is wrong",
    "Because of an error in Theorem 2, this paper has been withdrawn",
    "The proof has a gap and has been withdrawn",
    "All versions withdrawn by the authors",
    "This submission has been removed from arXiv",
    "The first author has withdrawn this paper",
    "Due to errors in the dataset, the paper has been withdrawn",
    "Paper withdrawn pending approval by the ethics board",
]
NOT_WITHDRAWN = [
    "",
    "The authors withdrew this paper from NeurIPS 2026",
    "Withdrawn from the proceedings of ACL 2026 for want of funds",
    "Replaces the withdrawn arXiv:2501.00001",
    "This paper replaces arXiv:2501.00001, which has been withdrawn",
    "Supersedes arXiv:2501.00001, that has been withdrawn by us",
    "Withdrawn from ICLR 2026",
    "An earlier version has been withdrawn",
    "The dataset has been withdrawn by its authors",
    "This paper has not been withdrawn",
    "12 pages, on withdrawn consent",
    "The previous submission was withdrawn by the authors",
    "The previous version of this paper has been withdrawn",
    "Replaces arXiv:2501.00001, removed by arXiv",
    "Theorem 2 has been withdrawn",
    "The claim of Section 3 has been withdrawn",
    "Appendix removed by the authors",
    "A related paper has been withdrawn",
    "The benchmark has been withdrawn",
    "Version 1 has been withdrawn, version 2 is right",
    "v1 was withdrawn because of a bug; this is v2",
    "Comment on a paper that has been withdrawn",
    "Accepted at ICML 2025, then withdrawn by the authors from the proceedings",
    "Withdrawn submission at ICLR 2025",
    "Withdrawn consent, 9 pages",
    "We did not withdraw this paper",
    "We will never withdraw this paper",
]


@pytest.mark.parametrize("comment", WITHDRAWN)
def test_withdrawn(comment: str) -> None:
    """A paper whose comment, or whose whole abstract, says so is withdrawn."""
    assert is_withdrawn(comment, "A plain abstract.")
    assert is_withdrawn("", comment)


@pytest.mark.parametrize("comment", NOT_WITHDRAWN)
def test_not_withdrawn(comment: str) -> None:
    """What is said of another paper, or of a conference, does not withdraw this one."""
    assert not is_withdrawn(comment, "A plain abstract.")


@pytest.mark.parametrize(
    ("abstract", "wanted"),
    [
        ("Some facts. " * 30 + "This paper has been withdrawn by its author.", True),
        ("Some facts. " * 30 + "We study why a paper has been withdrawn by its authors.", False),
        ("Some facts. " * 30 + "Consent was withdrawn by one of the users.", False),
    ],
)
def test_withdrawn_in_an_abstract(abstract: str, *, wanted: bool) -> None:
    """In a long abstract only a sentence about this paper counts."""
    assert is_withdrawn("", abstract) is wanted


@pytest.mark.parametrize(
    ("names", "wanted"),
    [
        (["OpenAI", ":", "Ada Lovelace"], ("OpenAI", "Ada Lovelace")),
        (["Ada Lovelace", "and", "Alan Turing", "et al."], ("Ada Lovelace", "Alan Turing")),
        ([r"Jos\'e Mart{\'\i}n", "{\\L}ukasz X"], ("José Martín", "Łukasz X")),
        (["Team:", " Ada Lovelace,"], ("Team", "Ada Lovelace")),
        (["and Alan Turing"], ("Alan Turing",)),
        (["Andrea Andersson", "Al Etter"], ("Andrea Andersson", "Al Etter")),
        (["李 明", "X"], ("李 明", "X")),
        (["And Yilmaz", "With Grace", "Et Al"], ("And Yilmaz", "With Grace")),
        (["Na", "Ada\u2020", "Bo*\u2021"], ("Na", "Ada", "Bo")),
        (["3M Team", "1", "(2)", "...", "&", "X"], ("3M Team", "X")),
        (["Ada Lovelace", "et", "al."], ("Ada Lovelace",)),
        (["Ada Lovelace", "and 12 others"], ("Ada Lovelace",)),
        (["Ada Lovelace", "(9 additional authors not shown)"], ("Ada Lovelace",)),
        ([":", "-"], (":", "-")),
        (["\u200b", ":"], (":",)),
        ([], ()),
    ],
)
def test_plain_authors(names: list[str], wanted: tuple[str, ...]) -> None:
    """A name has a letter, and a word between names is none; something is always shown."""
    assert plain_authors(names) == wanted


@table(
    {
        "formula": ("Models fail. To this end, we propose X. It works.", "We propose X."),
        "adverb": ("Models fail. Here, we systematically study X.", "We systematically study X."),
        "past": ("Models fail. We evaluated ten of them.", "We evaluated ten of them."),
        "gap": ("Models fail. To bridge this divide, we build X.", "We build X."),
        "purpose": (
            "Models fail. To catch liars, we build X. It works.",
            "To catch liars, we build X.",
        ),
        "condition": ("Models fail. If a model lies, we stop it.", "If a model lies, we stop it."),
        "cause": ("Inspired by bees, this work builds X.", "Inspired by bees, this work builds X."),
        "no comma": ("They fail. Seeing this we craft X.", "Seeing this we craft X."),
        "question first": ("How do we build X? They fail.", "They fail."),
        "question with a quotation": ('Do we "lie?" We study this.', "We study this."),
        "only questions": ("Why do we lie? How?", "Why do we lie? How?"),
        "announcement": ("We make two contributions in this work: 1. We build X.", "We build X."),
        "announcement, folded": ("The aim of this paper is twofold. We build X.", "We build X."),
        "ways": ("We do so in two ways. First, we build X.", "First, we build X."),
        "this paper": ("Models fail. This paper presents X. It works.", "This paper presents X."),
        "in this paper": (
            "A. In this paper, a new X is shown.",
            "In this paper, a new X is shown.",
        ),
        "others": ("Models fail. A new method is proposed here.", "A new method is proposed here."),
        "first": ("Models fail. Nobody knows why.", "Models fail."),
        "what we know": ("What we know is little. We show more.", "We show more."),
        "abbreviations": (
            "We test X, e.g. Y, i.e. Z (vs. W et al. 2020) at 2.5 points. More.",
            "We test X, e.g. Y, i.e. Z (vs. W et al. 2020) at 2.5 points.",
        ),
        "capital": (
            "We test X, e.g. Llama vs. GPT by Doe et al. Then more.",
            "We test X, e.g. Llama vs. GPT by Doe et al. Then more.",
        ),
        "question": ("Why? We ask why. More.", "We ask why."),
        "courtesy": ("We thank all. In this paper, nothing.", "In this paper, nothing."),
        "acknowledgement": (
            "We acknowledge all. In this paper, nothing.",
            "In this paper, nothing.",
        ),
        "name of a section": ("Methods: This study was long.", "This study was long."),
        "quotation": ('We call it "safe." More.', 'We call it "safe."'),
        "caution": ("Warning: This paper has rude words. We show X.", "We show X."),
        "caution, longer": ("Content warning: X. We show X.", "We show X."),
        "caution, in words": ("This paper contains rude words. We show X.", "We show X."),
        "caution and more": ("Warning: rude. Nobody knows why.", "Nobody knows why."),
        "only a caution": ("Warning: rude words.", "Warning: rude words."),
        "Chinese": ("我们提出新方法。效果好。", "我们提出新方法。"),
        "nothing": ("", ""),
    }
)
def test_lead(text: str, wanted: str) -> None:
    """The lead says what the paper does, from its subject on."""
    assert lead(text) == wanted


@given(st.text() | WORDS.map(lambda words: "We show " + " ".join(words * 20)))
def test_lead_is_short(text: str) -> None:
    """A lead is short, and ends in "…" where it was cut."""
    assert len(lead(clean(text))) <= 240


@given(st.text('aA .!?")e.g') | st.text())
def test_sentences_are_the_whole(text: str) -> None:
    """No character of a text is lost between its sentences but white space."""
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())


# --------------------------------------------------------------------------------- Markdown

RENDER: Callable[[str, int], str] = cmarkgfm.github_flavored_markdown_to_html
HOSTILE = [
    "a | b || c \\| d", "trailing \\", "\\\\|", "*b* _u_ ~~s~~ **", "`code | pipe` ``",
    "<b>x</b> </td></table>", "<!-- LATEST_PAPERS_END -->", "<script>alert(1)</script>",
    "&lt; &amp; &copy; &#36; &#x3a;", "$x_1$ and $5", "$$E$$", "[a](javascript:b) ![c](d)",
    "[^1] [x] [a][b]", "https://a.org/x_y).", "www.a_b.org/c|d", "me@a_b.org", "~~~",
    "mailto:a@b.org", ":tada: :+1:", "| --- | --- |", "# h", "- [ ] todo", "1. one", "> quote",
    "W" * 300, "https://a.org/" + "x" * 300, "http://a.org/<b>", "ftp://a.org/$x$",
    "\u202ertl\u202c z\u200bw", "@name #123", "a\nb\r\nc\td\u2028e\x85f", "look!https://a.org/x",
    "{{ 7 }} {% x %}", "\\(x\\) \\$ \\_", "中文 https://a.org/路。", "github.com/a/b_c",
    "</details>",
    "https://a.org/x&copy;y", "https://a.org/*a*", "www.a.org/:tada:",
]  # fmt: skip
TEXTS = st.lists(
    st.sampled_from(HOSTILE) | st.text(max_size=9) | st.text("|\\`*_~[]<>&$:!()w./@ -"),
    max_size=6,
).map("".join)
INSIDE = [
    "{}",
    "<details><summary>{}</summary></details>",
    "<details><summary>x</summary>{}</details>",
    "<sub>{}</sub>",
]


def cells(markdown: str) -> list[html.HtmlElement]:
    """Return the cells of the one row of a table whose second cell ends the row."""
    page = f"| a | b |\n| --- | --- |\n| {markdown} | end |\n"
    rows = html.fromstring(RENDER(page, Options.CMARK_OPT_UNSAFE)).findall(".//tr")
    assert len(rows) == 2
    return list(rows[1].findall("td"))


def shown(cell: html.HtmlElement) -> str:
    """Return the text of a cell."""
    return " ".join(str(cell.text_content()).split())


def pieces(cell: html.HtmlElement) -> list[str]:
    """Return the text nodes of a cell: GitHub looks for formulas and emoji within each."""
    return [str(node) for node in cell.itertext()]


@pytest.mark.parametrize("inside", INSIDE, ids=["cell", "summary", "details", "sub"])
@given(text=TEXTS)
@example(text="".join(HOSTILE))
def test_any_text_stays_in_its_cell(inside: str, text: str) -> None:
    """Any text is one cell of one row, with the same words and nothing that is live."""
    cell, end = cells(inside.replace("{}", escape_markdown(text)))
    assert shown(end) == "end"
    assert shown(cell).removeprefix("x" * (">x<" in inside)) == clean(text)
    tags = {element.tag for element in cell.iterdescendants()}
    assert tags <= {"a", "span", "wbr", "details", "summary", "sub"}
    targets = [str(link.get("href")) for link in cell.iter("a")]
    assert not any(re.match(r"\W*(?:javascript|data|vbscript):", target) for target in targets)
    assert not any(re.search(r":[\w+-]+:|\$.|.\$", piece) for piece in pieces(cell))


@given(TEXTS)
@example("".join(HOSTILE))
def test_any_text_can_be_a_link(text: str) -> None:
    """Any text inside a link is the text of this one link."""
    cell, end = cells(f"[{link_text(text)}](https://arxiv.org/abs/1)")
    assert shown(end) == "end"
    assert [link.get("href") for link in cell.iter("a")] == ["https://arxiv.org/abs/1"]
    assert shown(cell[0]) == shown(cell) == clean(text)
    assert {element.tag for element in cell.iterdescendants()} <= {"a", "span", "wbr"}


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("see https://a.org/x_y.", ["https://a.org/x_y"]),
        ("(https://a.org/x).", ["https://a.org/x"]),
        ("**http://a.org/x_** y", ["http://a.org/x"]),
        ("https://a.org/p|q and ftp://a.org/x", ["https://a.org/p%7Cq", "ftp://a.org/x"]),
        ("https://a.org/?x=1&y=2&copy=3;", ["https://a.org/?x=1&y=2&copy=3"]),
        ("www.a_b.org/c_d, more", ["http://www.a_b.org/c_d"]),
        ("code: github.com/a/b_c.", ["https://github.com/a/b_c"]),
        ("write to me@a_b.org", ["mailto:me@a_b.org"]),
        ("https://a.org/" + "x" * 300, ["https://a.org/" + "x" * 300]),
        ("https://a.org/T_(x)", ["https://a.org/T_(x)"]),
        ("https:// www a.org httpx:a.org", []),
    ],
)
def test_links(text: str, links: list[str]) -> None:
    """An address is a link to just this address, without the punctuation behind it."""
    cell, _ = cells(escape_markdown(text))
    assert [link.get("href") for link in cell.iter("a")] == links
    assert shown(cell) == text


def test_ampersand_in_a_link() -> None:
    """An & in an address begins no entity."""
    said = escape_markdown("https://a.org/?x=1&copy=2")
    assert said.endswith("(<https://a.org/?x=1&amp;copy=2>)")


@pytest.mark.parametrize("escape", [escape_markdown, link_text])
@pytest.mark.parametrize("text", ["x" * 300, "https://a.org/" + "x" * 300, "_" * 300, "安全" * 150])
def test_long_word(escape: Callable[[str], Markup], text: str) -> None:
    """A long word may break, so that it does not widen the table."""
    cell, _ = cells(escape(text))
    assert max(map(len, pieces(cell))) <= 40
    assert shown(cell) == text


def test_markup_is_not_escaped_twice() -> None:
    """What is escaped stays as it is."""
    once = escape_markdown("a_b & c")
    assert escape_markdown(once) == once == "a\\_b &amp; c"


def test_numbers_are_shown() -> None:
    """A template may give what is no text."""
    assert escape_markdown(17) == "17"
