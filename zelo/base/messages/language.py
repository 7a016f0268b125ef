"""The words of the language's diagnostics."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from zelo.base.messages.message import N_, Message

_READING = {
    "Z101": Message(N_("unknown name `{name}`"), N_("did you mean `{suggestion}`?")),
    "Z102": Message(N_("cannot read `{text}` here"), N_('letters outside ASCII stand in quotes: "ação"')),
    "Z103": Message(N_("`{sign}` is no operator"), N_("write `{suggestion}`")),
    "Z104": Message(N_("curly quotes do not mark a text"), N_('write straight quotes: "..."')),
    "Z105": Message(
        N_("cannot read the number `{number}`"),
        N_('a length of time is written `duration("30m")`, a large number `1000000`'),
    ),
    "Z106": Message(N_("the text that starts here is not closed"), N_("close it with `{quote}`")),
    "Z107": Message(N_("unknown escape `{escape}`"), N_('write `\\\\` for a backslash, or a raw text: r"..."')),
    "Z108": Message(N_("expected a value, found `{found}`")),
    "Z109": Message(N_("expected an operator, found `{found}`"), N_("did you mean `{suggestion}`?")),
    "Z110": Message(N_("nothing is open that `{found}` could close")),
    "Z111": Message(N_("the condition is empty"), N_("write a condition, such as `event.price > 100.0`")),
    "Z112": Message(
        N_("the condition is too large: at most {length} characters, {nesting} levels deep"),
        N_("split it into several rules, and move words into a list of the pack"),
    ),
    "Z113": Message(N_("`?` has no `:` with what holds otherwise"), N_("write `condition ? a : b`")),
    "Z114": Message(N_("`{name}` is a reserved word"), N_("a field of that name is written in backquotes after a dot")),
    "Z115": Message(N_("parentheses hold one value"), N_("write a list in brackets: `[a, b]`")),
    "Z116": Message(N_("the condition ends where a value is expected")),
    "Z117": Message(N_("`{opening}` is not closed"), N_("close it with `{closing}`")),
    "Z118": Message(N_("unknown function `{name}`"), N_("did you mean `{suggestion}`?")),
}

_NAMES_AND_TYPES = {
    "Z119": Message(N_("`{owner}` has no `{name}`"), N_("did you mean `{suggestion}`?")),
    "Z120": Message(N_("a `{type}` has no field `{name}`"), N_("did you mean `{suggestion}`?")),
    "Z121": Message(N_("`{name}` takes {count} argument(s), not {found}")),
    "Z122": Message(N_("expected `{expected}`, found `{found}`"), N_("write `{suggestion}`")),
}

_LEFT_OUT = {
    "Z123": Message(N_("there is no `null`: a field is there or missing"), N_("write `{suggestion}`")),
    "Z124": Message(N_("there are no unsigned numbers"), N_("write `{suggestion}`")),
    "Z125": Message(N_("there are no bytes"), N_("write a text: `{suggestion}`")),
    "Z126": Message(
        N_("a condition cannot hold a map"),
        N_("look words up in a list of the pack, or choose with `condition ? a : b`"),
    ),
    "Z127": Message(N_("a condition cannot hold a message"), N_("compare the fields one by one")),
    "Z128": Message(
        N_("there are no optional values"), N_("a missing field needs no care; ask for it with `has(event.field)`")
    ),
    "Z129": Message(
        N_("`{name}` is a part of CEL that conditions leave out"), N_("docs/language.md says why and what to write")
    ),
    "Z130": Message(
        N_("the pattern of `matches` must be written out"), N_("write it in quotes, or as a constant of the policy")
    ),
    "Z131": Message(
        N_("cannot read the pattern `{pattern}` at `{fragment}`"),
        N_("patterns are RE2: no backreference, no look-around, at most 1000 repeats"),
    ),
}

_VALUES = {
    "Z132": Message(
        N_("`{text}` is no time"),
        N_("write `2026-01-31T12:00:00Z`; years 1 to 9999, at most six digits after the second"),
    ),
    "Z133": Message(N_("`{text}` is no length of time"), N_("write `{suggestion}`")),
    "Z134": Message(
        N_("the number `{number}` is too large for an int"), N_("an int has 64 bits; write a double, `1e20`")
    ),
    "Z135": Message(N_("the number `{number}` is too large for a double")),
}

_USES = {
    "Z136": Message(N_("`{name}` takes a new name and a condition"), N_("write `list.exists(x, x > 1)`")),
    "Z137": Message(N_("`{name}` needs a list, found `{found}`")),
    "Z138": Message(N_("`{name}` already means something here"), N_("choose another name for the item")),
    "Z139": Message(N_("`has` asks for a field that may be missing"), N_("write `has(event.field)`")),
    "Z140": Message(
        N_("`{name}` is a list of the pack, not a value"), N_("write `text in {name}` or `text.hasAnyWord({name})`")
    ),
    "Z141": Message(N_("`{name}` is not a single value"), N_("name one of its fields: `{name}.field`")),
    "Z142": Message(N_("`{name}` cannot be read here")),
    "Z143": Message(N_("the items of a list have one type: `{expected}` before, `{found}` here")),
    "Z144": Message(N_("both results of `?:` have one type: `{expected}` before, `{found}` here")),
    "Z145": Message(N_("comparisons are not chained"), N_("write `{suggestion}`")),
    "Z146": Message(N_("`{text}` is no fixed time zone"), N_('write the distance from UTC, such as "-03:00"')),
    "Z147": Message(N_("called in the wrong form"), N_("write `{suggestion}`")),
    "Z148": Message(N_("`{operator}` does not join `{left}` and `{right}`"), N_("write `{suggestion}`")),
    "Z149": Message(
        N_("macros stand inside each other at most {maximum} deep"), N_("ask with `in`, or split it into several rules")
    ),
}

_WARNINGS = {
    "Z150": Message(N_("this can never be true")),
    "Z151": Message(N_("`{text}` has no value, so it is always missing")),
}

_ENGINES = {
    "Z201": Message(N_("`{name}` cannot be computed over history"), N_("docs/language.md says why and what to write")),
    "Z202": Message(
        N_("the pattern `{pattern}` cannot be read by {dialect}"), N_("docs/language.md says which patterns can")
    ),
}

MESSAGES: Mapping[str, Message] = MappingProxyType(
    {**_READING, **_NAMES_AND_TYPES, **_LEFT_OUT, **_VALUES, **_USES, **_WARNINGS, **_ENGINES}
)
"""Diagnostic code to its message: Z1xx reading, names and types; Z15x warnings; Z2xx what an engine cannot do."""
