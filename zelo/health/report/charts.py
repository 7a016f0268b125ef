"""Geometry of the report's pictures: the flow from band to band, bars, and curves; the page draws them as SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 760.0, 320.0
_NODE, _GAP, _LEAST = 14.0, 10.0, 2.0
_MARGIN = 190.0
"""Room for the words on both sides."""


@dataclass(frozen=True)
class Node:
    """A band on one side."""

    band: str
    count: int
    x: float
    y: float
    height: float
    is_left: bool


@dataclass(frozen=True)
class Ribbon:
    """The accounts that go from one band to another."""

    before: str
    after: str
    count: int
    path: str
    number: int
    """Of the band it comes from, for its colour."""
    stays: bool


@dataclass(frozen=True)
class Flow:
    """A flow picture."""

    width: float
    height: float
    nodes: tuple[Node, ...]
    ribbons: tuple[Ribbon, ...]


def flow(bands: Sequence[str], flows: Mapping[tuple[str, str], int]) -> Flow:
    """Return the picture of accounts going from band to band; heights are counts, the thinnest still to be seen."""
    left = {band: sum(n for (a, _), n in flows.items() if a == band) for band in bands}
    right = {band: sum(n for (_, b), n in flows.items() if b == band) for band in bands}
    total = max(sum(left.values()), 1)
    height = max(HEIGHT, 40.0 * len(bands))
    scale = (height - _GAP * len(bands)) / total
    x_left, x_right = _MARGIN, WIDTH - _MARGIN - _NODE
    nodes = (*_nodes(bands, left, scale, x_left, True), *_nodes(bands, right, scale, x_right, False))
    starts = {node.band: node.y for node in nodes if node.is_left}
    ends = {node.band: node.y for node in nodes if not node.is_left}
    ribbons = []
    for number, before in enumerate(bands):
        for after in bands:
            count = flows.get((before, after), 0)
            if count:
                thick = max(count * scale, _LEAST / 2)
                path = _ribbon(x_left + _NODE, starts[before], x_right, ends[after], thick)
                ribbons.append(Ribbon(before, after, count, path, number % 6 + 1, before == after))
                starts[before] += count * scale
                ends[after] += count * scale
    bottom = max((node.y + node.height for node in nodes), default=height)
    return Flow(WIDTH, round(bottom + _GAP, 1), nodes, tuple(ribbons))


def _nodes(bands: Sequence[str], counts: Mapping[str, int], scale: float, x: float, is_left: bool) -> tuple[Node, ...]:
    found, y = [], _GAP
    for band in bands:
        if counts[band]:
            high = max(counts[band] * scale, _LEAST)
            found.append(Node(band, counts[band], x, round(y, 1), round(high, 1), is_left))
            y += max(high, 18.0) + _GAP
    return tuple(found)


def _ribbon(x1: float, y1: float, x2: float, y2: float, thick: float) -> str:
    """Return the outline of a band of even thickness between two sides."""
    middle = (x1 + x2) / 2
    return (
        f"M{x1:.1f} {y1:.1f}C{middle:.1f} {y1:.1f} {middle:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"
        f"V{y2 + thick:.1f}C{middle:.1f} {y2 + thick:.1f} {middle:.1f} {y1 + thick:.1f} {x1:.1f} {y1 + thick:.1f}Z"
    )


@dataclass(frozen=True)
class Dot:
    """A point of a curve with its interval."""

    x: float
    y: float
    low: float
    high: float


@dataclass(frozen=True)
class Curve:
    """A curve with a band around it; 0 is at the bottom."""

    width: float
    height: float
    dots: tuple[Dot, ...]
    line: str
    band: str
    top: float
    """The value at the upper edge."""


def curve(points: Sequence[tuple[float, float, float, float]]) -> Curve:
    """Return the picture of points: where, value, low and high end of its interval."""
    width, height, edge = 520.0, 160.0, 14.0
    top = max((high for _, _, _, high in points), default=0.0) * 1.05 or 1.0
    xs = [at for at, _, _, _ in points]
    first, stretch = min(xs, default=0.0), (max(xs, default=1.0) - min(xs, default=0.0)) or 1.0

    def x(at: float) -> float:
        return round(edge + (at - first) / stretch * (width - 2 * edge), 1)

    def y(value: float) -> float:
        return round(height - edge - value / top * (height - 2 * edge), 1)

    dots = tuple(Dot(x(at), y(value), y(low), y(high)) for at, value, low, high in points)
    line = "M" + "L".join(f"{dot.x} {dot.y}" for dot in dots)
    upper = "L".join(f"{dot.x} {dot.high}" for dot in dots)
    lower = "L".join(f"{dot.x} {dot.low}" for dot in reversed(dots))
    return Curve(width, height, dots, line, f"M{upper}L{lower}Z", top)
