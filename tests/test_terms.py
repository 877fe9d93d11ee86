"""Terms: a phrase stands in a paper here exactly when arXiv's index says so."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from update_papers import (
    STOP_WORDS,
    Domain,
    Escaped,
    Paper,
    Searchable,
    Term,
    domains_of,
    points,
    score,
    score_phrases,
    stems,
)

SUBMITTED = dt.datetime(2025, 11, 21, tzinfo=dt.UTC)


def make_text(
    title: str = "Untitled",
    abstract: str = "Nothing.",
    authors: tuple[str, ...] = ("A. Nobody",),
    comment: str = "",
) -> Searchable:
    """Return a made-up paper, ready to be searched."""
    paper = Paper(
        id="2511.00001",
        version=1,
        title=title,
        authors=authors,
        published=SUBMITTED,
        updated=SUBMITTED,
        abstract=abstract,
        primary_category="cs.CR",
        categories=("cs.CR",),
        comment=comment,
    )
    return Searchable.of(paper)


def make_domain(name: str, *terms: str) -> Domain:
    """Return a domain of terms as one writes them."""
    parsed = tuple(Term.parse(term) for term in terms)
    return Domain(name=name, page=Escaped(f"domain-{name.lower()}"), about=name, terms=parsed)


# ------------------------------------------------------------------------------------ stems


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("alignment", "aligning"),
        ("faithful", "faithfulness"),
        ("jailbreaks", "Jailbreaking"),
        ("deceptive", "deception"),
        ("red-teaming", "RED TEAM"),
        ("chain_of_thought", "chain of thought"),
        ("chain of thought", "chain thoughts"),
        ("the model's refusal", "model refusal"),
        ("the model\u2019s refusal", "models refuse"),
        ("GPT-4's", "gpt 4"),
        ("model\u2019S", "model"),
        ("naïve café's", "naïve café"),
    ],
)
def test_same_stems(one: str, other: str) -> None:
    """Case, hyphens, endings, stop words and a possessive 's make no difference."""
    assert stems(one) == stems(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("jail-break", "jailbreak"),
        ("safe", "safety"),
        ("attack", "tack"),
        ("x' s", "x"),
        ("'s'", ""),
        ("it'sy", "it y"),
    ],
)
def test_other_stems(one: str, other: str) -> None:
    """What arXiv's index keeps apart stays apart; an s that is no possessive is a word."""
    assert stems(one) != stems(other)


def test_stems_are_separate() -> None:
    """Each stem stands between two spaces, so that no phrase begins inside a word."""
    assert stems("Hidden attacks, and more!") == " hidden attack more "
    assert stems("") == stems("The of") == "  "


@given(st.text())
def test_stems_of_any_text(text: str) -> None:
    """Any text has stems, separated by single spaces, and none of a stop word."""
    found = stems(text)
    assert found == f" {' '.join(found.split())} "
    assert not any(letter.isspace() or letter == "_" for word in found.split() for letter in word)
    kept = stems(" ".join(STOP_WORDS) + " " + text)
    assert kept == found


@given(st.lists(st.text("abcdefghijklmnopqrstuvwxyz0", min_size=1)).map(" ".join))
def test_every_word_has_a_stem(text: str) -> None:
    """No word is lost, not even "s", of which the stemmer leaves nothing."""
    kept = [word for word in text.split() if word not in STOP_WORDS]
    assert len(stems(text).split()) == len(kept)


# ------------------------------------------------------------------------------------ terms


