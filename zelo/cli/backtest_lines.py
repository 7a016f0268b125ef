"""What a backtest or a sweep came to, as lines for people."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from zelo.backtest.figures import Figures, RuleFigures
from zelo.backtest.report.sentences import lede, sweep_sentence
from zelo.backtest.report.tongue import Tongue
from zelo.backtest.sweep import Curve, Point
from zelo.cli.speech import number
from zelo.cli.telling import table


def backtest_lines(figures: Figures, tongue: Tongue, out: Path) -> Iterator[str]:
    """Yield the sentence, a row for each rule, and where the rest is."""
    yield lede(figures, tongue)
    yield ""
    compared, judged = figures.old is not None, figures.outcome is not None
    heads = [tongue.say("rule"), tongue.say("hits")]
    if compared:
        heads += [tongue.say("gained"), tongue.say("lost")]
    heads += [tongue.say("accounts"), tongue.say("undetermined")]
    if judged:
        heads += [tongue.say("precision"), "95%", tongue.say("recall")]
    yield from table(heads, [_row(rule, tongue, compared=compared, judged=judged) for rule in figures.rules])
    yield ""
    for name in ("report.html", "report.json"):
        yield f"  {out / name}"


def _row(rule: RuleFigures, tongue: Tongue, *, compared: bool, judged: bool) -> list[str]:
    cells = [rule.rule, number(rule.hits) if rule.evaluated else tongue.say("unknown")]
    if compared:
        cells += [number(rule.gained or 0), number(rule.lost or 0)]
    cells += [number(rule.accounts), tongue.share(rule.undetermined)]
    if judged and rule.judged is not None:
        if rule.judged.reason is not None:
            cells += ["-", tongue.say(f"why_{rule.judged.reason}"), "-"]
        else:
            cells += [
                tongue.share(rule.judged.precision), tongue.interval(rule.judged.precision),
                tongue.share(rule.judged.recall),
            ]  # fmt: skip
    return cells


def sweep_lines(curve: Curve, tongue: Tongue, out: Path | None) -> Iterator[str]:
    """Yield what the curve says, a row for each of its points; the present value is marked."""
    yield sweep_sentence(curve, tongue)
    if not curve.points:
        return
    yield ""
    judged = curve.outcome is not None and curve.reason is None
    heads = [f"{curve.rule}.{curve.constant}", tongue.say("hits"), tongue.say("accounts")]
    heads += [tongue.say("precision"), "95%", tongue.say("recall")] if judged else []
    yield from table(heads, [_point(curve, point, tongue, judged=judged) for point in curve.points])
    if out is not None:
        yield ""
        for name in ("sweep.html", "sweep.json", "hits.svg"):
            yield f"  {out / name}"


def _point(curve: Curve, point: Point, tongue: Tongue, *, judged: bool) -> list[str]:
    mark = "> " if point.value == curve.now else "  "
    cells = [mark + tongue.threshold(point.value), number(point.hits), number(point.accounts)]
    if judged:
        cells += [tongue.share(point.precision), tongue.interval(point.precision), tongue.share(point.recall)]
    return cells
