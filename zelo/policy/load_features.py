"""Reads `features.yaml`: windowed features, what they fold, and where their key is found on each kind of event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from zelo.base.source import Report, Span
from zelo.events.types import BOOL, ENVELOPE, INT, STRING, Kind, Type
from zelo.features.spec import AGGREGATES, AT_MOST_DEFAULT, AT_MOST_MAX, KEY_PARTS_MAX, Aggregate, FeatureSpec
from zelo.policy import load_names as names
from zelo.policy.load_events import Events, known_path
from zelo.policy.load_head import IN_BOTH
from zelo.policy.load_shapes import At, Entry, Fields, Record, Schema, Sequence, Table, known, suggestion
from zelo.policy.load_terms import Checker
from zelo.policy.load_values import Choice, Expression, Length, Name, Whole
from zelo.policy.pack import Texts
from zelo.policy.signature import signature
from zelo.policy.terms import Term
from zelo.policy.yaml_reader import Faults, Node, ScalarNode

_KEY_TYPES = (STRING, INT, BOOL)
_FOREVER = "forever"
_KEPT_FOREVER = ("distinct",)
"""Aggregates whose state grows although the window is `forever`: only these take `at_most` there."""


class _Window:
    """A length of time, or `forever`."""

    _length = Length("10m", "365d")

    def read(self, node: Node, report: Report) -> At[int | None] | None:
        """Return the length in milliseconds; None inside for ever."""
        if isinstance(node, ScalarNode) and node.value == _FOREVER:
            return At(None, node)
        length = self._length.read(node, report)
        return At(length.value // 1_000, node) if length else None

    def schema(self, definitions: Schema) -> Schema:
        """Return the same as a JSON Schema."""
        return {"anyOf": [{"const": _FOREVER}, self._length.schema(definitions)]}


_TITLE = Entry("title", IN_BOTH, "What people call the feature.")
_AGGREGATE = Entry("aggregate", Choice(tuple(AGGREGATES)), "How the events of the window are folded.")
_OF = Entry("of", Sequence(Name(names.KIND), most=100, or_one=True), "Kinds of event it folds.")
_VALUE = Entry("value", Expression(), "CEL over the event's fields: the value each event brings.", required=False)
_WHERE = Entry("where", Expression(), "CEL over the event's fields and lists: which events count.", required=False)
_BY = Entry(
    "by",
    Sequence(Name(names.KEY), most=KEY_PARTS_MAX, or_one=True),
    "The key its windows are kept for: roles, or fields as `event.path`.",
)
_WINDOW = Entry("window", _Window(), "Length of the window, `10m` to `365d`, or `forever`.")
_INCLUDING = Entry("including", Choice(("current",)), "`current`: the window holds the event itself.", required=False)
_AT_MOST = Entry(
    "at_most", Whole(1, AT_MOST_MAX), f"The latest so many events of the window; {AT_MOST_DEFAULT}.", required=False
)
FEATURE = Record((_TITLE, _AGGREGATE, _OF, _VALUE, _WHERE, _BY, _WINDOW, _INCLUDING, _AT_MOST))
_FEATURES = Entry("features", Table(names.ID, FEATURE), "Windowed features, by name.")
FEATURES_FILE = Record((_FEATURES,))
"""The shape of `features.yaml`."""

Keys = Mapping[str, tuple[tuple[str, ...], ...]]
"""Kind of event to the paths of a key's parts."""


@dataclass(frozen=True)
class Feature:
    """One feature as `features.yaml` declares it."""

    spec: FeatureSpec
    title: Texts
    keys: Keys
    """Kinds of event that can read it."""
    optional_on: frozenset[str]
    """Those of these kinds on which a part of the key may be missing."""
    span: Span
    lists: frozenset[str]
    """Lists its `where` reads."""


def read_features(
    node: Node, events: Events, checker: Checker, report: Report
) -> tuple[Mapping[str, Feature], frozenset[str]]:
    """Read `features.yaml`; return the features, and the names of those that could not be read."""
    file = FEATURES_FILE.read(node, report)
    declared = (file.get(_FEATURES) if file else None) or ()
    read = {name.value: _feature(name, fields, events, checker, report) for name, fields in declared}
    faults = Faults(node.page.source.path, report)
    broken = frozenset(name.value for name, fields in declared if not read[name.value] or faults.within(fields.node))
    return {name: feature for name, feature in read.items() if feature and name not in broken}, broken


