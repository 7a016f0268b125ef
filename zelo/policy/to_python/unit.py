"""A unit of generated Python: its lines, the constants it is bound to, and names that never clash."""

from __future__ import annotations

import re
from collections.abc import Mapping

_LOCAL = re.compile(r"\b[vflcx]\d+\b")
"""Locals that a hoisted function may read: fields, features, labels, memo cells, macro variables."""


class Unit:
    """Collects generated functions and the values they are bound to, then compiles them once."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.bound: dict[str, object] = {}
        self.functions: list[str] = []
        self._names: dict[int, str] = {}
        self._counts: dict[str, int] = {}

    def fresh(self, prefix: str) -> str:
        """Return a name that nothing else in the unit has."""
        number = self._counts.get(prefix, 0)
        self._counts[prefix] = number + 1
        return f"{prefix}{number}"

    def bind(self, value: object, prefix: str = "k") -> str:
        """Make a value readable from the generated code; return its name. The same object gets one name."""
        name = self._names.get(id(value))
        if name is None:
            name = self._names[id(value)] = self.fresh(f"{prefix}_")
            self.bound[name] = value  # which also keeps it alive, so that its id stays its own
        return name

    def hoist(self, prefix: str, first: str, body: list[str], own: frozenset[str]) -> str:
        """Add a function of `first` and of every local its body reads; return the call, first argument included."""
        name = self.fresh(prefix)
        used = sorted(set(_LOCAL.findall("\n".join(body))) - own)
        parameters = ", ".join(["source", *used])
        self.functions.append("\n".join([f"def {name}({parameters}):", *(f"    {line}" for line in body)]))
        return f"{name}({', '.join([first, *used])})"

    def source(self) -> str:
        """Return the whole text, for people who want to read what runs."""
        return "\n\n\n".join(self.functions) + "\n"

    def compile(self) -> Mapping[str, object]:
        """Return the namespace with every generated function in it."""
        namespace: dict[str, object] = dict(self.bound)
        exec(compile(self.source(), f"<{self.name}>", "exec"), namespace)  # nosec B102 # our own text, never a user's
        return namespace
