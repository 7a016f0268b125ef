"""Reads `outcomes.yaml`: what turned out to be true later, so that a backtest can say how well rules foresaw it."""

from __future__ import annotations

from collections.abc import Mapping

from zelo.base.source import Report
from zelo.events.types import BOOL
from zelo.policy import load_names as names
from zelo.policy.load_events import Events
from zelo.policy.load_head import IN_BOTH
from zelo.policy.load_names import Form
from zelo.policy.load_shapes import At, Entry, Fields, Record, Sequence, Table, known, suggestion
from zelo.policy.load_terms import Checker
from zelo.policy.load_values import Expression, Length, Name, Text
from zelo.policy.pack import BY_EVENT, Outcome
from zelo.policy.yaml_reader import Node

LABEL_FILE = Form(r"([A-Za-z0-9_\-][A-Za-z0-9_.\-]*/)*[A-Za-z0-9_\-][A-Za-z0-9_.\-]*\.(csv|parquet)", "Z442", 400)
"""Paths of label files: inside the source, never above it."""
_COLUMN = Form(r"[A-Za-z_][A-Za-z0-9_.]*", "Z049")
_TITLE = Entry("title", IN_BOTH, "What people call it, as it stands after a count: `blocked within 7 days`.")
_OF = Entry(
    "of", Sequence(Name(names.KIND), most=100, or_one=True), "Kinds of the later event that decides it.", required=False
)
_WHERE = Entry("where", Expression(), "CEL over that event's fields and lists: which events count.", required=False)
_WITHIN = Entry("within", Length("10m", "365d"), "How long after an event that one may come.", required=False)
_FILE = Entry(
    "file", Name(LABEL_FILE), "Or a file of labels, .csv or .parquet, by its path inside the source.", required=False
)
_ID = Entry("id", Name(_COLUMN), "Column of the file with the ids; `id`.", required=False)
_VALUE = Entry("value", Name(_COLUMN), "Column of the file with true or false; `value`.", required=False)
_TRUE_WHEN = Entry(
    "true_when", Text(200), "The value of that column that says yes; any other says no. Else it says true or false.",
    required=False,
)  # fmt: skip
_BY = Entry(
    "by", Name(names.ID), f"The role whose later event, or whose label, counts; `actor`. Labels also by `{BY_EVENT}`.",
    required=False,
)  # fmt: skip
_OUTCOME = Record((_TITLE, _OF, _WHERE, _WITHIN, _FILE, _ID, _VALUE, _TRUE_WHEN, _BY))
_OUTCOMES = Entry("outcomes", Table(names.ID, _OUTCOME), "Outcomes, by name.")
OUTCOMES_FILE = Record((_OUTCOMES,))
"""The shape of `outcomes.yaml`."""
_ONLY_WITH: Mapping[str, tuple[Entry[object], ...]] = {"of": (_WHERE, _WITHIN), "file": (_ID, _VALUE, _TRUE_WHEN)}


def read_outcomes(node: Node, events: Events, checker: Checker, report: Report) -> tuple[dict[str, Outcome], set[str]]:
    """Read `outcomes.yaml`; return the outcomes that are right, and the names of the lists they read."""
    file = OUTCOMES_FILE.read(node, report)
    found: dict[str, Outcome] = {}
    lists: set[str] = set()
    for name, fields in (file.get(_OUTCOMES) if file else None) or ():
        outcome = _outcome(name, fields, events, checker, report)
        if outcome is not None:
            found[name.value] = outcome
            lists |= checker.lists_in((outcome.where or {}).values())
    return found, lists


def _outcome(name: At[str], fields: Fields, events: Events, checker: Checker, report: Report) -> Outcome | None:
    if fields.has(_OF) == fields.has(_FILE):
        report.add("Z440", name.span)
        return None
    form = "of" if fields.has(_OF) else "file"
    for other, entries in _ONLY_WITH.items():
        for entry in entries:
            if other != form and fields.has(entry):
                report.add("Z441", fields.place(entry), key=entry.name, form=other)
    return (_by_event if form == "of" else _by_file)(name, fields, events, checker, report)


def _by_event(name: At[str], fields: Fields, events: Events, checker: Checker, report: Report) -> Outcome | None:
    of, within, by = fields.get(_OF) or (), fields.get(_WITHIN), fields.get(_BY)
    if not fields.has(_WITHIN):
        report.add("Z023", name.span, key="within")
    kinds = tuple(dict.fromkeys(at.value for at in of if known("Z402", at.value, at.span, events.titles, report)))
    if not kinds or len(kinds) < len({at.value for at in of}) or any(kind not in events.kinds for kind in kinds):
        return None
    role = by.value if by else "actor"
    entities = set()
    for kind in kinds:
        if role not in events.kinds[kind].roles:
            place = by.span if by else name.span
            report.add("Z403", place, (), role=role, kind=kind, **suggestion(role, events.kinds[kind].roles))
            return None
        entities.add(events.kinds[kind].entities[role])
    if len(entities) > 1:
        place = by.span if by else name.span
        report.add("Z443", place, role=role, entities="`, `".join(sorted(entities)))
        return None
    condition = fields.get(_WHERE)
    where = checker.check(condition, kinds, (BOOL,), {"event", "roles", "lists"}, report) if condition else None
    if within is None or (fields.has(_WHERE) and where is None):
        return None
    return Outcome(
        name=name.value,
        title=fields.get(_TITLE) or {},
        by=role,
        entity=next(iter(entities)),
        kinds=kinds,
        where=where,
        within_ms=within.value // 1_000,
    )


def _by_file(name: At[str], fields: Fields, events: Events, checker: Checker, report: Report) -> Outcome | None:
    file, ident, value, by = fields.get(_FILE), fields.get(_ID), fields.get(_VALUE), fields.get(_BY)
    role = by.value if by else "actor"
    entities = {kind.entities[role] for kind in events.kinds.values() if role in kind.roles}
    if role != BY_EVENT and not entities:
        options = dict.fromkeys([BY_EVENT, *(role for kind in events.kinds.values() for role in kind.roles)])
        report.add("Z444", by.span if by else name.span, (), role=role, **suggestion(role, options))
        return None
    if file is None:
        return None
    return Outcome(
        name=name.value,
        title=fields.get(_TITLE) or {},
        by=role,
        entity=None if role == BY_EVENT else min(entities),
        file=file.value,
        id_column=ident.value if ident else "id",
        value_column=value.value if value else "value",
        true_when=true_when.value if (true_when := fields.get(_TRUE_WHEN)) else None,
    )
