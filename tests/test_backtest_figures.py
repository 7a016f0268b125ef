"""Laws of what a backtest says: it is what a plain recount finds, it sees no future, and it can be repeated."""

from __future__ import annotations

import shutil
import statistics
from collections import Counter
from pathlib import Path

import duckdb
import msgspec
import pyarrow.parquet as pq
import pytest

from tests.backtest_worlds import (
    FILES,
    OUTCOMES,
    STRICTER,
    Seen,
    against,
    backtest,
    came_true,
    decided,
    job,
    lake,
    loaded,
    same_figures,
    silent,
)
from zelo.backtest.figures import Figures, RuleFigures
from zelo.backtest.flows import run_backtest
from zelo.backtest.logic import quartiles, share
from zelo.base.effects import Effect
from zelo.base.errors import Conflict, InvalidInput, NotFound
from zelo.base.source import Report
from zelo.policy.load_pack import load_pack

JUDGED = ("bulk", "cheap_in_bulk", "many")


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lake(tmp_path_factory.mktemp("history"))


@pytest.fixture(scope="module")
def events(history: Path) -> list[Seen]:
    return decided(history, loaded(FILES))


@pytest.fixture(scope="module")
def figures(history: Path, tmp_path_factory: pytest.TempPathFactory) -> Figures:
    out = tmp_path_factory.mktemp("report") / "out"
    return backtest(history, out, by=("kind", "sponsored"), sample=2, **against())


def rule(figures: Figures, name: str) -> RuleFigures:
    return next(rule for rule in figures.rules if rule.rule == name)


def test_every_count_of_a_rule_is_that_of_a_plain_recount(figures: Figures, events: list[Seen]) -> None:
    """Hits, accounts, targets, undetermined, evaluated and the hits only this rule finds."""
    for found in figures.rules:
        hits = [seen for seen in events if found.rule in seen.decision.fired]
        tried = [seen for seen in events if seen.decision.kind in found.kinds]
        accounts = [getattr(seen.event, "seller", None) or seen.event.reviewer for seen in hits]  # type: ignore[attr-defined]
        assert found.hits == len(hits) and found.evaluated == len(tried) > 0
        assert found.accounts == len({account.id for account in accounts})
        assert found.targets == len({seen.target for seen in hits})
        assert found.undetermined.part == sum(found.rule in seen.decision.undetermined for seen in events)
        assert found.alone == sum(seen.decision.fired == (found.rule,) for seen in events)
        assert sum(found.series) == found.hits
        assert all(sum(found.by.get(field, {}).values()) == found.hits for field in ("kind", "sponsored"))
    assert rule(figures, "many").undetermined.part > 0
    assert sum(found.hits > 0 for found in figures.rules) >= 4


def test_flips_are_the_differences_of_two_plain_runs(figures: Figures, events: list[Seen], history: Path) -> None:
    """Gained, lost and kept, per rule and for all rules together, and per effect."""
    before = decided(history, loaded(STRICTER))
    pairs = list(zip(events, before, strict=True))
    for found in figures.rules:
        flips = Counter((found.rule in new.decision.fired, found.rule in old.decision.fired) for new, old in pairs)
        assert (found.gained, found.lost, found.kept) == (flips[True, False], flips[False, True], flips[True, True])
    any_rule = Counter((bool(new.decision.fired), bool(old.decision.fired)) for new, old in pairs)
    assert figures.totals.gained == any_rule[True, False] > 0
    assert rule(figures, "bulk").changed and not rule(figures, "many").changed
    for effect in figures.effects:
        new_ones, old_ones = (
            Counter(_told(seen, e) for pair in pairs for seen in [pair[which]] for e in seen.decision.effects
                    if e.kind == effect.kind)
            for which in (0, 1)
        )  # fmt: skip
        more, fewer = new_ones - old_ones, old_ones - new_ones
        altered = (Counter(key[:3] for key in more.elements()) & Counter(key[:3] for key in fewer.elements())).total()
        assert (effect.gained, effect.lost, effect.altered, effect.kept) == (
            more.total() - altered, fewer.total() - altered, altered, (new_ones & old_ones).total(),
        )  # fmt: skip
        assert effect.asked == new_ones.total() and effect.other == old_ones.total()
        held = Counter(h.reason for new, _ in pairs for h in new.decision.held if h.effect.kind == effect.kind)
        assert dict(effect.held) == dict(held)


