"""The parse tree of a condition: frozen nodes, each knowing which stretch of the text it stands for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Node:
    """A piece of the text, from character `start` up to `end` (excluded). A closed set: the subclasses below."""

    start: int
    end: int

    def children(self) -> Iterator[Node]:
        """Yield the nodes directly inside this one, in reading order."""
        for entry in fields(self):
            value = getattr(self, entry.name)
            if isinstance(value, Node):
                yield value
            elif isinstance(value, tuple):
                yield from (part for part in value if isinstance(part, Node))


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """A literal of the profile."""

    value: bool | int | float | str
    """The type tells the literal: bool, int (any size; the checker looks at the range), float, str."""


@dataclass(frozen=True, slots=True)
class Foreign(Node):
    """CEL that the profile leaves out: what it is, and what to look into for further mistakes."""

    what: str
    """`null`, `uint`, `bytes`, `map`, `message`, `optional`."""
    parts: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Name(Node):
    """An identifier standing alone."""

    name: str


@dataclass(frozen=True, slots=True)
class Select(Node):
    """`operand.field`."""

    operand: Node
    field: str
    field_start: int
    """Where the field's own name starts; it ends with the node."""


@dataclass(frozen=True, slots=True)
class Subscript(Node):
    """`operand[key]`."""

    operand: Node
    key: Node


@dataclass(frozen=True, slots=True)
class Invoke(Node):
    """`name(arguments)` or `target.name(arguments)`."""

    target: Node | None
    name: str
    name_start: int
    arguments: tuple[Node, ...]

    @property
    def name_end(self) -> int:
        """Return where the function's own name ends."""
        return self.name_start + len(self.name)


@dataclass(frozen=True, slots=True)
class Listing(Node):
    """`[a, b]`."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Group(Node):
    """`(inner)`; means what is inside."""

    inner: Node


@dataclass(frozen=True, slots=True)
class Unary(Node):
    """`!operand` or `-operand`; the sign stands at `start`."""

    sign: str
    operand: Node


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """`left operator right` for everything but `&&` and `||`."""

    operator: str
    """`==`, `+`, `in` ..."""
    operator_start: int
    operator_end: int
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Chain(Node):
    """Two or more parts joined by one of `&&` and `||`."""

    operator: str
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice(Node):
    """`condition ? yes : no`."""

    condition: Node
    yes: Node
    no: Node


@dataclass(frozen=True, slots=True)
class Broken(Node):
    """A place that could not be read and has been reported; its parts are still looked into."""

    parts: tuple[Node, ...] = ()


def bare(node: Node) -> Node:
    """Return what stands inside any parentheses."""
    while isinstance(node, Group):
        node = node.inner
    return node


def height(node: Node) -> int:
    """Return how deeply a tree is nested, without recursion."""
    deepest = 0
    waiting = [(node, 1)]
    while waiting:
        current, depth = waiting.pop()
        deepest = max(deepest, depth)
        waiting.extend((child, depth + 1) for child in current.children())
    return deepest
