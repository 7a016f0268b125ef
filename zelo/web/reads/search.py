"""What a search of the explorer is: read from the address, checked, and made into SQL with parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from zelo.base.errors import InvalidInput
from zelo.base.messages.message import N_
from zelo.events.rows import Column, columns
from zelo.events.types import BOOL, DOUBLE, INT, STRING, TIMESTAMP
from zelo.policy.pack import Pack

OUTCOMES = {
    "fired": N_("a rule fired"),
    "undetermined": N_("a rule was undetermined"),
    "nothing": N_("nothing came of it"),
}
OPERATORS = {"is": "=", "not": "<>", "more": ">", "less": "<", "holds": "", "known": "", "unknown": ""}
PERIODS = {"1": 1, "7": 7, "30": 30, "90": 90, "365": 365}
GROUPS = ("kind", "rule", "pack_version", "effect")
DAYS_DEFAULT = 30
CONDITIONS_MAX = 5


@dataclass(frozen=True)
class Condition:
    """A condition on a field of the event."""

    column: Column
    operator: str
    value: str


@dataclass(frozen=True)
class Search:
    """A search, checked."""

    what: str
    """`decisions` or `events`."""
    since: datetime
    until: datetime
    days: str
    kind: str = ""
    rule: str = ""
    policy: str = ""
    rules: tuple[str, ...] = ()
    """Rules of the policy."""
    outcome: str = ""
    effect: str = ""
    entity: str = ""
    conditions: tuple[Condition, ...] = ()
    group: str = ""
    group_column: Column | None = None
    before: int | None = None
    """Order key that the page's rows lie before."""
    columns: Mapping[str, Column] = field(default_factory=dict)

    @property
    def bucket(self) -> str:
        """Return the unit of time of the chart."""
        days = (self.until - self.since).days
        return "hour" if days <= 2 else "day" if days <= 120 else "week"

    @property
    def personal(self) -> tuple[str, ...]:
        """Return the fields it looks into."""
        found = [one.column.name for one in self.conditions]
        return tuple(found + ([self.group_column.name] if self.group_column else []))


def read_search(given: Mapping[str, str], pack: Pack, now: datetime, zone: str) -> Search:
    """Return the search that an address asks for, its days those of a zone; raises InvalidInput for what cannot be."""
    kind = given.get("kind", "")
    if kind and kind not in pack.kinds:
        raise InvalidInput(N_("there is no kind of event `{kind}`"), kind=kind[:80])
    known = {one.name: one for one in columns(pack.kinds[kind])} if kind else {}
    what = "events" if given.get("what") == "events" and kind else "decisions"
    policy = next((one for one in pack.policies if one.id == given.get("policy")), None)
    since, until, days = _range(given, zone, now)
    group = given.get("group", "")
    group_column = known.get(group.removeprefix("field:")) if group.startswith("field:") and what == "events" else None
    return Search(
        what=what,
        since=since,
        until=until,
        days=days,
        kind=kind,
        rule=given.get("rule", "")[:200],
        policy=policy.id if policy else "",
        rules=tuple(rule.name for rule in policy.rules) if policy else (),
        outcome=given.get("outcome", "") if given.get("outcome") in OUTCOMES else "",
        effect=given.get("effect", "")[:40],
        entity=given.get("entity", "").strip()[:300],
        conditions=_conditions(given, known) if what == "events" else (),
        group=group if group in GROUPS or group_column else "",
        group_column=group_column,
        before=_whole(given.get("before", "")),
        columns=known,
    )


def _whole(text: str) -> int | None:
    return int(text) if text.lstrip("-").isdigit() and len(text) < 20 else None


def _range(given: Mapping[str, str], zone: str, now: datetime) -> tuple[datetime, datetime, str]:
    try:
        if given.get("since"):
            first = date.fromisoformat(given["since"])
            last = date.fromisoformat(given.get("until") or now.date().isoformat())
            start = datetime.combine(first, time(), ZoneInfo(zone))
            return start, datetime.combine(last, time(), ZoneInfo(zone)) + timedelta(days=1), ""
    except (ValueError, OverflowError):
        raise InvalidInput(N_("a day is written as 2026-01-31")) from None
    days = given.get("days", "") if given.get("days") in PERIODS else str(DAYS_DEFAULT)
    return now - timedelta(days=PERIODS[days]), now + timedelta(minutes=10), days


