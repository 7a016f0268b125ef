"""The curve of a constant as a page and as single SVG files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from zelo.backtest.report import charts
from zelo.backtest.report.page import written
from zelo.backtest.report.sentences import sweep_sentence
from zelo.backtest.report.tongue import Tongue
from zelo.backtest.sweep import Curve, Point

_STYLE = (
    "text{fill:#56645c;font:12px sans-serif}.grid{stroke:#d0dad3}.zero{stroke:#74837b}"
    ".line{fill:none;stroke:#1d4fae;stroke-width:2.25;vector-effect:non-scaling-stroke}"
    ".limit{stroke:#16201b;stroke-width:1.5;stroke-dasharray:2 4}.strong{fill:#16201b;font-weight:600}"
)


def sweep_page(curve: Curve, tongues: Mapping[str, Tongue]) -> str:
    """Return the curve as one HTML file that needs nothing beside it."""
    views = [SweepView(curve, tongue) for tongue in tongues.values()]
    for view in views:
        view.others = tuple(other for other in views if other is not view)
    return written("sweep.html", views, views[0].title)


def sweep_charts(curve: Curve, tongue: Tongue) -> dict[str, str]:
    """Return name to a chart as an SVG file of its own."""
    view = SweepView(curve, tongue)
    return {name: _alone(chart) for name, _, chart in view.charts()}


def _alone(chart: Markup) -> str:
    head = '<svg xmlns="http://www.w3.org/2000/svg" width="720" '
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{str(chart).replace("<svg ", head, 1)}'.replace(
        "<title ", f"<style>{_STYLE}</style><title ", 1
    )


class SweepView:
    """A curve in one language, as the template asks for it."""

    def __init__(self, curve: Curve, tongue: Tongue) -> None:
        self.curve, self.tongue = curve, tongue
        self.language, self.short = tongue.language, tongue.language[:2]
        self.others: tuple[SweepView, ...] = ()
        self.lede = sweep_sentence(curve, tongue)
        self.title = tongue.say("sweep_page", rule=curve.rule, constant=curve.constant)
        self.judged = curve.outcome is not None and curve.reason is None

    @property
    def other(self) -> SweepView | None:
        """Return the page in the other language."""
        return self.others[0] if self.others else None

    @property
    def other_name(self) -> str:
        """Return what leads there, in that language."""
        return {"en": "In English", "pt-BR": "Em português"}.get(self.others[0].language, self.others[0].language)

    def charts(self) -> list[tuple[str, str, Markup]]:
        """Return the charts there are: name, title, drawing."""
        points = self.curve.points
        if not points:
            return []
        found = [self._chart("hits", [(point.value, float(point.hits)) for point in points], share=False)]
        if self.judged:
            for name in ("precision", "recall"):
                known = [(point.value, value) for point in points if (value := getattr(point, name).value) is not None]
                if known:
                    found.append(self._chart(name, known, share=True))
        return found

    def _chart(self, name: str, points: Sequence[tuple[float, float]], *, share: bool) -> tuple[str, str, Markup]:
        tongue, curve = self.tongue, self.curve
        title = tongue.say(name)
        at = dict(points).get(curve.now)
        value = tongue.say("unknown") if at is None else tongue.percent(at) if share else tongue.number(at)
        desc = tongue.say(
            "sweep_desc",
            low=tongue.threshold(points[0][0]),
            high=tongue.threshold(points[-1][0]),
            now=curve.now,
            value=value,
        )
        return name, title, charts.curve(f"{self.short}-{name}", tongue, title, desc, points, curve.now, share=share)

    def is_now(self, point: Point) -> bool:
        """Say whether a point is that of the present value."""
        return point.value == self.curve.now
