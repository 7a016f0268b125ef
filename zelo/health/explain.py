"""Says to a creator where they stand, why, when each item ends and what would happen next: texts as data, no blame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from zelo.base.messages.message import N_
from zelo.health.lean import LeanSchedule
from zelo.health.ledger import Entry
from zelo.health.logic import next_steps
from zelo.health.standing import Balance, Next, Penalty, Standing
from zelo.policy.schedules.values import Rules, Schedule, Texts

ITEMS_MAX = 20
"""Most items named one by one."""


@dataclass(frozen=True)
class Moment:
    """An instant, to be shown in the reader's zone and language."""

    at: int


@dataclass(frozen=True)
class Number:
    """A number in millionths, to be shown in the reader's language."""

    value: int


Value = Moment | Number | Texts | str | int | tuple[Texts, ...]
"""What stands in a sentence: an instant, a number, a title in each language, a list of titles, or a plain name."""


@dataclass(frozen=True)
class Sentence:
    """One sentence: a marked English text with placeholders, and what stands in them."""

    text: str
    values: Mapping[str, Value]
    heading: str = ""
    """The part of the message it belongs to: `standing`, `why`, `counts`, `next` or `help`."""


def explain(entries: Sequence[Entry], schedule: Schedule | LeanSchedule, found: Standing) -> tuple[Sentence, ...]:
    """Return what to tell a creator about their standing, in reading order."""
    lean = schedule if isinstance(schedule, LeanSchedule) else LeanSchedule(schedule)
    telling = _Telling(entries, lean, found)
    return (
        *telling.standing(),
        *telling.penalties(),
        *telling.taken_back(),
        *telling.balances(),
        *telling.warnings(),
        *telling.next(),
        *telling.help(),
    )


