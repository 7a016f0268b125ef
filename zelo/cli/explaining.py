"""`zelo explain`: why each rule did or did not fire on an event, and the values it saw."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import msgspec

from zelo.adapters.lake import Lake, is_lake
from zelo.adapters.packs import open_pack
from zelo.adapters.run_folder import RUN, identity_in
from zelo.base.errors import InvalidInput, NotFound
from zelo.base.messages.message import N_
from zelo.cli.speech import Command, _, format_option, language_option, moment, say
from zelo.decide.examples import play, story_of
from zelo.decide.explain import Explanation, RuleTrace
from zelo.decide.logic import Engine
from zelo.events.durations import format_duration
from zelo.events.types import DURATION, TIMESTAMP, Type
from zelo.features.spec import FeatureSpec
from zelo.policy.evaluate import Trace
from zelo.policy.pack import Pack
from zelo.policy.terms import Const

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TEXT_MAX = 100
EVENT_BYTES_MAX = 64 << 20
_ORDER = ("fired", "undetermined", "false")


@click.command(
    "explain", cls=Command, help=N_("Show why each rule did or did not fire on an event, with the values it saw.")
)
@click.argument("pack", type=click.Path(path_type=Path))
@click.option(
    "--event", "event_file", type=click.Path(path_type=Path),
    help=N_("JSON file: an event, or `event` with `history`, `labels` and `features` as in an example."),
)  # fmt: skip
@click.option(
    "--run", "run_folder", type=click.Path(path_type=Path), help=N_("Folder of a run, or lake, with the event.")
)
@click.option("--id", "event_id", help=N_("Id of the event in the run or lake."))
@format_option
@language_option
def explain(
    pack: Path, event_file: Path | None, run_folder: Path | None, event_id: str | None, form: str, language: str | None
) -> int:
    """Explain an event."""
    if (event_file is None) == (run_folder is None) or (run_folder is None) != (event_id is None):
        raise click.UsageError(_("give either --event, or --run with --id"))
    loaded = open_pack(pack)
    if event_file is not None:
        engine, event, order_key = play(loaded, story_of(loaded, _read(event_file)))
        explanation = engine.explain(event, order_key)
    else:
        assert run_folder is not None and event_id is not None
        explanation = _replayed(loaded, run_folder, event_id)
    if form == "json":
        say(msgspec.json.format(_json(_as_data(loaded, explanation)), indent=2).decode())
        return 0
    for line in _lines(loaded, explanation):
        say(line)
    return 0


def _read(path: Path) -> Mapping[str, object]:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise NotFound(N_("there is no file {path}"), path=path) from None
    except OSError as error:
        raise NotFound(N_("{file} cannot be read: {reason}"), file=path, reason=error.strerror) from None
    if len(data) > EVENT_BYTES_MAX:
        raise InvalidInput(N_("{path} is longer than {limit} bytes"), path=path, limit=EVENT_BYTES_MAX)
    try:
        values = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInput(N_("{path} is not JSON: {reason}"), path=path, reason=str(error)) from None
    if not isinstance(values, dict):
        raise InvalidInput(N_("{path} must hold a JSON object"), path=path)
    return values


def _replayed(pack: Pack, folder: Path, event_id: str) -> Explanation:
    """Decide all events of a lake again up to the one in question."""
    engine = Engine(pack)
    lake = Lake(_lake_of(folder), engine.decoder)
    for rows in lake.read():
        for order_key, event in rows:
            if event.id == event_id:
                return engine.explain(event, order_key)
            engine.decide(event, order_key)
    raise NotFound(N_("{folder} has no event with the id `{id}`"), folder=folder, id=event_id)


def _lake_of(folder: Path) -> Path:
    """Return the lake of a run, which is its source or lies in its folder; or the folder, when it is one."""
    if is_lake(folder):
        return folder
    if not is_lake(folder / "lake") and (folder / RUN).is_file():
        return Path(identity_in(folder).source)
    return folder / "lake"


# --- for people


def _lines(pack: Pack, explanation: Explanation) -> Iterator[str]:
    decision = explanation.decision
    when = moment(_EPOCH + timedelta(milliseconds=decision.effective_ms))
    yield _("event {id} ({kind}), {moment}").format(id=decision.event_id, kind=decision.kind, moment=when)
    for role, labels in explanation.labels.items():
        if labels:
            yield _("labels of {role}: {labels}").format(role=role, labels=", ".join(sorted(labels)))
    if decision.features:
        yield ""
        yield _("features")
        for name, value in sorted(decision.features.items()):
            bound = _at_bound(pack.features[name], value)
            yield f"  {name} = {_value(value, pack.feature_types.get(name))}{bound}"
    for rule in sorted(explanation.rules, key=lambda rule: _ORDER.index(rule.outcome)):
        yield ""
        yield f"{_outcome(rule.outcome)}  {rule.policy}/{rule.rule}"
        yield from _trace_lines(rule.trace, 1)
    yield ""
    yield _("effects: {effects}").format(effects=", ".join(_effects(explanation)) or _("none"))


def _at_bound(feature: FeatureSpec, value: object) -> str:
    """Return a remark on a count that has reached the most its window holds."""
    if feature.aggregate not in ("count", "distinct") or value != feature.at_most:
        return ""
    return " " + _("(the most it holds: at_most {most})").format(most=feature.at_most)


def _effects(explanation: Explanation) -> list[str]:
    asked = [f"{effect.kind} ({effect.role} {effect.entity})" for effect in explanation.decision.effects]
    held = [f"{held.effect.kind} [{held.reason}]" for held in explanation.decision.held]
    return [*asked, *held]


def _outcome(outcome: str) -> str:
    words = {"fired": N_("FIRED"), "false": N_("false"), "undetermined": N_("UNDETERMINED")}
    return _(words[outcome])


def _trace_lines(trace: Trace, depth: int) -> Iterator[str]:
    text = trace.text if len(trace.text) <= _TEXT_MAX else trace.text[: _TEXT_MAX - 1] + "…"
    found = " " + _("(found: {word})").format(word=trace.found) if trace.found else ""
    yield f"{'  ' * depth}{_value(trace.value, trace.term.type)}{found}  ←  {text}"
    for child in trace.term.children():
        if isinstance(child, Const) and child.constant is not None:
            yield f"{'  ' * (depth + 1)}{_value(child.value, child.type)}  ←  constants.{child.constant}"
    for part in trace.parts:
        yield from _trace_lines(part, depth + 1)


def _value(value: object, kind: Type | None) -> str:
    """Return a value as the policy language writes it."""
    if value is None:
        return _("missing")
    if isinstance(value, bool):
        return "true" if value else "false"
    if kind == TIMESTAMP and isinstance(value, int):
        return str(_EPOCH + timedelta(microseconds=value)).replace(" ", "T").replace("+00:00", "Z")
    if kind == DURATION and isinstance(value, int):
        return format_duration(value)
    text = msgspec.json.encode(value, enc_hook=str).decode()
    return text if len(text) <= _TEXT_MAX else text[: _TEXT_MAX - 1] + "…"


# --- for programs


_json = msgspec.json.Encoder(
    enc_hook=lambda value: sorted(value) if isinstance(value, frozenset) else str(value)
).encode


def _as_data(pack: Pack, explanation: Explanation) -> dict[str, object]:
    decision = explanation.decision
    return {
        "event_id": decision.event_id,
        "kind": decision.kind,
        "order_key": decision.order_key,
        "pack": pack.name,
        "pack_version": decision.pack_version,
        "fired": decision.fired,
        "undetermined": decision.undetermined,
        "effects": decision.effects,
        "held": decision.held,
        "features": decision.features,
        "labels": {role: sorted(labels or ()) for role, labels in explanation.labels.items()},
        "rules": [_rule(rule) for rule in explanation.rules],
    }


def _rule(rule: RuleTrace) -> dict[str, object]:
    return {"policy": rule.policy, "rule": rule.rule, "outcome": rule.outcome, "trace": _trace(rule.trace)}


def _trace(trace: Trace) -> dict[str, object]:
    parts = [_trace(part) for part in trace.parts]
    return {
        "text": trace.text,
        "type": str(trace.term.type),
        "value": trace.value,
        **({"found": trace.found} if trace.found else {}),
        **({"parts": parts} if parts else {}),
    }


COMMANDS = (explain,)
