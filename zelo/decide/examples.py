"""Plays a small story - some events, then one event - and says what the rules make of it; examples are such stories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from zelo.base.errors import InvalidInput
from zelo.base.messages.message import N_
from zelo.decide.logic import Engine
from zelo.events.decode import Event
from zelo.events.durations import parse_duration
from zelo.events.intake import effective_ms, floor_ms
from zelo.events.types import DURATION, ENVELOPE, TIMESTAMP, Type
from zelo.policy.load_names import duration_us
from zelo.policy.pack import EXAMPLE_TIME, Example, Pack, Policy, before, instant
from zelo.policy.to_python.plain import timestamp_us

Values = Mapping[str, object]
_STORY = ("event", "history", "labels", "features")
HISTORY_MAX = 100_000
"""Most events before the event of a story."""


@dataclass(frozen=True)
class Story:
    """What happened: the event, and what there was before it."""

    event: Values
    """As a JSON object."""
    history: tuple[Values, ...] = ()
    """Events before it, in order, as JSON objects."""
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Labels in force when the event comes, by role of the event."""
    features: Values = field(default_factory=dict)
    """Values of features, whatever the history; times and durations in microseconds."""


@dataclass(frozen=True)
class ExampleOutcome:
    """What the rules of a policy did on one of its examples."""

    policy: str
    example: Example
    fired: tuple[str, ...]
    undetermined: tuple[str, ...]

    @property
    def is_as_told(self) -> bool:
        """Say whether exactly the rules that the example names fired, and stayed undetermined."""
        told = self.example.undetermined
        return set(self.fired) == set(self.example.fires) and (told is None or set(self.undetermined) == set(told))


def run_examples(pack: Pack) -> list[ExampleOutcome]:
    """Return what the rules of each policy do on its examples, in the order of the pack."""
    stated: dict[str, object] = {}
    engine = Engine(pack, fixed=stated)
    return [_run_example(engine, stated, policy, example) for policy in pack.policies for example in policy.examples]


def _run_example(engine: Engine, stated: dict[str, object], policy: Policy, example: Example) -> ExampleOutcome:
    """Return what the rules of a policy do on an example, with an engine that fixes `stated` and forgets the rest."""
    engine.forget()
    stated.clear()
    stated.update(example.features)
    event, order_key = _play(engine, Story(example.event, example.history, example.labels, example.features))
    decision = engine.decide(event, order_key)
    own = {rule.name for rule in policy.rules}
    return ExampleOutcome(
        policy.id,
        example,
        tuple(name for name in decision.fired if name in own),
        tuple(name for name in decision.undetermined if name in own),
    )


def play(pack: Pack, story: Story) -> tuple[Engine, Event, int]:
    """Return an engine for which the history has happened, the event, and its order key; the event is still to come."""
    engine = Engine(pack, fixed=story.features)
    return engine, *_play(engine, story)


def _play(engine: Engine, story: Story) -> tuple[Event, int]:
    """Let the history of a story happen; return its event and the order key."""
    for values in story.history:
        event = _event(engine, values)
        engine.decide(event, engine.sequencer.next(floor_ms(event.occurred_at)))
    event = _event(engine, story.event)
    order_key = engine.sequencer.next(floor_ms(event.occurred_at))
    kind = engine.pack.kinds[event.kind]
    for role, labels in story.labels.items():
        if role not in kind.roles:
            raise InvalidInput(N_("`{kind}` has no role `{role}`"), kind=kind.name, role=role)
        ident = _at(story.event, kind.roles[role])
        for label in labels if ident is not None else ():
            engine.labels.add(kind.entities[role], ident, label, now_ms=effective_ms(order_key))
    return event, order_key


def story_of(pack: Pack, values: Values) -> Story:
    """
    Return the story in a JSON object: an event alone, or `event` with any of `history`, `labels`, `features`.

    In a history an event has its `occurred_at`, or says how long `ago` it happened, as in examples; `id` and
    `occurred_at` may be left out. Raises InvalidInput.
    """
    if "event" not in values:
        return Story(_known(pack, {"id": "event", "occurred_at": EXAMPLE_TIME, **values}))
    if unknown := sorted(values.keys() - _STORY):
        names = ", ".join(_STORY)
        raise InvalidInput(N_("a story has no `{name}`: it has {names}"), name=unknown[0], names=names)
    event = {"id": "event", "occurred_at": EXAMPLE_TIME, **_object(values["event"], "event")}
    labels = {
        role: tuple(str(label) for label in _array(held, f"labels.{role}"))
        for role, held in _object(_given(values, "labels", {}), "labels").items()
    }
    features = {
        name: _feature(pack, name, value) for name, value in _object(_given(values, "features", {}), "features").items()
    }
    history = _array(_given(values, "history", []), "history")
    past = tuple(_known(pack, values) for values in _history(history, str(event["occurred_at"])))
    return Story(_known(pack, event), past, labels, features)


