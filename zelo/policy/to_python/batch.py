"""Terms over columns of values: the same generated Python as for one event, in a loop."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from zelo.policy import terms as t
from zelo.policy.to_python.terms import Locals, Terms
from zelo.policy.to_python.unit import Unit

Batch = Callable[[Sequence[Sequence[object]]], list[tuple[object, ...]]]
"""Columns of values, one for each path, to the values of the terms, one tuple for each row."""


@dataclass(frozen=True)
class BatchTerms:
    """Terms that read fields only, compiled."""

    paths: tuple[tuple[str, ...], ...]
    """The fields they read; the columns must come in this order, in the form of the language, None for missing."""
    run: Batch


def compile_batch(terms: Sequence[t.Term], lists: Mapping[str, object]) -> BatchTerms:
    """Return a function that computes terms over columns; `lists` are the prepared lists of the pack."""
    unit = Unit("zelo columns")
    names: dict[tuple[str, ...], str] = {}

    def field(ref: t.FieldRef) -> str:
        name = names.get(ref.path)
        if name is None:
            name = names[ref.path] = unit.fresh("v")
        return name

    def absent(ref: t.Term) -> str:
        raise AssertionError(f"{ref} is not a field")

    write = Terms(unit, Locals(event=field, feature=absent, labels=absent, lists=lists))
    write.survey(list(terms))
    values = [write.value(term).whole for term in terms]
    made = f"({', '.join(values)},)"
    lines = ["out = []", f"for {', '.join(names.values())}, in zip(*source):"]
    lines += [f"    {line}" for line in [*write.cells(made), f"out.append({made})"]]
    unit.functions.append("\n".join(["def run(source):", *(f"    {line}" for line in [*lines, "return out"])]))
    return BatchTerms(tuple(names), cast(Batch, unit.compile()["run"]))
