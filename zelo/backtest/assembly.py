"""What is asked of a backtest, and its answer put together from the counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from zelo.backtest import counts, judging, spread
from zelo.backtest.changes import changed_rules, diffs
from zelo.backtest.figures import (
    Concentration,
    Example,
    Figures,
    Judgement,
    OutcomeFigures,
    Period,
    RuleFigures,
    Totals,
    Version,
)
from zelo.backtest.hints import hints
from zelo.backtest.judging import JUDGEABLE, Standing
from zelo.backtest.logic import share
from zelo.backtest.relations import ANY, Ask, Progress, Store, fields_to_split_by, make, splits_to_offer
from zelo.base.errors import InvalidInput, NotFound
from zelo.base.messages.message import N_
from zelo.policy.pack import Outcome, Pack, Rule

SAMPLE = 1
"""Examples of each sort for each rule, when nothing is said."""


@dataclass(frozen=True)
class Question:
    """What a backtest is to find out."""

    pack: Pack
    named: str
    """How the pack was named on the command line."""
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    old: Pack | None = None
    old_named: str = ""
    old_files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    since_us: int | None = None
    until_us: int | None = None
    by: tuple[str, ...] = ()
    outcome: str | None = None
    """Name of the outcome; None: the pack's only one, or none."""
    sample: int = SAMPLE
    aggregates_only: bool = False
    """Leave out ids and examples, so that the report can be shown to anyone."""


@dataclass(frozen=True)
class Made:
    """What the figures were made with."""

    engine: str
    zelo_version: str
    language_version: str


Examples = Callable[["Standing | None"], tuple[tuple[Example, ...], int]]


def check_question(question: Question) -> None:
    """Raise InvalidInput or NotFound for what can not be asked, before anything runs."""
    old, pack = question.old, question.pack
    if old is not None and old.name != pack.name:
        raise InvalidInput(
            N_("`{old}` is another pack than `{new}`: compare two versions of one pack"), old=old.name, new=pack.name
        )
    known = {*fields_to_split_by(pack.kinds.values()), *pack.splits}
    for name in question.by:
        if name not in known:
            raise InvalidInput(
                N_("hits cannot be split by `{field}`: choose from {fields}"),
                field=name,
                fields=", ".join(f"`{one}`" for one in splits_to_offer(pack.kinds.values(), pack.splits)),
            )  # fmt: skip
    since, until = question.since_us, question.until_us
    if since is not None and until is not None and since >= until:
        raise InvalidInput(N_("the period is empty: --since must lie before --until"))
    outcome_named(question)


def outcome_named(question: Question) -> Outcome | None:
    """Return the outcome that rules are judged by: the one asked for, or the pack's only one."""
    declared = question.pack.outcomes
    if question.outcome is None:
        return next(iter(declared.values())) if len(declared) == 1 else None
    if question.outcome not in declared:
        raise NotFound(
            N_("the pack has no outcome `{name}`; there are: {names}"),
            name=question.outcome, names=", ".join(f"`{name}`" for name in declared) or "-",
        )  # fmt: skip
    return declared[question.outcome]


def figures_of(
    ask: Ask,
    store: Store,
    question: Question,
    made: Made,
    counted: Mapping[str, list[int]] | None,
    examples: Examples,
    progress: Progress,
) -> Figures:
    """
    Count everything a report says.

    `counted`: kind to the order keys of the outcome's events, when its condition had to be looked at one by one.
    A table `label` is there when the outcome is a file of labels.
    """
    pack, old = question.pack, question.old
    outcome = outcome_named(question)
    progress(N_("counting"), 0, 0)
    make(ask, store, question.by, outcome.by if outcome else None)
    period = counts.period(ask, store)
    flips = counts.flips(ask) if old else {}
    effect_flips = counts.effect_flips(ask) if old else {}
    rules, judged, told = _judged(ask, store, question, outcome, counted)
    parts = _parts(ask, store, question, period, flips, rules, judged)
    by_actor = outcome is not None and outcome.by == "actor"
    found = _rules(parts)
    shown, left_out = examples(rules)
    return Figures(
        zelo_version=made.zelo_version,
        language_version=made.language_version,
        engine=made.engine,
        new=_version(pack, question.named),
        old=_version(old, question.old_named) if old else None,
        period=period,
        time_zone=pack.time_zone,
        by=question.by,
        outcome=told,
        outcomes=tuple(pack.outcomes),
        totals=_totals(ask, parts, effect_flips),
        rules=found,
        overlap=counts.overlap(ask),
        effects=counts.effects(ask, pack, effect_flips if old else None),
        splits=counts.splits(ask, store, question.by, old=old is not None, judged=rules is not None),
        concentration=parts.concentrations.get(ANY),
        ages=spread.ages(ask, store, old=old is not None, judged=by_actor),
        sizes=spread.sizes(ask, store, old=old is not None, judged=by_actor),
        examples=shown,
        examples_left_out=left_out,
        hints=hints(ask, store, pack, rules) if rules is not None else (),
        diffs=diffs(question.old_files, question.files, pack, found) if old else (),
        aggregates_only=question.aggregates_only,
    )


