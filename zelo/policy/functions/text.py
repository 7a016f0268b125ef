"""Functions on text, counted in code points: search, parts, letter case of ASCII, patterns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

import re2

from zelo.events.types import BOOL, INT, STRING, ListOf, Type
from zelo.policy.functions.registry import Function

WHITE_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
"""What `trim` takes away: the 25 characters with the Unicode property White_Space; zero-width characters are none."""
REPLACED_MAX = 1_000_000
"""Characters that a result of `replace` may have, so that no chain of them can outgrow memory."""
_UPPER, _LOWER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"
_TO_LOWER, _TO_UPPER = str.maketrans(_UPPER, _LOWER), str.maketrans(_LOWER, _UPPER)
_QUIET = re2.Options()
_QUIET.log_errors = False

Examples = tuple[tuple[tuple[object, ...], object], ...]


def method(
    name: str,
    takes: tuple[Type, ...],
    gives: Type,
    python: Callable[..., object],
    doc: str,
    examples: Examples,
    sql: Mapping[str, str],
    inline: str | None = None,
    *,
    form: str = "method",
    total: bool = True,
    no_sql: str | None = None,
    cost: int = 3,
) -> Function:
    """Declare a function on text."""
    return Function(
        name, form, takes, gives, python, sql, doc, examples, total=total, inline=inline, no_sql=no_sql, cost=cost
    )


def both(template: str) -> Mapping[str, str]:
    """Return one SQL template for both dialects."""
    return {"duckdb": template, "spark": template}


@lru_cache(maxsize=4096)
def compiled(pattern: str) -> re2._Regexp:  # the name re2 gives it
    """Return a pattern compiled by RE2, which takes time linear in the text whatever the pattern."""
    return re2.compile(pattern, _QUIET)


def matches(text: str, pattern: str) -> bool:
    """Say whether some part of the text matches an RE2 pattern."""
    return compiled(pattern).search(text) is not None


def lower_ascii(text: str) -> str:
    """Return the text with A to Z made small; all other characters stay."""
    return text.lower() if text.isascii() else text.translate(_TO_LOWER)


def upper_ascii(text: str) -> str:
    """Return the text with a to z made large; all other characters stay."""
    return text.upper() if text.isascii() else text.translate(_TO_UPPER)


def substring_from(text: str, start: int) -> str | None:
    """Return the text from a place on, or None outside it."""
    return text[start:] if 0 <= start <= len(text) else None


def substring(text: str, start: int, end: int) -> str | None:
    """Return the text from `start` up to `end`, excluded, or None when that is no part of it."""
    return text[start:end] if 0 <= start <= end <= len(text) else None


def char_at(text: str, place: int) -> str | None:
    """Return the character at a place, empty just after the end, or None outside."""
    return text[place : place + 1] if 0 <= place <= len(text) else None


def index_from(text: str, part: str, start: int) -> int | None:
    """Return where a part first starts at or after a place, -1 if nowhere, None for a place outside the text."""
    return text.find(part, start) if 0 <= start <= len(text) else None


def last_index_from(text: str, part: str, start: int) -> int | None:
    """Return where a part last starts at or before a place, -1 if nowhere, None for a place outside the text."""
    return text.rfind(part, 0, start + len(part)) if 0 <= start <= len(text) else None


def replace(text: str, old: str, new: str) -> str | None:
    """Return the text with each `old` replaced from the left; None when `old` is empty or the result too long."""
    if not old or len(text) + text.count(old) * (len(new) - len(old)) > REPLACED_MAX:
        return None
    return text.replace(old, new)


def split(text: str, separator: str) -> tuple[str, ...] | None:
    """Return the parts between separators, or None when the separator is empty."""
    return tuple(text.split(separator)) if separator else None


def _ascii_case(plain: str, source: str, target: str) -> str:
    return (
        f"CASE WHEN strlen({{0}}) = length({{0}}) THEN {plain}({{0}}) ELSE translate({{0}}, '{source}', '{target}') END"
    )


_SPARK_QUOTED = "concat('\\\\Q', replace({1}, '\\\\E', '\\\\E\\\\\\\\E\\\\Q'), '\\\\E')"
_NO_LAST = "no engine for SQL searches from the end without counting characters its own way"

_SEARCH = (
    method(
        "contains",
        (STRING, STRING),
        BOOL,
        lambda text, part: part in text,
        "true when the text holds the part",
        ((("hello", "ell"), True), (("hello", ""), True), (("", "x"), False), ((None, "x"), None)),
        both("contains({0}, {1})"),
        "({1} in {0})",
    ),
    method(
        "startsWith",
        (STRING, STRING),
        BOOL,
        lambda text, part: text.startswith(part),
        "true when the text begins with the part",
        ((("hello", "he"), True), (("hello", ""), True), (("é", "e"), False), ((None, "x"), None)),
        {"duckdb": "starts_with({0}, {1})", "spark": "startswith({0}, {1})"},
        "{0}.startswith({1})",
        cost=2,
    ),
    method(
        "endsWith",
        (STRING, STRING),
        BOOL,
        lambda text, part: text.endswith(part),
        "true when the text ends with the part",
        ((("hello", "lo"), True), (("hello", ""), True), (("", "x"), False), ((None, "x"), None)),
        {"duckdb": "ends_with({0}, {1})", "spark": "endswith({0}, {1})"},
        "{0}.endswith({1})",
        cost=2,
    ),
    *(
        method(
            "matches",
            (STRING, STRING),
            BOOL,
            matches,
            "true when a part of the text matches the pattern (RE2, written out); `^` and `$` tie it to the ends",
            ((("banana", "(na){2}"), True), (("a\nb", "a.b"), False), (("b\n", "b$"), False), ((None, "x"), None)),
            {"duckdb": "regexp_matches({0}, {1})", "spark": "regexp_like({0}, {1})"},
            form=form,
            cost=12,
        )
        for form in ("method", "function")
    ),
    method(
        "indexOf",
        (STRING, STRING),
        INT,
        lambda text, part: text.find(part),
        "the place, counted from 0, where the part first starts; -1 if nowhere",
        ((("tacocat", "ac"), 1), (("tacocat", ""), 0), (("tacocat", "x"), -1), ((None, "x"), None)),
        {"duckdb": "instr({0}, {1}) - 1", "spark": "CAST(instr({0}, {1}) - 1 AS BIGINT)"},
        "{0}.find({1})",
    ),
    method(
        "indexOf",
        (STRING, STRING, INT),
        INT,
        index_from,
        "the place where the part first starts from a place on; -1 if nowhere, missing for a place outside the text",
        ((("tacocat", "a", 3), 5), (("abc", "", 3), 3), (("abc", "a", 4), None), ((None, "x", 0), None)),
        {
            "duckdb": "CASE WHEN {2} BETWEEN 0 AND length({0}) THEN CASE WHEN contains(substring({0}, {2} + 1), {1}) "
            "THEN instr(substring({0}, {2} + 1), {1}) - 1 + {2} WHEN {1} IS NOT NULL THEN -1 END END",
            "spark": "CASE WHEN {2} BETWEEN 0 AND char_length({0}) THEN CASE WHEN contains("
            "substring({0}, CAST({2} + 1 AS INT)), {1}) THEN CAST(instr(substring({0}, CAST({2} + 1 AS INT)), {1}) "
            "- 1 + {2} AS BIGINT) WHEN {1} IS NOT NULL THEN CAST(-1 AS BIGINT) END END",
        },
        total=False,
    ),
    method(
        "lastIndexOf",
        (STRING, STRING),
        INT,
        lambda text, part: text.rfind(part),
        "the place, counted from 0, where the part last starts; -1 if nowhere",
        ((("tacocat", "ca"), 4), (("tacocat", ""), 7), (("aaa", "aa"), 1), ((None, "x"), None)),
        {},
        "{0}.rfind({1})",
        no_sql=_NO_LAST,
    ),
    method(
        "lastIndexOf",
        (STRING, STRING, INT),
        INT,
        last_index_from,
        "the place where the part last starts up to a place; -1 if nowhere, missing for a place outside the text",
        ((("tacocat", "a", 3), 1), (("tacocat", "", 3), 3), (("abc", "a", 9), None), ((None, "x", 0), None)),
        {},
        total=False,
        no_sql=_NO_LAST,
    ),
)

_SIZE = tuple(
    method(
        "size",
        (STRING,),
        INT,
        len,
        "the number of characters (code points)",
        ((("πέντε",), 5), (("",), 0), (("👩\u200d🚀",), 3), ((None,), None)),
        {"duckdb": "length({0})", "spark": "CAST(char_length({0}) AS BIGINT)"},
        "len({0})",
        form=form,
        cost=2,
    )
    for form in ("method", "function")
)

_PARTS = (
    method(
        "substring",
        (STRING, INT),
        STRING,
        substring_from,
        "the text from a place on; missing outside the text",
        ((("tacocat", 4), "cat"), (("abc", 3), ""), (("abc", 4), None), (("abc", -1), None), ((None, 0), None)),
        {
            "duckdb": "CASE WHEN {1} BETWEEN 0 AND length({0}) THEN substring({0}, {1} + 1) END",
            "spark": "CASE WHEN {1} BETWEEN 0 AND char_length({0}) THEN substring({0}, CAST({1} + 1 AS INT)) END",
        },
        total=False,
    ),
    method(
        "substring",
        (STRING, INT, INT),
        STRING,
        substring,
        "the text from one place up to another, excluded; missing when that is no part of it",
        (
            (("tacocat", 0, 4), "taco"),
            (("abc", 2, 2), ""),
            (("abc", 2, 1), None),
            (("abc", 0, 4), None),
            ((None, 0, 1), None),
        ),
        {
            "duckdb": "CASE WHEN 0 <= {1} AND {1} <= {2} AND {2} <= length({0}) "
            "THEN substring({0}, {1} + 1, {2} - {1}) END",
            "spark": "CASE WHEN 0 <= {1} AND {1} <= {2} AND {2} <= char_length({0}) "
            "THEN substring({0}, CAST({1} + 1 AS INT), CAST({2} - {1} AS INT)) END",
        },
        total=False,
    ),
    method(
        "charAt",
        (STRING, INT),
        STRING,
        char_at,
        "the character at a place, empty just after the end; missing outside the text",
        ((("tacocat", 3), "o"), (("abc", 3), ""), (("abc", 4), None), ((None, 0), None)),
        {
            "duckdb": "CASE WHEN {1} BETWEEN 0 AND length({0}) THEN substring({0}, {1} + 1, 1) END",
            "spark": "CASE WHEN {1} BETWEEN 0 AND char_length({0}) THEN substring({0}, CAST({1} + 1 AS INT), 1) END",
        },
        total=False,
    ),
    method(
        "split",
        (STRING, STRING),
        ListOf(STRING),
        split,
        "the parts between separators; missing for an empty separator",
        ((("a,b,", ","), ("a", "b", "")), (("", ","), ("",)), (("abc", ""), None), ((None, ","), None)),
        {
            "duckdb": "CASE WHEN {1} <> '' THEN string_split({0}, {1}) END",
            "spark": f"CASE WHEN {{1}} <> '' THEN split({{0}}, {_SPARK_QUOTED}, -1) END",
        },
        total=False,
        cost=8,
    ),
)

_CHANGES = (
    method(
        "lowerAscii",
        (STRING,),
        STRING,
        lower_ascii,
        "the text with A to Z made small; other letters stay, see `folded` for those",
        ((("TacoCÆt",), "tacocÆt"), (("",), ""), (("İ",), "İ"), ((None,), None)),
        {"duckdb": _ascii_case("lower", _UPPER, _LOWER), "spark": f"translate({{0}}, '{_UPPER}', '{_LOWER}')"},
        cost=4,
    ),
    method(
        "upperAscii",
        (STRING,),
        STRING,
        upper_ascii,
        "the text with a to z made large; other letters stay",
        ((("tacoCαt",), "TACOCαT"), (("",), ""), (("ß",), "ß"), ((None,), None)),
        {"duckdb": _ascii_case("upper", _LOWER, _UPPER), "spark": f"translate({{0}}, '{_LOWER}', '{_UPPER}')"},
        cost=4,
    ),
    method(
        "trim",
        (STRING,),
        STRING,
        lambda text: text.strip(WHITE_SPACE),
        "the text without white space at both ends",
        ((("  a b\n",), "a b"), (("\u3000",), ""), (("\u200ba",), "\u200ba"), ((None,), None)),
        {"duckdb": f"trim({{0}}, '{WHITE_SPACE}')", "spark": f"trim(BOTH '{WHITE_SPACE}' FROM {{0}})"},
        cost=4,
    ),
    method(
        "replace",
        (STRING, STRING, STRING),
        STRING,
        replace,
        "the text with each first part replaced by the second; missing when the first is empty or the result is longer "
        "than 1,000,000 characters",
        (
            (("hello", "l", "L"), "heLLo"),
            (("aaa", "aa", "b"), "ba"),
            (("abc", "", "x"), None),
            (("a" * 1001, "a", "b" * 1000), None),
            ((None, "a", "b"), None),
        ),
        {
            "duckdb": "CASE WHEN length({0}) + (length({0}) - length(replace({0}, {1}, ''))) // nullif(length({1}), 0) "
            f"* (length({{2}}) - length({{1}})) <= {REPLACED_MAX} THEN replace({{0}}, {{1}}, {{2}}) END",
            "spark": "CASE WHEN char_length({0}) + (char_length({0}) - char_length(replace({0}, {1}, ''))) div "
            f"nullif(char_length({{1}}), 0) * (char_length({{2}}) - char_length({{1}})) <= {REPLACED_MAX} "
            "THEN replace({0}, {1}, {2}) END",
        },
        total=False,
        cost=5,
    ),
)

FUNCTIONS_HERE: tuple[Function, ...] = (*_SEARCH, *_SIZE, *_PARTS, *_CHANGES)
"""Every function on text, but folding and words."""
