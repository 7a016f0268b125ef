"""No text makes the checker crash or hang: it gives a term, or says what is wrong."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import fields

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.cel_expressions import VARIABLES, expressions
from tests.places import REPOSITORY, library
from zelo.base.source import Report, Source
from zelo.events.types import BOOL, DOUBLE, DURATION, INT, STRING, TIMESTAMP, Field, Kind, ListOf, MapOf, ObjectOf
from zelo.policy.check import FeatureInfo, Scope, check, never_true
from zelo.policy.evaluate import evaluate
from zelo.policy.functions.registry import Function
from zelo.policy.parser import LENGTH_MAX, NESTING_MAX
from zelo.policy.scalar import Scalar
from zelo.policy.terms import Term
from zelo.policy.unparse import wording

SELLER = ObjectOf((("id", Field(STRING, required=True)), ("created_at", Field(TIMESTAMP))))
LISTING = Kind(
    "listing.created",
    ObjectOf(
        (
            ("seller", Field(SELLER, required=True)),
            *((name, Field(STRING)) for name in ("s1", "s2", "s3")),
            *((name, Field(INT)) for name in ("i1", "i2", "i3")),
            *((name, Field(DOUBLE)) for name in ("d1", "d2")),
            *((name, Field(BOOL)) for name in ("b1", "b2")),
            *((name, Field(TIMESTAMP)) for name in ("t1", "t2")),
            *((name, Field(DURATION)) for name in ("u1", "u2")),
            ("li", Field(ListOf(INT))),
            ("ls", Field(ListOf(STRING))),
            ("m", Field(MapOf(INT))),
            ("items", Field(ListOf(SELLER))),
        )
    ),
    {"actor": ("seller", "id")},
    {"actor": "account"},
)
SCOPE = Scope(
    LISTING,
    {"count": FeatureInfo(INT, optional=False)},
    frozenset({"words"}),
    {"limit": (INT, 5), "age": (DURATION, 9)},
)
TOKENS = (
    *"( ) [ ] { } . , ? : ! - + * / % < > = == != <= >= && || & | in true false null not and or //".split(),
    *"event actor features lists constants event.s1 event.i1 event.d1 event.ls event.m event.items".split(),
    *"actor.labels features.count lists.words constants.limit x y has all exists exists_one filter map size".split(),
    *"matches timestamp duration timeSince int double string math.greatest getHours contains folded".split(),
    *"hasAnyWord 1 0x1F 1u 2.5 1e9".split(),
    *("'a'", '"b"', 'r"\\d"', "b'x'", "'''", '"', "'", "\\", "\n", "  ", "é", "`a`", "“", "1h", "9" * 40, "1e999"),
    "\x00",
)


def checked(text: str) -> tuple[Term | None, Report]:
    """Return the term of a condition and what was said about it."""
    report = Report()
    return check(Scalar.plain(Source("fuzz.yaml", text), text, 1, 1), SCOPE, (BOOL,), report), report


def shape(term: Term) -> object:
    """Return a term without its places."""
    inside = []
    for entry in fields(term):
        part = getattr(term, entry.name)
        if isinstance(part, Term):
            inside.append(shape(part))
        elif isinstance(part, tuple) and any(isinstance(item, Term) for item in part):
            inside.append(tuple(shape(item) for item in part))
        elif entry.name != "span":
            inside.append(part.name if isinstance(part, Function) else repr(part))
    return type(term).__name__, tuple(inside)


def holds(text: str) -> None:
    """Assert all that must be true of any text."""
    term, report = checked(text)
    assert (term is None) == report.has_errors
    lines = text.count("\n") + 1
    for found in report.diagnostics:
        assert 1 <= found.span.line <= lines and found.span.column >= 1 and found.span.length >= 1
    if term is None:
        return
    assert evaluate(term, lambda _: None, {"words": object()}) in (True, False, None)
    never_true(term)
    again, second = checked(wording(term))
    if again is None:  # with all its parentheses it may be nested too deeply
        assert {found.code for found in second.diagnostics if found.is_error} == {"Z112"}, wording(term)
    else:
        assert shape(again) == shape(term), wording(term)


@settings(max_examples=settings.default.max_examples * 5)
@given(st.text(max_size=60))
@example("")
@example("\x00")
@example("a" * 30 + "'")
def test_any_text(text: str) -> None:
    """Text of any characters is checked or refused."""
    holds(text)


@settings(max_examples=settings.default.max_examples * 4)
@given(st.lists(st.tuples(st.sampled_from(TOKENS), st.sampled_from(("", " "))), max_size=25))
def test_any_soup_of_tokens(tokens: list[tuple[str, str]]) -> None:
    """Pieces of the language in any order are checked or refused."""
    holds("".join(token + space for token, space in tokens))


@pytest.mark.slow
@settings(max_examples=settings.default.max_examples * 2)
@given(data=st.data())
def test_any_damage_to_a_sound_condition(data: st.DataObject) -> None:
    """A condition with a piece taken out, doubled or replaced is checked or refused."""
    text = in_event(data.draw(expressions()))
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 6)))
        piece = data.draw(st.sampled_from(("", text[start:end] * 2, *TOKENS)))
        text = text[:start] + piece + text[end:]
    holds(text)


@settings(max_examples=settings.default.max_examples)
@given(expressions())
@example("(b1 || b2) && !(b1 && b2) && (b1 ? b2 : b1) && !(b1 || b2)")
@example("(b1 ? b2 : b1) ? (b1 ? b1 : b2) : b1 ? b2 : b1")
@example("-(i1 + i2) * (i3 - (i1 - i2)) / (i1 * i2 % 3) > 1 == (i1 < (i2 - 1))")
@example("(s1 + s2).contains(s3) && ([1] + li)[0] > 1 && (b1 ? ls : []).exists(x, x == s1)")
def test_a_sound_condition_is_taken_and_can_be_said_again(text: str) -> None:
    """A well-typed condition is accepted, and its term reads back as itself."""
    term, report = checked(in_event(text))
    assert term is not None, report.diagnostics
    holds(in_event(text))


def in_event(text: str) -> str:
    """Return an expression over variables as one over fields of the event."""
    quoted = r"(\"(?:\\.|[^\"\\])*\"|'[^']*')"
    name = rf"(?<![\w.])({'|'.join(VARIABLES)})\b(?!\()"
    parts = enumerate(re.split(quoted, text))
    return "".join(part if place % 2 else re.sub(name, r"event.\1", part) for place, part in parts)


TOWERS = (
    ("(", "event.b1", ")"),
    ("!", "event.b1", ""),
    ("-", "event.i1", " > 1"),
    ("[", "", "]"),
    ("event.b1 ? true : ", "false", ""),
    ("event.b1 ? ", "true", " : false"),
    ("(event.b1 || ", "true", ")"),
    ("event.s1.matches(", '"a"', ")"),
    ("timeSince(", "event.t1", ")"),
    ("event.t1.getHours(", "'-03:00'", ")"),
    ("has(", "event.s1", ")"),
    ("[1].exists(x, ", "true", ")"),
    ("event.li.map(x, ", "1", ")"),
    ("size(", "event.s1", ")"),
    ("math.greatest(1, ", "1", ")"),
    ("1 + ", "1", " > 1"),
    ("event", ".x", ""),
    ("event.li", "[0]", ""),
    ("{1: ", "1", "}"),
    ("A{b: ", "1", "}"),
    ("1 < ", "2", ""),
    ("null == ", "1", ""),
    ("event.b1 && ", "true", ""),
    ("'a' + ", "'a'", " == ''"),
    ("dyn(", "1", ")"),
    ("event.ls.exists(", "t", ", t)"),
)


@pytest.mark.parametrize(("before", "inside", "after"), TOWERS)
@pytest.mark.parametrize("height", [10, NESTING_MAX - 2, NESTING_MAX + 2, 400, 3_000])
def test_any_tower(before: str, inside: str, after: str, height: int) -> None:
    """However deep a construct stands in itself, checking neither crashes nor takes long."""
    holds(before * height + inside + after * height)


PIECES = ("event.b1 && ", "event.i1 + ", "'a', ", "9", "x", "\n", "event.ls.exists(t, t == 'a') || ", "é")


@pytest.mark.parametrize("piece", PIECES)
def test_a_condition_has_a_greatest_length(piece: str) -> None:
    """A condition just under the limit is checked; a longer one is refused at once."""
    long = piece * (LENGTH_MAX // len(piece))
    holds(long)
    _, report = checked(long + piece * 50)
    assert [found.code for found in report.diagnostics] == ["Z112"]


@pytest.mark.slow
@pytest.mark.parametrize(("entry", "runs"), [("fuzz_check", 3_000), ("fuzz_load", 500)])
def test_a_short_walk_guided_by_coverage(entry: str, runs: int) -> None:
    """The same laws hold on texts and files that are bred to reach new lines of the checker and of the loader."""
    library("atheris")
    limits = (f"-runs={runs}", "-max_total_time=15", "-max_len=120", "-seed=7")
    command = [sys.executable, "-m", f"tests.fuzz.{entry}", *limits]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Done " in done.stderr


def test_the_fuzzer_sees_faults() -> None:
    """The laws are not vacuous: a term that cannot be read back would be noticed."""
    term, _ = checked("event.i1 > 1 && event.b1")
    assert term is not None and wording(term) == "event.i1 > 1 && event.b1"
