"""The conformance cases of the CEL specification: passed, a documented deviation, or refused; never wrong."""

from __future__ import annotations

import re

import pytest

from tests.cel_conformance import DEVIATIONS, counts, outcomes
from tests.places import REPOSITORY, shared
from zelo.base.messages import MESSAGES

LANGUAGE = REPOSITORY / "docs" / "language.md"
INSIDE = {
    "basic/self_eval_nonzeroish/self_eval_int_negative_min",
    "lists/concatenation/list_append",
    "fp_math/fp_math/add_positive_positive",
    "integer_math/int64_math/int64_overflow_positive",
    "logic/AND/short_circuit_error_right",
    "macros/exists_one/list_no_shortcircuit",
    "parse/string_literals/triple_double_quoted_octal_escapes",
    "string/matches/unicode_smp",
    "string_ext/last_index_of/unicode_string_index",
    "timestamps/timestamp_selectors_tz/getDayOfMonth_numerical_neg",
}
"""A case of each kind that the profile must hold, so that refusing everything would not do."""


@pytest.fixture(autouse=True)
def _table() -> None:
    shared("data/golden_cel/cel_conformance.parquet")


def test_no_case_gives_a_wrong_answer() -> None:
    """Whatever is accepted comes to what the specification says, or is listed with the deviation that explains it."""
    wrong = [f"{found.case}: {found.expression!r} {found.detail}" for found in outcomes() if found.verdict == "wrong"]
    assert wrong == []


def test_what_is_refused_is_refused_with_a_declared_code() -> None:
    """Each case outside the profile gets a diagnostic that an author can look up."""
    refused = [found for found in outcomes() if found.verdict == "refused"]
    assert refused
    assert [found.case for found in refused if not found.codes or not set(found.codes) <= MESSAGES.keys()] == []


def test_the_cases_of_the_profile_pass() -> None:
    """The core of the language is inside the profile."""
    assert INSIDE <= {found.case for found in outcomes() if found.verdict == "passed"}


def test_every_listed_deviation_happens_and_is_documented() -> None:
    """The list holds no leftovers, and the docs name each deviation."""
    met = {found.case for found in outcomes() if found.verdict == "deviation"}
    assert [start for start in DEVIATIONS if not any(case.startswith(start) for case in met)] == []
    text = LANGUAGE.read_text(encoding="utf-8")
    assert [name for name in set(DEVIATIONS.values()) if f"**{name}**" not in text] == []


def test_the_docs_state_the_counts() -> None:
    """The figures of docs/language.md are those of this run."""
    text = LANGUAGE.read_text(encoding="utf-8")
    stated = {word: int(count.replace(",", "")) for word, count in re.findall(r"^\| (\w+) \| ([\d,]+) \|", text, re.M)}
    found = counts()
    assert stated["passed"] == found["passed"]
    assert stated["deviation"] == found["deviation"]
    assert stated["refused"] == found["refused"]
    assert stated["total"] == sum(found.values()) == 1712
