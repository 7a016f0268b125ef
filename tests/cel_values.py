"""Random values of every type of the language, with the ones that break things."""

from __future__ import annotations

from hypothesis import strategies as st

from zelo.events.durations import DURATION_MAX_US
from zelo.events.types import BOOL, DOUBLE, DURATION, INT, STRING, TIMESTAMP, ListOf, MapOf, Type
from zelo.policy.functions.ranges import INT_MAX, INT_MIN, SPAN_MAX, TIME_MAX, TIME_MIN

NASTY_TEXTS = (
    *(
        "",
        "a",
        "ab",
        "aba",
        "aaaa",
        "A",
        "Z",
        "İ",
        "ß",
        "ÆÇÃO",
        "ação",
        "é",
        "e\u0301",
        "😀",
        "👩\u200d🚀",
        "\u00a0x\u3000",
        " x ",
    ),
    *(
        "\u200bx",
        "\t\n",
        "a\nb",
        "b\n",
        "x\u0085",
        "'",
        '"',
        "\\",
        "%_",
        "\\E",
        "a.b",
        "1",
        "-1",
        "+1",
        "007",
        "-",
        "1.5",
    ),
    *(
        "-.5e3",
        "1e999",
        "NaN",
        "true",
        "F",
        "9223372036854775807",
        "9223372036854775808",
        "0" * 50 + "7",
        "1h30m",
        "-1.5s",
    ),
    *("2009-02-13T23:31:30Z", "2009-02-13T20:31:30.123456789-03:00", "2009-02-29T00:00:00Z", "2009-02-13 23:31:30Z"),
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.999999Z", "2009-02-13T24:00:00Z", "2016-12-31T23:59:60Z"),
    *("ſ", "K", "ı", "ς", "\ufeff", "\u2028"),
)
_INTS = (
    0,
    1,
    -1,
    2,
    3,
    7,
    10,
    INT_MAX,
    INT_MIN,
    INT_MAX - 1,
    INT_MIN + 1,
    2**53,
    2**53 + 1,
    -(2**53) - 1,
    2**31,
    2**32,
)
_DOUBLES = (
    *(0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, 0.1, 0.3, 0.49999999999999994, 5e-324, 1.7976931348623157e308),
    *(1e308, -1e308, 9.223372036854775e18, -9.223372036854775e18, 9.3e18, 4503599627370497.5, 2.0**53, 1e15 + 0.3),
)
_TIMES = (
    0,
    -1,
    1,
    TIME_MIN,
    TIME_MAX,
    TIME_MIN + 1,
    TIME_MAX - 1,
    1_234_567_890_123_456,
    951_782_400_000_000,
    -1_000_000,
)
_SPANS = (0, 1, -1, SPAN_MAX, -SPAN_MAX, 1_000_000, -1_500_000, 3_600_000_000, 86_400_000_000, 999, -999)

TEXTS = st.one_of(
    st.sampled_from(NASTY_TEXTS),
    st.text(max_size=8),
    st.text(alphabet="abA é😀\n,.", max_size=10),
    st.lists(st.sampled_from(NASTY_TEXTS), max_size=3).map("".join),
).filter(lambda text: "\0" not in text)
_SCALARS: dict[Type, st.SearchStrategy[object]] = {
    BOOL: st.booleans(),
    INT: st.one_of(st.sampled_from(_INTS), st.integers(-20, 20), st.integers(INT_MIN, INT_MAX)),
    DOUBLE: st.one_of(st.sampled_from(_DOUBLES), st.floats(allow_nan=False, allow_infinity=False)),
    STRING: TEXTS,
    TIMESTAMP: st.one_of(st.sampled_from(_TIMES), st.integers(TIME_MIN, TIME_MAX)),
    DURATION: st.one_of(
        st.sampled_from(_SPANS), st.integers(-SPAN_MAX, SPAN_MAX), st.integers(-DURATION_MAX_US, DURATION_MAX_US)
    ),
}


def values(type_: Type) -> st.SearchStrategy[object]:
    """Return present values of a type."""
    if isinstance(type_, ListOf):
        return st.lists(values(type_.item), max_size=4).map(tuple)
    if isinstance(type_, MapOf):
        return st.dictionaries(TEXTS, values(type_.value), max_size=3)
    return _SCALARS[type_]


def maybe(type_: Type) -> st.SearchStrategy[object]:
    """Return values of a type, missing now and then."""
    return st.one_of(values(type_), values(type_), values(type_), st.none())
