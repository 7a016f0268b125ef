"""The neutral workload (shared/bench/workload.py) as a zelo pack and as zelo events."""

from __future__ import annotations

import importlib.util
import json
import re
from types import ModuleType

from benchmarks.measure import SHARED


def kind_name(action: str) -> str:
    """Return the workload's action as a kind of event: `post_create` is `post.create`."""
    return action.replace("_", ".")


BOTH = "{en: Neutral workload, pt-BR: Carga neutra}"
FLOATS = {"trust_score", "toxicity", "spam_score", "caps_ratio"}
WINDOWS = """\
features:
  posts_10m: {title: TITLE, aggregate: count, of: KINDS, by: actor, window: 10m}
  posts_24h: {title: TITLE, aggregate: count, of: KINDS, by: actor, window: 24h}
  posts_30d: {title: TITLE, aggregate: count, of: KINDS, by: actor, window: 30d}
  links_24h: {title: TITLE, aggregate: sum, value: event.content.link_count, of: KINDS, by: actor, window: 24h}
  toxic_7d: {title: TITLE, aggregate: max, value: event.content.scores.toxicity, of: KINDS, by: actor, window: 7d}
  network_10m: {title: TITLE, aggregate: count, of: KINDS, by: network, window: 10m}
  network_accounts_24h: {title: TITLE, aggregate: distinct, value: event.user.id, of: KINDS, by: network, window: 24h}
  domain_24h: {title: TITLE, aggregate: count, of: KINDS, by: event.content.link_domain, window: 24h}
  domain_accounts_24h: {title: TITLE, aggregate: distinct, value: event.user.id, of: KINDS,
    by: event.content.link_domain, window: 24h}
  pair_1h: {title: TITLE, aggregate: count, of: KINDS, where: event.content.link_count > 0,
    by: [actor, event.client.platform], window: 60m}
"""
"""Ten features over four keys: account, network, linked domain, and the pair of account and device platform."""
TESTS = (
    "posts_10m >= 3",
    "posts_24h >= 12",
    "posts_30d >= 100",
    "links_24h >= 20",
    "toxic_7d > 0.3",
    "network_10m >= 2",
    "network_accounts_24h >= 2",
    "domain_24h >= 50",
    "domain_accounts_24h >= 40",
    "pair_1h >= 2",
)


def workload() -> ModuleType:
    """Load the generator; raises FileNotFoundError where the shared data is absent."""
    spec = importlib.util.spec_from_file_location("workload", SHARED / "bench" / "workload.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def event_lines(events: list[dict], *, step_s: float | None = None) -> list[bytes]:
    """Return the events in zelo's form; with `step_s`, spaced evenly in time."""
    lines = []
    for number, event in enumerate(events):
        data = {key: value for key, value in event["data"].items() if key != "event_type"}
        occurred = event["timestamp"] if step_s is None else _moment(number * step_s)
        lines.append(
            json.dumps({"id": str(number), "kind": kind_name(event["action_name"]), "occurred_at": occurred, **data})
        )
    return [line.encode() for line in lines]


def _moment(seconds: float) -> str:
    from datetime import UTC, datetime, timedelta

    return (datetime(2026, 7, 1, tzinfo=UTC) + timedelta(seconds=seconds)).isoformat()


def pack_files(work: ModuleType, rules: list[dict], *, by_kind: bool, windows: bool = False) -> dict[str, bytes]:
    """Return the pack's files; `by_kind` tries a rule only on its own kind of event, else on all six."""
    kinds = [kind_name(action) for action in work.EVENT_TYPES]
    features = WINDOWS.replace("TITLE", BOTH).replace("KINDS", json.dumps(kinds)) if windows else None
    policy = [f"policy: neutral\ntitle: {BOTH}\ntext: {BOTH}\nviolation: spam\ngrounds: {{global: [contract]}}\nrules:"]
    for number, rule in enumerate(rules):
        on = kind_name(rule["scope"]) if by_kind else json.dumps(kinds)
        conditions = [_condition(work, *condition) for condition in rule["all"]]
        if windows and number % len(TESTS) != 9:
            conditions.append(f"features.{TESTS[number // 2 % len(TESTS)]}")
        queue = ("review", "limit", "reject")[rule["group"] % 3]
        policy.append(
            f"  - rule: {rule['name'].lower()}\n    on: {on}\n    when: |\n      "
            + " &&\n      ".join(conditions)
            + f"\n    then:\n      - open_case: {{queue: {queue}}}"
        )
    files = {
        "pack.yaml": f"pack: neutral\ntitle: {BOTH}\nmarkets: [global]\nlanguages: [en, pt-BR]\nowners: [bench]\n"
        "time_zone: UTC\ndaily_limits: {open_case: 1000000000}\n"
        "labels:\n" + "".join(f"  {label}: {{title: {BOTH}, set_by: people}}\n" for label in work.WORLD["labels"]),
        "events.yaml": _events_yaml(work),
        "policies/neutral.yaml": "\n".join(policy) + "\n",
    }
    if features:
        files["features.yaml"] = features
    return {path: text.encode() for path, text in files.items()}


def _events_yaml(work: ModuleType) -> str:
    tree: dict = {}
    for name, (path, kind, optional) in work.FIELDS.items():
        parts = path[2:].split(".")
        if name == "event_type":
            continue
        level = tree
        for part in parts[:-1]:
            level = level.setdefault(part, {"type": "object", "required": True, "fields": {}})["fields"]
        spelled = {"int": "int", "float": "double", "bool": "bool"}.get(kind, "string")
        level[parts[-1]] = {"type": spelled, "required": not optional}
    roles = (
        "{actor: {entity: account, id: user.id}, target: {entity: content, id: content.id},"
        " network: {entity: network, id: client.ip}}"
    )
    entities = f"entities: {{account: {{title: {BOTH}}}, content: {{title: {BOTH}}}, network: {{title: {BOTH}}}}}"
    kinds = "".join(
        f"  {kind_name(kind)}:\n    title: {BOTH}\n    roles: {roles}\n    fields: {json.dumps(tree)}\n"
        for kind in work.EVENT_TYPES
    )
    return f"{entities}\nkinds:\n{kinds}"


def _condition(work: ModuleType, field: str, op: str, constant: object) -> str:
    if op == "has_label":
        return f'"{constant}" in actor.labels'
    if op == "not_has_label":
        return f'!("{constant}" in actor.labels)'
    text = "event.content.text.lowerAscii()"
    if op == "contains":
        return f"{text}.contains({json.dumps(constant)})"
    if op == "regex":
        pattern = re.sub(r"\((.)\)\\1\{5,\}", r"\1{6,}", str(constant))  # RE2 has no back-references
        return f"{text}.matches(r'{pattern}')"
    path = "event." + work.FIELDS[field][0][2:]
    if field in FLOATS and isinstance(constant, (int, float)):
        constant = float(constant)
    return f"{path} {op} {json.dumps(constant)}"
