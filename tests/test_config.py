"""The config: what is wrong with it is said at once and with its line, what is right becomes one sound query."""

import datetime as dt
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers import make_list, run, tree
from update_papers import UpdaterError, parse_config

PROJECT = Path(__file__).parent.parent
SINCE = dt.datetime(2024, 9, 12, tzinfo=dt.UTC)
BASE = "keywords:\n  model: [reasoning]\nsince: 2024-09-12\n"  # three lines: what a case adds begins on line 4
DOMAIN = "    about: x\n    terms: [x]\n"
TOKEN = re.compile(r'\(|\)|ANDNOT|AND|OR|\w+:"[^"]*"|cat:[\w.*-]+')


def complaints(text: str) -> list[str]:
    """Return the lines that say what is wrong with a config."""
    with pytest.raises(UpdaterError) as raised:
        parse_config(text)
    return str(raised.value).split("\n")


def places(text: str) -> list[str]:
    """Return "LINE KEY" of each complaint."""
    found = [re.fullmatch(r"config\.yaml, line (\d+): (.+?): .+; .+", line) for line in complaints(text)]
    return [f"{match[1]} {match[2]}" for match in found if match]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        pytest.param("", ["1 keywords", "1 since"], id="empty file"),
        pytest.param("# nothing\n", ["1 keywords", "1 since"], id="comment only"),
        pytest.param("keywords: [a\nsince: x\n", ["2 not YAML"], id="not YAML"),
        pytest.param(BASE + "latest: 1\n\tx: 2\n", ["5 not YAML"], id="tab"),
        pytest.param(BASE + "\x07", ["4 not YAML"], id="control character"),
        pytest.param(BASE + "---\nlatest: 1\n", ["4 not YAML"], id="two documents"),
        pytest.param("since: 2024-09-12\n", ["1 keywords"], id="keywords missing"),
        pytest.param("since: 2024-09-12\nkeywords:\n", ["2 keywords"], id="keywords empty"),
        pytest.param("since: 2024-09-12\nkeywords: []\n", ["2 keywords"], id="no keywords"),
        pytest.param("since: 2024-09-12\nkeywords: model\n", ["2 keywords"], id="keywords are text"),
        pytest.param("since: 2024-09-12\nkeywords:\n  a: [x]\n  b: []\n", ["4 keywords.b"], id="empty group"),
        pytest.param("since: 2024-09-12\nkeywords:\n  a: [x]\n  b:\n", ["4 keywords.b"], id="group without terms"),
        pytest.param("since: 2024-09-12\nkeywords:\n  a: x\n", ["3 keywords.a"], id="group is text"),
        pytest.param(BASE + "latest:\n  - 5\n", ["5 latest"], id="list for a number"),
        pytest.param(BASE + "latest: many\n", ["4 latest"], id="word for a number"),
        pytest.param(BASE + "latest: 2.5\n", ["4 latest"], id="fraction for a whole number"),
        pytest.param(BASE + "latest: 0\n", ["4 latest"], id="number too low"),
        pytest.param(BASE + "latest: 101\n", ["4 latest"], id="number too high"),
        pytest.param(BASE + "lookback_days: -1\n", ["4 lookback_days"], id="negative"),
        pytest.param(BASE + "lookback_days: 10000\n", ["4 lookback_days"], id="before the first year"),
        pytest.param(BASE + "stale_after_days: never\n", ["4 stale_after_days"], id="word for days"),
        pytest.param(BASE + "arxiv: fast\n", ["4 arxiv"], id="text for a mapping"),
        pytest.param(BASE + "arxiv:\n  page_size: 2001\n", ["5 arxiv.page_size"], id="page too large"),
        pytest.param(BASE + "arxiv:\n  timeout_seconds: .nan\n", ["5 arxiv.timeout_seconds"], id="nan"),
        pytest.param(BASE + "arxiv:\n  deadline_seconds: inf\n", ["5 arxiv.deadline_seconds"], id="infinity"),
        pytest.param(BASE + "arxiv:\n  url: ftp://arxiv.org\n", ["5 arxiv.url"], id="other scheme"),
        pytest.param(BASE + "arxiv:\n  url: https://a.org/api?x=1\n", ["5 arxiv.url"], id="address with a query"),
        pytest.param(BASE + "categories: cs.CR\n", ["4 categories"], id="text for a list"),
        pytest.param(BASE + "categories:\n  - cs.CR\n  - cs CR\n", ["6 categories"], id="bad category"),
        pytest.param(BASE + "include: [9911.21590]\nexclude: [x]\n", ["4 include", "5 exclude"], id="bad ids"),
        pytest.param(BASE + "include:\n  - 2511.21590v2\n", ["5 include"], id="id with its version"),
        pytest.param(BASE + "include: [2511.21590]\nexclude:\n  - 2511.21590\n", ["5 exclude"], id="in and out"),
        pytest.param(BASE.replace("09-12", "02-30"), ["3 since"], id="no day of the calendar"),
        pytest.param(BASE.replace("2024-09-12", "last week"), ["3 since"], id="no date"),
        pytest.param(BASE + "latest: 1\nlatest: 2\n", ["5 latest"], id="key twice"),
        pytest.param(BASE + "domains:\n  A:\n    terms: [x]\n", ["6 domains.A.about"], id="domain without about"),
        pytest.param(BASE + "domains:\n  A:\n    about: x\n", ["6 domains.A.terms"], id="domain without terms"),
        pytest.param(BASE + "lates: 5\nlatest: x\nx: 1\n", ["4 lates", "5 latest", "6 x"], id="all at once"),
    ],
)
def test_bad_config(text: str, wanted: list[str]) -> None:
    """Every problem is named by its line and key, once, in the order of the lines."""
    assert places(text) == wanted, complaints(text)


