"""The functions a condition may call, each declared once for every engine."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from zelo.policy.functions import arithmetic, conversion, folding, lists, numbers, operators, text, time, web, words
from zelo.policy.functions.registry import Function

_FAMILIES: tuple[tuple[Function, ...], ...] = (
    operators.FUNCTIONS_HERE,
    arithmetic.FUNCTIONS_HERE,
    text.FUNCTIONS_HERE,
    folding.FUNCTIONS_HERE,
    words.FUNCTIONS_HERE,
    web.FUNCTIONS_HERE,
    numbers.FUNCTIONS_HERE,
    time.FUNCTIONS_HERE,
    conversion.FUNCTIONS_HERE,
    lists.FUNCTIONS_HERE,
)


def _by_name() -> Mapping[str, tuple[Function, ...]]:
    """Gather the families; the overloads of one name stand together in order of declaration."""
    found: dict[str, tuple[Function, ...]] = {}
    for family in _FAMILIES:
        for function in family:
            found[function.name] = (*found.get(function.name, ()), function)
    return MappingProxyType(found)


FUNCTIONS: Mapping[str, tuple[Function, ...]] = _by_name()
"""Name to its overloads: `startsWith`, `math.greatest`, `_+_`."""
OPERATORS: frozenset[str] = frozenset(
    name for name, overloads in FUNCTIONS.items() if any(function.form == "operator" for function in overloads)
)
"""The names in the table that are operators."""