def _conditions(given: Mapping[str, str], known: Mapping[str, Column]) -> tuple[Condition, ...]:
    found = []
    for number in range(1, CONDITIONS_MAX + 1):
        name, operator = given.get(f"field{number}", ""), given.get(f"op{number}", "is")
        value = given.get(f"value{number}", "")
        if not name or (not value and operator not in ("known", "unknown")):
            continue
        if name not in known:
            raise InvalidInput(N_("there is no field `{name}` of this kind of event"), name=name[:80])
        if operator not in OPERATORS:
            raise InvalidInput(N_("there is no comparison `{name}`"), name=operator[:80])
        _typed(known[name], value, operator)
        found.append(Condition(known[name], operator, value))
    return tuple(found)


def _typed(column: Column, text: str, operator: str) -> object:
    """Return a value as the column's type has it."""
    if operator in ("known", "unknown", "holds") or column.type == STRING:
        return text
    try:
        if column.type == INT:
            return int(text)
        if column.type == DOUBLE:
            return float(text.replace(",", "."))
        if column.type == TIMESTAMP:
            moment = datetime.fromisoformat(text)
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        if column.type == BOOL:
            return {"true": True, "false": False}[text.lower()]
    except (ValueError, KeyError):
        raise InvalidInput(N_("`{value}` is not a value of `{name}`"), value=text[:80], name=column.name) from None
    return text


def filters(search: Search, versions: list[str] | None) -> tuple[str, list[object]]:
    """Return the WHERE of a search and its parameters; `versions` are those a person may see, None for all."""
    parts, values = ["effective_at >= ? AND effective_at < ?"], [search.since, search.until]
    given: list[object] = list(values)
    if search.before is not None:
        parts.append("order_key < ?")
        given.append(search.before)
    if search.what == "events":
        for one in search.conditions:
            text, more = _field(one)
            parts.append(text)
            given += more
    else:
        if versions is not None:
            parts.append("list_contains(?, pack_version)")
            given.append(versions)
        for text, more in _of_decisions(search):
            parts.append(text)
            given += more
    return " AND ".join(parts), given


def _field(one: Condition) -> tuple[str, list[object]]:
    name = '"' + one.column.name.replace('"', '""') + '"'
    if one.operator in ("known", "unknown"):
        return f"{name} IS {'NOT ' if one.operator == 'known' else ''}NULL", []
    if one.operator == "holds":
        return f"contains(lower(CAST({name} AS VARCHAR)), lower(?))", [one.value]
    return f"{name} {OPERATORS[one.operator]} ?", [_typed(one.column, one.value, one.operator)]


def _of_decisions(search: Search) -> list[tuple[str, list[object]]]:
    found: list[tuple[str, list[object]]] = []
    if search.kind:
        found.append(("kind = ?", [search.kind]))
    if search.rule:
        found.append(("(list_contains(fired, ?) OR list_contains(undetermined, ?))", [search.rule, search.rule]))
    if search.rules:
        found.append(("(list_has_any(fired, ?) OR list_has_any(undetermined, ?))", [list(search.rules)] * 2))
    if search.outcome == "fired":
        found.append(("len(fired) > 0", []))
    elif search.outcome == "undetermined":
        found.append(("len(undetermined) > 0", []))
    elif search.outcome == "nothing":
        found.append(("len(fired) = 0 AND len(undetermined) = 0", []))
    if search.effect:
        found.append(("len(list_filter(effects, lambda e: e.kind = ?)) > 0", [search.effect]))
    if search.entity:
        wanted = search.entity.split(":", 1)[-1]
        among = "list_contains(list_transform({}, lambda e: e.entity), ?)"
        found.append((f"({among.format('effects')} OR {among.format('held')})", [wanted, wanted]))
    return found