def _known(pack: Pack, values: Values) -> Values:
    """Return an event's values; raise InvalidInput for a field that its kind does not have: it is misspelled here."""
    kind = pack.kinds.get(str(values.get("kind")))
    names = {*ENVELOPE, *(name for name, _ in kind.fields.fields)} if kind else values.keys()
    if unknown := sorted(values.keys() - names):
        raise InvalidInput(N_("`{kind}` has no field `{name}`"), kind=values["kind"], name=unknown[0])
    return values


def _history(entries: Sequence[object], occurred_at: str) -> tuple[Values, ...]:
    """Return the events of a history by time, those of the same time as written."""
    found: list[tuple[float, Values]] = []
    for number, entry in enumerate(entries, 1):
        values = dict(_object(entry, f"history[{number - 1}]"))
        ident = str(values.pop("id", f"history-{number}"))
        ago, every = (_long(values.pop(name, None), name) for name in ("ago", "every"))
        times = values.pop("times", 1)
        if not isinstance(times, int) or not 1 <= times <= HISTORY_MAX - len(found):
            raise InvalidInput(N_("`times` must be a whole number from 1 to {most}"), most=HISTORY_MAX)
        for step in range(times):
            name = ident if step == 0 else f"{ident}-{step + 1}"
            at = values.get("occurred_at")
            try:
                at = before(occurred_at, (ago or 0) - step * (every or 0)) if at is None else at
                when = instant(str(at)).timestamp()
            except (ValueError, OverflowError):
                raise InvalidInput(N_("`{text}` is not a time as in `2026-01-31T12:00:00Z`"), text=at) from None
            found.append((when, {**values, "id": name, "occurred_at": at}))
    return tuple(values for _, values in sorted(found, key=lambda pair: pair[0]))


def _long(text: object, name: str) -> int | None:
    """Return microseconds of `ago` or `every`: as packs write lengths (`30d`) or as events do (`1h30m`)."""
    if text is None:
        return None
    length = (duration_us(str(text)) or parse_duration(str(text))) if isinstance(text, str) else None
    if length is None:
        raise InvalidInput(N_("`{name}` must be a length such as `30d` or `1h30m`"), name=name)
    return length


def _feature(pack: Pack, name: str, value: object) -> object:
    if name not in pack.feature_types:
        raise InvalidInput(N_("the pack has no feature `{name}`"), name=name)
    kind = pack.feature_types[name]
    if value is None:
        return None
    if kind == TIMESTAMP and isinstance(value, str):
        try:
            return timestamp_us(instant(value))
        except ValueError:
            raise InvalidInput(N_("`{text}` is not a time as in `2026-01-31T12:00:00Z`"), text=value) from None
    if kind == DURATION and isinstance(value, str):
        return _long(value, f"features.{name}")
    return _checked(kind, name, value)


def _checked(kind: Type, name: str, value: object) -> object:
    forms: Mapping[str, tuple[type, ...]] = {"bool": (bool,), "int": (int,), "double": (int, float), "string": (str,)}
    wanted = forms.get(str(kind), ())
    if not isinstance(value, wanted) or (isinstance(value, bool) and str(kind) != "bool"):
        raise InvalidInput(N_("the feature `{name}` must be `{expected}`"), name=name, expected=kind)
    return float(value) if str(kind) == "double" and isinstance(value, int) else value


def _event(engine: Engine, values: Values) -> Event:
    kind = values.get("kind")
    if not isinstance(kind, str):
        raise InvalidInput(N_("the event has no `kind`"))
    return engine.decoder.from_values(kind, values)


def _at(values: object, path: Sequence[str]) -> object:
    for part in path:
        values = values.get(part) if isinstance(values, Mapping) else None
    return values


def _given(values: Values, name: str, otherwise: object) -> object:
    value = values.get(name)
    return otherwise if value is None else value


def _object(value: object, path: str) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise InvalidInput(N_("`{path}` must be an object"), path=path)
    return value


def _array(value: object, path: str) -> Sequence[object]:
    if not isinstance(value, (list, tuple)):
        raise InvalidInput(N_("`{path}` must be a list"), path=path)
    return value