def _feature(name: At[str], fields: Fields, events: Events, checker: Checker, report: Report) -> Feature | None:
    aggregate, of, by = fields.get(_AGGREGATE), fields.get(_OF), fields.get(_BY)
    window = fields.get(_WINDOW)
    kinds = tuple(at.value for at in of or () if known("Z402", at.value, at.span, events.titles, report))
    if not (aggregate and of and by and window and kinds) or len(kinds) < len(of):
        return None
    if any(kind not in events.kinds for kind in kinds):  # the kind itself is reported
        return None
    fold = AGGREGATES[aggregate.value]
    _check_bounds(fields, fold, window, report)
    keyed = _check_key(by, [events.kinds[kind] for kind in kinds], report)
    typed = _terms(fields, fold, aggregate.span, kinds, checker, report)
    if typed is None or not keyed:
        return None
    where, value, value_type = typed
    including, at_most = fields.get(_INCLUDING), fields.get(_AT_MOST)
    spec = FeatureSpec(
        name=name.value,
        aggregate=aggregate.value,
        kinds=tuple(dict.fromkeys(kinds)),
        where=where,
        value=value,
        by=tuple(part.value for part in by),
        window_ms=window.value,
        including_current=including is not None,
        at_most=at_most.value if at_most else AT_MOST_DEFAULT,
        value_type=value_type,
        signature=_signature(where, value),
    )
    keys, optional_on = _keys(spec.by, kinds[0], events)
    lists = checker.lists_in(where.values() if where else ())
    return Feature(spec, fields.get(_TITLE) or {}, keys, optional_on, name.span, lists)


def _check_bounds(fields: Fields, fold: Aggregate, window: At[int | None], report: Report) -> None:
    if fields.has(_AT_MOST) and window.value is None and fold.name not in _KEPT_FOREVER:
        report.add("Z413", fields.place(_AT_MOST), aggregate=fold.name)
    if fields.has(_VALUE) and not fold.needs_value:
        report.add("Z412", fields.place(_VALUE), aggregate=fold.name)


def _check_key(by: tuple[At[str], ...], kinds: list[Kind], report: Report) -> bool:
    """Say whether each kind has each part of the key, with one type."""
    right = True
    for part in by:
        types: dict[str, Type] = {}
        for kind in kinds:
            found = _key_type(part, kind, report)
            if found is None:
                right = False
            elif found not in _KEY_TYPES:
                report.add("Z416", part.span, name=part.value, type=str(found))
                right = False
            else:
                types[kind.name] = found
        if len(set(types.values())) > 1:
            report.add("Z417", part.span, name=part.value, types="`, `".join(sorted(map(str, set(types.values())))))
            right = False
    return right


def _key_type(part: At[str], kind: Kind, report: Report) -> Type | None:
    if part.value.startswith("event."):
        found = known_path(tuple(part.value.split(".")[1:]), part.span, kind, report)
        return found[0] if found else None
    if part.value not in kind.roles:
        report.add("Z403", part.span, (), role=part.value, kind=kind.name, **suggestion(part.value, kind.roles))
        return None
    return STRING


def _terms(
    fields: Fields, fold: Aggregate, place: Span, kinds: tuple[str, ...], checker: Checker, report: Report
) -> tuple[Mapping[str, Term] | None, Mapping[str, Term] | None, Type | None] | None:
    """Check `where` and `value` on each kind; None when one is wrong or missing."""
    condition, formula = fields.get(_WHERE), fields.get(_VALUE)
    where = value = None
    if condition is not None:
        where = checker.check(condition, kinds, (BOOL,), {"event", "roles", "lists"}, report)
    if fold.needs_value and formula is not None:
        value = checker.check(formula, kinds, fold.takes, {"event", "roles"}, report)
    elif fold.needs_value and not fields.has(_VALUE):
        report.add("Z411", place, aggregate=fold.name)
    if (fields.has(_WHERE) and where is None) or (fold.needs_value and value is None):
        return None
    types = {term.type for term in value.values()} if value else set()
    if len(types) > 1:
        report.add("Z414", fields.place(_VALUE), types="`, `".join(sorted(map(str, types))))
        return None
    return where, value, next(iter(types), None)


def _signature(where: Mapping[str, Term] | None, value: Mapping[str, Term] | None) -> str:
    parts = []
    for label, terms in (("where", where), ("value", value)):
        parts += [f"{label} {kind} {signature(term)}" for kind, term in (terms or {}).items()]
    return "\n".join(parts)


def _keys(by: tuple[str, ...], own: str, events: Events) -> tuple[Keys, frozenset[str]]:
    """Find the key's parts on every kind of event; say on which of these kinds a part may be missing."""
    wanted = _paths(by, events.kinds[own])
    keys, optional_on = {}, set()
    for kind in events.kinds.values():
        found = _paths(by, kind)
        if found and wanted and [entry[1] for entry in found] == [entry[1] for entry in wanted]:
            keys[kind.name] = tuple(path for path, _, _ in found)
            if any(optional for _, _, optional in found):
                optional_on.add(kind.name)
    return keys, frozenset(optional_on)


def _paths(by: tuple[str, ...], kind: Kind) -> list[tuple[tuple[str, ...], Type, bool]] | None:
    """Return path, type and whether it may be missing of each part of a key; None when the kind lacks one."""
    found = []
    for part in by:
        path = tuple(part.split(".")[1:]) if part.startswith("event.") else kind.roles.get(part)
        envelope = ENVELOPE.get(path[0]) if path and len(path) == 1 else None
        entry = (envelope, False) if envelope else kind.resolve(path) if path else None
        if path is None or entry is None:
            return None
        found.append((path, *entry))
    return found
