"""A report as one HTML file that needs nothing beside it: both languages, light and dark, charts drawn here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from zelo.backtest.figures import Example, Figures, FileDiff
from zelo.backtest.logic import Share
from zelo.backtest.report import charts
from zelo.backtest.report.sentences import hint_words, lede
from zelo.backtest.report.tongue import Tongue

MATRIX_MAX = 24
"""Most rules of the matrix of overlaps."""
UNDETERMINED_SHOWN = 0.005
"""Share of undetermined events from which a rule is named among those that said little."""
_SORTS = ("gained", "lost", "false_positive", "false_negative")


@cache
def environment() -> Environment:
    """Return the templates; what is not marked as markup is escaped, and a name that is not there is an error."""
    return Environment(
        loader=PackageLoader("zelo.backtest", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def page(figures: Figures, tongues: Mapping[str, Tongue]) -> str:
    """Return the report; it opens in the first language and holds them all."""
    views = [View(figures, tongue) for tongue in tongues.values()]
    for view in views:
        view.others = tuple(other for other in views if other is not view)
    return written("body.html", views, views[0].title)


def written(body: str, views: Sequence[Any], title: str) -> str:
    """Return a page with a body for each language."""
    first = views[0].language
    return environment().get_template("page.html").render(views=views, body=body, first=first, page_title=title)


@dataclass(frozen=True)
class Cell:
    """Two rules on the same events."""

    n: int
    share: float
    """Of the hits of the row's rule."""

    @property
    def heat(self) -> int:
        """Return how strongly the cell is tinted, 1 to 3."""
        return 1 if self.share < 0.2 else 2 if self.share < 0.6 else 3


@dataclass(frozen=True)
class Matrix:
    """Overlaps of the rules that have any."""

    rules: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell | None, ...]], ...]
    cut: bool


class View:
    """A report in one language, as the template asks for it."""

    def __init__(self, figures: Figures, tongue: Tongue) -> None:
        self.figures, self.tongue = figures, tongue
        self.language, self.short = tongue.language, tongue.language[:2]
        self.others: tuple[View, ...] = ()
        self.lede = lede(figures, tongue)
        pack = tongue.title(figures.new.title, figures.new.pack)
        self.title = tongue.say("title", pack=pack)
        if figures.old is not None:
            self.title = tongue.say("title_against", pack=pack, old=figures.old.named)
        self.judged_accounts = figures.outcome is not None and figures.outcome.by == "actor"

    @property
    def other(self) -> View | None:
        """Return the report in the other language."""
        return self.others[0] if self.others else None

    @property
    def other_name(self) -> str:
        """Return what leads there, in that language."""
        return {"en": "In English", "pt-BR": "Em português"}.get(self.others[0].language, self.others[0].language)

    @property
    def command(self) -> str:
        """Return the command that gives the same figures again."""
        figures = self.figures
        words = ["zelo backtest", figures.new.named, "--source LAKE --out DIR"]
        if figures.old is not None:
            words.append(f"--against {figures.old.named}")
        if figures.outcome is not None:
            words.append(f"--outcome {figures.outcome.name}")
        if figures.by:
            words.append(f"--by {','.join(figures.by)}")
        return " ".join(words)

    def bar(self, given: Share, of: str) -> Markup:
        """Return a share with its interval."""
        return charts.bar(self.tongue, given, of)

    def spark(self, values: Sequence[int]) -> Markup:
        """Return a small line."""
        return charts.spark(values)

    def series_chart(self) -> Markup:
        """Return hits over time, of both versions when there are two."""
        figures, tongue = self.figures, self.tongue
        steps = figures.period.steps
        new = figures.totals.series or (0,) * len(steps)
        lines: list[tuple[str, Sequence[int]]] = []
        if figures.old is not None:
            lines.append(("c6", figures.totals.series_other or (0,) * len(steps)))
        lines.append(("c1", new))
        title = tongue.say("chart_title" if figures.period.step_days == 1 else "chart_title_weeks")
        desc = tongue.say(
            "chart_desc", first=tongue.day(steps[0]), last=tongue.day(steps[-1]),
            low=min(new), high=max(new), total=sum(new),
        )  # fmt: skip
        return charts.series(f"{self.short}-series", tongue, title, desc, steps, lines)

    def silent(self) -> list[tuple[str, str]]:
        """Return the rules that were never tried, never fired or often undetermined, each with why."""
        tongue, found = self.tongue, []
        for rule in self.figures.rules:
            if rule.only_in == "old":
                continue
            if not rule.evaluated:
                found.append((rule.rule, tongue.say("silent_never_tried", kinds=", ".join(rule.kinds))))
                continue
            if not rule.hits:
                found.append((rule.rule, tongue.say("silent_never_fired", n=tongue.count("events", rule.evaluated))))
            if (rule.undetermined.value or 0) >= UNDETERMINED_SHOWN:
                found.append((rule.rule, tongue.say("silent_undetermined", share=tongue.share(rule.undetermined))))
        return found

    def matrix(self) -> Matrix:
        """Return the overlaps of the rules that fire together with others, those with the most first."""
        pairs = {(one, other): n for one, other, n in self.figures.overlap}
        pairs |= {(other, one): n for one, other, n in self.figures.overlap}
        together: dict[str, int] = {}
        for (one, _), n in pairs.items():
            together[one] = together.get(one, 0) + n
        most = sorted(together, key=lambda rule: (-together[rule], rule))[:MATRIX_MAX]
        hits = {rule.rule: rule.hits for rule in self.figures.rules}
        rows = [
            (one, tuple(None if one == other else _cell(pairs.get((one, other), 0), hits[one]) for other in most))
            for one in most
        ]
        return Matrix(tuple(most), tuple(rows), len(together) > len(most))

    def hints(self) -> list[str]:
        """Return the hints in words."""
        return [hint_words(hint, self.tongue) for hint in self.figures.hints]

    def diff_effects(self, diff: FileDiff) -> list[str]:
        """Return what each rule concerned does differently."""
        rules = {rule.rule: rule for rule in self.figures.rules}
        return [
            self.tongue.say(
                "diff_altered" if rules[name].altered else "diff_effect", rule=name, gained=rules[name].gained or 0,
                lost=rules[name].lost or 0, kept=rules[name].kept or 0, altered=rules[name].altered or 0,
            )
            for name in diff.rules
        ]  # fmt: skip

    def examples(self) -> list[tuple[str, list[Example]]]:
        """Return the examples by sort."""
        found = [(sort, [one for one in self.figures.examples if one.sort == sort]) for sort in _SORTS]
        return [(sort, examples) for sort, examples in found if examples]


def _cell(n: int, hits: int) -> Cell:
    return Cell(n, n / hits if hits else 0.0)
