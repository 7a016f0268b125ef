"""Random conditions on the base pack's `listing.created`, as text, and random events of that kind."""

from __future__ import annotations

from hypothesis import strategies as st

_INTS = ("event.quantity", "size(event.tags)", "event.title.size()", "features.listings_24h", "3", "-2", "0")
_DOUBLES = ("event.price", "features.average_price_30d", "1.5", "0.0", "-2.25", "1e300")
_STRINGS = ("event.title", "event.description", "event.seller.email", '"ação"', '"a"', '""')
_STRINGS += ('event.attributes["color"]',)
_BOOLS = ("event.sponsored", "has(event.title)", "has(event.quantity)", '"trusted" in actor.labels', "true", "false")
_TIMES = ("event.occurred_at", "actor.created_at", 'timestamp("2026-01-01T00:00:00Z")', "event.effective_at")
_SPANS = ("event.ships_within", 'duration("36h")', 'duration("0s")')
_COMPARE = ("==", "!=", "<", "<=", ">", ">=")


def _infix(part: st.SearchStrategy[str], signs: tuple[str, ...]) -> st.SearchStrategy[str]:
    return st.tuples(part, st.sampled_from(signs), part).map(lambda got: f"({got[0]} {got[1]} {got[2]})")


def numbers(leaves: tuple[str, ...], signs: tuple[str, ...]) -> st.SearchStrategy[str]:
    """Return arithmetic on the leaves, with choices between them."""
    leaf = st.sampled_from(leaves)
    return st.recursive(
        leaf,
        lambda part: (
            _infix(part, signs)
            | st.tuples(st.sampled_from(_BOOLS), part, part).map(lambda got: f"({got[0]} ? {got[1]} : {got[2]})")
        ),
        max_leaves=4,
    )


INTS = numbers(_INTS, ("+", "-", "*", "/", "%"))
DOUBLES = numbers(_DOUBLES, ("+", "-", "*", "/"))
STRINGS = st.sampled_from(_STRINGS) | st.sampled_from(_STRINGS).map(lambda text: f"{text}.lowerAscii()")
TIMES = st.sampled_from(_TIMES) | st.tuples(st.sampled_from(_TIMES), st.sampled_from(_SPANS)).map(" - ".join)


def _test(part: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return _infix(part, _COMPARE)


_MACROS = st.sampled_from(
    (
        'event.tags.exists(t, t == event.title || t.startsWith("a"))',
        "event.tags.all(t, size(t) < event.quantity)",
        'event.tags.exists_one(t, t.contains("a"))',
        "event.tags.filter(t, size(t) > event.quantity).size() == 1",
        "event.tags.map(t, size(t) + event.quantity).exists(n, n == 3)",
        "event.tags.exists(t, event.tags.exists(u, t != u && size(u) == size(t)))",
        "event.tags[event.quantity] == event.title",
        'event.tags[0].matches("^a+")',
    )
)
_TEXTS = st.tuples(STRINGS, st.sampled_from(("contains", "startsWith", "endsWith")), STRINGS).map(
    lambda got: f"{got[0]}.{got[1]}({got[2]})"
)
_PATTERNS = st.tuples(STRINGS, st.sampled_from(("a+", "^$", "[á-ç]", "(?i)REPLICA", "a{2}", "o$"))).map(
    lambda got: f"{got[0]}.matches('{got[1]}')"
)
_WORDS = st.sampled_from(
    (
        "event.title.folded().hasAnyWord(lists.replica_words)",
        "event.description in lists.trusted_domains",
        'event.title in ["a", "ação", ""]',
        "event.quantity in [1, 2, 3]",
        'event.title in [event.description, "a"]',
        "[event.quantity, 1][0] == 1",
        '"color" in event.attributes',
        'has(event.attributes.color) && event.attributes["color"] == "a"',
        'actor.labels.exists(l, l.startsWith("t"))',
        "size(actor.labels) > 0",
    )
)
ATOMS = st.one_of(
    st.sampled_from(_BOOLS),
    _test(INTS),
    _test(DOUBLES),
    _test(STRINGS),
    _test(TIMES),
    _MACROS,
    _TEXTS,
    _PATTERNS,
    _WORDS,
)
CONDITIONS = st.recursive(
    ATOMS,
    lambda part: (
        _infix(part, ("&&", "||"))
        | part.map(lambda text: f"!({text})")
        | st.tuples(part, part, part).map(lambda got: f"({got[0]} ? {got[1]} : {got[2]})")
    ),
    max_leaves=6,
)
"""Boolean expressions of the language; some are refused by the checker, which a test must let pass."""

_TEXT = st.sampled_from(["", "a", "aa", "ação", "réplica", "RÉPLICA nova", "example.com", "\U0001f600", "trusted"])
EVENTS = st.fixed_dictionaries(
    {
        "id": st.just("e"),
        "occurred_at": st.sampled_from(["2026-01-01T00:00:00Z", "2026-01-02T12:00:00.123456-03:00"]),
        "listing_id": st.just("l"),
        "price": st.sampled_from([0.0, 1.5, -2.25, 1e300, 5e-324]),
        "seller": st.fixed_dictionaries(
            {"id": st.sampled_from(["s", "t"])},
            optional={"created_at": st.just("2025-12-31T12:00:00Z"), "email": _TEXT},
        ),
    },
    optional={
        "title": _TEXT,
        "description": _TEXT,
        "quantity": st.sampled_from([0, 1, 3, -2, 2**63 - 1, -(2**63)]),
        "tags": st.lists(_TEXT, max_size=3),
        "attributes": st.dictionaries(st.sampled_from(["color", "size"]), _TEXT),
        "sponsored": st.booleans(),
        "ships_within": st.sampled_from(["36h", "0s", "-1m"]),
    },
)
"""Values for `Decoder.from_values`, optional fields often missing."""