def _told(seen: Seen, effect: Effect) -> tuple[object, ...]:
    return seen.order_key, effect.role, effect.entity, repr(sorted(effect.parameters.items()))


def test_overlaps_are_counted_pair_by_pair(figures: Figures, events: list[Seen]) -> None:
    """Each pair of rules that fired on the same event is there once, with on how many."""
    pairs = Counter(
        (one, other) for seen in events for one in seen.decision.fired for other in seen.decision.fired if one < other
    )
    assert {(one, other): n for one, other, n in figures.overlap} == dict(pairs) and pairs


@pytest.mark.parametrize("name", JUDGED)
def test_precision_recall_and_lead_are_those_of_a_look_at_every_later_event(
    figures: Figures, events: list[Seen], name: str
) -> None:
    """Each listing counts once, at its first hit; what the end of the history hides is left out and counted."""
    found = rule(figures, name).judged
    assert found is not None and found.reason is None
    first: dict[str, Seen] = {}
    for seen in events:
        if name in seen.decision.fired:
            first.setdefault(seen.target, seen)
    told = {unit: came_true(events, seen) for unit, seen in first.items()}
    states = Counter(state for state, _ in told.values())
    assert (found.precision.part, found.precision.whole) == (states["yes"], states["yes"] + states["no"])
    assert found.cut == states["cut"]
    created = [(seen, came_true(events, seen)[0]) for seen in events if seen.decision.kind == "listing.created"]
    positive = {seen.target for seen, state in created if state == "yes"}
    met = {seen.target for seen, state in created if state == "yes" and name in seen.decision.fired}
    assert (found.recall.part, found.recall.whole) == (len(met), len(positive))
    leads = [lead for _, lead in told.values() if lead is not None]
    assert found.lead_ms is not None and found.lead_ms.median == statistics.median(leads)


def test_events_too_near_the_end_are_left_out_even_when_the_outcome_came(figures: Figures, events: list[Seen]) -> None:
    """To keep the known yes and drop the rest would flatter every rule."""
    cut = [seen for seen in events if seen.decision.kind == "listing.created" and came_true(events, seen)[0] == "cut"]
    assert figures.outcome is not None and figures.outcome.events_cut == len(cut) > 0


def test_a_rule_on_the_outcome_itself_is_not_judged(figures: Figures) -> None:
    """A share of reviews that are reviews says nothing, and the report says why."""
    judged = rule(figures, "unloved").judged
    assert judged is not None and judged.reason == "own_kind" and judged.precision.value is None


# --- no peeking


