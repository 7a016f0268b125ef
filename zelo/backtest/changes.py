"""What changed in the text of a pack, file by file, and which rules it concerns."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence

from zelo.backtest.figures import FileDiff, RuleFigures
from zelo.policy.pack import Pack, Rule
from zelo.policy.signature import signature

LINES_MAX = 200
"""Most lines of a file's diff."""
_AROUND = 3
_SHOWN = ("policies/", "features.yaml", "lists/", "pack.yaml", "events.yaml", "outcomes.yaml")


def changed_rules(new: Pack, old: Pack) -> frozenset[str]:
    """Return the rules of both whose condition, constants, effects or limits are not the same; places do not count."""
    before = {rule.name: rule for rule in old.rules}
    return frozenset(
        rule.name for rule in new.rules if rule.name in before and _meaning(rule) != _meaning(before[rule.name])
    )


def _meaning(rule: Rule) -> object:
    conditions = {kind: signature(term) for kind, term in rule.terms.items()}
    effects = [(effect.kind, effect.role, _plain(effect.parameters)) for effect in rule.effects]
    return conditions, effects, rule.daily_limit, rule.policy


def _plain(parameters: Mapping[str, object]) -> dict[str, object]:
    return {
        name: {kind: signature(term) for kind, term in value.items()} if isinstance(value, Mapping) else value
        for name, value in parameters.items()
    }


def diffs(
    old: Mapping[str, bytes], new: Mapping[str, bytes], pack: Pack, rules: Sequence[RuleFigures]
) -> tuple[FileDiff, ...]:
    """Return the files whose text differs, policies first; each with the rules of it that act differently."""
    found = []
    for path in sorted({*old, *new}, key=lambda path: (not path.startswith("policies/"), path)):
        before, after = (_lines(files.get(path, b"")) for files in (old, new))
        if before == after or not path.startswith(_SHOWN):
            continue
        lines = [_marked(line) for line in list(difflib.unified_diff(before, after, n=_AROUND, lineterm=""))[2:]]
        policy = path.removeprefix("policies/").removesuffix(".yaml")
        concerned = tuple(
            rule.rule
            for rule in rules
            if rule.policy == policy and (rule.changed or rule.only_in or rule.gained or rule.lost or rule.altered)
        )
        found.append(
            FileDiff(path=path, rules=concerned, lines=tuple(lines[:LINES_MAX]), cut=max(0, len(lines) - LINES_MAX))
        )
    return tuple(found)


def _lines(content: bytes) -> list[str]:
    return content.decode("utf-8", "replace").removeprefix("\ufeff").splitlines()


def _marked(line: str) -> tuple[str, str]:
    return ("@", line) if line.startswith("@@") else (line[:1], line[1:])
