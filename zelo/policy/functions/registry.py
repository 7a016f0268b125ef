"""What a function of the policy language is: one declaration with its types, its two meanings and its examples."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from zelo.events.types import Type


@dataclass(frozen=True)
class AnyOf(Type):
    """A type variable: the same one of the options wherever it stands in a signature."""

    name: str
    options: tuple[Type, ...] = ()
    """Empty: any type."""

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class WordList(Type):
    """A list of the pack (`lists.name`), prepared for constant-time look-up or word matching."""

    def __str__(self) -> str:
        return "pack list"


@dataclass(frozen=True)
class Function:
    """One overload of a function, method or operator."""

    name: str
    """As written: `startsWith`; operators are `_+_`, `-_`, `_==_`, `_in_`."""
    form: str
    """`operator`, `method` (receiver first) or `function`."""
    takes: tuple[Type, ...]
    gives: Type
    python: Callable[..., object]
    """The meaning, on present arguments; None is a missing result."""
    sql: Mapping[str, str]
    """Dialect (`duckdb`, `spark`) to a template with {0}, {1} ...; empty when SQL cannot say it, see `no_sql`."""
    doc: str
    """One sentence: completes "gives ..."."""
    examples: tuple[tuple[tuple[object, ...], object], ...]
    """(arguments, result): usual, edge, missing; run on every engine."""
    total: bool = True
    """Whether present arguments always give a present result."""
    inline: str | None = None
    """Python source with {0}, {1} ... that means the same as `python`, each argument used once; only for total ones."""
    no_sql: str | None = None
    """Why there is no SQL form (shown by the checker where a backtest is required)."""
    cost: int = 2
    """Rough cost in units of one integer comparison; conjuncts are tried cheapest first."""
    witness: Callable[..., str | None] | None = None
    """What an explanation shows beside a true result, on the same arguments: the word that was found."""
