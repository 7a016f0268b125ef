"""Reads `policies/*.yaml`: what is not allowed or rewarded, on which ground, with its rules and examples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from zelo.base.source import Report, Span
from zelo.events.types import BOOL
from zelo.policy import load_names as names
from zelo.policy.check import never_true
from zelo.policy.check_scope import EVERYTHING
from zelo.policy.load_constants import ConstantValue
from zelo.policy.load_effects import Asked, AskedEffect, Request, effect_request
from zelo.policy.load_events import Events
from zelo.policy.load_examples import EXAMPLE, Stage, read_example
from zelo.policy.load_head import COUNT_MAX, IN_BOTH, Head
from zelo.policy.load_shapes import At, Entry, Fields, Record, Sequence, Table, known
from zelo.policy.load_terms import Checker, Constants
from zelo.policy.load_values import Choice, Expression, Name, Whole
from zelo.policy.pack import EffectRequest, Example, Policy, Rule
from zelo.policy.scalar import Scalar
from zelo.policy.yaml_reader import Faults, ListNode, MapNode, Node

SEVERITIES = ("low", "medium", "high", "severe")
CONTRACT = "contract"
"""Beside the markets: the platform's own terms as ground."""
_ID = Entry("policy", Name(names.ID), "Id of the policy: the file's name.")
_TITLE = Entry("title", IN_BOTH, "What people call the policy.")
_TEXT = Entry("text", IN_BOTH, "What people read; Markdown.")
_VIOLATION = Entry("violation", Name(names.ID), "Id of the violation in the taxonomy.")
_SEVERITY = Entry("severity", Choice(SEVERITIES), "Severity of what the rules charge; `medium`.", required=False)
_GROUNDS = Entry(
    "grounds",
    Table(names.GROUND, Sequence(Name(names.TAG), or_one=True), least=1),
    "Market, or `contract`, to the ids of its legal or contractual grounds.",
)
_NOTICES = Entry("notices", Table(names.ID, IN_BOTH), "Texts that `notify` sends, by name.", required=False)
_CONSTANTS = Entry(
    "constants", Table(names.ID, ConstantValue()), "Values that conditions read as `constants.name`.", required=False
)
_RULE_TITLE = Entry("title", IN_BOTH, "What people call the rule.", required=False)
_RULE = Entry("rule", Name(names.ID), "Name of the rule, unique in the pack.")
_ON = Entry("on", Sequence(Name(names.KIND), most=100, or_one=True), "Kinds of event it looks at.")
_WHEN = Entry("when", Expression(), "CEL: the condition; the rule fires when it is true.")
_THEN = Entry("then", Sequence(AskedEffect(), most=50), "What it asks for when it fires.")
_DAILY = Entry("daily_limit", Whole(1, COUNT_MAX), "How many of each effect it may ask for in a day.", required=False)
_RULES = Entry(
    "rules", Sequence(Record((_RULE, _RULE_TITLE, _ON, _WHEN, _THEN, _DAILY)), least=0, most=2_000), "The rules."
)
_EXAMPLES = Entry("examples", Sequence(EXAMPLE, least=0), "Run by `zelo test` on every engine.", required=False)
POLICY_FILE = Record((_ID, _TITLE, _TEXT, _VIOLATION, _SEVERITY, _GROUNDS, _NOTICES, _CONSTANTS, _RULES, _EXAMPLES))
"""The shape of `policies/NAME.yaml`."""


@dataclass(frozen=True)
class Around:
    """What a policy is read against."""

    head: Head | None
    events: Events | None
    checker: Checker
    stage: Stage
    rules: dict[str, Span]
    """Names of the rules that were read before, with their places."""


@dataclass(frozen=True)
class ReadPolicy:
    """A policy with what only the checks of the whole pack ask for."""

    policy: Policy
    constants: Mapping[str, Span]
    """Where each constant is declared."""
    formulas: str
    """The CEL of its rules, also of those that are wrong."""
    rules_read: bool
    """Whether every rule could be read."""
    examples_read: bool
    """Whether every example could be read."""


