"""The generated Python means what the plain interpreter means: on every condition, for every event."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.amounts import examples
from tests.base_pack import FILES
from tests.random_conditions import CONDITIONS, EVENTS
from zelo.base.source import Report, Source
from zelo.decide.explain import _look
from zelo.decide.labels import Labels
from zelo.events.decode import Decoder
from zelo.events.intake import floor_ms
from zelo.events.types import BOOL
from zelo.policy.check import check
from zelo.policy.check_scope import FeatureInfo, Scope
from zelo.policy.evaluate import evaluate
from zelo.policy.functions.words import Words
from zelo.policy.load_pack import load_pack
from zelo.policy.scalar import Scalar
from zelo.policy.terms import Term
from zelo.policy.to_python.kinds import KindPlan, PlannedRule, PlannedWindow, compile_kind
from zelo.policy.to_python.plain import plain_object, timestamp_us

PACK = load_pack(FILES, Report())
assert PACK is not None
KIND = PACK.kinds["listing.created"]
DECODER = Decoder(PACK.kinds)
LISTS = {name: Words(data.values) for name, data in PACK.lists.items()}
ALL = frozenset({"event", "roles", "features", "labels", "lists", "constants"})
SCOPE = Scope(
    KIND,
    {name: FeatureInfo(PACK.feature_types[name], True) for name in ("listings_24h", "average_price_30d")},
    frozenset(LISTS),
    {},
    ALL,
)


class Given:
    """A group of windows that gives the values a test states."""

    names = ("listings_24h", "average_price_30d")

    def __init__(self, values: tuple[object, ...]) -> None:
        self.values = values

    def read(self, key: object, order_key: int, /) -> tuple[object, ...]:
        return self.values

    def observe(self, key: object, order_key: int, value: object, /) -> None: ...

    def read_observe(self, key: object, order_key: int, value: object, /) -> tuple[object, ...]:
        return self.values


def checked(text: str) -> Term | None:
    """Return the term of a condition; None when the checker refuses it."""
    return check(Scalar.plain(Source("case", text), text, 1, 1), SCOPE, (BOOL,), Report())


def in_force(trusted: bool) -> Labels:
    """Return labels in which the account `s` is trusted, or nobody is."""
    labels = Labels()
    if trusted:
        labels.add("account", "s", "trusted", now_ms=0)
    return labels


@settings(max_examples=examples(150))
@given(
    st.lists(CONDITIONS, min_size=1, max_size=6),
    st.lists(EVENTS, min_size=1, max_size=4),
    st.tuples(st.none() | st.integers(0, 5), st.none() | st.sampled_from([1.5, -2.25])),
    st.booleans(),
)
def test_generated_python_and_the_interpreter_agree(
    texts: list[str], events: list[dict[str, object]], seen: tuple[object, object], trusted: bool
) -> None:
    """Each rule fires, is false or is undetermined alike, whatever other rules share its function."""
    terms = [term for text in texts if (term := checked(text)) is not None]
    labels = in_force(trusted)
    view = labels.view("account")
    plan = KindPlan(
        kind=KIND,
        rules=tuple(PlannedRule(str(number), 0, term) for number, term in enumerate(terms)),
        windows=(PlannedWindow(Given(seen), (("seller", "id"),), False, None, None),),
        labels={"account": view, "listing": labels.view("listing"), "device": labels.view("device")},
        lists=LISTS,
    )
    run, _, source = compile_kind(plan)
    for values in events:
        event = DECODER.from_values("listing.created", values)
        now_ms = floor_ms(event.occurred_at)
        fired, unknown, *_ = run(event, now_ms << 20)
        plain = plain_object(KIND.fields)(event)
        plain |= {"id": event.id, "kind": KIND.name, "occurred_at": timestamp_us(event.occurred_at)}
        plain["effective_at"] = now_ms * 1000
        features = dict(zip(Given.names, seen, strict=True))
        look = _look(plain, features, {"actor": view(event.seller.id, now_ms)}, {})  # type: ignore[attr-defined]
        meant = [evaluate(term, look, LISTS) for term in terms]
        assert fired == [n for n, value in enumerate(meant) if value is True], source
        assert unknown == [n for n, value in enumerate(meant) if value is None], source


def test_the_random_conditions_are_mostly_sound() -> None:
    """A law over refused conditions would be empty."""
    found: list[bool] = []

    @settings(max_examples=examples(200), database=None)
    @given(CONDITIONS)
    def look(text: str) -> None:
        found.append(checked(text) is not None)

    look()
    assert sum(found) > len(found) / 2
