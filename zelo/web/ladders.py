"""Says the steps of a schedule's ladder: at which balance what happens, and for how long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from zelo.base.messages.message import N_
from zelo.policy.pack import Pack
from zelo.policy.schedules.lengths import DAY_US, Length
from zelo.policy.schedules.values import UNIT, PenaltyKind, Track, Use
from zelo.web import language

_KINDS = {
    "points": N_("points add up"),
    "rating": N_("a rating that falls"),
    "strikes": N_("counted strikes"),
    "rates": N_("bands of a rate"),
}


@dataclass(frozen=True)
class Step:
    """A step: the balance at which it happens, and what does."""

    at: str
    happens: tuple[str, ...]
    milestone: int | None = None
    """In millionths; None where the step has no single one."""


def kind_of(track: Track) -> str:
    """Say how a balance works."""
    return language.say(_KINDS[track.kind])


def steps_of(track: Track, penalties: Mapping[str, PenaltyKind]) -> list[Step]:
    """Return the ladder of a balance, or the bands of a rating or a rate."""
    steps = []
    for rung in track.ladder:
        at = amount(rung.at) if rung.at is not None else ", ".join(f"{k}: {amount(v)}" for k, v in rung.per_key.items())
        if rung.every is not None:
            at = language.say(N_("every {n}"), n=amount(rung.every))
        steps.append(
            Step(at, tuple(penalty_in_words(use, penalties) for use in rung.uses), None if rung.every else rung.at)
        )
    for band in track.bands:
        limits = [language.say(N_("from {n}"), n=amount(band.least))] if band.least is not None else []
        limits += [
            language.say(N_("{name} at most {n}"), name=name, n=amount(most)) for name, most in band.most.items()
        ]
        rest = language.say(N_("the rest"))
        at = f"{band.title.get(language.language(), band.name)} ({', '.join(limits) or rest})"
        steps.append(Step(at, tuple(penalty_in_words(use, penalties) for use in band.uses)))
    return steps


def penalty_in_words(use: Use, penalties: Mapping[str, PenaltyKind]) -> str:
    """Say what happens on a line of a ladder."""
    title = penalties[use.name].title[language.language()] if use.name in penalties else f"`{use.name}`"
    if use.kind == "warning":
        title = language.say(N_("a warning"))
    if use.kind != "penalty":
        return title
    if use.lasts is None:
        return language.say(N_("{what}, without end"), what=title)
    return language.say(N_("{what}, for {length}"), what=title, length=length(use.lasts))


def penalty_titles(pack: Pack) -> dict[str, str]:
    """Return what the penalties of a pack's schedules are called."""
    kinds = (kind for one in pack.schedules.values() for kind in one.rules[-1].penalties.values())
    return {kind.name: kind.title.get(language.language(), kind.name) for kind in kinds}


def length(value: Length) -> str:
    """Say a length of time of a schedule."""
    parts = []
    if value.months:
        parts.append(language.counted(value.months, N_("{n} month"), N_("{n} months")))
    days, rest = divmod(value.us, DAY_US)
    if value.days + days:
        parts.append(language.counted(value.days + days, N_("{n} day"), N_("{n} days")))
    if rest:
        parts.append(language.counted(rest // 3_600_000_000, N_("{n} hour"), N_("{n} hours")))
    return " ".join(parts)


def amount(millionths: int) -> str:
    """Write an amount of a balance."""
    return language.number(millionths // UNIT if millionths % UNIT == 0 else millionths / UNIT)