def _parts(
    ask: Ask,
    store: Store,
    question: Question,
    period: Period,
    flips: Mapping[tuple[str, str], int],
    rules: Standing | None,
    judged: Mapping[tuple[str, str], Judgement],
) -> _Parts:
    """Count what is told rule by rule."""
    pack, old = question.pack, question.old
    return _Parts(
        pack=pack,
        old=old,
        kinds=counts.events_by_kind(ask, store),
        hits=counts.hits(ask),
        undetermined=counts.undetermined(ask),
        alone=counts.alone(ask),
        flips=flips,
        account_flips=counts.account_flips(ask) if old else {},
        altered=counts.altered_by_rules(ask) if old else {},
        series=counts.series(ask, period.steps, period.step_days),
        effects=counts.effects_of_rules(ask),
        by=counts.split_of_rules(ask, question.by),
        concentrations=spread.concentrations(ask, ids=not question.aggregates_only),
        judged=judged,
        standing=rules,
        changed=changed_rules(pack, old) if old else frozenset(),
    )


def _rules(parts: _Parts) -> tuple[RuleFigures, ...]:
    """Return the rules in pack order, then those that only the other version has."""
    pack, old = parts.pack, parts.old
    if old is None:
        return tuple(_rule(parts, rule, None) for rule in pack.rules)
    own = {rule.name for rule in pack.rules}
    found = tuple(_rule(parts, rule, None if _has(old, rule) else "new") for rule in pack.rules)
    return found + tuple(_rule(parts, rule, "old") for rule in old.rules if rule.name not in own)


def _judged(
    ask: Ask, store: Store, question: Question, outcome: Outcome | None, counted: Mapping[str, list[int]] | None
) -> tuple[Standing | None, Mapping[tuple[str, str], Judgement], OutcomeFigures | None]:
    """Join the outcome to the hits, after everything was decided."""
    if outcome is None:
        return None, {}, None
    own = question.pack.rules
    names = {rule.name for rule in own}
    every = (*own, *(rule for rule in (question.old.rules if question.old else ()) if rule.name not in names))
    rules = judging.standing(outcome, every, question.pack.kinds)
    judging.judge(ask, store, outcome, rules, counted)
    judging.find_first_hits(ask, rules)
    return rules, judging.judgements(ask, store, outcome, rules), judging.outcome_figures(ask, outcome)


def _has(pack: Pack, rule: Rule) -> bool:
    return any(other.name == rule.name for other in pack.rules)


def _version(pack: Pack, named: str) -> Version:
    return Version(pack=pack.name, title=pack.title, version=pack.version, named=named, rules=len(pack.rules))


