"""Charts as SVG drawn here: x in percent and y in pixels, so that text keeps its size at any width."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup, escape

from zelo.backtest.logic import Share, axis_top
from zelo.backtest.report.tongue import Tongue

HEIGHT = 240
_TOP, _BOTTOM = 14, 26
_LEFT, _RIGHT = 6.0, 98.5
_TICKS = 5


def series(
    name: str, tongue: Tongue, title: str, desc: str, steps: Sequence[str], lines: Sequence[tuple[str, Sequence[int]]]
) -> Markup:
    """Return one or two lines over time, zero on the axis; `lines`: class of the series and its values."""
    top = axis_top(max((value for _, values in lines for value in values), default=0))
    parts = [_axis(tongue, top), _days(tongue, steps)]
    paths = [f'<path class="line {of}" d="{_path(values, top)}"/>' for of, values in lines if values]
    inner = HEIGHT - _TOP - _BOTTOM
    frame = f'<svg y="{_TOP}" width="100%" height="{inner}" viewBox="0 0 100 100" preserveAspectRatio="none">'
    parts.append(f"{frame}{''.join(paths)}</svg>")
    parts += [_mark(of, _x(len(values) - 1, len(values)), values[-1] / top) for of, values in lines if values]
    return _chart(name, HEIGHT, title, desc, parts)


def _chart(name: str, height: int, title: str, desc: str, parts: Sequence[str]) -> Markup:
    head = f'<svg class="chart" height="{height}" role="img" aria-labelledby="{name}-t {name}-d">'
    words = f'<title id="{name}-t">{escape(title)}</title><desc id="{name}-d">{escape(desc)}</desc>'
    return Markup(f"{head}{words}{''.join(parts)}</svg>")  # nosec B704 # all text in it was escaped


def _y(fraction: float) -> float:
    return round(_TOP + (1 - fraction) * (HEIGHT - _TOP - _BOTTOM), 1)


def _x(number: int, count: int) -> float:
    return round(_LEFT + (_RIGHT - _LEFT) * (number / (count - 1) if count > 1 else 1.0), 2)


def _axis(tongue: Tongue, top: float) -> str:
    lines = []
    for step in range(_TICKS):
        fraction = step / (_TICKS - 1)
        value = top * fraction
        if top <= 4 and value != int(value):
            continue
        kind = "zero" if step == 0 else "grid"
        lines.append(f'<line class="{kind}" x1="0" x2="100%" y1="{_y(fraction)}" y2="{_y(fraction)}"/>')
        lines.append(f'<text x="0" y="{_y(fraction) - 5}">{escape(tongue.number(round(value, 2)))}</text>')
    return "".join(lines)


def _days(tongue: Tongue, steps: Sequence[str]) -> str:
    if not steps:
        return ""
    last = len(steps) - 1
    places = sorted({0, last // 4, last // 2, 3 * last // 4, last})
    texts = []
    for place in places:
        anchor = "start" if place == 0 and last else "end" if place == last else "middle"
        x, day = _x(place, len(steps)), escape(tongue.short_day(steps[place]))
        texts.append(f'<text x="{x}%" y="{HEIGHT - 6}" text-anchor="{anchor}">{day}</text>')
    return "".join(texts)


def _path(values: Sequence[int], top: float) -> str:
    points = [(_x(number, len(values)), round(100 - 100 * value / top, 2)) for number, value in enumerate(values)]
    if len(points) == 1:
        points.insert(0, (_LEFT, points[0][1]))
    return "M" + "L".join(f"{x} {y}" for x, y in points)


def _mark(of: str, x: float, fraction: float) -> str:
    shapes = {"c6": '<rect class="dot" x="-4.5" y="-4.5" width="9" height="9"/>'}
    shape = shapes.get(of, '<circle class="dot" r="5"/>')
    return f'<svg x="{x}%" y="{_y(fraction)}" overflow="visible"><g class="{of}">{shape}</g></svg>'


def bar(tongue: Tongue, given: Share, of: str = "c1") -> Markup:
    """Return a share as a dot on a track from 0 to 1, with its interval; hatched when it is not known."""
    if given.value is None or given.low is None or given.high is None:
        return Markup(
            '<svg class="chart" height="16" aria-hidden="true">'
            '<rect x="0" y="3" width="100%" height="10" rx="3" fill="url(#hatch)"/></svg>'
        )
    low, high, value = (round(100 * number, 2) for number in (given.low, given.high, given.value))
    words = tongue.say("bar_desc", value=tongue.share(given), interval=tongue.interval(given), n=given.whole)
    return Markup(  # nosec B704 # numbers, and words that are escaped
        f'<svg class="chart" height="16" role="img" aria-label="{escape(words)}"><g class="{of}">'
        '<rect class="track" x="0" y="5" width="100%" height="6" rx="3"/>'
        f'<rect class="band" x="{low}%" y="2" width="{round(max(0.0, high - low), 2)}%" height="12" rx="3"/>'
        f'<line class="whisker" x1="{low}%" x2="{high}%" y1="8" y2="8"/>'
        f'<circle class="dot" cx="{value}%" cy="8" r="5"/></g></svg>'
    )


def spark(values: Sequence[int]) -> Markup:
    """Return a small line without an axis, from zero to its own highest; the numbers stand beside it."""
    most = max(values, default=0)
    if not most:
        return Markup("")
    points = " ".join(
        f"{round(100 * number / max(1, len(values) - 1), 1)},{round(36 - 32 * value / most, 1)}"
        for number, value in enumerate(values)
    )
    return Markup(  # nosec B704 # numbers only
        '<svg class="chart spark" aria-hidden="true" viewBox="0 0 100 40" preserveAspectRatio="none">'
        f'<polyline class="line c1" points="{points}"/></svg>'
    )


def curve(
    name: str, tongue: Tongue, title: str, desc: str, points: Sequence[tuple[float, float]], now: float, *, share: bool
) -> Markup:
    """Return a stepped curve over the values of a constant, with the present value marked by a dotted rule."""
    low, high = min(x for x, _ in points), max(x for x, _ in points)
    width = (high - low) or 1.0
    top = 1.0 if share else axis_top(max(y for _, y in points))
    placed = [
        (round(_LEFT + (_RIGHT - _LEFT) * (x - low) / width, 2), round(100 - 100 * y / top, 2)) for x, y in points
    ]
    path = f"M{placed[0][0]} {placed[0][1]}" + "".join(f"H{x}V{y}" for x, y in placed[1:])
    inner = HEIGHT - _TOP - _BOTTOM
    ticks = [_axis(tongue, top)] if not share else [_share_axis(tongue)]
    for number in range(_TICKS):
        x = low + width * number / (_TICKS - 1)
        anchor = "start" if number == 0 else "end" if number == _TICKS - 1 else "middle"
        place = round(_LEFT + (_RIGHT - _LEFT) * number / (_TICKS - 1), 2)
        shown = tongue.number(round(x) if width >= 8 else round(x, 2))
        ticks.append(f'<text x="{place}%" y="{HEIGHT - 6}" text-anchor="{anchor}">{escape(shown)}</text>')
    frame = f'<svg y="{_TOP}" width="100%" height="{inner}" viewBox="0 0 100 100" preserveAspectRatio="none">'
    parts = [*ticks, f'{frame}<path class="line c1" d="{path}"/></svg>']
    if low <= now <= high:
        x = round(_LEFT + (_RIGHT - _LEFT) * (now - low) / width, 2)
        label = escape(tongue.say("sweep_now", value=now))
        anchor = "end" if x > 80 else "start"
        parts.append(f'<line class="limit" x1="{x}%" x2="{x}%" y1="{_TOP}" y2="{HEIGHT - _BOTTOM}"/>')
        where = f'x="{x}%" dx="{-6 if anchor == "end" else 6}" y="{_TOP + 12}" text-anchor="{anchor}"'
        parts.append(f'<text class="strong" {where}>{label}</text>')
    return _chart(name, HEIGHT, title, desc, parts)


def _share_axis(tongue: Tongue) -> str:
    lines = []
    for step in range(_TICKS):
        fraction = step / (_TICKS - 1)
        kind = "zero" if step == 0 else "grid"
        lines.append(f'<line class="{kind}" x1="0" x2="100%" y1="{_y(fraction)}" y2="{_y(fraction)}"/>')
        lines.append(f'<text x="0" y="{_y(fraction) - 5}">{escape(tongue.percent(fraction))}</text>')
    return "".join(lines)
