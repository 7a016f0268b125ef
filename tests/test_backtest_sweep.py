"""Laws of a sweep: one pass gives what a run with each value of the constant would give."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.backtest_worlds import FILES, backtest, lake, loaded, silent, sweep
from zelo.backtest.flows import run_sweep
from zelo.backtest.thresholds import critical, loosest, threshold
from zelo.base.errors import InvalidInput, NotFound
from zelo.policy.evaluate import evaluate
from zelo.policy.pack import Pack
from zelo.policy.terms import FeatureRef, FieldRef, Term

CONDITIONS = (
    "features.listings_24h >= constants.most",
    "constants.most < features.listings_24h && event.price > 3.0",
    "!(features.listings_24h < constants.most) || event.quantity > 30",
    "event.quantity < constants.most && features.listings_24h <= constants.most",
    "event.sponsored && (event.quantity > constants.most || !(event.price <= 2.0))",
    "!(event.quantity >= constants.most && event.price > 4.0) && event.price > 1.0",
)


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lake(tmp_path_factory.mktemp("history"), count=500)


def with_condition(condition: str, constants: str = "most: 2, pieces: 50, cheap: 8.0") -> Pack:
    """Return the pack with another condition for `bulk`."""
    text = FILES["policies/busy.yaml"].decode()
    text = text.replace("when: features.listings_24h >= constants.most", f"when: '{condition}'")
    text = text.replace("most: 2, pieces: 50, cheap: 8.0", constants)
    return loaded({**FILES, "policies/busy.yaml": text.encode()})


@pytest.mark.parametrize(("rule", "constant"), [("bulk", "most"), ("many", "pieces"), ("cheap_in_bulk", "cheap")])
@pytest.mark.parametrize("engine", ["online", "duckdb"])
def test_each_point_is_what_a_run_with_that_value_gives(
    history: Path, tmp_path: Path, rule: str, constant: str, engine: str
) -> None:
    """Hits, accounts, precision and recall; the present value is among the points."""
    curve = run_sweep(sweep(history, rule, constant, engine=engine), silent)
    assert curve.at_now is not None and len(curve.points) > 3
    values = {point.value: point for point in curve.points}
    for value in sorted(values)[:: max(1, len(values) // 3)]:
        now = {"most": "most: 2", "pieces": "pieces: 50", "cheap": "cheap: 8.0"}[constant]
        shown = int(value) if constant != "cheap" else value
        text = FILES["policies/busy.yaml"].replace(now.encode(), f"{constant}: {shown}".encode())
        figures = backtest(
            history, tmp_path / f"at-{value}", pack=loaded({**FILES, "policies/busy.yaml": text}), sample=0
        )
        found = next(found for found in figures.rules if found.rule == rule)
        assert (values[value].hits, values[value].accounts) == (found.hits, found.accounts)
        if found.judged is not None and found.judged.reason is None:
            assert (values[value].precision, values[value].recall) == (found.judged.precision, found.judged.recall)


@pytest.mark.parametrize("condition", CONDITIONS)
@given(data=st.data())
def test_a_condition_is_true_exactly_up_to_its_critical_value(condition: str, data: st.DataObject) -> None:
    """For any event, missing values among them, and any value of the constant, as the interpreter has it."""
    pack = with_condition(condition)
    found = threshold(pack, "bulk", "most")
    term = found.rule.terms["listing.created"]
    number = st.none() | st.integers(-9, 9)
    seen: dict[object, object] = {
        "quantity": data.draw(number),
        "price": data.draw(st.none() | st.floats(-9, 9)),
        "sponsored": data.draw(st.none() | st.booleans()),
        "listings_24h": data.draw(number),
    }

    def value(part: Term) -> object:
        if isinstance(part, FieldRef):
            return seen[part.path[-1]]
        assert isinstance(part, FeatureRef)
        return seen[part.name]

    highest = critical(term, found, lambda part: evaluate(part, value, {}))
    for constant in range(-12, 13):
        one = with_condition_at(pack, constant)
        assert (evaluate(one, value, {}) is True) == (found.key(constant) <= highest)


def with_condition_at(pack: Pack, constant: float) -> Term:
    """Return the condition of `bulk` with a value for the constant."""
    from zelo.backtest.thresholds import _with

    rule = next(rule for rule in pack.rules if rule.name == "bulk")
    return _with(rule.terms["listing.created"], "most", constant)


@pytest.mark.parametrize(
    "condition",
    [
        "event.price > constants.most || event.quantity > 3",
        "event.quantity > 3 || event.price > constants.most || !(event.price <= constants.most)",
        "!(event.price > constants.most) && event.quantity > 3",
        "event.quantity > 3 && !(constants.most > event.price)",
        "event.quantity > 3 || !(event.price < constants.most && event.price > 1.0)",
    ],
)
@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])
def test_no_comparison_with_nan_is_true(condition: str, odd: float) -> None:
    """Whichever side of `||` and `!` it stands on, and in whichever order; a key is never NaN."""
    pack = with_condition(condition, "most: 2.0, pieces: 50, cheap: 8.0")
    found = threshold(pack, "bulk", "most")
    for number in (None, 1, 5, odd):
        seen = {"quantity": number, "price": odd, "sponsored": True, "listings_24h": 2}
        value = lambda part, seen=seen: seen[part.path[-1] if isinstance(part, FieldRef) else part.name]  # noqa: E731
        highest = critical(found.rule.terms["listing.created"], found, lambda part, v=value: evaluate(part, v, {}))
        assert not math.isnan(highest)
        for constant in (-1e9, -1.0, 0.0, 4.0, 1e9):
            one = with_condition_at(pack, constant)
            assert (evaluate(one, value, {}) is True) == (found.key(constant) <= highest), (number, constant)


@pytest.mark.parametrize(
    ("condition", "constants", "said"),
    [
        ("features.listings_24h == constants.most", "most: 2, pieces: 50, cheap: 8.0", "is no threshold"),
        ("features.listings_24h + constants.most > 5", "most: 2, pieces: 50, cheap: 8.0", "is no threshold"),
        ("(event.sponsored ? constants.most : 1) > 1", "most: 2, pieces: 50, cheap: 8.0", "is no threshold"),
        ("features.listings_24h > constants.most && event.quantity < constants.most", "most: 2, pieces: 50, cheap: 8.0",
         "stricter here but looser"),
        ("event.quantity > constants.pieces", "most: 2, pieces: 50, cheap: 8.0", "does not read"),
        ("event.title == constants.most", "most: chair, pieces: 50, cheap: 8.0", "only a number"),
        ('event.quantity > constants.most || "x" in actor.labels', "most: 2, pieces: 50, cheap: 8.0", "beside labels"),
    ],
)  # fmt: skip
def test_what_is_no_single_threshold_is_refused_at_its_place(condition: str, constants: str, said: str) -> None:
    """With the line of the policy, and a way out."""
    with pytest.raises(InvalidInput, match=said) as refused:
        threshold(with_condition(condition.replace("'", "''"), constants), "bulk", "most")
    if "place" in refused.value.params:
        assert str(refused.value.params["place"]).startswith("policies/busy.yaml:")


def test_an_unknown_rule_or_constant_is_not_found() -> None:
    """Both are named."""
    pack = loaded(FILES)
    with pytest.raises(NotFound, match="no rule"):
        threshold(pack, "nobody", "most")
    with pytest.raises(NotFound, match="no constant"):
        threshold(pack, "bulk", "least")


def test_the_loosest_form_keeps_only_what_the_condition_needs() -> None:
    """The rules whose labels it reads, the windows these read; no effect of its own."""
    pack = loaded(FILES)
    alone = loosest(pack, threshold(pack, "many", "pieces"), "v")
    assert [rule.name for rule in alone.rules] == ["many"] and not alone.features and not alone.rules[0].effects
    two = loosest(pack, threshold(pack, "cheap_in_bulk", "cheap"), "v")
    assert {"bulk", "cheap_in_bulk"} <= {rule.name for rule in two.rules} and "listings_24h" in two.features


def test_a_rule_that_fires_at_no_value_is_said_to(history: Path) -> None:
    """An empty curve has no points, and no present one."""
    curve = run_sweep(sweep(history, "bulk", "most", since_us=4_000_000_000_000_000), silent)
    assert curve.points == () and curve.at_now is None and curve.candidates == 0
    assert math.isfinite(curve.now)