@pytest.mark.parametrize(
    "term",
    ['a "b" c', "“quoted”", "a\\b", r'"a\nb"', "all:model", "ti:", "'!!'", "''", "[a]", "{a: b}"],
)
def test_bad_term(term: str) -> None:
    """A term that arXiv would read as something else is refused on its own line."""
    assert places(f"keywords:\n  - fine\n  - {term}\nsince: 2024-09-12\n") == ["3 keywords"]
    assert places(f"{BASE}exclude_keywords:\n  - fine\n  - {term}\n") == ["6 exclude_keywords"]


@pytest.mark.parametrize(
    ("text", "near"),
    [("lates: 5", "latest"), ("keyword: [x]", "keywords"), ("Since: x", "since"), ("arxiv: {retry: 1}", "retries")],
)
def test_nearest_key(text: str, near: str) -> None:
    """An unknown key comes with the known one that is nearest."""
    assert f"unknown key; did you mean {near}?" in "".join(complaints(BASE + text))


def test_every_complaint_says_what_to_write() -> None:
    """A complaint without a near key lists the known ones."""
    assert "known are keywords, exclude_keywords, categories, since" in complaints(BASE + "xyzzy: 1\n")[0]


def test_long_query() -> None:
    """A query whose address would pass 4,000 characters is refused, with its length, at the keywords."""
    terms = ", ".join(f"a rather long term number {number}" for number in range(99))
    text = BASE.replace("  model: [reasoning]", f"  model: [{terms}]")
    assert places("# a comment\n" + text) == ["2 keywords"]
    assert re.search(r"a request of \d,\d{3} characters, more than 4,000", complaints(text)[0])


def test_bad_config_stops_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With a bad config the run ends with 2, says everything and writes nothing."""
    make_list(tmp_path, config=BASE + "latest: x\nlates: 1\n")
    before = tree(tmp_path)
    assert run(tmp_path, "--offline") == 2
    said = capsys.readouterr()
    assert [line[:20] for line in said.err.splitlines()] == ["config.yaml, line 4:", "config.yaml, line 5:"]
    assert not said.out
    assert tree(tmp_path) == before


def test_scalars_as_written() -> None:
    """What YAML would take for a number, a truth or nothing comes through as it is written."""
    terms = ["on", "no", "1.0", "null", "0x10", "2511.21590", "2024-09-12"]
    config = parse_config(f"keywords: [{', '.join(terms)}]\nsince: 2024-09-12\ninclude: [2511.21590, hep-th/9901001]\n")
    assert config.keywords == (tuple(terms),)
    assert config.include == ("2511.21590", "hep-th/9901001")


def test_defaults() -> None:
    """What is left out has its default; a plain list is one group."""
    config = parse_config("keywords: [a, b, a]\nsince: 2024-09-12\n")
    assert config.keywords == (("a", "b"),)
    assert config.since == SINCE
    assert (config.exclude_keywords, config.categories, config.include, config.exclude, config.domains) == ((),) * 5
    assert (config.latest, config.lookback_days, config.stale_after_days) == (20, 100, 14)
    assert (config.url, config.page_size) == ("https://export.arxiv.org/api/query", 2_000)
    assert (config.delay_seconds, config.timeout_seconds, config.retries) == (5, 60, 4)
    assert (config.backoff_seconds, config.deadline_seconds) == (30, 1_200)


def test_values() -> None:
    """Every key has its effect, under a domain's name stand its page and its terms."""
    domain = "domains:\n  Red Teams:\n    about: Attacks\n    terms: [Jail-breaks, ti:attack]\n"
    settings = "arxiv: {url: http://127.0.0.1:8000/q, retries: 0, backoff_seconds: 0, delay_seconds: 0}\n"
    config = parse_config(BASE + "latest: 3\nlookback_days: 7\nstale_after_days: 0\n" + domain + settings)
    assert (config.latest, config.lookback_days, config.stale_after_days) == (3, 7, 0)
    assert (config.url, config.retries, config.delay_seconds) == ("http://127.0.0.1:8000/q", 0, 0)
    assert [(d.name, d.page, d.about, d.terms) for d in config.domains] == [
        ("Red Teams", "domain-red-teams.md", "Attacks", ("Jail-breaks", "ti:attack")),
    ]


