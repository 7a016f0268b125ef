"""Writes the reference of functions in docs/language.md: `python -m tests.language_reference`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tests.places import REPOSITORY
from zelo.events.types import DURATION, TIMESTAMP, ListOf, MapOf, Type
from zelo.policy.functions import FUNCTIONS
from zelo.policy.functions.registry import Function, WordList
from zelo.policy.unparse import literal, offset_literal

PAGE = REPOSITORY / "docs" / "language.md"
MARKS = ("<!-- functions: written by `dev.py fix` from their declarations -->", "<!-- functions: end -->")
_FAMILIES: Sequence[tuple[str, str]] = (
    ("Comparing and searching", "operators"),
    ("Computing", "arithmetic"),
    ("Text", "text"),
    ("Words, names and addresses", "folding words web"),
    ("Numbers", "numbers"),
    ("Time", "time"),
    ("Conversions", "conversion"),
    ("Lists and maps", "lists"),
)
_EXAMPLES, _LENGTH = 3, 60


def function_reference() -> str:
    """Return the reference: one table for each family, one row for each overload."""
    parts = []
    for title, modules in _FAMILIES:
        functions = [f for module in modules.split() for f in _declared(module) if f.name != "_keys_"]
        rows = [_row(function) for function in _with_forms_joined(functions)]
        head = ("| call | gives | means | for example | history |", "|---|---|---|---|---|")
        parts.append("\n".join((f"#### {title}", "", *head, *rows)))
    return "\n\n".join(parts)


def page_with_reference(text: str) -> str:
    """Return the page with the reference between its marks brought up to date."""
    head, _, rest = text.partition(MARKS[0])
    _, _, tail = rest.partition(MARKS[1])
    return f"{head}{MARKS[0]}\n\n{function_reference()}\n\n{MARKS[1]}{tail}"


def _declared(module: str) -> Iterable[Function]:
    wanted = f"zelo.policy.functions.{module}"
    found = __import__(wanted, fromlist=["FUNCTIONS_HERE"]).FUNCTIONS_HERE
    return [function for function in found if function in FUNCTIONS[function.name]]


def _with_forms_joined(functions: Iterable[Function]) -> list[Function]:
    """Leave out the function form of what is also a method; a row says so."""
    kept: list[Function] = []
    for function in functions:
        if not any(other.name == function.name and other.takes == function.takes for other in kept):
            kept.append(function)
    return kept


def _row(function: Function) -> str:
    call = f"`{_call(function)}`"
    if _also_function(function):
        call += f", `{function.name}({', '.join(map(_name, function.takes))})`"
    history = "yes" if function.sql else "prepared" if "prepared" in (function.no_sql or "") else "no"
    cells = (call, _name(function.gives), function.doc, _examples(function), history)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _also_function(function: Function) -> bool:
    forms = {other.form for other in FUNCTIONS[function.name] if other.takes == function.takes}
    return forms == {"method", "function"}


def _call(function: Function) -> str:
    names = [_name(type_) for type_ in function.takes]
    return _written(function, [names[0], '"-03:00"'] if _takes_offset(function) else names)


def _takes_offset(function: Function) -> bool:
    return function.takes == (TIMESTAMP, DURATION) and function.form == "method"


def _written(function: Function, arguments: Sequence[str]) -> str:
    if function.form == "operator":
        sign = function.name.strip("_")
        return f"-{arguments[0]}" if len(arguments) == 1 else f"{arguments[0]} {sign} {arguments[1]}"
    if function.form == "method":
        return f"{arguments[0]}.{function.name}({', '.join(arguments[1:])})"
    return f"{function.name}({', '.join(arguments)})"


def _name(type_: Type) -> str:
    if isinstance(type_, WordList):
        return "lists.…"
    if isinstance(type_, ListOf):
        return f"list<{_name(type_.item)}>"
    if isinstance(type_, MapOf):
        return f"map<string, {_name(type_.value)}>"
    return str(type_)


def _examples(function: Function) -> str:
    shown = []
    for arguments, result in function.examples:
        if None in arguments or len(shown) == _EXAMPLES or any(len(str(value)) > _LENGTH for value in arguments):
            continue
        written = [_value(value, type_) for value, type_ in zip(arguments, function.takes, strict=True)]
        if _takes_offset(function):
            written[1] = offset_literal(int(str(arguments[1])))
        outcome = "missing" if result is None else f"`{_value(result, function.gives)}`"
        shown.append(f"`{_written(function, written)}` is {outcome}")
    return "; ".join(shown)


def _value(value: object, type_: Type) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{key}": {_value(item, type_)}' for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        item = type_.item if isinstance(type_, ListOf) else type_
        return "[" + ", ".join(_value(part, item) for part in value) + "]"
    return literal(value, type_)


if __name__ == "__main__":
    PAGE.write_text(page_with_reference(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
