"""How each function and operator of the policy language is said in a sentence: one template an overload."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from zelo.base.messages.message import N_
from zelo.events.types import DURATION, INT, STRING, TIMESTAMP, ListOf, MapOf, Type
from zelo.policy.functions.registry import Function, WordList

ITSELF = "{a}"
"""Says the argument and nothing about it: a conversion that changes no value."""

_COMPARISONS = MappingProxyType(
    {
        "_==_": N_("{a} is {b}"),
        "_!=_": N_("{a} is not {b}"),
        "_<_": N_("{a} is less than {b}"),
        "_<=_": N_("{a} is at most {b}"),
        "_>_": N_("{a} is more than {b}"),
        "_>=_": N_("{a} is at least {b}"),
    }
)
_COMPARISONS_OF_TIMES = MappingProxyType(
    {
        "_<_": N_("{a} is before {b}"),
        "_<=_": N_("{a} is no later than {b}"),
        "_>_": N_("{a} is after {b}"),
        "_>=_": N_("{a} is no earlier than {b}"),
    }
)
_COMPARISONS_OF_TEXTS = MappingProxyType(
    {
        "_<_": N_("{a} sorts before {b}"),
        "_<=_": N_("{a} sorts before {b} or is equal to it"),
        "_>_": N_("{a} sorts after {b}"),
        "_>=_": N_("{a} sorts after {b} or is equal to it"),
    }
)
_IN_ZONE = MappingProxyType(
    {
        "getFullYear": N_("the year of {a}, {b} from UTC"),
        "getMonth": N_("the month of {a}, from 0 for January, {b} from UTC"),
        "getDate": N_("the day of the month of {a}, from 1, {b} from UTC"),
        "getDayOfMonth": N_("the day of the month of {a}, from 0, {b} from UTC"),
        "getDayOfWeek": N_("the day of the week of {a}, from 0 for Sunday, {b} from UTC"),
        "getDayOfYear": N_("the day of the year of {a}, from 0, {b} from UTC"),
        "getHours": N_("the hour of {a}, {b} from UTC"),
        "getMinutes": N_("the minute of {a}, {b} from UTC"),
        "getSeconds": N_("the second of {a}, {b} from UTC"),
        "getMilliseconds": N_("the milliseconds of {a}, {b} from UTC"),
    }
)
_IN_UTC = MappingProxyType(
    {
        "getFullYear": N_("the year of {a} in UTC"),
        "getMonth": N_("the month of {a} in UTC, from 0 for January"),
        "getDate": N_("the day of the month of {a} in UTC, from 1"),
        "getDayOfMonth": N_("the day of the month of {a} in UTC, from 0"),
        "getDayOfWeek": N_("the day of the week of {a} in UTC, from 0 for Sunday"),
        "getDayOfYear": N_("the day of the year of {a} in UTC, from 0"),
        "getHours": N_("the hour of {a} in UTC"),
        "getMinutes": N_("the minute of {a} in UTC"),
        "getSeconds": N_("the second of {a} in UTC"),
        "getMilliseconds": N_("the milliseconds of {a} in UTC"),
    }
)
_OF_LENGTH = MappingProxyType(
    {
        "getHours": N_("the whole hours in {a}"),
        "getMinutes": N_("the whole minutes in {a}"),
        "getSeconds": N_("the whole seconds in {a}"),
        "getMilliseconds": N_("the milliseconds of {a} after its whole seconds"),
    }
)
_ARITHMETIC = MappingProxyType(
    {
        "_+_": N_("({a} plus {b})"),
        "_-_": N_("({a} minus {b})"),
        "_*_": N_("({a} times {b})"),
        "_/_": N_("({a} divided by {b})"),
        "_%_": N_("(the remainder of {a} divided by {b})"),
    }
)
_TEXT = MappingProxyType(
    {
        ("contains", 2): N_("{a} contains {b}"),
        ("startsWith", 2): N_("{a} begins with {b}"),
        ("endsWith", 2): N_("{a} ends with {b}"),
        ("matches", 2): N_("a part of {a} matches the pattern {b}"),
        ("indexOf", 2): N_("the place where {b} first starts in {a}, from 0, or -1"),
        ("indexOf", 3): N_("the place from {c} on where {b} first starts in {a}, from 0, or -1"),
        ("lastIndexOf", 2): N_("the place where {b} last starts in {a}, from 0, or -1"),
        ("lastIndexOf", 3): N_("the place up to {c} where {b} last starts in {a}, from 0, or -1"),
        ("substring", 2): N_("the part of {a} from place {b} on, counted from 0"),
        ("substring", 3): N_("the part of {a} from place {b} to before {c}, counted from 0"),
        ("charAt", 2): N_("the character of {a} at place {b}, counted from 0"),
        ("split", 2): N_("the parts of {a} between each {b}"),
        ("lowerAscii", 1): N_("{a} with A to Z in lower case"),
        ("upperAscii", 1): N_("{a} with a to z in upper case"),
        ("trim", 1): N_("{a} without white space at its ends"),
        ("replace", 3): N_("{a} with each {b} replaced by {c}"),
        ("folded", 1): N_("{a} in plain letters, disguises undone"),
        ("hasAnyWord", 2): N_("{a} has a word or phrase of {b}"),
        ("urlHost", 1): N_("the host of the address {a}"),
        ("foldedHost", 1): N_("the host of the address {a} in plain letters, look-alikes undone"),
        ("registeredDomain", 1): N_("the registered domain of {a}"),
        ("urls", 1): N_("the addresses in {a}"),
        ("join", 1): N_("the texts of {a} one after the other"),
        ("join", 2): N_("the texts of {a} with {b} between them"),
        ("math.abs", 1): N_("{a} without its sign"),
        ("math.sign", 1): N_("the sign of {a} as -1, 0 or 1"),
        ("math.ceil", 1): N_("{a} rounded up"),
        ("math.floor", 1): N_("{a} rounded down"),
        ("math.trunc", 1): N_("{a} without what is after the point"),
        ("math.round", 1): N_("{a} rounded, halves away from zero"),
    }
)
_SIZES = MappingProxyType(
    {
        "string": N_("the number of characters of {a}"),
        "list": N_("the number of items of {a}"),
        "map": N_("the number of keys of {a}"),
    }
)
_CONVERSIONS = MappingProxyType(
    {
        ("bool", "string"): N_("the yes or no that {a} spells"),
        ("int", "double"): N_("{a} cut to a whole number"),
        ("int", "string"): N_("the whole number that {a} spells"),
        ("int", "timestamp"): N_("the seconds from 1970 to {a}"),
        ("double", "int"): ITSELF,
        ("double", "string"): N_("the number that {a} spells"),
        ("string", "int"): N_("{a} as text"),
        ("string", "bool"): N_("{a} as text"),
        ("string", "timestamp"): N_("{a} as text"),
        ("string", "duration"): N_("{a} as text, in seconds"),
        ("timestamp", "string"): N_("the time that {a} spells"),
        ("timestamp", "int"): N_("the time {a} seconds after 1970"),
        ("duration", "string"): N_("the length of time that {a} spells"),
    }
)


def phrase(function: Function, takes: tuple[Type, ...]) -> str:
    """
    Return the English template of a function called on such arguments, `{a}`, `{b}`, `{c}` standing for them.

    A template for the largest and the least takes all arguments as `{all}`.
    """
    name, count = function.name, len(takes)
    if name in ("math.greatest", "math.least"):
        return N_("the largest of {all}") if name == "math.greatest" else N_("the smallest of {all}")
    if name in _COMPARISONS:
        return _comparison(name, takes)
    if name == "_in_":
        return _membership(takes)
    if name in _ARITHMETIC:
        return _arithmetic(name, takes)
    if name == "-_":
        return N_("(minus {a})")
    if name == "_keys_":
        return N_("the keys of {a}")
    if name == "size":
        return _SIZES["list" if isinstance(takes[0], ListOf) else "map" if isinstance(takes[0], MapOf) else "string"]
    if name in _IN_UTC:
        if takes[0] == DURATION:
            return _OF_LENGTH[name]
        return _IN_ZONE[name] if count == 2 else _IN_UTC[name]
    if (name, count) in _TEXT:
        return _TEXT[name, count]
    return ITSELF if takes[0] == function.gives else _CONVERSIONS[name, str(takes[0])]


def _comparison(name: str, takes: tuple[Type, ...]) -> str:
    if takes[0] == TIMESTAMP and name in _COMPARISONS_OF_TIMES:
        return _COMPARISONS_OF_TIMES[name]
    if takes[0] == STRING and name in _COMPARISONS_OF_TEXTS:
        return _COMPARISONS_OF_TEXTS[name]
    return _COMPARISONS[name]


def _membership(takes: tuple[Type, ...]) -> str:
    if isinstance(takes[1], MapOf):
        return N_("{b} has the key {a}")
    return N_("{a} is in {b}") if isinstance(takes[1], WordList) else N_("{a} is one of {b}")


def _arithmetic(name: str, takes: tuple[Type, ...]) -> str:
    texts: Mapping[object, str] = {
        STRING: N_("({a} followed by {b})"),
        TIMESTAMP: N_("({b} after {a})") if name == "_+_" else N_("({b} before {a})"),
    }
    if name == "_-_" and takes == (TIMESTAMP, TIMESTAMP):
        return N_("(the time from {b} to {a})")
    if name == "_+_" and takes == (DURATION, TIMESTAMP):
        return N_("({a} after {b})")
    if name == "_+_" and isinstance(takes[0], ListOf):
        return N_("({a} followed by {b})")
    if name == "_/_" and takes[0] == INT:
        return N_("({a} divided by {b}, cut to a whole number)")
    return texts.get(takes[0], _ARITHMETIC[name])