def test_pages_of_domains() -> None:
    """Every domain has a page of its own, whatever its name."""
    text = BASE + "domains:\n" + "".join(f"  {name}:\n{DOMAIN}" for name in ("A b", "a B!", "安全", "隐私", "4"))
    pages = [domain.page for domain in parse_config(text).domains]
    assert pages == ["domain-a-b.md", "domain-a-b-2.md", "domain-3.md", "domain-4.md", "domain-4-5.md"]


def test_windows_file() -> None:
    """A byte order mark and CRLF line ends change nothing."""
    assert parse_config("\ufeff" + BASE.replace("\n", "\r\n")) == parse_config(BASE)


# ---------------------------------------------------------------- the query


@pytest.mark.parametrize(
    ("added", "query"),
    [
        ("", '(ti:"a" OR abs:"a")'),
        ("categories: [cs.CR, cs.*]", '((ti:"a" OR abs:"a") AND (cat:cs.CR OR cat:cs.*))'),
        ("exclude_keywords: [ti:b]", '((ti:"a" OR abs:"a") ANDNOT (ti:"b"))'),
        ("exclude_keywords: []\ncategories: []", '(ti:"a" OR abs:"a")'),
    ],
    ids=["plain", "categories", "excluded", "empty lists"],
)
def test_selection(added: str, query: str) -> None:
    """The query reads as arXiv's manual says."""
    assert parse_config(f"keywords: [a]\nsince: 2024-09-12\n{added}\n").selection() == query


@pytest.mark.parametrize("prefix", ["ti", "abs", "au", "co"])
def test_prefix(prefix: str) -> None:
    """A prefix names the one field that a term is looked for in."""
    assert parse_config(f"keywords: ['{prefix}: a b']\nsince: 2024-09-12\n").selection() == f'({prefix}:"a b")'


def test_dates() -> None:
    """The dates are to the minute and closed, in the form that works with raw=1."""
    query = parse_config(BASE).query(SINCE, dt.datetime(2025, 11, 21, 4, 37, 59, tzinfo=dt.UTC))
    assert query == '((ti:"reasoning" OR abs:"reasoning") AND submittedDate:"202409120000 TO 202511210437")'


def judge(tokens: Iterator[str], holds: Callable[[str], bool]) -> bool:
    """Read a query that never mixes operators between two parentheses: then no order of them can matter."""
    values: list[bool] = []
    operators: set[str] = set()
    for part in tokens:
        if part == ")":
            break
        if part in {"AND", "OR", "ANDNOT"}:
            assert values, "an operator stands first"
            operators.add(part)
        else:
            values.append(judge(tokens, holds) if part == "(" else holds(part))
    assert len(operators) <= 1, operators
    if operators == {"ANDNOT"}:
        return values[0] and not any(values[1:])
    return any(values) if operators == {"OR"} else all(values)


TERMS = st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=3).map(tuple)


@given(
    groups=st.lists(TERMS, min_size=1, max_size=4),
    excluded=TERMS | st.just(()),
    categories=TERMS | st.just(()),
    words=st.frozensets(st.sampled_from("abcdefgh")),
    filed=st.frozensets(st.sampled_from("abcdefgh")),
)
def test_query_means_what_the_config_says(
    groups: list[tuple[str, ...]],
    excluded: tuple[str, ...],
    categories: tuple[str, ...],
    words: frozenset[str],
    filed: frozenset[str],
) -> None:
    """One term of every group, none that is excluded, one of the categories: whatever way operators are grouped."""
    text = "keywords:\n" + "".join(f"  g{number}: [{', '.join(group)}]\n" for number, group in enumerate(groups))
    text += f"exclude_keywords: [{', '.join(excluded)}]\ncategories: [{', '.join(categories)}]\nsince: 2024-09-12\n"
    query = parse_config(text).query(SINCE, SINCE)
    assert not TOKEN.sub("", query).strip()

    def holds(token: str) -> bool:
        """Say whether the paper, whose abstract has these words, has what a token asks for."""
        field, _, value = token.partition(":")
        return {"abs": value[1:-1] in words, "cat": value in filed, "submittedDate": True}.get(field, False)

    wanted = all(words & set(group) for group in groups) and not words & set(excluded)
    wanted = wanted and (not categories or bool(filed & set(categories)))
    assert judge(iter(TOKEN.findall(query)), holds) == wanted


# ---------------------------------------------------------------- the shipped config


def test_shipped_config() -> None:
    """The shipped config is sound, and its whole address stays below 4,000 characters."""
    config = parse_config((PROJECT / "config.yaml").read_text("utf-8"))
    parts = {"search_query": config.query(SINCE, SINCE), "id_list": "", "sortBy": "submittedDate"}
    parts |= {"sortOrder": "ascending", "start": "10000", "max_results": "2000"}
    assert len(f"{config.url}?{urlencode(parts)}&raw=1") < 4_000
    assert all(len(domain.name) <= 30 and len(domain.about) <= 110 for domain in config.domains)