class _Telling:
    def __init__(self, entries: Sequence[Entry], lean: LeanSchedule, found: Standing) -> None:
        self.entries, self.lean, self.found = entries, lean, found
        self.by_id = {entry.id: entry for entry in entries}
        self.rules: Rules = lean.at(found.as_of).rules

    def violation(self, entry: str) -> Texts | str:
        """Return what the violation of an entry is called."""
        known = self.by_id.get(entry)
        name = known.violation if known else entry
        return self.lean.schedule.violations.get(name) or name

    def title(self, track: str) -> Texts | str:
        """Return what a track is called."""
        return next((one.title for one in self.rules.tracks if one.name == track), track)

    def called(self, name: str) -> Texts | str:
        """Return what a severity or duty is called."""
        return self.lean.schedule.titles.get(name) or name.replace("_", " ")

    def penalty(self, name: str) -> Texts | str:
        """Return what a penalty is called."""
        kind = self.rules.penalties.get(name)
        return kind.title if kind else name

    def standing(self) -> list[Sentence]:
        """Say the word for the standing, and the tier."""
        found = self.found
        said = []
        word = next((one.title for one in self.rules.words if one.name == found.word), None)
        if word is not None:
            said.append(Sentence(N_("The standing of your account: {word}."), {"word": word}, "standing"))
        if not found.penalties:
            said.append(Sentence(N_("Nothing is limited on your account right now."), {}, "standing"))
        if found.tier:
            tier = next((one.title for one in self.rules.tiers.tiers if one.name == found.tier), {})
            said.append(Sentence(N_("Your tier: {tier}."), {"tier": tier}, "standing"))
        return said

    def penalties(self) -> list[Sentence]:
        """Say what is limited, until when, and why."""
        said = []
        for penalty in self.found.penalties:
            name: dict[str, Value] = {"penalty": self.penalty(penalty.name), "start": Moment(penalty.start)}
            if penalty.until is None:
                said.append(Sentence(N_("Since {start}, without an end date: {penalty}."), name, "why"))
            else:
                name["until"] = Moment(penalty.until)
                said.append(Sentence(N_("From {start} to {until}: {penalty}."), name, "why"))
            said += self._reasons(penalty)
        return said

    def _reasons(self, penalty: Penalty) -> list[Sentence]:
        cause = penalty.cause
        values: dict[str, Value] = {"violation": self.violation(cause.entry)}
        entry = self.by_id.get(cause.entry)
        if entry is not None:
            values["date"] = Moment(entry.at)
        if cause.milestone is None or cause.value is None or entry is None:
            if entry is not None:
                return [Sentence(N_("Why: {violation}, on {date}."), values, "why")]
            return []
        values |= {"track": self.title(cause.track), "value": Number(cause.value), "milestone": Number(cause.milestone)}
        values["count"] = len(cause.entries)
        text = N_("Why: {violation}, on {date}. {track} came to {value}, and this step is at {milestone}.")
        said = [Sentence(text, values, "why")]
        if len(cause.entries) > 1:
            names = tuple(dict.fromkeys(_hashable(self.violation(name)) for name in cause.entries))
            listed = tuple(dict(name) for name in names)
            said.append(Sentence(N_("What counted together: {violations}."), {"violations": listed}, "why"))
        return said

    def taken_back(self) -> list[Sentence]:
        """Say which penalties were taken back."""
        text = N_("Taken back on {date}: {penalty}. It no longer counts.")
        return [
            Sentence(text, {"penalty": self.penalty(one.penalty.name), "date": Moment(one.at)}, "why")
            for one in self.found.vacated
        ]

    def balances(self) -> list[Sentence]:
        """Say each balance, what counts on it and until when."""
        said: list[Sentence] = []
        listed: set[str] = set()
        for balance in self.found.balances:
            if balance.value is not None and not balance.key:
                said.append(self._balance(balance))
            for item in balance.items[-ITEMS_MAX:]:
                if item.entry in listed or item.amount <= 0:
                    continue
                listed.add(item.entry)
                values: dict[str, Value] = {"violation": self.violation(item.entry)}
                if item.until is None:
                    said.append(Sentence(N_("{violation}: counts without an end date."), values, "counts"))
                else:
                    values["until"] = Moment(item.until)
                    said.append(Sentence(N_("{violation}: counts until {until}."), values, "counts"))
        return said

    def _balance(self, balance: Balance) -> Sentence:
        values: dict[str, Value] = {"track": self.title(balance.track), "value": Number(balance.value or 0)}
        if balance.next_milestone is None:
            return Sentence(N_("{track}: {value}."), values, "counts")
        values["milestone"] = Number(balance.next_milestone)
        return Sentence(N_("{track}: {value}. The next step is at {milestone}."), values, "counts")

    def warnings(self) -> list[Sentence]:
        """Say which warnings hold, and what has to be done."""
        said = []
        for warning in self.found.warnings:
            if warning.name == "near":
                continue
            values: dict[str, Value] = {"violation": self.violation(warning.entry), "date": Moment(warning.at)}
            said.append(Sentence(N_("A warning for {violation}, on {date}. It limits nothing."), values, "counts"))
        if any(balance.is_near for balance in self.found.balances):
            said.append(Sentence(N_("The next step is close. Please take a moment to read the rules."), {}, "counts"))
        text = N_("Please do this by {due}: {duty}.")
        said += [Sentence(text, {"due": Moment(d.due), "duty": self.called(d.name)}, "help") for d in self.found.duties]
        return said

    def next(self) -> list[Sentence]:
        """Say what ends next, and what the next violation of each severity would bring."""
        said = []
        if self.found.next_expiry is not None:
            values: dict[str, Value] = {"date": Moment(self.found.next_expiry)}
            said.append(Sentence(N_("The next change for the better: {date}."), values, "next"))
        steps = next_steps(self.entries, self.lean, self.found.as_of)
        return _once([*said, *(self._next(severity, step) for severity, step in steps.items())])

    def _next(self, severity: str, step: Next) -> Sentence:
        values: dict[str, Value] = {"severity": self.called(severity)}
        if step.penalties:
            values["penalties"] = tuple(_as_texts(self.penalty(p.name)) for p in step.penalties)
            if severity:
                return Sentence(N_("One more violation ({severity}) would bring: {penalties}."), values, "next")
            return Sentence(N_("One more violation would bring: {penalties}."), values, "next")
        if step.is_open:
            return Sentence(N_("What one more violation would bring depends on how serious it is."), {}, "next")
        if step.warning:
            return Sentence(N_("One more violation would bring a warning that limits nothing."), values, "next")
        if severity:
            return Sentence(N_("One more violation ({severity}) would bring no new limit."), values, "next")
        return Sentence(N_("One more violation would bring no new limit."), values, "next")

    def help(self) -> list[Sentence]:
        """Say what can be done: appeal, training, time."""
        found, said = self.found, []
        appealed = {appeal.target for appeal in found.appeals if appeal.accepted}
        for penalty in found.penalties:
            entry = self.by_id.get(penalty.cause.entry)
            if entry is None or entry.id in appealed:
                continue
            lean = self.lean.at(entry.at)
            rule = next((r for r in lean.rules.appeals if lean.fits(r.when, entry)), None)
            end = None if rule is None or rule.within is None else rule.within.after(entry.at, lean.zone)
            values: dict[str, Value] = {"violation": self.violation(entry.id)}
            if rule is not None and end is None:
                said.append(
                    Sentence(N_("If you think that “{violation}” is not right, you can appeal."), values, "help")
                )
            elif end is not None and end >= found.as_of:
                values["date"] = Moment(end)
                text = N_("If you think that “{violation}” is not right, you can appeal until {date}.")
                said.append(Sentence(text, values, "help"))
        if any(not a.accepted for a in found.appeals):
            said.append(
                Sentence(N_("An appeal could not be taken: it came too late, or was one too many."), {}, "help")
            )
        if self.rules.trainings and found.live:
            said.append(Sentence(N_("Finishing the training on offer can help your account."), {}, "help"))
        return _once(said)


def _once(said: list[Sentence]) -> list[Sentence]:
    """Return sentences, each once."""
    kept: list[Sentence] = []
    for sentence in said:
        if sentence not in kept:
            kept.append(sentence)
    return kept


def _as_texts(title: Texts | str) -> Texts:
    return {"en": title, "pt-BR": title} if isinstance(title, str) else title


def _hashable(title: Texts | str) -> tuple[tuple[str, str], ...]:
    return tuple(_as_texts(title).items())