@pytest.mark.parametrize(
    ("written", "field", "words", "query"),
    [
        ("jailbreak", "", "jailbreak", 'ti:"jailbreak" OR abs:"jailbreak"'),
        ("ti:red teaming", "ti", "red teaming", 'ti:"red teaming"'),
        ("abs: long CoT ", "abs", "long CoT", 'abs:"long CoT"'),
        ("au:Hinton, G", "au", "Hinton, G", 'au:"Hinton, G"'),
        ("co:accepted", "co", "accepted", 'co:"accepted"'),
        ("C++: an outlook", "", "C++: an outlook", 'ti:"C++: an outlook" OR abs:"C++: an outlook"'),
        ("C#", "", "C#", 'ti:"C#" OR abs:"C#"'),
        ("and so on", "", "and so on", 'ti:"and so on" OR abs:"and so on"'),
        ("ORACLE", "", "ORACLE", 'ti:"ORACLE" OR abs:"ORACLE"'),
        ("anti: body", "", "anti: body", 'ti:"anti: body" OR abs:"anti: body"'),
        ("安全", "", "安全", 'ti:"安全" OR abs:"安全"'),
    ],
)
def test_term(written: str, field: str, words: str, query: str) -> None:
    """A term knows its field, its words as they are written, and its query."""
    term = Term.parse(written)
    assert (term.field, term.words, term.query()) == (field, words, query)
    assert Term.parse(str(term)) == term


@pytest.mark.parametrize(
    "written",
    [
        "safety AND security",
        "red OR blue",
        "safety ANDNOT driving",
        "safety NOT driving",
        "ti:x AND y",
        "(safety AND x)",
        "jailbreak*",
        "*",
        "ti:attack abs:defence",
        "attack ti:defence",
        "attack (cat:cs.CR",
        "ti:abs:x",
        "attack AU: Hinton",
        "red team, blue team",
        "ti:red team,blue team",
        "co:ICLR, oral",
        "攻击\uff0c防御",
        "TI:safety",
        "Abs: safety",
        "AU:Hinton, G",
        "all:safety",
        "title: safety",
        "tit:safety",
        "CAT:cs.CR",
        'a "b" c',
        "\u201cquoted\u201d",
        "a\\b",
        "",
        "ti:",
        "!!",
        "to be or not to be",
        "ti :safety",
        "ti\uff1asafety",
        "-survey",
    ],
)
def test_bad_term(written: str) -> None:
    """What arXiv would read as something else, or never find, is refused with its remedy."""
    with pytest.raises(ValueError, match="is no term; write a line for each phrase, in quotes"):
        Term.parse(written)


@given(st.text())
def test_any_text_is_a_term_or_refused(text: str) -> None:
    """A term that is accepted has stems, and a query without a quotation mark too many."""
    try:
        term = Term.parse(text)
    except ValueError:
        return
    assert term.stems.strip()
    assert term.query().count('"') == (2 if term.field else 4)


# --------------------------------------------------------------------------------- matching


@pytest.mark.parametrize(
    ("term", "found"),
    [
        ("attacks", True),
        ("ti:attack", True),
        ("abs:attack", False),
        ("defence", True),
        ("ti:defences", False),
        ("abs:defence", True),
        ("au:Ada", True),
        ("Ada", False),
        ("co:oral", True),
        ("oral", False),
        ("thinking a defence", False),  # across title and abstract
        ("attack thinking", True),  # "on" is a stop word
        ("attack slow", False),
    ],
)
def test_field_of_a_term(term: str, *, found: bool) -> None:
    """A term is found in its own field only, a plain one in title or abstract."""
    text = make_text("An Attack on Thinking", "A defence, slowly.", ("Ada Null",), "Oral")
    assert any(text.find([Term.parse(term)])) == found


def test_found_terms() -> None:
    """The terms that a paper has come in their order, as they are written."""
    terms = [Term.parse(words) for words in ("Jail-breaks", "ti:safe", "cipher", "jail break")]
    text = make_text("Safe", "Of jail breaking.")
    assert [*map(str, text.find(terms))] == ["Jail-breaks", "ti:safe", "jail break"]


