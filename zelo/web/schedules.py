"""Says what a schedule file says: what each violation costs, how long it counts, what gives points back, appeals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from zelo.base.messages.message import N_
from zelo.policy.schedules.values import TRUST, Basis, Match, Price, Rules, Schedule, Texts, Track
from zelo.web import language
from zelo.web.ladders import Step as Rung
from zelo.web.ladders import amount, kind_of, length, penalty_in_words, steps_of

_TRUST_WORDS = {
    "primary": N_("the platform's own text"), "secondary": N_("press or practitioners"),
    "assumption": N_("a choice of this schedule"), "unverified": N_("claimed, not confirmed"),
}  # fmt: skip


@dataclass(frozen=True)
class Cost:
    """What violations cost: one line of the table."""

    what: str
    amounts: tuple[tuple[str, str], ...]
    """Severity and amount; without severities one amount under the word for points."""
    note: str


@dataclass(frozen=True)
class TrackShown:
    """A balance as the page shows it."""

    title: str
    name: str
    kind: str
    lives: str
    severities: tuple[str, ...]
    """Heads of the columns of costs."""
    costs: tuple[Cost, ...]
    steps: tuple[Rung, ...]
    back: tuple[str, ...]
    """What takes points away again."""
    basis: str


def tracks_of(schedule: Schedule, rules: Rules) -> list[TrackShown]:
    """Return the balances of a schedule."""
    return [_track(schedule, rules, track) for track in rules.tracks]


def _track(schedule: Schedule, rules: Rules, track: Track) -> TrackShown:
    severities = schedule.severities if any(price.by_severity for price in track.prices) else ()
    return TrackShown(
        track.title.get(language.language(), track.name), track.name, kind_of(track), _lives(schedule, track),
        tuple(_titled(schedule.titles, name) for name in severities),
        tuple(_cost(schedule, price, place, severities) for place, price in enumerate(track.prices)),
        tuple(steps_of(track, rules.penalties)),
        tuple(_back(track)), basis_in_words(track.basis),
    )  # fmt: skip


def _titled(titles: Mapping[str, Texts], name: str) -> str:
    return (titles.get(name) or {}).get(language.language(), name)


def _cost(schedule: Schedule, price: Price, place: int, severities: tuple[str, ...]) -> Cost:
    notes = []
    if price.cap is not None:
        notes.append(language.say(N_("at most {n} in {length}"), n=amount(price.cap[0]), length=length(price.cap[1])))
    if price.turns:
        notes += [language.say(N_("from turn {n}: {amount}"), n=n, amount=amount(a)) for n, a in price.turns]
    if price.given is not None:
        low, high = (amount(one) for one in price.given)
        notes.append(language.say(N_("between {low} and {high}, as the entry says"), low=low, high=high))
    priced = {name: price.by_severity.get(name) if price.by_severity else price.amount for name in severities}
    cells = tuple(
        (_titled(schedule.titles, name), "" if one is None else amount(one)) for name, one in priced.items()
    ) or ((language.say(N_("Points")), amount(price.amount)),)  # fmt: skip
    what = match_in_words(schedule, price.when)
    if place and not price.when.wants:
        what = language.say(N_("Any other violation"))
    return Cost(what, cells, "; ".join(notes))


def match_in_words(schedule: Schedule, match: Match) -> str:
    """Say which violations a line is about."""
    said = []
    for name, values in match.wants:
        titles = schedule.violations if name == "violation" else schedule.titles
        said.append(", ".join(_titled(titles, value) for value in sorted(values)))
    return "; ".join(said) or language.say(N_("Any violation"))


def _lives(schedule: Schedule, track: Track) -> str:
    lives = track.lives
    if lives.length is not None:
        return language.say(N_("Each counts for {length}."), length=length(lives.length))
    if lives.by_severity:
        each = (f"{_titled(schedule.titles, name)}: {length(one)}" for name, one in lives.by_severity.items())
        return language.say(N_("How long each counts: {each}."), each=", ".join(each))
    if lives.until is not None:
        return language.say(N_("Each counts until the next day of reckoning in the calendar."))
    return "" if track.kind == "rates" else language.say(N_("Each counts for ever."))


def _back(track: Track) -> Iterator[str]:
    for gain in track.gains:
        text = N_("`{name}`: {n} back for each {per}") if gain.per > 1 else N_("`{name}`: {n} back")
        yield language.say(text, name=gain.name, n=amount(gain.gives), per=gain.per)
    if track.clean is not None:
        every, gives = length(track.clean.every), amount(track.clean.gives)
        yield language.say(N_("{n} back for {length} without a violation"), n=gives, length=every)


def basis_in_words(basis: Basis | None) -> str:
    """Say how far a line can be trusted."""
    if basis is None:
        return ""
    said = language.say(_TRUST_WORDS[TRUST[basis.trust]])
    return f"{said} ({', '.join(basis.sources)})" if basis.sources else said


def further(schedule: Schedule, rules: Rules) -> list[tuple[str, list[str]]]:
    """Return what else the schedule says: heading and sentences."""
    found = {
        language.say(N_("Acts at once")): [
            f"{match_in_words(schedule, one.when)}: {penalty_in_words(one.use, rules.penalties)}"
            for one in rules.at_once
        ],
        language.say(N_("Warnings")): list(_warnings(rules)),
        language.say(N_("Training")): list(_trainings(rules)),
        language.say(N_("Appeals")): list(_appeals(schedule, rules)),
        language.say(N_("Tiers")): [
            ": ".join(part for part in (tier.title.get(language.language(), tier.name), ", ".join(tier.perks)) if part)
            for tier in rules.tiers.tiers
        ],
    }
    return [(title, lines) for title, lines in found.items() if lines]


def _warnings(rules: Rules) -> Iterator[str]:
    first = rules.warning_first
    if first is not None:
        said = language.counted(
            first.many, N_("The first violation brings a warning only."),
            N_("The first {n} violations bring a warning only."),
        )  # fmt: skip
        yield said
        if first.lasts is not None:
            yield language.say(N_("A warning lasts {length}."), length=length(first.lasts))


def _trainings(rules: Rules) -> Iterator[str]:
    for training in rules.trainings.values():
        said = [f"`{training.name}`"]
        if training.removes:
            said.append(language.say(N_("takes the violation off the record")))
        if training.shortens is not None:
            said.append(language.say(N_("shortens the penalty to {length}"), length=length(training.shortens)))
        if training.once_in is not None:
            said.append(language.say(N_("once in {length}"), length=length(training.once_in)))
        yield ", ".join(said)


def _appeals(schedule: Schedule, rules: Rules) -> Iterator[str]:
    for one in rules.appeals:
        said = [match_in_words(schedule, one.when)] if one.when.wants else []
        if one.within is not None:
            said.append(language.say(N_("within {length}"), length=length(one.within)))
        if one.most is not None:
            said.append(language.counted(one.most, N_("at most {n} appeal"), N_("at most {n} appeals")))
        if one.per is not None:
            said.append(language.say(N_("in {length}"), length=length(one.per)))
        text = ", ".join(said)
        yield text[:1].upper() + text[1:]
