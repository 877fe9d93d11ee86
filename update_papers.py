"""Keep a list of arXiv papers in README.md, and everything older under articles/.

A run works out what every file should say, and writes the files that say something else:

    load_config   config.yaml              what to look for; every mistake at once, with its line
    load_store    articles/data/*.jsonl    every paper known so far
    ask           arXiv's API              what came since
    merge         the two of them          a paper is added or renewed, never dropped
    work_out      what is new              its domains, and its texts as they are shown
    render        templates/               the pages that it touches
    write_files   those that differ        or, with --dry-run, what would change

`update` reads like this list; begin there. Some words mean one thing throughout:

    month    of a paper: when arXiv announced it, which its id says
    window   the papers that a run asks for, by the time of their submission
    sweep    a window from the list's first day on; the others look back some weeks
    digest   16 hex digits that stand for bytes, and change when they do
    made     the digest of all that the last run left, and of what it was made with: while it holds,
             only what came is worked out and rendered; when it does not, everything is

Exit status: 0 done; 1 --check found a file that should say something else; 2 nothing could be
begun, or a file could not be written, which is named: run again; 3 arXiv could not be read to the
end, the run was interrupted, or the list stands still: what came is kept.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import difflib
import functools
import gc
import hashlib
import html
import io
import itertools
import logging
import math
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import traceback
import unicodedata
from collections import Counter
from dataclasses import dataclass, field, replace
from html.entities import html5
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, Self, cast
from urllib.parse import quote, urlencode, urlsplit

import arxiv
import jinja2
import requests
import Stemmer
import urllib3
import yaml
from lxml import etree
from markupsafe import Markup
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.dataclasses import dataclass as checked_dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from pydantic_core import ErrorDetails

# -------------------------------------------------------------------------------------- small tools
# What every part uses. Text from outside goes through `log_text` on its way to a message.

LOG = logging.getLogger("update_papers")

DAY = dt.timedelta(days=1)
MINUTE = dt.timedelta(minutes=1)
NEVER = dt.datetime.max.replace(tzinfo=dt.UTC)
Options = argparse.Namespace  # the command line, as `parse_arguments` reads it
Escaped = Markup  # text in which nothing needs an escape any more
CONFIG = "config.yaml"
README = "README.md"
TEMPLATES = "templates"
STORE_FOLDER = "articles/data"
STATE = "articles/data/state.json"


class UpdaterError(Exception):
    """What ends a run with one clear line: where, what is wrong, and what to do about it."""


def midnight(day: dt.date) -> dt.datetime:
    """Return when a day begins, in UTC."""
    return dt.datetime.combine(day, dt.time(), dt.UTC)


def stamp(moment: dt.datetime) -> str:
    """Return a moment as Atom has it: "2026-01-31T09:30:00Z"."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def count_papers(count: int) -> str:
    """Return a number of papers in words: "1 paper", "1,200 papers"."""
    if count == 1:
        return "1 paper"
    return f"{count:,} papers"


def digest(data: bytes) -> str:
    """Return 16 hex digits that stand for bytes, and change when they do."""
    return hashlib.sha256(data).hexdigest()[:16]  # the quickest here: processors have it


def decode(data: bytes) -> str:
    """Return the text of bytes; those that are no UTF-8 stand in it so that they can be written."""
    return data.decode("utf-8", "surrogateescape")


def read_lines(path: Path) -> bytes:
    r"""Read a file of ours; git on Windows makes \r\n of its line ends."""
    data = path.read_bytes()
    if b"\r" in data:  # this look is quick, and to replace is slow even where there is none
        data = data.replace(b"\r\n", b"\n")
    return data


def read_if_there(root: Path, name: str) -> bytes:
    """Read a file of ours, b"" if there is none."""
    path = root / name
    if not path.exists():
        return b""
    return read_lines(path)


# Joiners stay in the scripts from Arabic on that use them, and in emoji.
JOINED = "[\u0600-\u1fff\u2190-\U0001faff]"
JOINER = re.compile(rf"(?<!{JOINED})[\u200c\u200d]|[\u200c\u200d](?!{JOINED})")
INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\ufeff\ufff0-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e0fff]"
)


def clean(text: str) -> str:
    """Return a text without invisible characters, every run of white space one space."""
    text = " ".join(text.split())
    if text.isprintable():
        return text
    return " ".join(JOINER.sub("", INVISIBLE.sub("", text)).split())


def clean_all(texts: Iterable[str]) -> tuple[str, ...]:
    """Return texts clean, without those that are empty then."""
    return tuple(filter(None, map(clean, texts)))


LONGEST_WORD = 40  # characters; longer ones may be cut, and may break in a table


def shorten(text: str, limit: int) -> str:
    """Return a text of at most `limit` characters: cut at a word, with "…" where it was cut."""
    if len(text) <= limit:
        return text
    kept = text[: limit - 1]
    words, _, last = kept.rpartition(" ")
    is_cut = not text[len(kept)].isspace()
    if is_cut and words and len(last) < LONGEST_WORD:
        kept = words
    return (kept.rstrip(" ,;:.-\u2013\u2014(") + "…")[:limit]


LOG_LIMIT = 5_000  # characters: enough for any message, and no text floods the log


def log_text(value: object) -> str:
    """Return text from outside for a line of the log, with nothing that GitHub's runner obeys."""
    text = clean(str(value)[: 2 * LOG_LIMIT])[:LOG_LIMIT]
    return re.sub(":(?=:)", ": ", text).replace("##[", "## [")


# ---------------------------------------------------------------------------------------- arXiv ids
# A paper has one id, however it is written, and one place in the order of announcement.

# 2511.21590 since April 2007, four digits behind the dot until 2014; hep-th/9901001 before.
NEW_ID = (
    r"(?:(?:0[7-9]|1[0-4])(?:0[1-9]|1[0-2])\.[0-9]{4}"
    r"|(?:1[5-9]|[2-8][0-9])(?:0[1-9]|1[0-2])\.[0-9]{5})"
)
OLD_ID = r"[a-z]+(?:-[a-z]+)?(?:\.[A-Z]{2})?/(?:9[1-9]|0[0-7])(?:0[1-9]|1[0-2])[0-9]{3}"
WRITTEN_ID = re.compile(
    r"(?:(?:https?://)?(?:[a-z]+\.)?arxiv\.org/[a-z]+/"
    r"|(?:(?:https?://)?(?:dx\.)?doi\.org/)?10\.48550/arxiv\.|arxiv:\s*)?"
    rf"(?P<id>{NEW_ID}|{OLD_ID})(?:v(?P<version>[1-9][0-9]{{0,3}}))?"
    r"(?:\.pdf)?/?(?:[?#].*|\s*\[[\w.-]+\])?",
    re.IGNORECASE,
)

ArxivId = Annotated[str, StringConstraints(pattern=rf"^(?:{NEW_ID}|{OLD_ID})$")]


def read_id(value: object) -> str:
    """Read an arXiv id however it is written: bare, arXiv:ID, an address, with a version."""
    found = WRITTEN_ID.fullmatch(str(value).strip(" <>"))
    if not found:
        remedy = "write one such as 2511.21590 or https://arxiv.org/abs/2511.21590"
        raise ValueError(f"{value!r:.60} is no arXiv id; {remedy}")
    archive, slash, number = found["id"].rpartition("/")
    return f"{archive.partition('.')[0].lower()}{slash}{number}"  # math.GT/0309136 is math/0309136


def month_of(arxiv_id: str) -> str:
    """Return the month of announcement, which is part of the id: "2025-11" for 2511.21590."""
    digits = arxiv_id.rpartition("/")[2]  # 9901001 of hep-th/9901001
    century = "20"
    if "/" in arxiv_id and digits.startswith("9"):
        century = "19"
    return f"{century}{digits[:2]}-{digits[2:4]}"


def announcement_key(arxiv_id: str) -> tuple[str, int, str]:
    """Return a sort key: arXiv numbers the papers of a month as it announces them."""
    number = arxiv_id.rpartition("/")[2].replace(".", "")[4:]
    return month_of(arxiv_id), int(number), arxiv_id


# -------------------------------------------------------------------------------------------- terms
# A term stands in a paper here where arXiv's own index finds it.

WORD = re.compile(r"\w+")
# The 's of "model's", its apostrophe straight, curly or full width. The lookbehind comes second:
# tried at every letter of a text it takes longer than all the rest.
POSSESSIVE = re.compile(r"['\u2019\uff07](?<=\w.)s\b")

STEMMER = Stemmer.Stemmer("porter")
# Of Lucene's English analyzer, which makes arXiv's index: it leaves these words out.
STOP_WORDS = frozenset(
    WORD.findall(
        "a an and are as at be but by for if in into is it no not of on or such that the their "
        "then there these they this to was will with"
    )
)


@functools.cache  # the same words come again and again
def stem(word: str) -> str:
    """Return the stem of a word in lower case by Porter's algorithm, as arXiv's index has it."""
    return STEMMER.stemWord(word) or word  # it leaves nothing of "s"


def words_of(text: str) -> list[str]:
    """Return the words of a text that arXiv's index has, in lower case."""
    lowered = text.lower().replace("_", " ")
    words = WORD.findall(POSSESSIVE.sub("", lowered))
    return [word for word in words if word not in STOP_WORDS]


def stems(text: str) -> str:
    """Return the stems of a text as arXiv's index has them, each between two spaces.

    A phrase stands in a text where its stems are a part of the text's stems.
    """
    return f" {' '.join(map(stem, words_of(text)))} "


TermField = Literal["", "ti", "abs", "au", "co"]  # "" is title or abstract

# What else a query may have, arXiv would take for an operator or another field, without a word.
TERM = re.compile(r"(?:(?P<field>ti|abs|au|co):)?(?P<words>[\w\s'\u2019.,:~+#/&()-]+)")
OPERATOR = re.compile(
    r"^-|^\w+:\S|\b(?:AND|OR|NOT|ANDNOT)\b"
    r"|\b(?i:ti|title|abs|abstract|au|author|co|all|cat)\s*:"
)


@dataclass(frozen=True)
class Term:
    """A phrase to look for, and the field where it must stand."""

    field: TermField
    words: str  # as written, without the prefix

    @functools.cached_property
    def stems(self) -> str:
        """The stems of the words: a part of the stems of each text that has the phrase."""
        return stems(self.words)

    @functools.cached_property
    def first_stem(self) -> str:
        """The first of the stems."""
        return self.stems.split()[0]

    @classmethod
    def parse(cls, value: object) -> Term:
        """Read a term such as "jailbreak" or "ti:safety"; ValueError says what to write."""
        found = TERM.fullmatch(clean(value)) if isinstance(value, str) else None
        words = found["words"].strip() if found else ""
        is_list = found and found["field"] != "au" and "," in words  # "au:Hinton, G" is none
        if not found or is_list or OPERATOR.search(words) or not words_of(words):
            raise ValueError(
                f"{value!r:.60} is no term; write a line for each phrase, in quotes if it has a "
                "colon, without operators and signs such as *; ti:, abs:, au: or co: before it "
                "looks in that field alone"
            )
        return cls(cast("TermField", found["field"] or ""), words)

    def query(self) -> str:
        """Return the term in arXiv's query language."""
        if self.field:
            return f'{self.field}:"{self.words}"'
        return f'ti:"{self.words}" OR abs:"{self.words}"'

    def __str__(self) -> str:
        """Return the term as it stands in config.yaml."""
        if self.field:
            return f"{self.field}:{self.words}"
        return self.words


@dataclass(frozen=True, slots=True)
class Searchable:
    """A paper as arXiv's index knows it, for terms to be looked up in."""

    fields: Mapping[str, str]  # the stems of each field, by the prefix of a term
    stems: frozenset[str]  # all of them

    @classmethod
    def of(cls, paper: Paper) -> Searchable:
        """Make a paper searchable, by its raw text, as arXiv does."""
        fields = {
            "ti": stems(paper.title),
            "abs": stems(paper.abstract),
            "au": stems(" ".join(paper.authors)),
            "co": stems(paper.comment),
        }
        return cls(fields, frozenset("".join(fields.values()).split()))

    def find(self, terms: Iterable[Term]) -> Iterator[Term]:
        """Yield those of some terms that the paper has."""
        for term in terms:
            if term.first_stem in self.stems:  # most are ruled out so, without a search
                places = [term.field] if term.field else ["ti", "abs"]
                if any(term.stems in self.fields[place] for place in places):
                    yield term


def domains_of(text: Searchable, domains: Iterable[Domain]) -> tuple[str, ...]:
    """Return the names of the domains that a paper belongs to, in the order of config.yaml."""
    return tuple(domain.name for domain in domains if any(text.find(domain.terms)))


# ------------------------------------------------------------------------------------------- config
# config.yaml as values that need no further look, or all of its mistakes, with their lines.

MAX_URL = 4_000  # characters of a request; arXiv answered 414 near 8,000
REST_OF_URL = 100  # characters of it for order, start and size of a page
LEAST_DELAY = 3  # seconds between two requests, by arXiv's terms of use
ARXIV_BEGAN = dt.date(1991, 8, 14)

# An archive and a subject, or * for all of the archive; or an archive without subjects.
CATEGORY = re.compile(r"[a-z-]+\.(?:[A-Z]{2}|[a-z-]{4,}|\*)|[a-z]+-[a-z]+")


def one_group(value: object) -> object:
    """Let a plain list of keywords stand for one group without a name."""
    return {"": value} if isinstance(value, list) else value


def read_category(value: object) -> str:
    """Read a category of a form that arXiv has."""
    if not isinstance(value, str) or not CATEGORY.fullmatch(value):
        raise ValueError(f"{value!r:.60} is no category; write one such as cs.CR, quant-ph or cs.*")
    return value


def read_day(value: object) -> dt.date:
    """Read a day such as 2024-09-12, on which there was an arXiv."""
    try:
        day = dt.date.fromisoformat(str(value))
    except ValueError:
        day = dt.date.min
    if day < ARXIV_BEGAN:
        raise ValueError(f"{value!r:.60} is no day of arXiv's; write one such as 2024-09-12")
    return day


def read_address(value: str) -> str:
    """Read an address in which nothing needs an escape."""
    if not re.fullmatch(r"https?://[A-Za-z0-9.:/~%+_-]+", value):
        raise ValueError(
            f"{value!r:.60} is no address; write one such as https://example.org/list/"
        )
    return value


def at_least_one(terms: tuple[Term, ...]) -> tuple[Term, ...]:
    """Refuse an empty list."""
    if not terms:
        raise ValueError("no term; write one or more")
    return terms


def with_slash(address: str) -> str:
    """Let an address name a folder."""
    return address.rstrip("/") + "/"


SomeTerm = Annotated[Term, BeforeValidator(Term.parse)]
Terms = tuple[SomeTerm, ...]
SomeTerms = Annotated[Terms, AfterValidator(at_least_one)]
Category = Annotated[str, BeforeValidator(read_category)]
Day = Annotated[dt.date, BeforeValidator(read_day)]
Ids = tuple[Annotated[str, BeforeValidator(read_id)], ...]
Address = Annotated[str, AfterValidator(read_address)]
Seconds = Annotated[float, Field(ge=0, le=99_999)]
# A page is named by its domain, and a file's name has 255 bytes at most.
DomainName = Annotated[str, Field(min_length=1, max_length=100)]


class Settings(BaseModel):
    """A mapping of config.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def leave_out_empty(cls, values: Any) -> Any:
        """Let a key with nothing behind it stand for its default."""
        if not isinstance(values, dict):
            return values
        return {key: value for key, value in values.items() if value != ""}


class ArxivSettings(Settings):
    """How arXiv is asked. Its terms of use: one request at a time, three seconds apart."""

    url: Address = "https://export.arxiv.org/api/query"
    page_size: Annotated[int, Field(ge=1, le=2_000)] = 2_000  # arXiv gives no more
    delay_seconds: Seconds = 5
    timeout_seconds: Annotated[Seconds, Field(gt=0)] = 60
    retries: Annotated[int, Field(ge=0, le=20)] = 4
    backoff_seconds: Seconds = 30
    deadline_seconds: Seconds = 1_200

    @model_validator(mode="after")
    def keep_to_the_terms(self) -> Self:
        """Refuse a pause that arXiv's terms don't allow; a stand-in of one's own has none."""
        host = urlsplit(self.url).hostname or ""
        if host.endswith("arxiv.org") and self.delay_seconds < LEAST_DELAY:
            raise ValueError(f"delay_seconds: arXiv wants {LEAST_DELAY} or more; write 5")
        return self


class DomainSettings(Settings):
    """What stands below the name of a domain."""

    about: str
    terms: SomeTerms


@dataclass(frozen=True, kw_only=True)
class Domain:
    """A part of the subject: the papers that have at least one of its terms."""

    name: str
    page: Escaped  # its name below articles/, without ending: "domain-safety-tax"
    about: str
    terms: Terms