def read_policy(node: Node, name: str, around: Around, report: Report) -> ReadPolicy | None:
    """Read one policy file; the rules that are wrong are left out."""
    fields = POLICY_FILE.read(node, report)
    if fields is None:
        return None
    policy_id, severity = fields.get(_ID), fields.get(_SEVERITY)
    if policy_id and policy_id.value != name:
        report.add("Z040", policy_id.span, id=policy_id.value, file=name)
    _check_grounds(fields, around.head, report)
    constants = {key.value: value for key, value in fields.get(_CONSTANTS) or ()}
    notices = {key.value: value for key, value in fields.get(_NOTICES) or ()}
    faults = Faults(node.page.source.path, report)
    written = fields.node.entries.get(_NOTICES.name)
    unread = written is not None and faults.within(written[1])
    checker = _without_broken(around.checker, fields, constants)
    request = Request(checker, constants, None if unread else notices, severity.value if severity else None)
    records = fields.get(_RULES) or ()
    read = [_rule(record, name, request, around, report) for record in records]
    rules = [rule for rule, record in zip(read, records, strict=True) if rule and not faults.within(record.node)]
    on = {at.value: _names(record.get(_ON)) for record in records if (at := record.get(_RULE))}
    violation = fields.get(_VIOLATION)
    policy = Policy(
        id=name,
        title=fields.get(_TITLE) or {},
        text=fields.get(_TEXT) or {},
        violation=violation.value if violation else "",
        severity=severity.value if severity else None,
        grounds={market.value: _names(ids) for market, ids in fields.get(_GROUNDS) or ()},
        notices=notices,
        constants=constants,
        rules=tuple(rules),
        examples=_examples(fields, on, around, report),
        source=node.page.source,
    )
    return ReadPolicy(
        policy,
        constants={key.value: key.span for key, _ in fields.get(_CONSTANTS) or ()},
        formulas="\n".join(map(_formulas, records)),
        rules_read=len(rules) == _count(fields, _RULES.name),
        examples_read=len(policy.examples) == _count(fields, _EXAMPLES.name),
    )


def _count(fields: Fields, name: str) -> int:
    """Return how many items a list has as it is written."""
    found = fields.node.entries.get(name)
    return len(found[1].items) if found and isinstance(found[1], ListNode) else 0


def _without_broken(checker: Checker, fields: Fields, constants: Constants) -> Checker:
    """Return the checker that lets conditions wait which mention a constant that could not be read."""
    written = fields.node.entries.get(_CONSTANTS.name)
    named = written[1].entries if written and isinstance(written[1], MapNode) else {}
    broken = frozenset(f"constants.{name}" for name in named if name not in constants)
    return replace(checker, broken=checker.broken | broken) if broken else checker


def _names(found: tuple[At[str], ...] | None) -> tuple[str, ...]:
    return tuple(name.value for name in found or ())


def _check_grounds(fields: Fields, head: Head | None, report: Report) -> None:
    for market, _ in fields.get(_GROUNDS) or ():
        if head is not None and head.markets:
            known("Z423", market.value, market.span, dict.fromkeys((*head.markets, CONTRACT)), report)


def _rule(fields: Fields, policy: str, request: Request, around: Around, report: Report) -> Rule | None:
    """Check one rule; None when anything about it is wrong or waits for another file to be mended."""
    name, on, when, then = fields.get(_RULE), fields.get(_ON), fields.get(_WHEN), fields.get(_THEN)
    if name is not None:
        _check_unique(name, around.rules, report)
    kinds = _kinds(on or (), around.events, report)
    if kinds is None or when is None:
        return None
    terms = request.checker.check(when, kinds, (BOOL,), EVERYTHING, report, request.constants)
    impossible = [never_true(term) for term in (terms or {}).values()]
    if impossible and impossible[0] is not None and None not in impossible:
        report.add("Z150", impossible[0])
    effects = _effects(then or (), kinds, request, report)
    if name is None or terms is None or effects is None:
        return None
    limit, title = fields.get(_DAILY), fields.get(_RULE_TITLE)
    count = limit.value if limit else None
    return Rule(name.value, policy, kinds, when, terms, effects, count, 0, name.span, title)


def _check_unique(name: At[str], seen: dict[str, Span], report: Report) -> None:
    if name.value in seen:
        report.add("Z422", name.span, related=(seen[name.value],), name=name.value)
    else:
        seen[name.value] = name.span


def _kinds(on: tuple[At[str], ...], events: Events | None, report: Report) -> tuple[str, ...] | None:
    """Return the kinds of event of a rule; None when one is not there or could not be read."""
    if events is None or not on:
        return None
    right = [known("Z402", kind.value, kind.span, events.titles, report) for kind in on]
    kinds = tuple(dict.fromkeys(kind.value for kind in on))
    return kinds if all(right) and all(kind in events.kinds for kind in kinds) else None


def _effects(
    asked: tuple[Asked, ...], kinds: tuple[str, ...], request: Request, report: Report
) -> tuple[EffectRequest, ...] | None:
    found = [effect_request(one, kinds, request, report) for one in asked]
    effects = tuple(effect for effect in found if effect is not None)
    return effects if len(effects) == len(found) else None


def _examples(fields: Fields, on: Mapping[str, tuple[str, ...]], around: Around, report: Report) -> tuple[Example, ...]:
    if around.events is None:
        return ()
    found = [read_example(record, on, around.stage, report) for record in fields.get(_EXAMPLES) or ()]
    return tuple(example for example in found if example is not None)


def _formulas(record: Fields) -> str:
    """Return all CEL of a rule as one text."""
    condition = record.get(_WHEN)
    texts = [condition.value] if condition else []
    for asked in record.get(_THEN) or ():
        texts += [value.value for value in asked.fields.values.values() if isinstance(value, Scalar)]
    return "\n".join(texts)