def test_the_future_never_changes_a_backtest_of_the_past(history: Path, tmp_path: Path, events: list[Seen]) -> None:
    """A cheat that looked ahead would decide otherwise on a history that ends earlier: nothing does."""
    middle = events[len(events) // 2].ms * 1_000
    whole = backtest(history, tmp_path / "whole", until_us=middle, sample=0)
    short = backtest(_ended(history, tmp_path / "ended", middle), tmp_path / "short", until_us=middle, sample=0)
    for one, other in zip(whole.rules, short.rules, strict=True):
        assert (one.hits, one.series, one.undetermined, one.effects) == (
            other.hits, other.series, other.undetermined, other.effects,
        )  # fmt: skip
    assert whole.totals.judged != short.totals.judged, "outcomes lie in the future, which one of them does not have"


def _ended(history: Path, folder: Path, until_us: int) -> Path:
    """Return a lake that ends before a time: the same files without the later rows."""
    shutil.copytree(history, folder)
    for path in folder.glob("events/*/*/*.parquet"):
        rows = pq.read_table(path, partitioning=None, filters=[("order_key", "<", until_us // 1_000 << 20)])
        path.unlink()
        if rows.num_rows:
            pq.write_table(rows, path)
    return folder


@pytest.mark.parametrize("formula", ["outcomes.panned_within_2_days", "event.panned_within_2_days", "lists.confirmed"])
def test_no_condition_can_read_an_outcome(formula: str) -> None:
    """The names of outcomes are unknown to conditions, whichever way a rule asks."""
    cheat = FILES["policies/busy.yaml"].replace(b"event.quantity > constants.pieces", formula.encode())
    report = Report()
    assert load_pack({**FILES, "policies/busy.yaml": cheat}, report) is None
    assert {d.code for d in report.diagnostics} & {"Z101", "Z119", "Z120"}


def test_a_rule_that_counts_outcomes_sees_only_those_before_it(history: Path, tmp_path: Path) -> None:
    """A feature over the outcome's own events gives a rule the past ones: it does not become an oracle."""
    feature = b"""\
  panned_ever:
    title: {en: Panned, pt-BR: Mal avaliado}
    aggregate: count
    of: review.posted
    where: event.stars <= 2
    by: target
    window: forever
"""
    cheat = FILES["policies/busy.yaml"].replace(
        b"event.quantity > constants.pieces || event.price > 19.0", b"features.panned_ever > 0 && constants.pieces > 1"
    )
    files = {**FILES, "features.yaml": FILES["features.yaml"] + feature, "policies/busy.yaml": cheat}
    found = rule(backtest(history, tmp_path / "out", pack=loaded(files), sample=0), "many")
    past: set[str] = set()
    expected = 0
    for seen in decided(history, loaded(files)):
        expected += seen.decision.kind == "listing.created" and seen.target in past
        if seen.decision.kind == "review.posted" and seen.event.stars <= 2:  # type: ignore[attr-defined]
            past.add(seen.target)
    assert found.hits == expected > 0
    assert found.hits < found.evaluated


# --- repeatable, whole or absent


def test_the_same_backtest_gives_the_same_report_by_either_engine(
    history: Path, tmp_path: Path, figures: Figures
) -> None:
    """Counts, shares and examples with their traces do not depend on the run, nor on what decided the events."""
    asked = {"by": ("kind", "sponsored"), "sample": 2, **against()}
    assert same_figures(backtest(history, tmp_path / "again", **asked), figures)
    assert same_figures(backtest(history, tmp_path / "sql", engine="duckdb", **asked), figures)
    assert {example.sort for example in figures.examples} == {"gained", "lost", "false_positive", "false_negative"} - (
        set() if any(found.lost for found in figures.rules) else {"lost"}
    )


def test_an_example_says_why(figures: Figures) -> None:
    """The trace of a hit comes to true, that of a miss does not, and a flip that was lost shows why."""
    for example in figures.examples:
        fired = example.trace[0].value is True
        assert fired == (example.sort in ("gained", "false_positive")), example
    labels = [step for example in figures.examples for step in example.trace if step.text == "actor.labels"]
    assert any(step.value == '["bulk"]' for step in labels)


def test_a_failed_backtest_leaves_nothing(history: Path, tmp_path: Path) -> None:
    """Neither a report nor a half of one; what an earlier, killed one left is swept away."""
    made = job(history, tmp_path / "out")
    object.__setattr__(made.engine, "decide", _fail)
    (tmp_path / "out.partial" / "stage").mkdir(parents=True)
    (tmp_path / "out.partial" / "unfinished.json").write_text('{"format": "zelo report"}')
    with pytest.raises(RuntimeError, match="in the middle"):
        run_backtest(made, silent)
    assert list(tmp_path.iterdir()) == []
    backtest(history, tmp_path / "out", sample=0, **against())
    assert {path.name for path in tmp_path.iterdir()} == {"out"}
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "report.html", "report.json", "flips.parquet", "decisions", "decisions_against",
    }  # fmt: skip


def _fail(*arguments: object) -> object:
    raise RuntimeError("in the middle")


def test_a_report_is_replaced_only_on_request(history: Path, tmp_path: Path) -> None:
    """Another file's folder never is."""
    backtest(history, tmp_path / "out", sample=0)
    with pytest.raises(Conflict, match="--fresh"):
        backtest(history, tmp_path / "out", sample=0)
    backtest(history, tmp_path / "out", sample=0, fresh=True)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(Conflict):
        backtest(history, tmp_path / "mine", fresh=True)
    with pytest.raises(Conflict):
        backtest(history, history / "inside")


def test_flips_are_kept_as_rows(history: Path, tmp_path: Path) -> None:
    """flips.parquet holds each of them once, with the event and the rule."""
    found = backtest(history, tmp_path / "out", sample=0, **against())
    rows = duckdb.sql(
        f"SELECT rule, change, count(*) FROM '{tmp_path}/out/flips.parquet' WHERE effect IS NULL GROUP BY ALL"
    ).fetchall()
    told = {(r.rule, c): n for r in found.rules for c, n in (("gained", r.gained), ("lost", r.lost)) if n}
    assert {(name, change): n for name, change, n in rows} == told
    assert msgspec.json.decode((tmp_path / "out" / "report.json").read_bytes(), type=Figures) == found


# --- little or nothing


def test_of_nothing_there_is_no_share(history: Path, tmp_path: Path) -> None:
    """An empty period, rules never tried, an outcome nobody can judge yet: each has no share, and a reason."""
    far = 4_000_000_000_000_000
    empty = backtest(history, tmp_path / "empty", since_us=far, by=("kind",))
    assert empty.period.events == 0 and empty.totals.events == 0 and empty.concentration is None
    assert all(found.undetermined.value is None and found.evaluated == 0 for found in empty.rules)
    reasons = {found.rule: found.judged.reason for found in empty.rules if found.judged is not None}
    assert reasons.items() >= {**dict.fromkeys(JUDGED, "not_tried"), "unloved": "own_kind"}.items()
    last = decided(history, loaded(FILES))[-1].ms
    late = backtest(history, tmp_path / "late", since_us=(last - 3_600_000) * 1_000)
    judged = late.totals.judged
    assert judged is not None and judged.precision.value is None and judged.reason in ("all_cut", "no_hits")


def test_a_rule_that_only_one_version_has_is_said_to_be(history: Path, tmp_path: Path) -> None:
    """All its hits are gained or lost, and it is named."""
    without = FILES["policies/busy.yaml"].replace(b"rule: many", b"rule: plenty")
    found = backtest(history, tmp_path / "out", **against({**FILES, "policies/busy.yaml": without}))
    many, plenty = rule(found, "many"), rule(found, "plenty")
    assert many.only_in == "new" and many.gained == many.hits > 0
    assert plenty.only_in == "old" and plenty.hits == 0 and plenty.lost == many.hits


# --- labels


def test_labels_of_a_file_judge_what_they_speak_of(history: Path, tmp_path: Path, events: list[Seen]) -> None:
    """An event without a label is neither right nor wrong: it is counted apart."""
    hits = [seen for seen in events if "many" in seen.decision.fired]
    labels = history / "labels" / "confirmed.csv"
    labels.parent.mkdir(exist_ok=True)
    rows = [f"{seen.event.id},{'true' if number % 3 else 'no'}" for number, seen in enumerate(hits[:9])]
    labels.write_text("id,value\n" + "\n".join(rows) + "\n")
    judged = rule(backtest(history, tmp_path / "out", outcome="confirmed", sample=0), "many").judged
    assert judged is not None and (judged.precision.part, judged.precision.whole) == (6, 9)
    assert judged.unlabeled == len(hits) - 9
    half = events[len(events) // 2].ms * 1_000
    late = rule(backtest(history, tmp_path / "late", outcome="confirmed", sample=0, since_us=half), "many").judged
    yes = [seen for number, seen in enumerate(hits[:9]) if number % 3]
    assert late is not None and late.out_of_reach == sum(seen.ms * 1_000 < half for seen in yes) > 0
    words = OUTCOMES + b"    true_when: bad\n"
    labels.write_text(
        "id,value\n" + "".join(f"{seen.event.id},{w}\n" for seen, w in zip(hits, ("bad", "fine", ""), strict=False))
    )
    said = loaded({**FILES, "outcomes.yaml": words})
    judged = rule(backtest(history, tmp_path / "said", pack=said, outcome="confirmed", sample=0), "many").judged
    assert judged is not None and (judged.precision.part, judged.precision.whole) == (1, 2)
    labels.write_text("id,value\ne1,perhaps\n")
    with pytest.raises(InvalidInput, match="neither true nor false"):
        backtest(history, tmp_path / "bad", outcome="confirmed")
    labels.write_text("event,value\ne1,true\n")
    with pytest.raises(InvalidInput, match="no column"):
        backtest(history, tmp_path / "bad", outcome="confirmed")
    labels.unlink()
    with pytest.raises(NotFound, match="put them at"):
        backtest(history, tmp_path / "bad", outcome="confirmed")


# --- arithmetic


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_intervals_are_those_that_newcombe_published(part: int, whole: int, low: float, high: float) -> None:
    """Newcombe (1998), table I, method 3."""
    found = share(part, whole)
    assert found.low == pytest.approx(low, abs=5e-5) and found.high == pytest.approx(high, abs=5e-5)


def test_quartiles_are_those_of_the_standard_library() -> None:
    """By linear interpolation, as its inclusive method does."""
    values = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0]
    found = quartiles(values)
    assert found is not None
    assert [found.q1, found.median, found.q3] == statistics.quantiles(values, n=4, method="inclusive")
    assert quartiles([]) is None and share(0, 0).value is None