class Config(Settings):
    """The contents of config.yaml, where each key is explained."""

    keywords: Annotated[dict[str, SomeTerms], BeforeValidator(one_group), Field(min_length=1)]
    exclude_keywords: Terms = ()
    categories: tuple[Category, ...] = ()
    since: Day
    latest: Annotated[int, Field(ge=1, le=100)] = 20  # more would be too long for README.md
    lookback_days: Annotated[int, Field(ge=0, le=9_999)] = 100  # the longest delay that was seen
    stale_after_days: Annotated[int, Field(ge=0)] = 14
    min_score: Annotated[int, Field(ge=0, le=999)] = 0
    include: Ids = ()
    exclude: Ids = ()
    homepage: Annotated[Address, AfterValidator(with_slash)] = ""
    domain_settings: dict[DomainName, DomainSettings] = Field(default={}, alias="domains")
    arxiv: ArxivSettings = ArxivSettings()

    @field_validator("exclude")
    @classmethod
    def check_exclude(cls, ids: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        """Refuse ids that `include` has."""
        both = {*ids} & {*info.data.get("include", ())}
        if both:
            raise ValueError(f"{', '.join(sorted(both))} is in include too; keep it in one of them")
        return ids

    @functools.cached_property
    def domains(self) -> tuple[Domain, ...]:
        """The domains, each with a page of its own: names that are alike get their number."""
        found: dict[str, Domain] = {}
        for number, (name, domain) in enumerate(self.domain_settings.items(), 1):
            page = "-".join(["domain", *re.findall("[a-z0-9]+", name.lower())])
            while page in found or page == "domain":  # which has no Latin letter
                page += f"-{number}"
            found[page] = Domain(
                name=name, page=Escaped(page), about=domain.about, terms=domain.terms
            )
        return tuple(found.values())

    @functools.cached_property
    def selection(self) -> str:
        """The query without dates. Parentheses everywhere: arXiv knows no precedence."""
        groups = [either(group) for group in self.keywords.values()]
        if self.categories:
            names = " OR ".join(f"cat:{name}" for name in self.categories)
            groups.append(f"({names})")
        query = functools.reduce("({} AND {})".format, groups)
        if self.exclude_keywords:
            query = f"({query} ANDNOT {either(self.exclude_keywords)})"
        return query

    def query(self, begin: dt.datetime, end: dt.datetime) -> str:
        """Return the query for papers submitted from `begin` to `end` (UTC), to the minute.

        In quotes: with raw=1, which we ask with, arXiv does not take the brackets of its manual.
        """
        return f'({self.selection} AND submittedDate:"{begin:%Y%m%d%H%M} TO {end:%Y%m%d%H%M}")'

    @model_validator(mode="after")
    def fit_into_a_request(self) -> Self:
        """Refuse more keywords than arXiv takes at once."""
        day = midnight(self.since)
        parameters = urlencode({"search_query": self.query(day, day)})
        length = len(self.arxiv.url) + len(parameters) + REST_OF_URL
        if length > MAX_URL:
            raise ValueError(
                f"keywords: a request of {length:,} characters, more than {MAX_URL:,}; drop some, "
                "or write abs: or ti: before them"
            )
        return self


def either(terms: Iterable[Term]) -> str:
    """Return the query for papers that have at least one of the terms."""
    return f"({' OR '.join(term.query() for term in terms)})"


class Mistake(NamedTuple):
    """What is wrong in config.yaml, and where."""

    line: int
    message: str


class TextLoader(yaml.CBaseLoader):
    """Reads every value as the text that was written, and notes what YAML would pass over.

    So 2511.21590 is no number, no is no truth, and 2024-09-12 is what pydantic makes of it.
    """

    def __init__(self, data: bytes) -> None:
        """Begin without a mistake."""
        super().__init__(data)
        self.text = data.decode("utf-8-sig", "replace")
        self.mistakes: list[Mistake] = []

    def construct_scalar(self, node: yaml.ScalarNode) -> Any:
        """Return a text, and note if it was cut: of "C #sharp" YAML reads "C"."""
        behind = self.text[node.end_mark.index :]
        if not node.style and re.match(r"[ \t]+#[\w(]", behind):
            wrong = "YAML ends the value before the #; put it in quotes, or a space behind the #"
            self.mistakes.append(Mistake(node.end_mark.line + 1, wrong))
        return super().construct_scalar(node)

    def construct_mapping(self, node: yaml.MappingNode, *arguments: Any, **named: Any) -> Any:
        """Return a mapping, and note the keys that are given twice."""
        seen: list[object] = []
        for key, _ in node.value:
            if key.value in seen:
                wrong = f"{log_text(key.value)}: given twice; keep one of them"
                self.mistakes.append(Mistake(key.start_mark.line + 1, wrong))
            seen.append(key.value)
        return super().construct_mapping(node, *arguments, **named)


def load_config(root: Path) -> Config:
    """Read config.yaml; UpdaterError names all mistakes, a line each."""
    return parse_config((root / CONFIG).read_bytes())


def parse_config(data: bytes) -> Config:
    """Return what the bytes of config.yaml say; UpdaterError names all mistakes, a line each."""
    try:
        loader = TextLoader(data)
        root = loader.get_single_node() or yaml.MappingNode("", [])
        values = loader.construct_document(root)
    except (yaml.YAMLError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise refusal([yaml_mistake(error, data)]) from error

    mistakes = loader.mistakes
    try:
        config = Config.model_validate(values)
    except ValidationError as error:
        mistakes += [complaint(each, root) for each in error.errors()]
        raise refusal(mistakes) from error
    if mistakes:
        raise refusal(mistakes)
    return config


def refusal(mistakes: Iterable[Mistake]) -> UpdaterError:
    """Return the error that names all mistakes, a line each."""
    lines = [f"{CONFIG}, line {line}: {message}" for line, message in sorted(mistakes)]
    return UpdaterError("\n".join(lines))


def yaml_mistake(error: Exception, data: bytes) -> Mistake:
    """Return an error of YAML's at the line where what it is about begins."""
    line = data.count(b"\n", 0, getattr(error, "position", 0)) + 1
    wrong: object = error
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark
        if re.search("flow|quoted|simple key", error.context or ""):  # noticed at the end alone
            mark = error.context_mark or mark
        line = mark.line + 1 if mark else 1
        wrong = ", ".join(filter(None, [error.context, error.problem]))
    remedy = "mend it, put values with signs in quotes, and indent by spaces"
    return Mistake(line, f"not YAML: {log_text(wrong)}; {remedy}")


def complaint(error: ErrorDetails, root: yaml.Node) -> Mistake:
    """Return what pydantic finds wrong with a value, or with a key that nobody knows."""
    wrong = error["msg"].removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        wrong = unknown_key(str(error["loc"][-1]))
    elif error["type"] not in {"value_error", "missing"}:
        wrong = re.sub("dictionary( or instance of [A-Za-z]+)?", "mapping", wrong)
        wrong = f"{re.sub('(?i)tuple', 'list such as [a, b]', wrong)}, not {error['input']!r:.60}"
    names = [part for part in error["loc"] if isinstance(part, str) and part not in {"", "[key]"}]
    place = f"{'.'.join(names)}: " if names else ""  # none of the whole file
    return Mistake(line_of(error["loc"], root), f"{place}{wrong}")


def unknown_key(key: str) -> str:
    """Return what to do about a key that stands where nobody knows it."""
    places = {field.alias or name: "" for name, field in Config.model_fields.items()}
    places |= dict.fromkeys(ArxivSettings.model_fields, " below arxiv:")
    places |= dict.fromkeys(DomainSettings.model_fields, " below a domain's name:")
    near = difflib.get_close_matches(key, places, 1, 0.5)
    if not near:
        return f"unknown key; known are {', '.join(places)}"
    return f"unknown key here; did you mean {near[0]}{places[near[0]]}"


def line_of(place: Iterable[str | int], node: yaml.Node) -> int:
    """Return the line of a place below a node, or of the nearest above it that there is."""
    line = 1
    for part in place:
        inner = node.value if isinstance(node.value, list) else []
        pairs = inner if isinstance(node, yaml.MappingNode) else enumerate(inner)
        for key, value in pairs:
            if part == getattr(key, "value", key):
                line = getattr(key, "start_mark", value.start_mark).line + 1
                node = value
                break
    return line


# ------------------------------------------------------------------------------------------- papers
# What is known of a paper, and which of two records of it is the better one.

MAX_RECORD = 120_000  # characters of a paper's line, above any real one
ANY_MONTH = "[0-9][0-9][0-9][0-9]-[0-9][0-9]"  # as a pattern of file names
CODE_ADDRESS = r"^(?:https://[A-Za-z0-9_./-]+)?$"  # needs no escape in a link

Moment = Annotated[AwareDatetime, Field(ge=midnight(ARXIV_BEGAN))]
Text = Annotated[str, Field(min_length=1)]
Texts = Annotated[tuple[str, ...], Field(min_length=1)]


@checked_dataclass(frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid"))
class Paper:
    """What the store keeps of a paper: a line of JSON, keys in this order, empty ones left out."""

    id: ArxivId
    version: Annotated[int, Field(ge=1)]
    title: Text
    authors: Texts
    published: Moment  # submission of version 1
    updated: Moment  # submission of this version
    abstract: Text
    primary_category: Text
    categories: Texts
    comment: str = ""
    journal_ref: str = ""
    doi: str = ""
    # Worked out from the facts above by `work_out`, and kept since that takes time.
    domains: tuple[str, ...] = ()  # names, in the order of config.yaml
    plain_title: str = ""  # as it is shown, where that differs
    plain_authors: tuple[str, ...] = ()
    plain_abstract: str = ""
    code: Annotated[str, Field(pattern=CODE_ADDRESS)] = ""  # where its repository is
    venue: str = ""  # where it was accepted
    withdrawn: bool = False

    @property
    def shown_title(self) -> str:
        """Return the title without TeX."""
        return self.plain_title or self.title

    @property
    def shown_authors(self) -> tuple[str, ...]:
        """Return the names without TeX, and without what is no name."""
        return self.plain_authors or self.authors

    @property
    def shown_abstract(self) -> str:
        """Return the abstract without TeX."""
        return self.plain_abstract or self.abstract

    def as_received(self) -> Paper:
        """Return the paper as arXiv tells of it, without what was worked out."""
        return replace(self, **NOT_WORKED_OUT)

    def line(self) -> bytes:
        """Return the paper as a line of the store, without its end."""
        return PAPER.dump_json(self, exclude_defaults=True)


PAPER = TypeAdapter(Paper)
NOT_WORKED_OUT: Any = {
    "domains": (),
    "plain_title": "",
    "plain_authors": (),
    "plain_abstract": "",
    "code": "",
    "venue": "",
    "withdrawn": False,
}


def fault_of(error: ValidationError) -> str:
    """Return the first thing that is wrong with a record: "authors: Field required"."""
    fault = error.errors()[0]
    return ": ".join([*map(str, fault["loc"]), fault["msg"]])


def newer(old: Paper, new: Paper, *, trusted: bool = False) -> Paper:
    """Return the better of two records: the higher version, else arXiv's present text.

    `trusted`: `new` is the better one whatever its version, as in a sweep: so a version that arXiv
    gave once by mistake is not kept for ever.
    """
    if new.version < old.version and not trusted:
        return old
    cut_short = new.authors == old.authors[: len(new.authors)]  # answers were seen to break off
    if new.version == old.version and cut_short:
        return replace(new, authors=old.authors)
    return new


# -------------------------------------------------------------------------------------------- store
# A file for each month, a line for each paper: it is added or renewed, never dropped.


@dataclass(frozen=True)
class Store:
    """Every paper known so far, and what its files say."""

    papers: Mapping[str, Paper]  # by id; behind `merge` in the order of announcement
    files: Mapping[str, str]  # the digest of each file, by its name


def store_path(month: str) -> str:
    """Return where the papers of a month are kept: "articles/data/2025-11.jsonl"."""
    return f"{STORE_FOLDER}/{month}.jsonl"


def store_paths(root: Path) -> list[Path]:
    """Return the files of the store, by month."""
    return sorted(root.glob(store_path(ANY_MONTH)))


def load_store(root: Path) -> Store:
    """Read every paper; UpdaterError names the first line that is none."""
    files: dict[str, str] = {}
    papers: dict[str, Paper] = {}
    for path in store_paths(root):
        name, data = store_path(path.stem), read_lines(path)
        files[name] = digest(data)
        for paper in parse_lines(data, name):
            present = papers.setdefault(paper.id, paper)
            if present is not paper:  # a merge by hand can leave two lines of an id
                papers[paper.id] = newer(present, paper)
    return Store(papers, files)


def reload_store(root: Path, store: Store) -> Store:
    """Return a store as its files are now: it is read again only if they say something else."""
    files = {store_path(path.stem): digest(read_lines(path)) for path in store_paths(root)}
    if files == store.files:
        return store
    return load_store(root)


def parse_lines(data: bytes, name: str) -> Iterator[Paper]:
    """Yield the papers of a file of the store; UpdaterError names the first line that is none."""
    for number, line in enumerate(data.split(b"\n"), 1):
        if line.strip():
            yield parse_line(line, name, number)


def parse_line(line: bytes, name: str, number: int) -> Paper:
    """Read a line of the store; UpdaterError names file and line if it is no paper of that file."""
    try:
        paper = PAPER.validate_json(line)
    except ValidationError as error:
        wrong = log_text(fault_of(error))
    else:
        if store_path(month_of(paper.id)) == name:
            return paper
        wrong = f"{paper.id} belongs in {store_path(month_of(paper.id))}"

    remedy = (
        f"bring it back with: git checkout HEAD -- {name}; of a conflict that git left, keep the "
        "papers of both sides and delete git's lines"
    )
    raise UpdaterError(f"{name}, line {number}: no paper ({wrong}); {remedy}")


@dataclass(frozen=True)
class Changes:
    """What an answer brought: ids of papers, in the order of announcement."""

    new: Sequence[str] = ()
    revised: Sequence[str] = ()  # in a new version
    all: Sequence[str] = ()  # these two, and those of which something else changed


def merge(store: Store, papers: Iterable[Paper], *, trusted: bool = False) -> tuple[Store, Changes]:
    """Return the store with these papers, and what is new: a paper is added, never dropped.

    `trusted`: what came is taken whatever its version, as `newer` says.
    """
    merged = dict(store.papers)
    for paper in papers:
        if paper.id not in merged:
            merged[paper.id] = paper
            continue
        received = merged[paper.id].as_received()
        better = newer(received, paper, trusted=trusted)
        if better != received:
            merged[paper.id] = better

    ordered = {arxiv_id: merged[arxiv_id] for arxiv_id in sorted(merged, key=announcement_key)}
    return replace(store, papers=ordered), changes_of(store.papers, ordered)


def changes_of(old: Mapping[str, Paper], papers: Mapping[str, Paper]) -> Changes:
    """Return what papers brought to those that were there."""
    changed = [each for each, paper in papers.items() if paper is not old.get(each)]
    revised = [each for each in changed if each in old and papers[each].version > old[each].version]
    return Changes(new=[each for each in changed if each not in old], revised=revised, all=changed)


def work_out(store: Store, config: Config, ids: Collection[str]) -> Store:
    """Return the store with what is worked out from the papers in `ids`.

    That is what `worked_out` finds: domains, texts as they are shown, address of the code, venue,
    and whether a paper is withdrawn. It takes most of the time of a run, so it is kept.
    """
    papers = dict(store.papers)
    for arxiv_id in ids:
        papers[arxiv_id] = worked_out(papers[arxiv_id], config.domains)
    return replace(store, papers=papers)


def worked_out(paper: Paper, domains: Iterable[Domain]) -> Paper:
    """Return a paper with all that is worked out: what `Paper.as_received` takes off again."""
    title = plain_text(paper.title)
    authors = plain_authors(paper.authors)
    abstract = plain_text(paper.abstract)
    comment = plain_text(paper.comment)
    return replace(
        paper,
        domains=domains_of(Searchable.of(paper), domains),
        plain_title=title if title != paper.title else "",
        plain_authors=authors if authors != paper.authors else (),
        plain_abstract=abstract if abstract != paper.abstract else "",
        code=code_link(f"{abstract} {comment}"),
        venue=venue(comment) or shorten(plain_text(paper.journal_ref), VENUE_LIMIT),
        withdrawn=is_withdrawn(comment, abstract),
    )


def store_files(store: Store, months: Collection[str]) -> Iterator[File]:
    """Yield the files of some months: a line for each paper."""
    for month, ids in itertools.groupby(store.papers, month_of):
        if month in months:
            lines = [store.papers[each].line().decode() for each in ids]
            yield File(store_path(month), "\n".join([*lines, ""]))


# -------------------------------------------------------------------------------------------- state
# What a run must know of those before it. If it is lost, arXiv is asked from the first day on.

SWEEP_DAYS = 30  # between two sweeps from `since`: they find revisions and withdrawals
FAILED_SWEEP_DAYS = 2  # behind one that broke off: a run between brings what is new


class State(BaseModel):
    """What a run must know of those before it, beside the store: articles/data/state.json."""

    model_config = ConfigDict(frozen=True)

    selection: str = ""  # the digest of what arXiv was asked for
    min_score: int = 0  # as it was in the last run: raised, the papers below it are named once
    read_to: Moment | None = None  # everything submitted until then has come
    swept: dt.date | None = None  # the last time that everything from `since` on came
    sweep_failed: dt.date | None = None  # the last time that not everything came
    feed_id: str = ""  # made of the title that the list had first
    made: str = ""  # the digest of all that the last run left, and of what it made it with

    def sweep_is_due(self, today: dt.date) -> bool:
        """Tell whether a regular run should ask from `since` on."""
        if self.sweep_failed and today - self.sweep_failed < FAILED_SWEEP_DAYS * DAY:
            return False
        return self.swept is None or today - self.swept > SWEEP_DAYS * DAY


def load_state(root: Path, config: Config, store: Store, last_day: dt.date) -> State:
    """Read state.json; with other keywords or another `since`, nothing has been asked yet.

    A date behind `last_day` is of a clock that was wrong, and counts as none.
    """
    state = State()
    if (root / STATE).exists():
        try:
            state = State.model_validate_json((root / STATE).read_bytes())
        except ValidationError:
            remedy = "if git left a conflict, take either side"
            LOG.warning("%s: cannot be read, arXiv is asked from `since` on; %s", STATE, remedy)
    elif store.papers:
        LOG.warning("%s: is missing; the next question begins with `since`", STATE)

    selection = digest(f"{config.selection} {config.since} {config.min_score}".encode())
    known: dict[str, object] = {"selection": selection}
    for name in ("read_to", "swept", "sweep_failed"):
        day = getattr(state, name)
        is_ahead = day and f"{day:%Y-%m-%d}" > f"{last_day}"
        if is_ahead or state.selection != selection:
            known[name] = None
    return state.model_copy(update=known)


# ------------------------------------------------------------------------------ what a run asks for
# A window reaches back as far as arXiv may still announce; a sweep, to the list's first day.


@dataclass(frozen=True, kw_only=True)
class Window:
    """The papers that a run asks for."""

    begin: dt.datetime  # of submission
    end: dt.datetime  # nor may a paper have a later date
    pinned: Sequence[str] = ()  # ids that are listed whatever the query finds
    may_be_empty: bool  # whether it may be right that arXiv finds nothing
    is_sweep: bool  # whether it is to bring everything from the list's first day on


def plan_window(options: Options, config: Config, state: State, known: Collection[str]) -> Window:
    """Return what a run asks for; `known`: the ids of the store.

    A regular run begins `lookback_days` before the newest paper that came, since arXiv announces
    some papers long after their submission. Now and then it sweeps.
    """
    first = midnight(config.since)
    is_due = options.sweep or state.sweep_is_due(options.today.date())
    if options.since:
        begin = options.since
    elif is_due or not state.read_to:
        begin = first
    else:
        begin = max(first, min(state.read_to, options.today) - config.lookback_days * DAY)

    end = options.today + DAY  # a clock may be slow
    if end <= begin:
        name = "--since" if options.since else f"{CONFIG}: since"
        remedy = "write an earlier day, or give a later --until"
        raise UpdaterError(f"{name}: {begin.date()} is after {options.today.date()}; {remedy}")

    is_sweep = is_due and options.asks and not options.since
    return Window(
        begin=begin,
        end=end,
        pinned=[each for each in config.include if is_sweep or each not in known],
        # Where the newest paper that came was submitted within the window, it must come again.
        may_be_empty=not (state.read_to and begin <= state.read_to <= end),
        is_sweep=is_sweep,
    )


def get_answer(options: Options, config: Config, window: Window) -> Answer:
    """Return what there is of new papers: nothing, saved answers, or what arXiv says now."""
    if options.feed:
        return read_saved(options.feed, window.end)
    if not options.asks:
        return Answer()
    return ask(config, window, user_agent=options.user_agent, keep=options.keep_answers)


def find_unused(papers: Iterable[Paper], config: Config) -> list[str]:
    """Return the keywords and categories that none of these papers has."""
    terms = {term for group in config.keywords.values() for term in group}
    categories = set(config.categories)
    for paper in papers:
        terms.difference_update([*Searchable.of(paper).find(terms)])
        categories.difference_update(places_of(paper))
    return [*sorted(map(str, terms)), *sorted(categories)]


def places_of(paper: Paper) -> set[str]:
    """Return the categories of a paper, and their archives: cs.AI is in "cs.*" too."""
    archives = {f"{name.partition('.')[0]}.*" for name in paper.categories}
    return {*paper.categories, *archives}


# -------------------------------------------------------------------------------- a page from arXiv
# Only a whole feed is one: neither half of it, nor a page of errors, nor one without its papers.

ATOM = "{http://www.w3.org/2005/Atom}"
ALONE = b'<feed xmlns="http://www.w3.org/2005/Atom">%b</feed>'
TOTAL_RESULTS = "{http://a9.com/-/spec/opensearch/1.1/}totalResults"


class UnavailableError(UpdaterError):
    """ArXiv could not be read, or not to the end."""


class BadAnswerError(Exception):
    """No answer, or none to rely on: it may be better in `retry_after` seconds or later."""

    def __init__(self, reason: str, retry_after: float = 0) -> None:
        """Say what is wrong with the answer, in words for the log."""
        super().__init__(reason)
        self.retry_after = retry_after


@dataclass(frozen=True, kw_only=True)
class AnswerPage:
    """A page of an answer that can be relied on."""

    total: int  # papers that the query finds
    names: Sequence[str]  # of the entries on this page: their ids, without versions
    entries: Sequence[arxiv.Result]  # those that the client can read
    unread: Sequence[str]  # the names of the others
    body: bytes  # as it came


def read_page(body: bytes, start: int = 0, *, may_be_empty: bool = True) -> AnswerPage:
    """Return the page that begins behind `start` papers; BadAnswerError: it is none to rely on.

    The client alone would take half a page for a whole one, and a page of HTML for no papers.
    """
    root = parse_feed(body)
    total = announced_total(root)
    elements = root.findall(f"{ATOM}entry")
    names = [re.sub(r"v\d+$", "", each.findtext(f"{ATOM}id", "").strip()) for each in elements]

    for element, name in zip(elements, names, strict=True):
        if "/api/errors" in name:
            message = element.findtext(f"{ATOM}summary", "")
            raise BadAnswerError(f"an error instead of papers: {message[:200]}")
    if bool(elements) != (total > start):
        raise BadAnswerError(f"{total} papers announced, {len(elements)} given behind {start}")
    if total == 0 and (start or not may_be_empty):
        way_out = f"if that is right, delete {STATE} to ask from `since` anew"
        raise BadAnswerError(f"no paper where there were some; {way_out}")

    entries = read_entries(body)
    unread = []
    if len(entries) < len(elements):  # one lacks its id or a date: the others are read without it
        each_alone = [read_entries(ALONE % etree.tostring(element)) for element in elements]
        entries = [entry for found in each_alone for entry in found]
        unread = [name for name, found in zip(names, each_alone, strict=True) if not found]
    return AnswerPage(total=total, names=names, entries=entries, unread=unread, body=body)


def parse_feed(body: bytes) -> Any:
    """Return the root of a whole Atom feed, with no entity to be resolved."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        beginning = body[:60].decode(errors="replace")
        raise BadAnswerError(f"no whole Atom feed, but {beginning!r}") from error
    if root.tag != f"{ATOM}feed" or root.getroottree().docinfo.internalDTD is not None:
        raise BadAnswerError("no plain Atom feed")
    return root


def announced_total(root: Any) -> int:
    """Return how many papers a query finds, of which a page gives a part."""
    try:
        return int(root.findtext(TOTAL_RESULTS, ""))
    except ValueError as error:
        raise BadAnswerError("an Atom feed without a number of results") from error


def read_entries(body: bytes) -> list[arxiv.Result]:
    """Return the entries of a feed as arXiv's client reads them.

    It leaves out those that lack their id or a date; of a feed with a date that is none it gives
    nothing.
    """
    try:
        feed = arxiv._feed.parse(body)  # noqa: SLF001 - there is no public way; a test guards it
    except (ValueError, OverflowError):
        return []
    results: list[arxiv.Result] = feed.results
    return results


# --------------------------------------------------------------------------------- the way to arXiv
# One request at a time, with patience, and an end to it.

VERSION = "2.0.0"  # as in pyproject.toml
MAX_BODY = 64 * 1024 * 1024  # bytes of an answer; 2,000 full records measure about 5 MB
MAX_WAIT = 300  # seconds; the longest Retry-After that is honoured
MAX_REDIRECTS = 3  # in a row; a circle is left soon
MAX_SILENCES = 5  # an answer may take so many times timeout_seconds, however it drips
LONGEST_REASON = 300  # characters of what went wrong, in a message

STATUS_BUSY = frozenset({406, 429, 500, 502, 503, 504})  # overload; other refusals are final

# What a further try may mend. Of the HTTP libraries' errors some are plain ValueErrors.
PASSING = (BadAnswerError, OSError, ValueError, urllib3.exceptions.HTTPError)


class Connection:
    """The way to arXiv: one request at a time, with patience, until the time for asking is up."""

    def __init__(
        self, settings: ArxivSettings, user_agent: str, *, seconds: float, keep: Path | None = None
    ) -> None:
        """Begin the time for asking.

        Args:
            settings: How arXiv is asked.
            user_agent: How we call ourselves.
            seconds: For all requests and waits together.
            keep: A folder for the answers as they came.
        """
        self.settings = settings
        self.deadline = time.monotonic() + seconds
        self.keep = keep
        self.session = requests.Session()
        self.session.max_redirects = MAX_REDIRECTS
        self.session.headers["User-Agent"] = user_agent
        # What was done so far.
        self.requests = 0
        self.pages = 0
        self.waited = 0.0  # seconds, because of faults
        self.last = -math.inf  # when the last answer came

    def ask(self, query: Mapping[str, str], *, may_be_empty: bool = True) -> Iterator[AnswerPage]:
        """Yield the pages of an answer; UnavailableError: one of them cannot be had.

        Args:
            query: Its parameters, without those of paging.
            may_be_empty: Whether it may be right that arXiv finds nothing.
        """
        start = 0
        total = 1
        while start < min(total, MAX_RESULTS):
            size = min(self.settings.page_size, MAX_RESULTS - start)
            # raw: arXiv refuses a wrong query, and does not make another one of it.
            parameters = urlencode({**query, "start": start, "max_results": size, "raw": 1})
            page = self.get(f"{self.settings.url}?{parameters}", start, may_be_empty=may_be_empty)
            if self.keep:
                save_answer(self.keep, self.pages, page.body)
            yield page
            start += len(page.names)
            total = page.total
            if total > self.settings.page_size:
                LOG.info("arXiv: %d of %d papers", start, total)

    def get(self, url: str, start: int, *, may_be_empty: bool) -> AnswerPage:
        """Ask for a page until it comes."""
        tries = 0
        while True:
            tries += 1
            try:
                page = read_page(self.fetch(url), start, may_be_empty=may_be_empty)
            except PASSING as problem:
                self.wait(problem, tries)
            else:
                self.pages += 1
                return page

    def wait(self, problem: Exception, tries: int) -> None:
        """Wait for the next try, twice as long each time; UnavailableError: there is none."""
        seconds = max(
            self.settings.backoff_seconds * 2 ** (tries - 1),
            self.settings.delay_seconds,
            getattr(problem, "retry_after", 0),
        )
        if tries > self.settings.retries or seconds > self.seconds_left():
            wrong = f"{in_short(problem)}; gave up after try {tries}"
            raise UnavailableError(f"arXiv: {wrong}") from problem
        LOG.warning("arXiv: %s; next try in %.0f s", in_short(problem), seconds)
        self.waited += seconds
        time.sleep(seconds)

    def seconds_left(self) -> float:
        """Return the seconds until the time for asking is up."""
        return self.deadline - time.monotonic()

    def fetch(self, url: str) -> bytes:
        """Ask once, no sooner than arXiv wants; return what came."""
        pause = max(0, self.last + self.settings.delay_seconds - time.monotonic())
        left = self.seconds_left() - pause
        if left <= 0:
            raise UnavailableError("arXiv: the time for asking is up")

        time.sleep(pause)
        self.requests += 1
        silence = min(self.settings.timeout_seconds, left)
        try:
            with (
                time_limit(min(MAX_SILENCES * silence, left)),
                self.session.get(url, timeout=silence, stream=True) as response,
            ):
                refuse_status(response)
                return read_body(response)
        finally:
            self.last = time.monotonic()


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in what takes longer, whatever it waits for, but not on Windows.

    A time to connect and a time between two bytes do not end an answer that drips.
    """
    if not hasattr(signal, "setitimer"):
        yield
        return
    signal.signal(signal.SIGALRM, refuse_to_wait)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def refuse_to_wait(*_: object) -> None:
    """End what the main thread is at."""
    raise TimeoutError("an answer that did not end")


def read_body(response: requests.Response) -> bytes:
    """Read a body of at most MAX_BODY bytes."""
    body = bytearray()
    for chunk in response.iter_content(65_536):
        body += chunk
        if len(body) > MAX_BODY:
            raise UnavailableError(f"arXiv: an answer of more than {MAX_BODY:,} bytes")
    return bytes(body)


def refuse_status(response: requests.Response) -> None:
    """Raise what an HTTP status other than 200 means."""
    status = response.status_code
    if status in STATUS_BUSY:
        wait = retry_after(response.headers.get("Retry-After", "0"))
        raise BadAnswerError(f"HTTP {status}", wait)
    if status == requests.codes.bad_request:
        found = re.search(r"<summary[^<>]*>([^<]+)", read_body(response).decode(errors="replace"))
        reason = log_text(html.unescape(found[1])) if found else "no reason given"
        address = log_text(response.url)
        raise UpdaterError(f"arXiv calls the query wrong: {reason}; mend {CONFIG}: {address}")
    if status != requests.codes.ok:
        raise UnavailableError(f"arXiv: HTTP {status}, which waiting does not mend")


def retry_after(text: str) -> float:
    """Return the seconds that a Retry-After asks for, in either of its forms; 0 if in none."""
    try:
        seconds = urllib3.Retry().parse_retry_after(text)
    except (urllib3.exceptions.InvalidHeader, ValueError, OverflowError):
        return 0
    return min(seconds, MAX_WAIT)


def in_short(problem: Exception) -> str:
    """Return what went wrong, without the address, which requests repeats in full."""
    cause: object = problem
    if isinstance(problem, requests.RequestException) and problem.args:
        cause = getattr(problem.args[0], "reason", problem.args[0])
    if isinstance(cause, urllib3.exceptions.HTTPError) and cause.args:
        cause = cause.args[-1]  # without the connection, which is no text
    return log_text(cause)[:LONGEST_REASON] or type(problem).__name__


def save_answer(folder: Path, number: int, body: bytes) -> None:
    """Keep an answer as it came, for --feed."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.joinpath(f"{number:04}.atom").write_bytes(body)


# ----------------------------------------------------------------------------- what came from arXiv
# Whatever breaks off or cannot be read: what came is kept, and the rest comes next time.

# arXiv's limits, and ours.
MAX_RESULTS = 10_000  # of one query, however many pages it is read in
IDS_AT_ONCE = 100  # pinned papers in one request: keeps the address short
EXPLAIN_SECONDS = 15  # --explain has somebody waiting for it
MAX_NAME = 80  # characters of an entry's id in a message
KEPT = "what came is kept, the next run goes on from there"


@dataclass(kw_only=True)
class Answer:
    """What came from arXiv, and why it is not all, if it is not.

    The one value here that grows: `ask` hands it down to those who take pages.
    """

    papers: list[Paper] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)  # which entry, and why it cannot be listed
    missing: Sequence[str] = ()  # pinned ids that arXiv does not give
    read_to: dt.datetime | None = None  # everything submitted until then has come
    complete: bool = False  # the whole window came, all papers that were announced
    problem: str = ""  # why asking ended early
    requests: int = 0
    waited: float = 0  # seconds, because of faults

    def take(self, page: AnswerPage, tomorrow: dt.datetime) -> list[Paper]:
        """Add the papers of a page, and return them.

        Args:
            page: One that came.
            tomorrow: The latest moment that dates, and the month in an id, may name.
        """
        papers = []
        refused = [f"{name or 'an entry'} has no id or no date to be read" for name in page.unread]
        for entry in page.entries:
            try:
                papers.append(paper_from(entry, tomorrow))
            except ValueError as error:
                refused.append(f"{entry.entry_id[:MAX_NAME]} {error}")

        refused = [log_text(reason)[:LONGEST_REASON] for reason in refused]
        for reason in refused:
            LOG.warning("refused: %s", reason)
        self.papers += papers
        self.refused += refused
        return papers


def ask(config: Config, window: Window, *, user_agent: str, keep: Path | None = None) -> Answer:
    """Ask for the papers submitted in a window, and for the pinned ones.

    Args:
        config: What is looked for, and how arXiv is asked.
        window: For which papers.
        user_agent: How we call ourselves.
        keep: A folder for the answers as they came.

    Raises:
        UpdaterError: arXiv calls the query wrong.
        OSError: An answer cannot be kept.
    """
    seconds = config.arxiv.deadline_seconds
    connection = Connection(config.arxiv, user_agent, seconds=seconds, keep=keep)
    answer = Answer()
    try:
        ask_window(connection, config, window, answer)
        ask_by_id(connection, window.pinned, window.end, answer)
    except KeyboardInterrupt:
        answer.problem = f"interrupted; {KEPT}"
    except UpdaterError as error:
        if not (isinstance(error, UnavailableError) or answer.papers):
            raise
        answer.problem = f"{error}; {KEPT}"
    answer.requests = connection.requests
    answer.waited = connection.waited
    return answer


def ask_window(connection: Connection, config: Config, window: Window, answer: Answer) -> None:
    """Take the papers of a window, oldest first.

    arXiv gives at most MAX_RESULTS for a query: the next one begins with the newest of them,
    which must come again.
    """
    rest = ask_part(connection, config, window, answer)
    while rest:
        part = replace(window, begin=rest, may_be_empty=False)
        rest = ask_part(connection, config, part, answer)


def ask_part(
    connection: Connection, config: Config, window: Window, answer: Answer
) -> dt.datetime | None:
    """Take the papers of a window that one query gives; return where the rest of it begins.

    `answer.read_to` follows as long as no paper comes twice and their dates ascend: then everything
    up to the newest of them has come, even if the answer breaks off behind it.
    """
    query = {
        "search_query": config.query(window.begin, window.end),
        "sortBy": "submittedDate",
        "sortOrder": "ascending",
    }
    names: list[str] = []
    moments: list[dt.datetime] = []  # of submission
    announced = 0
    is_sound = True
    for page in connection.ask(query, may_be_empty=window.may_be_empty):
        names += page.names
        moments += [paper.published for paper in answer.take(page, window.end)]
        announced = max(announced, page.total)
        is_sound = len({*names}) == len(names) and moments == sorted(moments)
        if moments and is_sound:
            answer.read_to = moments[-1]

    given = len({*names})
    wanted = min(announced, MAX_RESULTS)
    if given != wanted:
        LOG.warning("arXiv announced %d papers and gave %d; what came is kept", wanted, given)
    if announced > MAX_RESULTS:
        is_later = moments and moments[-1] - window.begin >= MINUTE  # as queries name times
        if is_later and is_sound:
            return moments[-1]
        wrong = f"more than {MAX_RESULTS:,} papers, not in order or of one minute"
        raise UnavailableError(f"arXiv: {wrong}")
    answer.complete = given == wanted
    if answer.complete:
        answer.read_to = max(moments, default=answer.read_to)
    return None


def ask_by_id(
    connection: Connection, ids: Sequence[str], tomorrow: dt.datetime, answer: Answer
) -> None:
    """Take the papers of these ids, and note which of them arXiv does not give."""
    given: set[str] = set()
    for first in range(0, len(ids), IDS_AT_ONCE):
        for page in connection.ask({"id_list": ",".join(ids[first : first + IDS_AT_ONCE])}):
            answer.take(page, tomorrow)
            given.update(name.rpartition("/abs/")[2] for name in page.names)
    answer.missing = [each for each in ids if each not in given]


def paper_from(entry: arxiv.Result, tomorrow: dt.datetime) -> Paper:
    """Return the paper of an entry; ValueError says why it cannot be listed.

    Args:
        entry: As the client read it.
        tomorrow: The latest moment that its dates, and the month in its id, may name.
    """
    found = WRITTEN_ID.fullmatch(entry.entry_id)
    if not found or month_of(found["id"]) > f"{tomorrow:%Y-%m}":
        raise ValueError("is no arXiv id")

    try:
        paper = Paper(
            id=read_id(found["id"]),
            version=int(found["version"] or 1),
            title=clean(entry.title),
            authors=clean_all(author.name for author in entry.authors),
            published=checked_date("published", entry.published, tomorrow),
            updated=checked_date("updated", entry.updated, tomorrow),
            abstract=clean(entry.summary),
            primary_category=clean(entry.primary_category),
            categories=clean_all(entry.categories or [entry.primary_category]),
            comment=clean(entry.comment or ""),
            journal_ref=clean(entry.journal_ref or ""),
            doi=clean(entry.doi or ""),
        )
    except ValidationError as error:
        raise ValueError(fault_of(error)) from error

    if len(paper.line()) > MAX_RECORD:
        raise ValueError("is larger than any real record")
    return paper


def checked_date(name: str, moment: dt.datetime, tomorrow: dt.datetime) -> dt.datetime:
    """Return a date to the second; ValueError: arXiv can't have it."""
    if moment > tomorrow:
        raise ValueError(f"was {name} {moment.date()}")
    return moment.replace(microsecond=0)


def read_saved(paths: Iterable[Path], tomorrow: dt.datetime) -> Answer:
    """Read answers that were kept; UpdaterError names the file that is none.

    Args:
        paths: Files as --keep-answers writes them.
        tomorrow: The latest moment that a paper's dates may name.
    """
    answer = Answer()
    for path in paths:
        try:
            answer.take(read_page(path.read_bytes()), tomorrow)
        except BadAnswerError as error:
            raise UpdaterError(f"{path}: {log_text(error)}; save the answer again") from error
    return answer


def fetch_one(config: Config, arxiv_id: str, tomorrow: dt.datetime, *, user_agent: str) -> Paper:
    """Return a paper by its id, for somebody who waits; UpdaterError says why there is none.

    Args:
        config: How arXiv is asked.
        arxiv_id: A valid id, without version.
        tomorrow: The latest moment that the paper's dates may name.
        user_agent: How we call ourselves.
    """
    connection = Connection(config.arxiv, user_agent, seconds=EXPLAIN_SECONDS)
    answer = Answer()
    try:
        ask_by_id(connection, [arxiv_id], tomorrow, answer)
    except UnavailableError as error:
        remedy = "check the network and the proxy (HTTPS_PROXY), or try again later"
        raise UnavailableError(f"--explain {arxiv_id}: {error}; {remedy}") from error
    if answer.refused:
        raise UpdaterError(f"--explain {arxiv_id}: never listed: {answer.refused[0]}")
    if not answer.papers:
        remedy = "look there for an id such as 2511.21590"
        raise UpdaterError(f"--explain {arxiv_id}: arXiv has no such paper; {remedy}")
    return answer.papers[0]


# -------------------------------------------------------------------------- which papers are listed
# By a number that --explain shows: how much a paper speaks of the subject.

POINTS_IN_TITLE = 2  # a title has room for the subject alone
POINTS_IN_ABSTRACT = 1


def score_phrases(keywords: Mapping[str, Iterable[Term]]) -> tuple[Term, ...]:
    """Return the keywords that score, the first of those with the same stems.

    Authors and comments say nothing of the subject: au: and co: are left out.
    """
    phrases: dict[str, Term] = {}
    for group in keywords.values():
        for term in group:
            if term.field not in {"au", "co"}:
                phrases.setdefault(term.stems, term)
    return tuple(phrases.values())


def points(phrase: Term, text: Searchable) -> int:
    """Return what a phrase, whatever its prefix, counts in a paper: 0 to 3."""
    count = 0
    if phrase.stems in text.fields["ti"]:
        count += POINTS_IN_TITLE
    if phrase.stems in text.fields["abs"]:
        count += POINTS_IN_ABSTRACT
    return count


def score(phrases: Iterable[Term], text: Searchable) -> int:
    """Return how much a paper speaks of the subject: the points of all `score_phrases`."""
    return sum(points(phrase, text) for phrase in phrases)


def scores_of(papers: Iterable[Paper], config: Config) -> dict[str, int]:
    """Return the scores of papers by their ids."""
    phrases = score_phrases(config.keywords)
    return {paper.id: score(phrases, Searchable.of(paper)) for paper in papers}


def choose(papers: Iterable[Paper], config: Config, known: Collection[str]) -> list[Paper]:
    """Return the papers that are listed: those in `known` or `include`, and by their score."""
    phrases = score_phrases(config.keywords)
    listed = {*known, *config.include}
    return [
        paper
        for paper in papers
        if config.min_score == 0
        or paper.id in listed
        or score(phrases, Searchable.of(paper)) >= config.min_score
    ]


def describe_scores(papers: Sequence[Paper], config: Config) -> Iterator[str]:
    """Yield lines that help to choose `min_score`: how many papers each would list, and which."""
    scores = scores_of(papers, config)
    if not scores:
        return
    yield "min_score  papers of this answer that it lists"
    for least in range(max([*scores.values(), config.min_score]) + 1):
        count = sum(each >= least for each in scores.values())
        mark = "  <- config.yaml" if least == config.min_score else ""
        yield f"{least:9}  {count}{mark}"

    yield "the papers at min_score, and one below:"
    for paper in papers:
        if config.min_score - scores[paper.id] in {0, 1}:
            yield f"score {scores[paper.id]}: {paper.id} {log_text(paper.title)}"


def stored_below(listing: Listing, config: Config) -> list[str]:
    """Return the ids that are shown, though below `min_score` and not pinned."""
    shown = (paper for paper in reversed(listing.newest) if paper.id not in config.include)
    return [name for name, found in scores_of(shown, config).items() if found < config.min_score]


# ---------------------------------------------------------------------------------------- addresses
# Where an address ends, in any script, and which one leads to the code.

CODE_HOSTS = (
    r"(?:github\.com|gitlab\.com|huggingface\.co|hf\.co|bitbucket\.org|codeberg\.org"
    r"|anonymous\.4open\.science)/"
)
ADDRESS_START = rf"(?i:(?<![a-z])(?:(?:https?|ftp)://|www\.)|(?<![\w./@-]){CODE_HOSTS})(?=\w)"

# An address ends at a bracket, a quotation mark, and the punctuation of any script.
IN_ADDRESS = (
    rf"(?:(?![,;|]{ADDRESS_START}|'')[^\s<>\"^`\\{{}}()\[\]\u00ab\u00bb\u00b2\u00b3\u00b9"
    "\u060c\u061b\u061f\u06d4\u0964\u0965\u2010-\u207f\u3000-\u303f\uff01-\uff0f\uff1a-\uff20])"
)
IN_BRACKETS = rf"\({IN_ADDRESS}*+\)|\[{IN_ADDRESS}*+\]"  # as in /wiki/Transformer_(model)
ADDRESS = re.compile(rf"{ADDRESS_START}(?:{IN_ADDRESS}|{IN_BRACKETS})+(?<![?!.,:;*_~'|$])")


def may_have_address(text: str) -> bool:
    """Tell quickly whether it is worth looking for addresses: most texts have none."""
    hints = ("://", "www.", ".com/", ".co/", ".org/", ".science/")
    lowered = text.lower()
    return any(hint in lowered for hint in hints)


def find_addresses(text: str) -> Iterator[re.Match[str]]:
    """Yield the addresses in a finished text, without the punctuation behind them."""
    if may_have_address(text):
        yield from ADDRESS.finditer(text)


# As in github.com/features/…, these name pages of the host, and no owner.
RESERVED_OWNERS = {
    "blog", "collections", "datasets", "docs", "features", "orgs", "papers", "settings", "spaces",
    "sponsors", "topics", "users",
}  # fmt: skip
CODE = re.compile(
    rf"(?ai)(?:https?://)?(?:www\.)?(?P<host>{CODE_HOSTS})"
    r"(?P<path>(?:(?:datasets|spaces)/)?(?P<owner>[\w-][\w.-]{0,99})/[\w.-]{0,99}\w)(?![\w-])"
)
# What authors write before the address of their own code.
OWN = re.compile(r"(?i)\b(?:our|code|data|models?|available|released?|open-sourced?)\b")
BEFORE_ADDRESS = 80  # characters in which they write it


def code_link(text: str) -> str:
    """Return the address of the repository that a finished text names, or "".

    The authors' own comes first ("our code is at"), then the first one.
    """
    first = ""
    for address in find_addresses(text):
        found = CODE.match(address[0])
        if not found or found["owner"].lower() in RESERVED_OWNERS:
            continue
        repository = f"https://{found['host'].lower()}{found['path'].removesuffix('.git')}"
        if OWN.search(text[max(0, address.start() - BEFORE_ADDRESS) : address.start()]):
            return repository
        first = first or repository
    return first


# -------------------------------------------------------------------------------- TeX to plain text
# What is shown of a paper is what TeX would show: every word, number and address, in time
# that is in proportion to the text.

# `clean` leaves no control characters: some stand for what is settled, until `plain_text` ends.
HIDDEN = str.maketrans("\\{}$^_~`'-", "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x0e")
SHOWN = {hidden: sign for sign, hidden in HIDDEN.items()}
GAP = "\x0f"  # a command stood here: the words beside it stay apart


def plain_text(text: str) -> str:
    """Return a text as plain Unicode, without TeX: every word, number and address as it was."""
    text = clean(text)
    if not re.search(r"[\\${}~`]|''|--", text):
        return text
    for step in (mend_addresses, mend_marks, hide_escapes, read_dollars, read_commands):
        text = step(text)
    return clean(close_gaps(text).translate(SHOWN))


# How TeX writes some signs of an address: `\_`, `{\_}`, `$\_$`, `\~{}`, `$\sim$`.
BARE_TEX_SIGN = r"(?:\\(?:textunderscore|textasciitilde|sim)(?![a-z]) ?|\\?[_~]|\\[%&#])(?:\{\})?"
TEX_SIGN = rf"(?:[{{$]{{1,2}}{BARE_TEX_SIGN}[$}}]{{1,2}}|{BARE_TEX_SIGN})"
TEX_ADDRESS = re.compile(rf"{ADDRESS_START}(?:{TEX_SIGN}|[^\s\\{{}}$])+")


def mend_addresses(text: str) -> str:
    """Resolve the TeX in addresses, and hide them from all that follows."""
    if not may_have_address(text):
        return text

    def mend(found: re.Match[str]) -> str:
        mended = re.sub(TEX_SIGN, sign, found[0])
        return ADDRESS.sub(lambda address: address[0].translate(HIDDEN), mended)

    def sign(found: re.Match[str]) -> str:
        bare = found[0].strip("\\{$} ")
        return {"textunderscore": "_", "textasciitilde": "~", "sim": "~"}.get(bare, bare)

    return TEX_ADDRESS.sub(mend, text)


def mend_marks(text: str) -> str:
    """Write ``…'' and `…' with plain quotation marks, and -- and --- as dashes."""
    text = re.sub(r"``|''|\\lq ?\\lq(?![a-z]) ?|\\rq ?\\rq(?![a-z])", '"', text)
    text = re.sub(r"`(?<![\w\\`]`)(?=[^\s`])([^`]*?\S'(?!\w))", r"'\1", text)
    text = re.sub(r"---(?<!----)(?!-)", "\u2014", text)
    # Not that of --verbose. The lookbehind comes second: tried at every letter it takes long.
    return re.sub(r"--(?<=[^\s(\[{/\"'`=-]--)(?=[^\s-])", "\u2013", text)


ESCAPE = re.compile(r"\\([{}$%&#_])|\\verb\*?([|!+/@=])(.{0,200}?)\2")
LIST = re.compile(r"(?<![\w\]}^_*])\{(?=[^{}\\]*?, )[^{}\\]*+\}")  # {left, right}, no argument
UNICODE = re.compile(r"\\unicode\s?\{x([0-9A-Fa-f]{2,5})\}")
TEX_BREAK = re.compile(r"\\\\(?:\[[\d.]+[a-z]{2}\])?|\\footnotemark\[[^\[\]]*\]")


def hide_escapes(text: str) -> str:
    r"""Hide what means itself from all that follows, such as \{ and \$, and braces of a list."""
    text = ESCAPE.sub(lambda found: (found[1] or found[3]).translate(HIDDEN), text)
    text = LIST.sub(lambda found: found[0].translate(HIDDEN), text)
    text = UNICODE.sub(lambda found: clean(chr(int(found[1], 16))), text)
    return TEX_BREAK.sub(" ", text)


# Two dollars around a sum and words, as in "$5 to $10", "$10-$20" and "a $27B / $7B deal".
SUM = re.compile(r"\d[^\\{}]*(?:\s[^\\{}]?[A-Za-z]{2}.*|[-\s/(\u2013])")
WORD_IN_FORMULA = re.compile(r"(?<![A-Za-z\\])[A-Za-z]{2}")


def is_formula(inner: str, after: str) -> bool:
    """Tell whether a text between two dollars is a formula, and neither a sum nor words."""
    if not inner.strip() or SUM.fullmatch(inner):
        return False
    if inner[0].isdigit() and after[:1].isdigit():
        return False
    return inner == inner.strip() or not WORD_IN_FORMULA.search(inner)


# A script without braces: a letter, or a command with its argument, as in `x^\mathcal I`.
BARE_SCRIPT = re.compile(
    r"([\^_])\s?(\\math[a-z]+ [A-Za-z]\b|\\[A-Za-z]+(?:\{[^{}]*\})?|[^\s{}\\^_])"
)


def read_formula(inner: str) -> str:
    """Return a formula with its scripts in braces, and its last command ended by some.

    Outside of a formula "_" and "^" are themselves, and letters would go on with the command.
    """
    return re.sub(r"\\[A-Za-z]+\Z", r"\g<0>{}", BARE_SCRIPT.sub(r"\1{\2}", inner))


DISPLAYED = re.compile(r"\$\$([^$]+)\$\$|\\[(\[]((?:[^$\\]|\\[^()\[\]])*+)\\[)\]]")


def read_dollars(text: str) -> str:
    """Take the dollars from formulas. A sum of money keeps its sign, and so does a single one."""
    text = DISPLAYED.sub(lambda found: read_formula(found[1] or found[2]), text)
    before, *parts = text.split("$")
    done = [before]
    place = 0
    while place < len(parts):
        inner, after = parts[place], "".join(parts[place + 1 : place + 2])
        if place + 1 < len(parts) and is_formula(inner, after):
            done += [read_formula(inner), after]
            place += 2
        else:
            done.append("$".translate(HIDDEN) + inner)
            place += 1
    return "".join(done)


# HTML has taken most of its names of signs from TeX. Authors mean something else by some.
NO_SIGNS = {"ac", "and", "eg", "it", "not", "num", "sc", "sup"}
SIGNS = {name[:-1]: sign for name, sign in html5.items() if name.endswith(";")}
SIGNS = {name: sign for name, sign in SIGNS.items() if name not in NO_SIGNS}
SIGNS |= {
    "varepsilon": "ε", "varphi": "φ", "cdot": "·", "star": "⋆", "circ": "∘", "ast": "*",
    "infty": "∞", "partial": "∂", "exists": "∃", "neg": "¬", "neq": "≠", "sim": "∼",
    "to": "→", "xrightarrow": "→", "implies": "⟹", "ldots": "…", "dots": "…", "cdots": "⋯",
    "|": "‖", "lVert": "‖", "rVert": "‖", "backslash": "\\", "degree": "°", "underscore": "_",
    "asciitilde": "~", "asciicircum": "^", "greater": ">", "less": "<", "quotedblright": '"',
    "emdash": "—", "endash": "–", "registered": "®", "copyright": "©", "dag": "†", "S": "§",
    "P": "¶", "AA": "Å", "item": " • ", "rq": "'",
    ",": " ", ":": " ", ";": " ", " ": " ", ">": " ", "!": "", "-": "", "@": "", "/": "",
}  # fmt: skip
LAYOUT = [
    "par", "newline", "linebreak", "noindent", "bigskip", "quad", "qquad", "xspace", "space",
    "relax", "centering",
]  # fmt: skip
FUNCTIONS = [
    "arg", "cos", "det", "dim", "exp", "gcd", "inf", "ker", "lim", "ln", "log", "max", "min",
    "sin", "sup", "tanh", "Pr",
]  # fmt: skip
SIGNS |= dict.fromkeys(LAYOUT, GAP)
SIGNS |= {name: f"{GAP}{name}{GAP}" for name in FUNCTIONS}
# Letters and signs that touch what follows: there, the space only ends the command's name.
LETTERS = {
    "aa": "å", "ae": "æ", "AE": "Æ", "i": "ı", "j": "ȷ", "l": "ł", "L": "Ł", "o": "ø", "O": "Ø",
    "oe": "œ", "OE": "Œ", "ss": "ß", "textemdash": "—", "textendash": "–", "textquotedblleft": '"',
    "textquoteleft": "'", "textasciitilde": "~", "textunderscore": "_", "textless": "<",
    "lq": "'", "pounds": "£",
}  # fmt: skip
ACCENTS = {
    "`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", "=": "\u0304", ".": "\u0307",
    '"': "\u0308", "u": "\u0306", "r": "\u030a", "H": "\u030b", "v": "\u030c", "d": "\u0323",
    "c": "\u0327", "k": "\u0328", "b": "\u0331", "acute": "\u0301", "hat": "\u0302",
    "widehat": "\u0302", "tilde": "\u0303", "widetilde": "\u0303", "bar": "\u0304",
    "overline": "\u0304", "dot": "\u0307", "ddot": "\u0308", "check": "\u030c", "vec": "\u20d7",
}  # fmt: skip
SUPERSCRIPTS = dict(
    zip(
        "0123456789+-−=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVWβγδθφχ*⋆∗′∘°†‡®™©",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂᵝᵞᵟᶿᵠᵡ***′°°†‡®™©",
        strict=True,
    )
)
SUBSCRIPTS = dict(
    zip(
        "0123456789+-−=()aehijklmnoprstuvxβγρφχ",
        "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ",
        strict=True,
    )
)

# A font or a size: what follows is the text, with or without braces.
FONT = re.compile(
    r"(?:text|math)(?:bf|it|tt|sc|sf|sl|rm|up|normal|cal|bb|frak|scr|style)?"
    r"|em|bf|it|rm|tt|sc|sf|sl|cal|bm|boldsymbol|operatorname|mbox|(?:footnote|script)size"
    r"|tiny|small|[lL]arge|left|right|[bB]igg?[lr]?"
)
# Commands of whose arguments none is text.
HIDES_ALL = re.compile(
    r"(?:[A-Za-z]*[^xn])?[Cc]ite[a-z]*|(?!h)[A-Za-z]*[Rr]ef|begin|end|label|footnotemark"
    r"|[vh]space|rule|includegraphics|ding|fa[A-Z][A-Za-z]*"
)
# How many arguments others take, and what they show of them. Those that are not here show all.
ARGUMENTS = {
    "color": (1, ""), "textcolor": (2, "{1}"), "colorbox": (2, "{1}"), "raisebox": (2, "{1}"),
    "resizebox": (3, "{2}"), "footnote": (1, " ({0})" + GAP), "thanks": (1, " ({0})" + GAP),
    "enquote": (1, '"{0}"'), "pmod": (1, "(mod {0})"), "textsuperscript": (1, "^{{{0}}}"),
    "textsubscript": (1, "_{{{0}}}"), "sqrt": (1, "√{0}" + GAP),
    **dict.fromkeys(["frac", "tfrac", "dfrac"], (2, GAP + "{0}/{1}" + GAP)),
}  # fmt: skip
FORMULAS = {"sqrt", "frac", "tfrac", "dfrac"}  # of which parts stand in brackets

COMMAND = re.compile(
    r"\\(?P<name>[A-Za-z]+|.)\*?(?: ?\[(?P<option>[^\[\]{}]*)\](?= ?[{\[]))*"
    r"(?P<space> ?)(?P<arguments>(?:\{[^{}\\]*\})*+)(?P<waits>\{)?"
    r"|(?P<kind>[\^_])\{(?P<script>[^{}\\]*)\}"
    r"|(?<!\})\{(?P<group>[^{}\\]*)\}"
)
# An operand without braces, as in `\'e`, `\hat\theta` and `\sqrt d`.
WITH_OPERAND = "|".join([*filter(str.isalpha, ACCENTS), "pmod", "sqrt", r"[td]?frac(?:\{\w\})?"])
OPERAND = re.compile(
    rf"(\\(?:'(?!s\b)|[`^~=.\"]|(?:{WITH_OPERAND})(?![A-Za-z])) ?)(\\[A-Za-z]+ ?|[^\W_])"
)
MAX_DEPTH = 60  # groups within groups


def read_commands(text: str) -> str:
    """Return what TeX shows for a text with commands and groups, from the inside out."""
    if not re.search(r"[\\{]", text):
        return text
    for _ in range(2):  # \frac has two operands
        text = OPERAND.sub(r"\1{\2}", text)
    for _ in range(MAX_DEPTH):
        before, text = text, COMMAND.sub(read_command, text)
        if text == before:
            break
    braces = re.sub("[{}]", lambda brace: brace[0].translate(HIDDEN), text)
    return COMMAND.sub(read_command, braces)


def read_command(found: re.Match[str]) -> str:
    """Return what a command, a script or a group shows; a command waits for its arguments."""
    if found["waits"]:
        return found[0]
    if found["kind"]:
        return read_script(found["kind"], found["script"].strip(f" {GAP}"))
    if not found["name"]:
        return found["group"]
    return read_name(found["name"], found["space"], found["arguments"])


def read_name(name: str, space: str, arguments: str) -> str:
    """Return what a command shows, and behind it the arguments that are not its own."""
    sign = name if name in SIGNS else name.removeprefix("text")
    if name in LETTERS:
        return LETTERS[name].translate(HIDDEN) + arguments
    if name in ACCENTS:
        return read_accent(name, arguments, space)
    if FONT.fullmatch(name):
        return arguments
    if sign in SIGNS:
        return SIGNS[sign].translate(HIDDEN) + space + arguments.removeprefix("{}")
    if HIDES_ALL.fullmatch(name):
        return GAP + space
    return read_arguments(name, re.findall(r"\{([^{}]*)\}", arguments)) + space


def read_arguments(name: str, arguments: list[str]) -> str:
    """Return what a command shows of its arguments."""
    shown = [argument.strip() for argument in arguments]
    if name in {"href", "hyperlink"} and len(shown) > 1:
        return read_link(*shown[:2])
    if name in ARGUMENTS:
        return fill_form(name, shown)
    return " ".join(filter(None, shown)) or literal(name)


def fill_form(name: str, shown: list[str]) -> str:
    """Return what a known command shows, and behind it the arguments that are not its own."""
    if not any(shown):
        return GAP
    count, form = ARGUMENTS[name]
    rest = "".join(f"{{{argument}}}" for argument in shown[count:])
    if name in FORMULAS:
        shown = [in_brackets(part) for part in shown]
    return form.format(*shown, "", "") + rest


def literal(name: str) -> str:
    r"""Return the name of a command, which is a thing's. A program's \n is itself."""
    if len(name) > 1:
        return f"{GAP}{name}{GAP}"
    if name.islower():
        name = f"\\{name}"
    return name.translate(HIDDEN)


def read_script(kind: str, inner: str) -> str:
    """Return a superscript ("^") or subscript ("_"), raised where Unicode has all of its signs."""
    signs = SUPERSCRIPTS if kind == "^" else SUBSCRIPTS
    if all(sign in signs for sign in inner) and not re.search("[A-Za-z]{3}", inner):
        return "".join(signs[sign] for sign in inner)
    return kind + in_brackets(inner)


def in_brackets(inner: str) -> str:
    """Return a part of a formula in brackets, unless it is a name, a number or a sign."""
    if re.fullmatch(r"[\w.]*|.", inner):
        return inner
    return f"({inner})"


def read_accent(name: str, arguments: str, space: str) -> str:
    """Return a letter with its accent, or the sign of the accent where no letter follows."""
    base = arguments.strip(" {}").translate({ord("ı"): "i", ord("ȷ"): "j"})
    if name + base in SIGNS:
        return name + base  # arXiv makes \k{appa} of \kappa, \c{opyright} of \copyright
    if not base[:1].isalpha():
        return literal(name) + space + base
    if len(name) > 1 and len(base) > 1:
        return base  # a hat over a whole word
    accented = unicodedata.normalize("NFC", base[0] + ACCENTS[name])
    if len(accented) > 1 and not name.isalpha():
        return name.translate(HIDDEN) + base
    return accented + base[1:]


def read_link(address: str, text: str) -> str:
    """Return the text of a link, with its address where the text has none."""
    if ADDRESS.search(text) and not ADDRESS.search(address):
        address, text = text, address  # some write them the other way round
    if text.strip("/") in {"", address.partition("://")[2].strip("/")}:
        return address
    if ADDRESS.search(text):
        return text
    return f"{text} ({address})"


# A tie. Between numbers, behind a space and in a path it is a tilde: "3~5", "~7B", "/~kim".
TIE = re.compile(rf"~(?={GAP})|~(?<=[^\s\d/(<>=~]~)(?=[^\s~.,;:!?)])|~(?<=\d~)(?=[A-Za-z])")


def close_gaps(text: str) -> str:
    """Part the words between which a command or a tie stood, and drop what it left behind."""
    text = TIE.sub(" ", text)
    if GAP not in text:
        return text
    text = re.sub(f"{GAP}+", GAP, text)
    text = re.sub(rf"\s?[(\[][\s,;]*+{GAP}[\s,;{GAP}]*+[)\]]", "", text)
    text = re.sub(rf"\s?{GAP}(?=[.,;)\]])", "", text)
    return re.sub(rf"(?<=[\w.,;:!?)]){GAP}(?=[A-Za-z\u0391-\u03c9\d])", " ", text).replace(GAP, "")


# ------------------------------------------------------------------------------------------ authors
# Who wrote it: names alone.

NO_NAME = re.compile(r"(?i)and|et|(?:et )?al\.?|with|(?:and )?(?:\d+ )?others|\(.*not shown\)")


def plain_authors(names: Iterable[str]) -> tuple[str, ...]:
    """Return authors as they are shown: a name has a letter, and "and" or "et al." are none."""
    shown = [plain_text(name) for name in names]
    tidy = [name.strip(" ,;:&|*\u2020\u2021").removeprefix("and ") for name in shown]
    real = [name for name in tidy if re.search(r"[^\W\d_]", name) and not NO_NAME.fullmatch(name)]
    return tuple(real or filter(None, shown))


# ---------------------------------------------------------------------------------------- withdrawn
# This paper, from arXiv; not another one, nor from a conference.

A_PAPER = r"(?:\w+ )?(?:article|e-?print|manuscript|paper|preprint|study|submission|version|work)"
THIS_PAPER = rf"\b(?:this|our|my|the) {A_PAPER}"
GONE = r"(?:withdrawn|retracted)\b(?! from (?!arxiv))"
SAYS_WITHDRAWN = re.compile(
    # "this paper has now been withdrawn", "we withdraw the paper", "withdrawal of our paper"
    rf"(?i)(?<!of ){THIS_PAPER} (?:\w+ ){{1,3}}{GONE}"
    rf"|\b(?:we|i|authors?) (?:\w+ ){{0,4}}(?:withdr[ae]w\w*|retract\w*) {THIS_PAPER}"
    r"(?! from (?!arxiv))"
    rf"|\bwithdrawal of {THIS_PAPER}"
    # in short: "Withdrawn", "v3: withdrawn due to an error", "Paper is withdrawn, ..."
    rf"|^\W*(?:v\d: |(?:all )?{A_PAPER}s? (?:is )?)?(?:withdrawal|{GONE})"
    r"(?=\W*$|[^\w ]| (?:after|as|because|by|due|for|in|pending|since|until)\b)"
    r"|\b(?:withdrawn|retracted|removed) (?:by|from) (?:arxiv|(?:\w+ ){0,2}(?:authors?|me|us))\b"
    rf"|\b(?:and|it) (?:is|was|has been) {GONE}"
)
# Of these something else is said, and that is not what is meant.
OTHERWISE = re.compile(
    r"(?i)\b(?:not|never|replac\w+|supersed\w+|which|that (?:has|was)|previous|earlier|prior"
    r"|related|another|other|old|first(?! author)|original|dataset|model|benchmark|claims?|theorem"
    r"|section|appendix|version \d|v\d was|accepted)\b"
)
SHORT_ABSTRACT = 300  # characters: it may be all that is left, and is read like a comment


def is_withdrawn(comment: str, abstract: str) -> bool:
    """Tell from finished texts whether this paper, and not another one, is withdrawn."""
    lowered = f"{comment} {abstract}".lower()
    if not any(hint in lowered for hint in ("withdr", "retract", "removed ")):
        return False  # as nearly all, quickly
    if len(abstract) > SHORT_ABSTRACT:
        abstract = " ".join(re.findall(r"\b[Tt]his [^.]{,60} withdrawn[^.]*", abstract))
    clauses = re.split(r"[.;!?] |, (?=(?:and|our|the|this) )", f"{comment}. {abstract}")
    found = (SAYS_WITHDRAWN.search(clause) for clause in clauses)
    return any(match and not OTHERWISE.search(match.string[: match.end()]) for match in found)


# -------------------------------------------------------------------------------------------- venue
# Where a paper was accepted, in the words of its comment, or nothing where that is unclear.

YEAR = r"(?:20\d\d|['\u2019]\d\d)(?!\d)"
ACRONYM = r"\b[A-Z][\w@-]*[A-Z][\w@-]*"
KIND = r"\b(?:Conference|Conf\.|Workshops?|Symposium|Proceedings|Journal|Transactions|Congress)"
SERIES = (
    r"\b(?i:aaai|[en]?acl|cvpr|eccv|emnlp|icassp|ic[cl][vr]|icml|interspeech|miccai|neurips"
    r"|siggraph)(?![a-z])"
)

# What says that it was accepted, some small words ("as a poster at the"), and the name.
ACCEPTED = re.compile(
    r"\b(?i:ac+e?[pc]{1,2}e?te?d|accept(?= \w\w\b)|published|presented|presentation|to appear"
    r"|will appear|appear(?:s|ed|ing)|forthcoming|camera[- ]ready|(?:oral|poster)(?= (?:at|in) )):?"
    r"(?:\s+(?:@|[a-z][\w'\u2019-]*:?|\([^()]{0,30}\)"
    r"|(?i:by|for|full|in|oral|paper|poster|present\w+|spotlight)\b)){0,12}"
    r"\s+(?P<name>[A-Z\d].*)"
)
# Or a part of the comment is nothing but the name of a venue with its year.
NAMED = re.compile(
    r"(?:(?:[Ii]n:?|[Tt]he|[Pp]roceedings|[Pp]roc\.|of)\s)*"
    rf"(?P<name>(?=.*(?:{ACRONYM}|{KIND}|{SERIES}))(?=.*(?:{YEAR}|[A-Z]-2\d\b))[A-Za-z\d].*)"
)
NOT_ACCEPTED = re.compile(
    r"(?i)\b(?:submi\w+|under\b.*\breview|in review|in preparation|intended|not (?:\w+ )?accepted"
    r"|reject\w*|withdr\w+|ARR)\b"
)
NOT_NAMED = re.compile(
    r"(?i)\b(?:approach|awarded|based|built|challenge|(?-i:code)|description|dissertation|exten\w+"
    r"|notes|peer|place|preprint|proposal|report|solution|study|task|thesis|undergoing|updated"
    r"|using|version|winn\w+)\b"
)
# The name goes on behind a comma with a list ("on Safety, Trust, and Law"), a track or a year.
WHOLE_NAME = re.compile(
    rf"(?:[^,]*\b(?:for|in|of|on)\b|(?![^,]*{YEAR}))[^,]*"
    r"(?:, [^,]+){0,2},? (?:[\w-]+ ){0,3}(?:and|&) [A-Z][^,]*"
    r"|[^,]*"
)
MORE = re.compile(
    r",\s?([^,]*\b(?i:workshop|track|findings|main|oral)\b[^,]*"
    rf"|{YEAR}|{ACRONYM}[ -]?{YEAR}[^,]*)"
)
# Here a sentence goes on with something else.
VENUE_END = re.compile(
    r"[\s.](?i:and (?:will|is|was|presented)|after|but|which|that|this|when|held|co-?located"
    r"|in conjunction|is|to (?:be|appear)|accept(?:ed)?|provisional|early accept|best"
    r"|camera[- ]ready|pre-?print|as (?:an?|oral|poster)|under|published|version|project|code"
    r"|papers?(?! track)|openreview|doi|isbn|\d+ (?:figures|pages)"
    r"|with (?:an?|the|minor|manuscript)|on [a-z]{3,9} \d\d?(?:st|nd|rd|th)?)\b.*"
)
NO_VENUE = re.compile(
    r"(?i)(?:accepted|published|presented|version|papers?|short|final|oral|poster|conference$|our"
    r"|this|to|committed|collocated|pages|ieee xplore|acm digital|anthology|(?:ieee )?conferences"
    r"|\d{4} (?:at|in)|\d{1,2}(?:(?:st|nd|rd|th) of)?"
    r"|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]* \d+)\b"
)
SMALL_END = re.compile(r"(?i)(?:(?:^| )(?:\(\)|an?|and|as|at|by|for|in|of|on|short|the|to)){1,9}$")
AROUND_VENUE = " .,:;-\u2013\u2014&"
COMMENT_LIMIT = 2_000  # characters: longer than real ones
VENUE_LIMIT = 90  # characters: the line of links under a title holds no more


def venue(comment: str) -> str:
    """Return where a paper was accepted, as its finished comment writes it, or ""."""
    text = ADDRESS.sub("", comment[:COMMENT_LIMIT])
    text = re.sub(r"(?i)arxiv admin note.*|(?:\u00a9|\bcopyright\b)[^.]*", "", text)
    parts = [part for piece in re.split(r"[;|\[\]]", text) for part in sentences(piece)]
    names = (venue_of_sentence(part) for part in parts if not NOT_ACCEPTED.search(part))
    return next(filter(None, names), "")


def venue_of_sentence(sentence: str) -> str:
    """Return the venue that a sentence says or is, or ""."""
    found = ACCEPTED.search(sentence)
    name = name_of_venue(found["name"]) if found else ""
    if name or NOT_NAMED.search(sentence):
        return name
    starts = [0, *(comma.end() for comma in re.finditer(r",\s?", sentence))]
    named = (NAMED.fullmatch(sentence, start) for start in starts[:20])
    names = (name_of_venue(found["name"]) for found in named if found)
    return next((name for name in names if re.search(f"{YEAR}|{KIND}|-\\d\\d", name)), "")


def name_of_venue(phrase: str) -> str:
    """Return the name of a venue that a phrase begins with, or "" where it is unclear."""
    phrase = VENUE_END.sub("", phrase[: 4 * VENUE_LIMIT])
    name = WHOLE_NAME.findall(phrase)[0]
    more = MORE.match(phrase, len(name))
    if more and not (re.search(YEAR, name) and re.fullmatch(YEAR, more[1])):
        name = f"{name}, {more[1]}"
    if name.count("(") != name.count(")"):
        name = re.split("[()]", name)[0]
    name = SMALL_END.sub("", name.strip(AROUND_VENUE)).strip(AROUND_VENUE)
    if len(name) > VENUE_LIMIT:
        name = short_name(name)
    if NO_VENUE.match(name) or not re.search("[A-Z].|[a-z]{4}", name):
        return ""
    return name.removeprefix("The ")


def short_name(name: str) -> str:
    """Return the short name that stands before a colon or in brackets, with its year, or ""."""
    head = name.partition(":")[0]
    if re.search(YEAR, head) and len(head) <= VENUE_LIMIT:
        return head
    found = re.search(r"\(([A-Z][\w@&/'\u2019 -]*)\)", name)
    year = re.search(r"20\d\d", name)
    if found and year and not re.search(r"\d\d", found[1]):
        return f"{found[1]} {year[0]}"
    return found[1] if found else ""


# --------------------------------------------------------------------------------------------- lead
# A whole sentence of the abstract, the one that says what the paper does.

# Behind these a full stop ends no sentence.
ABBREVIATION = re.compile(
    r"\b(?:e\.g|i\.e|vs|al|etc|approx|a\.k\.a|Fig|Eq|Nos?|Vol|Dr|St|Jr|Proc|Conf|Intl?|Trans"
    r"|[A-Z](?:\.[A-Z])+)\.$"
)
SENTENCE_END = re.compile(r"[.!?…][\"')\]\u201d\u2019]*\s+(?=[^a-z\s])|[。\uff01\uff1f]")


def sentences(text: str) -> Iterator[str]:
    """Yield the sentences of a text. "e.g.", "et al." and "vs." end none."""
    start = 0
    for end in SENTENCE_END.finditer(text):
        if not ABBREVIATION.search(text, max(start, end.start() - 12), end.start() + 1):
            yield text[start : end.end()].strip()
            start = end.end()
    if text[start:].strip():
        yield text[start:].strip()


# What says what a paper does: "we" and nearly any verb, but for what everybody does; "this paper".
DOES = re.compile(
    r"\b[Ww]e (?:\w+ly |also |first |here )?"
    r"(?!(?:acknowledge|are|believe|can|cannot|could|do|face|had|have|hope|know|live|may|might|must"
    r"|need|often|see|should|still|thank|think|want|were|will|would)\b)[a-z]{3,}"
    r"|\b(?:[Tt]his|[Tt]he present|[Oo]ur) (?:[\w-]+ ){0,2}?"
    r"(?:article|chapter|dissertation|letter|manuscript|note|paper|report|research|review|study"
    r"|survey|thesis|tutorial|work)\b"
)
PROPOSED = re.compile(
    r"\b[Tt]he (?:authors?|paper)\b"
    r"|\b(?:is|are|was|were) (?:developed|evaluated|introduced|presented|proposed)\b"
)
ANYTHING = re.compile("")
# A question, a warning of harmful words, and an announcement of what comes.
NO_LEAD = re.compile(
    r"[?\uff1f][\"')\]\u201d\u2019]*$"
    r"|^(?i:content )?(?i:warning|disclaimer|caution)\b|^(?i:this paper (?:\w+ )?contains)\b"
    r"|\b(?:contributions are|twofold)\b"
    r"|\b(?:contributions|perspectives|ways)(?: in this \w+)?\s?[.:]"
)
# Formulas that a sentence can do without, and names of sections.
OPENING = re.compile(
    r"(?:(?:In|With) (?:this|our) \w+|Here|Hence|Thus|Therefore|To this end"
    r"|To (?:address|bridge|close|fill|overcome|tackle) (?:this|these) \w+),? (?=we )"
    r"|(?i:aims?|background|methods?|objectives?|purpose|results?): "
)
LEAD_LIMIT = 240  # characters: two or three lines


def lead(abstract: str) -> str:
    """Return the sentence of a finished abstract that says what the paper does, cut if it is long.

    It is the first with "we" and a verb or with "this paper"; without one, what is said to be
    proposed; and without that, the first that is no question, warning or announcement.
    """
    found = list(sentences(abstract))
    for sought in (DOES, PROPOSED, ANYTHING):
        for sentence in found:
            if sought.search(sentence) and not NO_LEAD.search(sentence):
                return without_opening(sentence)
    return without_opening(abstract)


def without_opening(sentence: str) -> str:
    """Return a lead without the formula that it may begin with, cut if it is long."""
    opening = OPENING.match(sentence)
    if opening:
        sentence = sentence[opening.end() :]
    return shorten(sentence[:1].upper() + sentence[1:], LEAD_LIMIT)


# ----------------------------------------------------------------------------------------- Markdown
# GitHub shows just the text: nothing in it is markup, a formula or an emoji.

LONG_PART = re.compile(r"\S{30}(?=\S{10})")
BREAK = "\u200b"  # `clean` lets none through, so that it can stand for <wbr> here
PLAIN = re.compile(r"(?=.{1,39}\Z)[A-Za-z0-9,-]+(?: [A-Za-z0-9,-]+)*|[0-9.]+")  # most are
SPECIAL = re.compile(rf"[\\`*_~\[\]|<&${BREAK}]|:(?=[\w+-]+:)|!\Z")
AS_HTML = {
    "<": "&lt;",
    "&": "&amp;",
    "$": "<span>$</span>",  # neither \$ nor &#36; keeps GitHub from typesetting a formula
    ":": "<span>:</span>",  # no emoji
    BREAK: "<wbr>",
}


def link_text(text: str) -> Escaped:
    """Escape the text of a link, as titles are: no address in it is a link of its own."""
    return escape_words(clean(text))


def escape_words(text: str) -> Escaped:
    """Escape a text without addresses, so that GitHub shows just that. Long words may break."""
    if max(map(len, text.split(" "))) >= LONGEST_WORD:
        text = LONG_PART.sub(rf"\g<0>{BREAK}", text)
    return Escaped(SPECIAL.sub(escape_sign, text))


def escape_sign(found: re.Match[str]) -> str:
    """Return a character that means something to GitHub, so that it means itself."""
    return AS_HTML.get(found[0], "\\" + found[0])


def link(address: str) -> Escaped:
    """Return a link to an address, which it shows."""
    target = address
    if address[:4].lower() == "www.":
        target = f"http://{address}"
    elif "://" not in address:
        target = f"https://{address}"  # of a host of code
    target = target.replace("|", "%7C").replace("&", "&amp;")
    return Escaped(f"[{escape_words(address)}](<{target}>)")


def escape_markdown(value: object) -> Escaped:
    """Escape what `{{ }}` gives, so that GitHub shows just that, with addresses as links.

    The result fits into a cell of a table: it is one line, and shows the same words.
    """
    if isinstance(value, Escaped):
        return value
    text = str(value)
    if PLAIN.fullmatch(text):
        return Escaped(text)
    text = clean(text)
    parts: list[Escaped] = []
    start = 0
    for address in find_addresses(text):
        parts += [escape_words(text[start : address.start()]), link(address[0])]
        start = address.end()
    parts.append(escape_words(text[start:]))
    return Escaped("").join(parts)


# --------------------------------------------------------------------------------------------- rows
# A paper as the templates see it, made once for all pages.

# A line of a page is to have less than 4,096 bytes: code search drops a file that has more than
# one longer line. So many characters of each text, and so many authors, nearly always fit.
TITLE_LIMIT = 300  # the longest real title has 250
ABSTRACT_LIMIT = 2_500  # arXiv takes 1,920 now; the longest real one has 2,428
NAME_LIMIT = 100
AUTHORS = 40  # of a paper of more, so many are named
FIRST_AUTHORS = 2  # stand unopened
FIRST_HTML = "2312"  # arXiv makes HTML of what it has announced since December 2023


@dataclass(frozen=True)
class Row:
    """A paper as the templates see it. What is long is cut and escaped already.

    To show something more on README.md: a field here, its value in `make_row`, and its place in
    templates/latest.md.j2 and _papers.md.j2. What arXiv tells and the store does not have yet
    begins as a field of `Paper`, with its value in `paper_from`.
    """

    paper: Paper
    date: str  # of submission, "2026-01-31"
    title: Escaped
    authors: int  # how many there are
    first_authors: Escaped  # two of them
    all_authors: Escaped  # or so many as are named
    unnamed: int  # how many are not
    lead: Escaped  # what the paper does, in a sentence
    abstract: Escaped
    code: Escaped  # address of its repository
    venue: Escaped  # where it was accepted
    html: bool  # whether arXiv has it as HTML
    domains: Sequence[Domain]


def make_row(paper: Paper, domains: Mapping[str, Domain]) -> Row:
    """Return the row of a paper; `domains`: all that there are, by name."""
    shown = paper.shown_authors[:AUTHORS]
    names = [escape_markdown(shorten(name, NAME_LIMIT)) for name in shown]
    return Row(
        paper=paper,
        date=f"{paper.published:%Y-%m-%d}",
        title=link_text(shorten(paper.shown_title, TITLE_LIMIT)),
        authors=len(paper.shown_authors),
        first_authors=Escaped(", ").join(names[:FIRST_AUTHORS]),
        all_authors=Escaped(", ").join(names),
        unnamed=len(paper.shown_authors[AUTHORS:]),
        lead=escape_markdown(lead(paper.shown_abstract)),
        abstract=escape_markdown(shorten(paper.shown_abstract, ABSTRACT_LIMIT)),
        code=Escaped(paper.code),
        venue=escape_markdown(paper.venue),
        html="/" not in paper.id and paper.id >= FIRST_HTML and not paper.withdrawn,
        domains=[domains[name] for name in paper.domains],
    )


# ---------------------------------------------------------------------------------------- README.md
# Somebody's own text: only what stands between its markers is ours.

# The blocks that README.md can have, by the names in their markers, and their templates.
BLOCKS = {
    "LATEST_PAPERS": "latest.md.j2",
    "DOMAINS": "domains.md.j2",
    "SAFETY_DOMAINS": "domains.md.j2",  # as the first list calls them
}
MARKER = re.compile(rf"^\ufeff?<!-- ({'|'.join(BLOCKS)})_(START|END) -->[ \t]*\r?$", re.MULTILINE)


def load_readme(root: Path) -> str:
    """Read README.md; UpdaterError says what is wrong with its markers."""
    text = decode((root / README).read_bytes())
    if "LATEST_PAPERS" not in find_blocks(text):
        raise UpdaterError(
            f"{README}, line 1: no markers; put <!-- LATEST_PAPERS_START --> and "
            "<!-- LATEST_PAPERS_END --> on lines of their own, not indented, where the newest "
            "papers belong"
        )
    return text


def find_blocks(text: str) -> dict[str, slice]:
    """Return the place between the markers of each block that README.md has, by name.

    A line that is a marker and nothing else is one, wherever it stands. UpdaterError: they are not
    one pair for each name, one pair behind the other.
    """
    places: dict[str, slice] = {}
    found = list(MARKER.finditer(text))
    for start, end in itertools.zip_longest(found[::2], found[1::2]):
        name = start[1]
        is_pair = end is not None and (start[2], end[1], end[2]) == ("START", name, "END")
        if not is_pair or name in places:
            line = text.count("\n", 0, start.start()) + 1
            raise UpdaterError(
                f"{README}, line {line}: not one pair of markers; write <!-- {name}_START --> and "
                f"<!-- {name}_END --> once each, in this order, alone on their lines, and indent "
                "those that only show how it is done"
            )
        places[name] = slice(start.end() + 1, end.start())
    return places


def fill_blocks(text: str, fill: Callable[[str], str]) -> str:
    """Return README.md with its blocks filled, with their line ends; all else stays as it is.

    `fill` returns the text of a block by the name of its template. UpdaterError: one of them
    breaks the markers.
    """
    for name, place in reversed(find_blocks(text).items()):
        before, after = text[: place.start], text[place.stop :]
        block = fill(BLOCKS[name])
        if MARKER.search(block) or not f"\n{block}".endswith("\n"):
            wrong = "what it gives breaks the markers of README.md"
            raise UpdaterError(f"{TEMPLATES}/{BLOCKS[name]}: {wrong}; mend the template")
        if before.endswith("\r\n"):
            block = block.replace("\n", "\r\n")
        text = before + block + after
    return text


FENCE = re.compile(r"^(?:```|~~~).*", re.MULTILINE)
HEADING = re.compile(
    r"^\ufeff?#{1,6} +(.+)|<h[1-6]\b[^<>]*>((?:[^<]|<(?!/?h[1-6]\b))*+)</h", re.MULTILINE
)
IMAGE_OR_TAG = re.compile(r"!\[[^\[\]]*\]\([^()]*\)|<[^<>]*>")
# What makes a link of words, what makes them strong, and what may close a heading.
MARK = re.compile(r"\[(?=[^\[\]]*\]\()|\]\([^()]*\)|[*`]| #+ *$")
LONGEST_TITLE = 150  # characters of the list's title, which stands on every page


def headings(readme: str) -> list[str]:
    """Return the words of each heading outside of code."""
    text = "".join(FENCE.split(readme)[::2])
    found = [heading[1] or heading[2] for heading in HEADING.finditer(text)]
    words = [MARK.sub("", IMAGE_OR_TAG.sub(" ", heading)) for heading in found]
    return list(clean_all(map(html.unescape, words)))


def list_title(readme: str) -> str:
    """Return the title of the list: the first heading that README.md has."""
    return shorten(next(iter(headings(readme)), "Papers"), LONGEST_TITLE)


def anchor_of(heading: str) -> str:
    """Return how GitHub calls the place of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


# ---------------------------------------------------------------------------------------- templates
# A list has its own, or the script's; of a fault in one, file and line are named.

ASSETS = ("search.css", "search.js")  # templates without a blank to fill: copied as they are


class Templates:
    """The templates of a list, and the script's own for those that it does not have."""

    def __init__(self, root: Path, title: str, homepage: str) -> None:
        """Take what all pages show: the title, and the address where they are published."""
        ours = Path(__file__).resolve().parent
        self.folders = jinja2.FileSystemLoader([root / TEMPLATES, ours / TEMPLATES])
        markup = jinja2.Environment(
            autoescape=True,
            loader=self.folders,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        markup.filters["link_text"] = link_text
        markup.filters["stamp"] = stamp
        markup.filters["papers"] = count_papers
        # config.yaml takes no homepage in which anything needs an escape.
        markup.globals |= {"title": title, "homepage": Escaped(homepage)}
        self.markup = markup  # for XML and HTML
        self.markdown = markup.overlay(finalize=escape_markdown)

    def fill(self, name: str, facts: Mapping[str, object]) -> str:
        """Fill a template; UpdaterError names it and its line."""
        environment = self.markdown if name.endswith(".md.j2") else self.markup
        try:
            return environment.get_template(name).render(facts)
        except (
            jinja2.TemplateError,
            ArithmeticError,
            LookupError,
            RecursionError,
            TypeError,
            ValueError,
        ) as error:
            wrong = f"{log_text(error)}; mend the template"
            raise UpdaterError(f"{TEMPLATES}/{place_in_template(error, name)}: {wrong}") from error

    def text(self, name: str) -> str:
        """Return a template as it is written."""
        try:
            return self.folders.get_source(self.markup, name)[0]
        except UnicodeDecodeError as error:
            wrong = "not UTF-8; save it as UTF-8"
            raise UpdaterError(f"{TEMPLATES}/{name}: {wrong}") from error

    def digest(self) -> str:
        """Return the digest of all templates."""
        found = self.folders.list_templates()
        names = [name for name in found if name.endswith(".j2") or name in ASSETS]
        return digest("\0".join([*names, *map(self.text, names)]).encode())


def place_in_template(error: Exception, name: str) -> str:
    """Return template and line in which an error arose: "month.md.j2, line 7"."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [frame for frame in frames if frame.filename.endswith(".j2")]
    if not places:
        return name
    return f"{Path(places[-1].filename).name}, line {places[-1].lineno}"


# -------------------------------------------------------------------------------------------- pages
# Which pages there are, and what is on them.

PAGE_ROWS = 80  # as many lines of 4,096 bytes stay below 350 KiB, where code search drops a file
DOMAIN_ROWS = 60  # with abstracts: about as many as anybody scrolls through
DOMAIN_TITLES = 500  # behind them: as many stay below 350 KiB, too
ARCHIVE_ROWS = 100  # behind those of README.md
FEED_ROWS = 50  # feed readers ask again long before so many have come
KEPT_ROWS = 2_000  # made rows: more than stand on all pages but those of months
FEED = "articles/feed.xml"
WEEK = 7 * DAY
RECENT = 90 * DAY  # a quarter evens out the conferences' deadlines


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page as it should be: what it is made of, not yet its text."""

    path: str
    template: str
    papers: Sequence[Paper] = ()  # in the order in which they are shown
    facts: Mapping[str, object]  # what else the template is given
    month: str = ""  # whose papers it shows, "" if it spans months


class Link(NamedTuple):
    """What a template links to."""

    text: str
    target: str


class Trend(NamedTuple):
    """A row of the table of domains."""

    domain: Domain
    papers: int  # in all
    recent: int  # submitted in the 90 days up to the submission of the list's youngest paper
    newest: Paper | None  # the last announced


@dataclass(frozen=True)
class Listing:
    """The papers that are shown: all of the store but those under `exclude`."""

    months: Mapping[str, Sequence[Paper]]  # in the order of announcement
    newest: Sequence[Paper]  # all, the last announced first
    domains: Mapping[str, Sequence[Paper]]  # by the domain's name, the last announced first

    @classmethod
    def of(cls, store: Store, config: Config) -> Listing:
        """Choose the papers that are shown."""
        shown = [paper for name, paper in store.papers.items() if name not in config.exclude]
        by_month = itertools.groupby(shown, lambda paper: month_of(paper.id))
        months = {month: list(papers) for month, papers in by_month}
        newest = shown[::-1]
        domains: dict[str, list[Paper]] = {domain.name: [] for domain in config.domains}
        for paper in newest:
            for name in paper.domains:
                domains[name].append(paper)
        return cls(months, newest, domains)

    @functools.cached_property
    def last_submission(self) -> dt.datetime | None:
        """When the youngest paper was submitted, None if there is none."""
        return max((paper.published for paper in self.newest), default=None)

    def of_late(self, papers: Iterable[Paper], span: dt.timedelta) -> list[Paper]:
        """Return those of some papers that were submitted in a span of time up to the youngest."""
        last = self.last_submission or NEVER
        return [paper for paper in papers if paper.published > last - span]


@dataclass(frozen=True, kw_only=True)
class Site:
    """All that the pages are made of."""

    config: Config
    listing: Listing
    readme: str  # README.md as it is
    templates: Templates
    feed_id: str
    row: Callable[[Paper], Row]  # made once for all pages that show it


def make_site(
    config: Config, store: Store, readme: str, templates: Templates, feed_id: str
) -> Site:
    """Put together all that the pages are made of."""
    domains = {domain.name: domain for domain in config.domains}
    return Site(
        config=config,
        listing=Listing.of(store, config),
        readme=readme,
        templates=templates,
        feed_id=feed_id,
        row=functools.lru_cache(KEPT_ROWS)(functools.partial(make_row, domains=domains)),
    )


def plan_pages(site: Site) -> Iterator[Page]:
    """Yield every page that there should be under articles/."""
    listing, config = site.listing, site.config
    anchors = {*map(anchor_of, headings(site.readme))}
    yield from month_pages(listing)
    for domain in config.domains:
        papers = listing.domains[domain.name]
        yield domain_page(domain, papers, config, anchors)
        yield feed_page(
            f"articles/{domain.page}.xml", papers, f"{site.feed_id}:{domain.page}", domain
        )
    yield feed_page(FEED, listing.newest, site.feed_id)
    yield archive_page(listing, config)
    yield search_page(listing, config)


def month_pages(listing: Listing) -> Iterator[Page]:
    """Yield the pages of all months.

    They fill oldest first, so that a new paper moves none of the others to another page. Each
    shows its newest paper first, and links to a month lead to its last page.
    """
    months = list(listing.months)
    for before, month, after in zip(["", *months], months, [*months[1:], ""], strict=False):
        parts = batched(listing.months[month], PAGE_ROWS)
        names = page_names(month, len(parts))
        facts = {
            "heading": month_name(month),
            "names": names,
            "before": month_link(before, listing),
            "after": month_link(after, listing),
        }
        for name, papers in zip(names, parts, strict=True):
            yield Page(
                path=f"articles/{name}.md",
                template="month.md.j2",
                papers=papers[::-1],
                facts={**facts, "name": name},
                month=month,
            )


def batched(papers: Sequence[Paper], size: int) -> list[Sequence[Paper]]:
    """Return papers in parts of a size, the last one of what is left."""
    return [papers[at : at + size] for at in range(0, len(papers), size)]


def page_names(month: str, count: int) -> list[str]:
    """Return the names of a month's pages: "2025-11", "2025-11-2" and so on."""
    return [month, *(f"{month}-{number}" for number in range(2, count + 1))]


def month_link(month: str, listing: Listing) -> Link | None:
    """Return the link to a month, None if there is none."""
    if not month:
        return None
    pages = len(batched(listing.months[month], PAGE_ROWS))
    return Link(month_name(month), f"{page_names(month, pages)[-1]}.md")


def month_name(month: str) -> str:
    """Return "March 2026" for "2026-03"."""
    return f"{dt.date.fromisoformat(f'{month}-01'):%B %Y}"


def domain_page(
    domain: Domain, papers: Sequence[Paper], config: Config, anchors: Collection[str]
) -> Page:
    """Return the page of a domain: its newest papers, then titles, then a way to the months.

    It leads to README.md's heading of its key papers, if there is one of its name in `anchors`.
    """
    anchor = anchor_of(domain.name)
    facts = {
        "domain": domain,
        "count": len(papers),
        "titles": papers[DOMAIN_ROWS:][:DOMAIN_TITLES],
        "others": [other for other in config.domains if other != domain],
        "key_papers": anchor if anchor in anchors else "",
    }
    return Page(
        path=f"articles/{domain.page}.md",
        template="domain.md.j2",
        papers=papers[:DOMAIN_ROWS],
        facts=facts,
    )


def trends(listing: Listing, config: Config) -> list[Trend]:
    """Return how many papers the domains have, and how many of late."""
    found = []
    for domain in config.domains:
        papers = listing.domains[domain.name]
        recent = len(listing.of_late(papers, RECENT))
        found.append(Trend(domain, len(papers), recent, papers[0] if papers else None))
    return found


def archive_page(listing: Listing, config: Config) -> Page:
    """Return the entry to the archive: domains, months, and the papers behind the newest."""
    months = [(month_link(month, listing), len(papers)) for month, papers in listing.months.items()]
    facts = {
        "count": len(listing.newest),
        "trends": trends(listing, config),
        "months": months[::-1],
    }
    papers = listing.newest[config.latest :][:ARCHIVE_ROWS]
    return Page(path="articles/README.md", template="archive.md.j2", papers=papers, facts=facts)


def feed_page(
    path: str, papers: Sequence[Paper], feed_id: str, domain: Domain | None = None
) -> Page:
    """Return the Atom feed of a domain, or of the whole list."""
    shown = papers[:FEED_ROWS]
    facts = {
        "id": feed_id,
        "name": Path(path).name,
        "domain": domain,
        "updated": stamp(max((paper.updated for paper in shown), default=midnight(ARXIV_BEGAN))),
    }
    return Page(path=path, template="feed.xml.j2", papers=shown, facts=facts)


def search_page(listing: Listing, config: Config) -> Page:
    """Return the page that searches the store in the reader's browser."""
    facts = {
        "months": list(listing.months)[::-1],
        "domains": [domain.name for domain in config.domains],
        "exclude": list(config.exclude),
        "readme": repository_of(config.homepage),
    }
    return Page(path="articles/search.html", template="search.html.j2", facts=facts)


def repository_of(homepage: str) -> str:
    """Return the repository whose pages GitHub publishes at an address, "" if it says none."""
    match = re.fullmatch(r"https://([\w-]+)\.github\.io/([\w.-]+)/", homepage)
    if not match:
        return ""
    return f"https://github.com/{match[1]}/{match[2]}"


def front_page(site: Site) -> str:
    """Return README.md with its blocks filled; what is around them is somebody's own text."""
    listing, config = site.listing, site.config
    facts = {
        "rows": [*map(site.row, listing.newest[: config.latest])],
        "count": len(listing.newest),
        "week": len(listing.of_late(listing.newest, WEEK)),
        "trends": trends(listing, config),
    }
    return fill_blocks(site.readme, lambda template: site.templates.fill(template, facts))


# -------------------------------------------------------------------------------- what a run leaves
# One digest says whether all of it is still there; a store that lost papers stops the run.

LAST_LINE = "<!-- Generated by update_papers.py, edits here are lost: of {} papers -->\n"
GENERATED = re.compile(
    rb"<!-- Generated by update_papers\.py, edits here are lost: of ([0-9]+) papers[^<>]*-->\s*\Z"
)
LAST_BYTES = 200  # of a page: they have its last line
MONTH_PAGE = re.compile(r"articles/(\d{4}-\d{2})(?:-\d+)?\.md")
# All files below articles/ whose name is one of ours, whether this run makes them or not.
OUR_FILE = re.compile(
    rf"{MONTH_PAGE.pattern}|articles/(?:domain-[a-z0-9-]+\.(?:md|xml)|feed\.xml|README\.md"
    r"|search\.(?:html|css|js))"
)


def our_files(root: Path) -> Iterator[tuple[str, Path]]:
    """Yield the files below articles/ whose name is one of ours, in order."""
    for path in sorted(root.glob("articles/*.*")):
        name = path.relative_to(root).as_posix()
        if OUR_FILE.fullmatch(name) and path.is_file():
            yield name, path


def papers_shown(path: Path) -> int | None:
    """Return of how many papers a page was made, None if it was not made by us."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - LAST_BYTES))
        found = GENERATED.search(file.read())
    if not found:
        return None
    return int(found[1])


def guard_store(root: Path, store: Store) -> None:
    """Stop a run that lost papers: UpdaterError if a month's pages were made of more of them.

    A store that was lost must never be taken for a smaller list.
    """
    shown: Counter[str] = Counter()
    for name, path in our_files(root):
        found = MONTH_PAGE.fullmatch(name)
        if found:
            shown[found[1]] += papers_shown(path) or 0

    stored = Counter(map(month_of, store.papers))
    for month in sorted(shown):
        if shown[month] > stored[month]:
            name = store_path(month)
            raise UpdaterError(
                f"{name}, line 1: has {count_papers(stored[month])}, and the pages of the month "
                f"were made of {shown[month]:,}; bring it back with: git checkout HEAD -- {name}; "
                "if it is not there, look whether git ignores it; or, if that was meant, delete "
                f"the pages articles/{month}*.md too"
            )


def guard_readme(readme: str, store: Store) -> None:
    """Raise UpdaterError if README.md lists papers and none is stored: it would be emptied."""
    place = find_blocks(readme)["LATEST_PAPERS"]
    if store.papers or "arxiv.org/abs/" not in readme[place]:
        return
    raise UpdaterError(
        f"{STORE_FOLDER}: has no papers, and {README} lists some; bring them back with: "
        "git checkout HEAD -- articles; or, if that was meant, empty the block in README.md too"
    )


def is_known_to_git(root: Path, name: str) -> bool:
    """Tell whether git has files below a name, though they may be gone from the disk."""
    git = shutil.which("git")
    if not git:
        return False
    command = [git, "-C", str(root), "ls-files", name]
    return bool(subprocess.run(command, capture_output=True, check=False).stdout)


class Snapshot(NamedTuple):
    """What is there of a run's work: state.json keeps the digest of what the last one left."""

    rules: str  # the digest of all that decides, beside the papers, what the files say
    files: Mapping[str, str]  # the digest of each file that we write, by its name

    def digest(self) -> str:
        """Return the digest of rules and files, but for those that are gone, and README.md.

        README.md is somebody's own.
        """
        ours = {name: known for name, known in self.files.items() if known and name != README}
        files = [f"{name} {known}" for name, known in sorted(ours.items())]
        return digest("\n".join([self.rules, *files]).encode())


def take_snapshot(
    root: Path, config: Config, readme: str, templates: Templates, store: Store
) -> Snapshot:
    """Return what is there: all files below articles/ whose name is one of ours, and the rules."""
    files = {README: File(README, readme).digest(), **store.files}
    for name, path in our_files(root):
        files[name] = digest(read_lines(path))

    script = read_lines(Path(__file__))
    libraries = [metadata.version(name) for name in ("jinja2", "markupsafe", "PyStemmer")]
    rules = [digest(script), templates.digest(), repr(config), repr(headings(readme)), *libraries]
    return Snapshot(digest("\n".join(rules).encode()), files)


def render_page(page: Page, site: Site) -> File:
    """Return a page as it should be."""
    facts = {**page.facts, "papers": page.papers}
    if page.path.endswith(".md"):
        facts["rows"] = [*map(site.row, page.papers)]
    body = site.templates.fill(page.template, facts)
    if not body.endswith("\n"):  # our line stands alone
        body += "\n"
    return File(page.path, body + LAST_LINE.format(len(page.papers)))


def render(root: Path, site: Site, changed: Collection[str] | None) -> Iterator[File]:
    """Return the files that readers open, in the order in which they are to be written.

    Args:
        root: The folder of the list.
        site: What the pages are made of.
        changed: The months of which papers have changed, None if everything may have.

    Rendered are the pages of these months and of those beside them, which link to them, and every
    page that spans months; if nothing has changed, none of them. README.md is made in every run.

    Months can be many, so they are rendered as they are taken, but for one: that a template has a
    fault is found before anything is written.
    """
    pages = list(plan_pages(site))
    files: list[File] = []
    if changed is None:
        files += [File(f"articles/{name}", site.templates.text(name)) for name in ASSETS]
        files += obsolete_files(root, {page.path for page in pages})
    else:
        concerned = {"", *with_neighbours(changed, site.listing.months)} if changed else set()
        pages = [page for page in pages if page.month in concerned]

    months = [page for page in pages if page.month]
    others = [page for page in pages if not page.month]
    files += [render_page(page, site) for page in [*months[:1], *others]]
    readme = File(README, front_page(site))
    rest = (render_page(page, site) for page in months[1:])
    return itertools.chain(files, rest, [readme])


def with_neighbours(months: Collection[str], all_months: Iterable[str]) -> set[str]:
    """Return months, and those just before and behind each of them."""
    found = {*months}
    for before, after in itertools.pairwise(all_months):
        if before in months:
            found.add(after)
        if after in months:
            found.add(before)
    return found


def obsolete_files(root: Path, planned: Collection[str]) -> Iterator[File]:
    """Yield, to be deleted, the pages of ours that nobody makes any more.

    They are of a domain that is gone, or have a number that a month lost.
    """
    for name, path in our_files(root):
        if name not in planned and papers_shown(path) is not None:
            yield File(name, None)


# -------------------------------------------------------------------------------------------- files
# A file is written whole or not at all, and only if it says something else.

TEMPORARY = ".update-papers."  # begins the names of temporary files; .gitignore knows it


class File(NamedTuple):
    """What a file should say; None: it should not be there."""

    name: str
    text: str | None

    def data(self) -> bytes:
        """Return the bytes of the file; those of README.md that are no UTF-8 are as they were."""
        return (self.text or "").encode("utf-8", "surrogateescape")

    def digest(self) -> str:
        """Return the digest of its bytes, "" if it should not be there."""
        if self.text is None:
            return ""
        return digest(self.data())


def write_files(
    root: Path, files: Iterable[File], known: Mapping[str, str], *, dry_run: bool
) -> dict[str, str]:
    """Write the files that say something else, or print how they would change.

    Args:
        root: The folder of the list.
        files: What they should say.
        known: The digests of what they say, by name.
        dry_run: Whether nothing is to be written.

    Returns:
        The digests of what the differing ones say then; "" where there is no file any more.
    """
    changed: dict[str, str] = {}
    for file in files:
        if file.digest() == known.get(file.name, ""):
            continue
        changed[file.name] = file.digest()
        if dry_run:
            tell(difference(file, read_if_there(root, file.name)))
        else:
            write(root, file)
    return changed


def write(root: Path, file: File) -> None:
    """Write a file, whole or not at all; UpdaterError names it."""
    path = Path(os.path.realpath(root / file.name))  # what a link leads to
    temporary = path.with_name(f"{TEMPORARY}{os.getpid()}.{path.name}")  # two runs may be at work
    try:
        if file.text is None:
            (root / file.name).unlink(missing_ok=True)  # the link alone
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(file.data())
        if path.exists():
            shutil.copymode(path, temporary)
        temporary.replace(path)
    except OSError as error:
        remedy = "make room, or free the file, and run again"
        raise UpdaterError(f"{file.name}: {error.strerror}; {remedy}") from error
    finally:
        with contextlib.suppress(OSError):  # nearly always: it has become the file
            temporary.unlink()


def difference(file: File, present: bytes) -> str:
    """Return how a file would change, as a unified diff."""
    lines = difflib.unified_diff(
        decode(present).split("\n"),
        (file.text or "").replace("\r\n", "\n").split("\n"),
        f"a/{file.name}",
        f"b/{file.name}",
        lineterm="",
    )
    return "\n".join(lines)


# --------------------------------------------------------------------------------------- the report
# What a run did, and what somebody should look at.

IDS_TOLD = 300  # in a line of the log


class News(NamedTuple):
    """What came in a run, and what it changed."""

    answer: Answer
    changes: Changes


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a run did, and what is wrong: for the log, the exit status and GitHub's summary."""

    answer: Answer
    changes: Changes
    count: int  # papers that are shown
    newest: dt.datetime | None  # the last submission
    problem: str  # what makes the run end with 3
    sweep_failed: bool  # it was to bring everything, and did not
    stored_below: Sequence[str]  # ids, after min_score was raised
    unused: Sequence[str]  # keywords and categories that no paper of a sweep has


def make_report(options: Options, site: Site, state: State, window: Window, news: News) -> Report:
    """Return what there is to tell of a run."""
    answer, config = news.answer, site.config
    is_raised = config.min_score > state.min_score and not options.rebuild
    return Report(
        answer=answer,
        changes=news.changes,
        count=len(site.listing.newest),
        newest=site.listing.last_submission,
        problem=find_problem(options, site, answer),
        sweep_failed=window.is_sweep and not answer.complete,
        stored_below=stored_below(site.listing, config) if is_raised else [],
        unused=find_unused(answer.papers, config) if window.is_sweep and answer.complete else [],
    )


def find_problem(options: Options, site: Site, answer: Answer) -> str:
    """Return what makes a run that asked end with 3, "" if nothing does."""
    if answer.problem or not options.asks:
        return answer.problem
    newest = site.listing.last_submission
    if newest is None:
        found = f"the list is empty, and arXiv gave {count_papers(len(answer.papers))}"
        return f"{found}: look at keywords, categories and min_score"

    days, limit = (options.today - newest).days, site.config.stale_after_days
    if days <= limit or limit == 0:
        return ""
    age = f"its newest paper is {days} days old, more than stale_after_days ({limit})"
    remedy = "look at the keywords and at arXiv, or raise stale_after_days (0: never)"
    return f"the list stands still: {age}; {remedy}"


def log_report(report: Report) -> None:
    """Tell what somebody should look at."""
    for arxiv_id in report.answer.missing:
        LOG.warning("%s: include: arXiv has no %s; correct or delete it", CONFIG, arxiv_id)
    if report.sweep_failed:
        LOG.warning("not all since the list's first day came; it is asked for again in two days")
    if report.unused:
        unused = ", ".join(report.unused)
        LOG.info("no paper of this sweep has: %s; look at their spelling, or delete them", unused)
    if report.stored_below:
        ids = ", ".join(report.stored_below[:IDS_TOLD])
        count = len(report.stored_below)
        LOG.info("%d listed papers are below min_score; to hide them: exclude: [%s]", count, ids)
    if report.problem:
        LOG.error("%s", report.problem)


def write_summary(text: str) -> None:
    """Add to the page of the run, if this is GitHub."""
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if not path:
        return
    try:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        LOG.warning("%s: %s; the summary of the run is lost", path, error.strerror)


# ------------------------------------------------------------------------------------------- update
# A run, as the beginning of this file lists it.


def update(options: Options) -> int:
    """Run once: load, ask, merge, work out, render, write; return the exit status."""
    root = options.root
    config = load_config(root)
    stored = load_whole_store(options)
    state = load_state(root, config, stored, options.last_day)
    window = plan_window(options, config, state, stored.papers.keys())
    answer = get_answer(options, config, window)

    readme = load_readme(root)  # after arXiv was asked: somebody may have edited them meanwhile
    stored = reload_store(root, stored)
    guard_store(root, stored)
    listed = choose(answer.papers, config, stored.papers.keys())
    merged, changes = merge(stored, listed, trusted=window.is_sweep)
    guard_readme(readme, merged)

    templates = Templates(root, list_title(readme), config.homepage)
    found = take_snapshot(root, config, readme, templates, stored)
    # What the last run left is there: then only what came is worked out and rendered.
    is_as_left = found.digest() == state.made and not options.rebuild
    concerned = changes.all if is_as_left else merged.papers.keys()
    store = work_out(merged, config, concerned)
    feed_id = state.feed_id or f"urn:arxiv-list:{quote(list_title(readme))}"
    site = make_site(config, store, readme, templates, feed_id)

    report = make_report(options, site, state, window, News(answer, changes))
    summary = templates.fill("summary.md.j2", vars(report))
    months = {month_of(arxiv_id) for arxiv_id in concerned}
    pages = render(root, site, months if is_as_left else None)
    files = itertools.chain(store_files(store, months), pages)
    after = state_after(state, options, site, window, answer)
    written = write_all(options, files, found, after)

    tell_of(options, report, config, written)
    write_summary(summary)
    return exit_status(options, report, written)


def state_after(
    state: State, options: Options, site: Site, window: Window, answer: Answer
) -> State:
    """Return what is known of arXiv and of the list after an answer."""
    known: dict[str, object] = {"feed_id": site.feed_id}
    if not options.rebuild:
        known["min_score"] = site.config.min_score
    if options.since:  # it can name any day, so that it may leave out some before it
        return state.model_copy(update=known)

    if answer.read_to:
        known["read_to"] = max(answer.read_to, state.read_to or answer.read_to)
    today = options.today.date()
    if window.is_sweep and answer.complete:
        day = min(today, options.now.date())  # --until can name a day to come
        known |= {"swept": max(day, state.swept or day), "sweep_failed": None}
    elif window.is_sweep:
        known["sweep_failed"] = today
    return state.model_copy(update=known)


def write_all(options: Options, files: Iterable[File], found: Snapshot, state: State) -> int:
    """Write the files that say something else, state.json last; return how many.

    state.json gets the digest of what is there then: what was `found`, and what was written.
    """
    changed = write_files(options.root, files, found.files, dry_run=options.dry_run)
    if options.dry_run:
        return len(changed)
    left = Snapshot(found.rules, {**found.files, **changed})
    known = state.model_copy(update={"made": left.digest()})
    text = known.model_dump_json(indent=1, exclude_none=True)
    state_file = File(STATE, f"{text}\n")
    before = {STATE: digest(read_if_there(options.root, STATE))}
    return len(changed | write_files(options.root, [state_file], before, dry_run=False))


def load_whole_store(options: Options) -> Store:
    """Read every paper; UpdaterError: a file or README.md is damaged, or papers were lost."""
    root = options.root
    readme = load_readme(root)
    store = load_store(root)
    guard_store(root, store)
    # A demo and a new list have no store yet, though README.md may show papers.
    if not (store.papers or options.feed) and is_known_to_git(root, STORE_FOLDER):
        guard_readme(readme, store)
    return store


def tell_of(options: Options, report: Report, config: Config, written: int) -> None:
    """Tell what a run did; of a dry one also what helps to choose `min_score`."""
    log_report(report)
    if options.dry_run:
        tell(*describe_scores(report.answer.papers, config))
    tell(closing_line(report, written, dry_run=options.dry_run))


def closing_line(report: Report, written: int, *, dry_run: bool) -> str:
    """Return what every run ends with: "2 new, 1 revised, 496 in all; 9 files written"."""
    new, revised = len(report.changes.new), len(report.changes.revised)
    verb = "would change" if dry_run else "written"
    return f"{new} new, {revised} revised, {report.count} in all; {written} files {verb}"


def exit_status(options: Options, report: Report, written: int) -> int:
    """Return what a run ends with."""
    if report.problem:
        return INCOMPLETE
    if options.check and written:
        return STALE
    return DONE


# ------------------------------------------------------------------------------------------ explain
# Why a paper is in the list or not.


def explain(options: Options) -> int:
    """Print why a paper is in the list or not, by what the store or else arXiv says of it."""
    config = load_config(options.root)
    store = load_store(options.root)
    paper = store.papers.get(options.explain)
    if paper is None:
        tomorrow = options.now + DAY
        paper = fetch_one(config, options.explain, tomorrow, user_agent=options.user_agent)

    tell(*explanation(paper, config, is_stored=paper.id in store.papers))
    return DONE


def explanation(paper: Paper, config: Config, *, is_stored: bool) -> Iterator[str]:
    """Yield why a paper is in the list or not: the lines that --explain prints."""
    conditions = list(conditions_of(paper, config))
    is_pinned, is_hidden = paper.id in config.include, paper.id in config.exclude
    yield f"{paper.id}: {log_text(paper.title)}"
    yield from (line for line, _ in conditions)
    for key, holds in {"include": is_pinned, "exclude": is_hidden, "stored": is_stored}.items():
        yield f"{key}: {'yes' if holds else 'no'}"

    is_chosen = all(holds for _, holds in conditions)
    is_listed = (is_chosen or is_pinned or is_stored) and not is_hidden
    yield "listed" if is_listed else "not listed"


def conditions_of(paper: Paper, config: Config) -> Iterator[tuple[str, bool]]:
    """Yield a line on each thing that config.yaml demands of a paper, and whether it is met."""
    text = Searchable.of(paper)
    is_since = paper.published >= midnight(config.since)
    yield f"submitted: {paper.published.date()}; since: {config.since}", is_since

    for number, (name, terms) in enumerate(config.keywords.items(), 1):
        found = names_of(text.find(terms))
        yield f"keywords, {name or f'group {number}'}: {found or 'NONE'}", bool(found)

    excluded = names_of(text.find(config.exclude_keywords))
    yield f"exclude_keywords: {excluded or 'none'}", not excluded

    fits = not config.categories or not places_of(paper).isdisjoint(config.categories)
    categories = log_text(" ".join(paper.categories))
    yield f"categories: {categories}: {'fit' if fits else 'DO NOT FIT'}", fits

    counted = {each.words: points(each, text) for each in score_phrases(config.keywords)}
    total = sum(counted.values())
    parts = ", ".join(f"{words} {count}" for words, count in counted.items() if count)
    line = f"score: {total}, min_score: {config.min_score} ({parts or 'no phrase'})"
    yield line, total >= config.min_score


def names_of(terms: Iterable[Term]) -> str:
    """Return terms as they stand in config.yaml."""
    return ", ".join(map(str, terms))


# ------------------------------------------------------------------------------------- command line

# Exit statuses.
DONE = 0
STALE = 1  # --check found something
FAILED = 2  # nothing could be begun, or a file could not be written
INCOMPLETE = 3  # arXiv could not be read to the end, or the list stands still


def parse_moment(text: str) -> dt.datetime:
    """Read an ISO date or date-time, UTC unless it says otherwise."""
    try:
        moment = dt.datetime.fromisoformat(text.strip())
    except ValueError:
        moment = NEVER
    if not ARXIV_BEGAN.year <= moment.year < dt.MAXYEAR:
        remedy = "write a day such as 2026-01-31, or 2026-01-31T12:00"
        raise argparse.ArgumentTypeError(f"{text!r} is no date of arXiv's; {remedy}")
    return moment.replace(tzinfo=moment.tzinfo or dt.UTC).astimezone(dt.UTC)


def parse_id(text: str) -> str:
    """Read an arXiv id of the command line."""
    try:
        return read_id(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    here = Path(__file__).resolve().parent
    add = parser.add_argument
    add("--root", type=Path, default=here, metavar="DIR", help="the folder of the list")
    add("--until", type=parse_moment, metavar="DATE", help="take this day for today")
    add("--keep-answers", type=Path, metavar="DIR", help="save each answer there, for --feed")
    add("--dry-run", action="store_true", help="write nothing, print what would change")
    add("-v", "--verbose", action="store_true", help="tell each request")

    add = parser.add_mutually_exclusive_group().add_argument
    add("--since", type=parse_moment, metavar="DATE", help="ask for papers from this day on (UTC)")
    add("--sweep", action="store_true", help="ask from the `since` of config.yaml on")
    saved = "read saved answers"
    add("--feed", type=Path, nargs="+", action="extend", metavar="FILE", help=saved)
    add("--rebuild", action="store_true", help="ask nothing, sort and render everything anew")
    add("--check", action="store_true", help="write nothing, exit 1 if --rebuild would change it")
    add("--explain", type=parse_id, metavar="ID", help="print why a paper is in the list or not")
    return parser


def parse_arguments(argv: Sequence[str] | None, now: dt.datetime) -> Options:
    """Read the command line, and put to it what follows from it."""
    options = make_parser().parse_args(argv)
    options.now = now
    options.today = options.until or now
    latest = max(now, options.today) + DAY  # that a date can have: clocks are slow
    options.last_day = latest.date()
    options.rebuild |= options.check
    options.dry_run |= options.check
    options.asks = not (options.feed or options.rebuild)  # arXiv
    options.user_agent = user_agent(os.environ.get("GITHUB_REPOSITORY", ""))
    return options


def user_agent(repository: str) -> str:
    """Return how a run calls itself; `repository`: "owner/name" of the list on GitHub, or ""."""
    if not repository:
        return f"update-papers/{VERSION}"
    return f"update-papers/{VERSION} (+https://github.com/{repository})"


def tell(*lines: str) -> None:
    """Print lines; a console that is closed is no reason to fail."""
    if sys.stdout:
        with contextlib.suppress(OSError):
            sys.stdout.writelines(f"{line}\n" for line in lines)


def one_line(record: logging.LogRecord) -> bool:
    """Make a message, those of the libraries too, lines that GitHub's runner does not obey."""
    lines = record.getMessage().split("\n")
    record.msg = "\n".join(map(log_text, lines))
    record.args = ()
    record.exc_info = None
    return True


def set_up_console(*, verbose: bool) -> None:
    """Send messages to stderr, and let neither console fail at a letter that it does not know."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")

    handler = logging.StreamHandler()
    handler.addFilter(one_line)
    level = logging.DEBUG if verbose else logging.INFO
    logging.basicConfig(level=level, format="%(message)s", handlers=[handler], force=True)


def close_console() -> None:
    """Send what was printed on its way; a console that is gone does not change the status."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream:
                stream.flush()
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())


def why_unusable(error: OSError, root: Path) -> str:
    """Return which file could not be read or written, why, and what to do about it."""
    path = Path(error.filename or root)
    if path.is_relative_to(root):
        path = path.relative_to(root)
    remedy = f"bring it back, free it or make room, and run again; --root is {root}"
    return f"{path.as_posix()}: {error.strerror or error}; {remedy}"


def main(argv: Sequence[str] | None = None, now: dt.datetime | None = None) -> int:
    """Run the command line; `now` stands in for the time of day, which is read here alone."""
    options = parse_arguments(argv, now or dt.datetime.now(dt.UTC))
    set_up_console(verbose=options.verbose)
    try:
        if options.explain:
            return explain(options)
        return update(options)
    except KeyboardInterrupt:
        problem, status = "interrupted; run again", INCOMPLETE
    except UnavailableError as error:
        problem, status = str(error), INCOMPLETE
    except UpdaterError as error:
        problem, status = str(error), FAILED
    except OSError as error:
        problem, status = why_unusable(error, options.root), FAILED

    LOG.error("%s", problem)
    write_summary(f"**{escape_markdown(log_text(problem))}**\n")
    return status


def run() -> int:
    """Run the command line as a program of its own."""
    gc.disable()  # objects in circles are few: to look for them takes a tenth of the time
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a cancelled job keeps what came
    try:
        return main()
    finally:
        close_console()


if __name__ == "__main__":
    raise SystemExit(run())
