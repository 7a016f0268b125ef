"""Shows a standing: the word for it, each balance on its ladder, what is said of it, and what each entry costs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from zelo.adapters.translation import translator
from zelo.base.messages.message import N_
from zelo.health.standing import Balance, Standing
from zelo.health.telling import tell
from zelo.policy.schedules.values import Rules
from zelo.web import language
from zelo.web.ladders import amount, steps_of
from zelo.web.reads.accounts import StandingRead

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TONES = {True: "bad", False: "warn"}
_SAID_FIRST = ("standing", "why", "next", "help")
"""Parts of what is said that stand open; what counts one by one is folded."""


@dataclass(frozen=True)
class Place:
    """A place on a ladder: a step that was reached, the balance itself, or a step to come."""

    at: str
    happens: tuple[str, ...]
    state: str
    """`reached`, `here` or `ahead`."""


@dataclass(frozen=True)
class Ladder:
    """A balance on its ladder."""

    title: str
    value: str
    band: str
    places: tuple[Place, ...]


@dataclass(frozen=True)
class Shown:
    """A standing as the page shows it."""

    title: str
    word: str
    tone: str
    penalties: tuple[str, ...]
    """Titles of those in force."""
    ladders: tuple[Ladder, ...]
    said: tuple[str, ...]
    counts: tuple[str, ...]
    """Sentences on what counts, one by one."""


def shown(read: StandingRead, zone: str) -> Shown:
    """Return a standing for the page, in its language and a zone."""
    found, rules, spoken = read.standing, read.rules, language.language()
    word = next((one.title[spoken] for one in rules.words if one.name == found.word), found.word)
    tone = "bad" if found.penalties else "warn" if found.warnings else "ok"
    names = dict.fromkeys(one.name for one in found.penalties)
    penalties = tuple(rules.penalties[name].title[spoken] if name in rules.penalties else name for name in names)
    counts = [one for one in read.sentences if one.heading == "counts"]
    return Shown(
        read.title.get(spoken, ""), word, tone, penalties, tuple(_ladders(found, rules)),
        tuple(
            told for part in _SAID_FIRST
            if (told := _tell([one for one in read.sentences if one.heading == part], zone))
        ),
        tuple(_tell([one], zone) for one in counts),
    )  # fmt: skip


def _tell(sentences: list, zone: str) -> str:
    spoken = language.language()
    return tell(sentences, translator(spoken), spoken, zone)


def _ladders(found: Standing, rules: Rules) -> Iterable[Ladder]:
    tracks = {track.name: track for track in rules.tracks}
    for balance in found.balances:
        track = tracks.get(balance.track)
        if track is None or balance.value is None:
            continue
        steps = steps_of(track, rules.penalties) if track.ladder and not balance.key else []
        reached = [one for one in steps if one.milestone is not None and one.milestone <= balance.value]
        places = [Place(one.at, one.happens, "reached") for one in reached]
        places.append(Place(amount(balance.value), (language.say(N_("now")),), "here"))
        places += [Place(one.at, one.happens, "ahead") for one in steps if one not in reached]
        title = track.title.get(language.language(), track.name)
        yield Ladder(_keyed(title, balance), amount(balance.value), _band(balance, track.bands), tuple(places))


def _keyed(title: str, balance: Balance) -> str:
    return f"{title} ({', '.join(balance.key)})" if balance.key else title


def _band(balance: Balance, bands: Iterable) -> str:
    return next((one.title.get(language.language(), one.name) for one in bands if one.name == balance.band), "")


@dataclass(frozen=True)
class Cost:
    """What an entry adds to a balance, and until when."""

    amount: str
    until: datetime | None
    """None: without end."""


def costs(reads: Iterable[StandingRead]) -> dict[str, Cost]:
    """Return for each entry that counts what it adds; the dearest of several schedules."""
    dearest: dict[str, tuple[int, int | None]] = {}
    for read in reads:
        for item in (item for balance in read.standing.balances for item in balance.items):
            if item.amount and abs(item.amount) > abs(dearest.get(item.entry, (0, None))[0]):
                dearest[item.entry] = (item.amount, item.until)
    return {
        entry: Cost(
            f"{'+' if added > 0 else '−'}{amount(abs(added))}",
            None if until is None else _EPOCH + timedelta(microseconds=until),
        )
        for entry, (added, until) in dearest.items()
    }  # fmt: skip