@dataclass(frozen=True)
class _Parts:
    """The counts of all rules."""

    pack: Pack
    old: Pack | None
    kinds: counts.Counts
    hits: Mapping[tuple[str, str], counts.Hits]
    undetermined: Mapping[tuple[str, str], int]
    alone: counts.Counts
    flips: Mapping[tuple[str, str], int]
    account_flips: Mapping[tuple[str, str], int]
    altered: counts.Counts
    series: Mapping[tuple[str, str], tuple[int, ...]]
    effects: Mapping[str, tuple[counts.Counts, counts.Counts]]
    by: Mapping[str, Mapping[str, counts.Counts]]
    concentrations: Mapping[str, Concentration]
    judged: Mapping[tuple[str, str], Judgement]
    standing: Standing | None
    changed: frozenset[str]

    def judgement(self, version: str, rule: str) -> Judgement | None:
        """Return how well a rule's hits foresaw the outcome; None without an outcome, or a version."""
        if self.standing is None or (version != "new" and self.old is None):
            return None
        if rule in self.standing.reasons:
            return Judgement(reason=self.standing.reasons[rule])
        if not any(self.kinds.get(kind) for kind in self.standing.kinds.get(rule, ())):
            return Judgement(reason="not_tried")
        return self.judged.get((version, rule), Judgement(reason="no_hits"))


def _rule(parts: _Parts, rule: Rule, only_in: str | None) -> RuleFigures:
    name, compared = rule.name, parts.old is not None
    hits = parts.hits.get(("new", name), counts.NO_HITS)
    evaluated = sum(parts.kinds.get(kind, 0) for kind in rule.kinds)
    given, held = parts.effects.get(name, ({}, {}))
    nothing = (0,) * len(next(iter(parts.series.values()), ()))

    def flipped(change: str) -> int | None:
        return parts.flips.get((name, change), 0) if compared else None

    return RuleFigures(
        rule=name,
        policy=rule.policy,
        title=rule.title,
        kinds=rule.kinds,
        only_in=only_in,
        changed=name in parts.changed,
        evaluated=evaluated,
        hits=hits.hits,
        accounts=hits.accounts,
        targets=hits.targets,
        undetermined=share(parts.undetermined.get(("new", name), 0), evaluated),
        alone=parts.alone.get(name, 0),
        other=parts.hits.get(("old", name), counts.NO_HITS).hits if compared else None,
        gained=flipped("gained"),
        lost=flipped("lost"),
        kept=flipped("kept"),
        altered=parts.altered.get(name, 0) if compared else None,
        accounts_gained=parts.account_flips.get((name, "gained"), 0) if compared else None,
        accounts_lost=parts.account_flips.get((name, "lost"), 0) if compared else None,
        effects=given,
        held=held,
        daily_limit=rule.daily_limit,
        busiest=hits.busiest,
        series=parts.series.get(("new", name), nothing),
        series_other=parts.series.get(("old", name), nothing) if compared else None,
        by=parts.by.get(name, {}),
        concentration=parts.concentrations.get(name),
        judged=parts.judgement("new", name),
        judged_other=parts.judgement("old", name),
        judged_gained=parts.judgement("gained", name),
        judged_lost=parts.judgement("lost", name),
    )


def _totals(ask: Ask, parts: _Parts, effects: Mapping[tuple[str, str], int]) -> Totals:
    compared = parts.old is not None

    def changed(change: str) -> int | None:
        return sum(count for (_, of), count in effects.items() if of == change) if compared else None

    hits = parts.hits.get(("new", ANY), counts.NO_HITS)
    restricted = counts.restricted(ask)
    return Totals(
        events=hits.hits,
        accounts=hits.accounts,
        undetermined=parts.undetermined.get(("new", ANY), 0),
        restricted=restricted.get("new", 0),
        other_events=parts.hits.get(("old", ANY), counts.NO_HITS).hits if compared else None,
        gained=parts.flips.get((ANY, "gained"), 0) if compared else None,
        lost=parts.flips.get((ANY, "lost"), 0) if compared else None,
        kept=parts.flips.get((ANY, "kept"), 0) if compared else None,
        accounts_gained=parts.account_flips.get((ANY, "gained"), 0) if compared else None,
        accounts_lost=parts.account_flips.get((ANY, "lost"), 0) if compared else None,
        effects_gained=changed("gained"),
        effects_lost=changed("lost"),
        effects_altered=changed("altered"),
        restricted_other=restricted.get("old", 0) if compared else None,
        judged=parts.judgement("new", JUDGEABLE),
        judged_other=parts.judgement("old", JUDGEABLE),
        judged_gained=parts.judgement("gained", JUDGEABLE),
        judged_lost=parts.judgement("lost", JUDGEABLE),
        series=parts.series.get(("new", ANY), ()),
        series_other=parts.series.get(("old", ANY), ()) if compared else None,
    )