def test_domains_of() -> None:
    """A paper belongs to each domain that has a term of it, in the order of the config."""
    domains = [
        make_domain("Zeal", "zealous", "ti:cipher"),
        make_domain("Attack", "attack", "chain of attacks"),
        make_domain("People", "au:Null"),
        make_domain("Twice", "cipher", "attack"),
    ]
    assert domains_of(make_text("Attacks by cipher"), domains) == ("Zeal", "Attack", "Twice")
    assert domains_of(make_text(abstract="A cipher."), domains) == ("Twice",)
    assert domains_of(make_text(authors=("Ada Null",)), domains) == ("People",)
    assert domains_of(make_text(), domains) == ()
    assert domains_of(make_text("Attack"), []) == ()


WORDS = st.lists(
    st.sampled_from(["attack", "attacks", "of", "safe", "safety", "cipher"]), max_size=6
)
PHRASES = WORDS.map(" ".join).filter(lambda words: bool(stems(words).strip()))


@given(
    title=WORDS.map(" ".join),
    abstract=WORDS.map(" ".join),
    terms=st.lists(st.tuples(st.sampled_from(["", "ti:", "abs:"]), PHRASES), max_size=5),
)
def test_domains_by_their_terms(title: str, abstract: str, terms: list[tuple[str, str]]) -> None:
    """A paper is in the domains of which a search for their terms finds it."""
    text = make_text(f"x {title}", f"x {abstract}")
    domains = [make_domain(str(at), prefix + words) for at, (prefix, words) in enumerate(terms)]
    wanted = [domain.name for domain in domains if [*text.find(domain.terms)]]
    assert list(domains_of(text, domains)) == wanted


# ------------------------------------------------------------------------------------ score


@pytest.mark.parametrize(
    ("keywords", "parts"),
    [
        pytest.param(["attack"], [("attack", 3)], id="title and abstract"),
        pytest.param(["safety"], [("safety", 2)], id="title"),
        pytest.param(["cipher"], [("cipher", 1)], id="abstract"),
        pytest.param(["poison"], [], id="nowhere"),
        pytest.param(["ti:cipher", "abs:safety"], [("cipher", 1), ("safety", 2)], id="prefixes"),
        pytest.param(["Attacks", "abs:attack", "attacking"], [("Attacks", 3)], id="same stems"),
        pytest.param(
            ["attack", "safety attack"], [("attack", 3), ("safety attack", 2)], id="inside"
        ),
        pytest.param(["au:Null", "co:oral", "cipher"], [("cipher", 1)], id="authors and comments"),
        pytest.param(["au:cipher", "co:safety"], [], id="authors and comments only"),
        pytest.param(["au:attack", "attack"], [("attack", 3)], id="author of the same name"),
    ],
)
def test_score(keywords: list[str], parts: list[tuple[str, int]]) -> None:
    """Each phrase counts 2 in the title, 1 in the abstract; phrases of equal stems count once."""
    text = make_text("Safety Attacks", "Attacks by cipher and cipher.", ("Ada Null",), "Oral")
    terms = [Term.parse(words) for words in keywords]
    phrases = score_phrases({"one": terms, "two": terms[::-1]})
    counted = [(phrase.words, points(phrase, text)) for phrase in phrases]
    assert [part for part in counted if part[1]] == parts
    assert score(phrases, text) == sum(count for _, count in parts)


@given(keywords=st.lists(PHRASES, max_size=6), title=WORDS, abstract=WORDS)
def test_score_has_bounds(keywords: list[str], title: list[str], abstract: list[str]) -> None:
    """A phrase counts 3 at most, and the score does not depend on how phrases are grouped."""
    text = make_text(f"x {' '.join(title)}", f"x {' '.join(abstract)}")
    terms = [Term.parse(words) for words in keywords]
    phrases = score_phrases({"all": terms})
    split = score_phrases({str(at): [term] for at, term in enumerate(terms)})
    assert 0 <= score(phrases, text) <= 3 * len({term.stems for term in terms})
    assert score(split, text) == score(phrases, text)
