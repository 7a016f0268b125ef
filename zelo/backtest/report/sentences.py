"""The trade-off in one sentence, and what stands right below it."""

from __future__ import annotations

from zelo.backtest.figures import Figures, Hint, Judgement
from zelo.backtest.report.tongue import Tongue
from zelo.backtest.sweep import Curve


def lede(figures: Figures, tongue: Tongue) -> str:
    """Return the sentence a report begins with: what the change would do, to whom, how well."""
    totals = figures.totals
    if not figures.period.events:
        return tongue.say("lede_no_events")
    if not totals.events and not totals.other_events:
        return tongue.say("lede_no_hits", events=tongue.count("events", figures.period.events))
    if figures.old is not None:
        return _against(figures, tongue)
    events, accounts = tongue.count("events", totals.events), tongue.count("accounts", totals.accounts)
    rest = _restricted(figures, tongue)
    if figures.outcome is None or totals.judged is None:
        return tongue.say("lede_plain", events=events, accounts=accounts, restricted=rest)
    title = tongue.title(figures.outcome.title, figures.outcome.name)
    if totals.judged.reason is not None:
        return tongue.say("lede_unjudged", events=events, accounts=accounts, outcome=title, restricted=rest)
    rest = _of_rules(figures, tongue) + rest
    return tongue.say(
        "lede_judged", events=events, accounts=accounts, outcome=title, restricted=rest, **_of(totals.judged, tongue)
    )


def _against(figures: Figures, tongue: Tongue) -> str:
    assert figures.old is not None
    totals = figures.totals
    gained, lost, kept = totals.gained or 0, totals.lost or 0, totals.kept or 0
    if not gained and not lost:
        return _same(figures, tongue)
    told = {
        "old": figures.old.named,
        "gained": tongue.count("events", gained),
        "lost": tongue.number(lost),
        "restricted": _altered(figures, tongue) + _restricted(figures, tongue),
    }
    judged = totals.judged_gained
    if figures.outcome is not None and judged is not None and judged.reason is None and judged.precision.whole:
        title = tongue.title(figures.outcome.title, figures.outcome.name)
        told["restricted"] = _of_rules(figures, tongue) + told["restricted"]
        return tongue.say("lede_against_judged", outcome=title, **told, **_of(judged, tongue))
    return tongue.say("lede_against", kept=tongue.number(kept), **told)


def _same(figures: Figures, tongue: Tongue) -> str:
    """Return what differs where both versions act on the same events: the effects, the rules, or nothing."""
    totals = figures.totals
    told = {
        "events": tongue.count("events", totals.kept or 0),
        "accounts": tongue.count("accounts", totals.accounts),
    }
    altered, gained, lost = totals.effects_altered or 0, totals.effects_gained or 0, totals.effects_lost or 0
    if altered or gained or lost:
        effects = tongue.count("effects", altered)
        rest = _restricted(figures, tongue)
        return tongue.say("lede_same_otherwise", altered=effects, gained=gained, lost=lost, restricted=rest, **told)
    more, fewer = (sum(getattr(rule, name) or 0 for rule in figures.rules) for name in ("gained", "lost"))
    if more or fewer:
        return tongue.say("lede_same_by_others", gained=more, lost=fewer, **told)
    return tongue.say("lede_same", **told)


def _altered(figures: Figures, tongue: Tongue) -> str:
    count = figures.totals.effects_altered
    return tongue.say("lede_effects", altered=tongue.count("effects", count)) if count else ""


def _of_rules(figures: Figures, tongue: Tongue) -> str:
    """Return of how many rules the outcome speaks, where that is not all of them."""
    mine = [rule for rule in figures.rules if rule.only_in != "old"]
    silent = ("own_kind", "no_role", "not_tried")
    judged = sum(rule.judged is not None and rule.judged.reason not in silent for rule in mine)
    return tongue.say("lede_of_rules", judged=judged, rules=len(mine)) if judged < len(mine) else ""


def _of(judged: Judgement, tongue: Tongue) -> dict[str, str]:
    precision = judged.precision
    return {
        "yes": tongue.number(precision.part),
        "no": tongue.number(precision.whole - precision.part),
        "known": tongue.number(precision.whole),
        "interval": tongue.interval(precision),
    }


def _restricted(figures: Figures, tongue: Tongue) -> str:
    totals = figures.totals
    accounts = tongue.count("accounts", totals.restricted)
    if totals.restricted_other is not None and totals.restricted_other != totals.restricted:
        return tongue.say("lede_restricted_against", accounts=accounts, before=totals.restricted_other)
    return tongue.say("lede_restricted", accounts=accounts) if totals.restricted else ""


def hint_words(hint: Hint, tongue: Tongue) -> str:
    """Return a hint in plain words."""
    titles = {name: tongue.title(texts, name) for name, texts in hint.titles.items()}
    tests = [_test(test, titles, tongue) for test in hint.conditions]
    return tongue.say(
        "hint",
        rule=hint.rule,
        conditions=tongue.say("and").join(tests),
        precision=tongue.share(hint.precision),
        n=hint.precision.whole,
        interval=tongue.interval(hint.precision),
        overall=tongue.share(hint.overall),
        removes=tongue.share(hint.removes),
    )


def _test(test: tuple[str, str, object], titles: dict[str, str], tongue: Tongue) -> str:
    what, how, value = test
    name = titles.get(what.removeprefix("features.")) if what.startswith("features.") else None
    shown = f"“{name}”" if name else f"`{what}`"
    if isinstance(value, bool):
        told: object = tongue.say("true" if value else "false")
    else:
        told = f"`{value}`" if isinstance(value, str) else value
    return tongue.say(f"test_{how}", what=shown, **({} if value is None else {"value": told}))


def sweep_sentence(curve: Curve, tongue: Tongue) -> str:
    """Return what the present value of a constant does, and over what range of it the rule fires at all."""
    if not curve.points or curve.at_now is None:
        return tongue.say("sweep_nothing", rule=curve.rule)
    at = curve.at_now
    told: dict[str, object] = {
        "rule": curve.rule,
        "constant": curve.constant,
        "now": curve.now,
        "hits": tongue.count("hits", at.hits),
        "accounts": tongue.count("accounts", at.accounts),
        "low": tongue.threshold(curve.points[0].value),
        "high": tongue.threshold(curve.points[-1].value),
        "candidates": tongue.count("hits", curve.candidates),
    }
    if curve.outcome is None or curve.reason is not None or at.precision.value is None:
        return tongue.say("sweep_plain", **told)
    told |= {"precision": tongue.share(at.precision), "interval": tongue.interval(at.precision)}
    told |= {"recall": tongue.share(at.recall), "outcome": tongue.title(curve.title, curve.outcome)}
    return tongue.say("sweep_judged", **told)
