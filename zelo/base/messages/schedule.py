"""The words of the diagnostics of schedules: Z301 to Z349 errors, Z350 to Z399 warnings."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from zelo.base.messages.message import N_, Message

_TEXT = {
    "Z301": Message(N_("`{value}` is not a length of time"), N_("write it as `90d`, `12h`, `6mo`, `1y` or `30cd`")),
    "Z302": Message(N_("`{value}` ends where it starts"), N_("leave the line out, or give it a length")),
    "Z303": Message(N_("`{value}` is negative; a term runs forward"), N_("remove the minus")),
    "Z304": Message(N_("`{value}` is not a date"), N_("write `2026-03-01`, or `2026-03-01T12:00:00Z`")),
    "Z305": Message(N_("the time `{value}` has no time zone"), N_("add `Z`, or an offset such as `-03:00`")),
    "Z306": Message(
        N_("this value does not start later than the one before it"),
        N_("give each successor a later `from`; two values may not hold at once"),
    ),
    "Z307": Message(N_("no value holds before `{date}`"), N_("the first value holds since ever: leave out its `from`")),
    "Z308": Message(
        N_("a line starts its `basis` with a trust mark: `{options}`"), N_("for example `P TS1`, or `A` alone")
    ),
    "Z309": Message(N_("unknown source `{name}`"), N_("did you mean `{suggestion}`?")),
    "Z310": Message(N_("the trust mark `{mark}` needs a source"), N_("name it after the mark, as in `P TS1`")),
    "Z311": Message(N_("unknown violation `{name}`"), N_("did you mean `{suggestion}`?")),
    "Z312": Message(N_("unknown severity `{name}`"), N_("did you mean `{suggestion}`?")),
    "Z313": Message(N_("unknown attribute `{name}`"), N_("did you mean `{suggestion}`?")),
    "Z314": Message(N_("unknown penalty `{name}`"), N_("did you mean `{suggestion}`?")),
    "Z315": Message(N_("`{value}` is not a number with at most six decimals")),
    "Z316": Message(
        N_("no balance can pass this milestone"), N_("it lies at or before the start, or beyond the range")
    ),
    "Z317": Message(N_("unknown step `{name}`"), N_("did you mean `{suggestion}`?")),
    "Z318": Message(N_("this milestone has another name above"), N_("give one step one name")),
    "Z319": Message(N_("`{name}` and `{other}` end each other"), N_("let only the stronger one end the weaker")),
    "Z320": Message(N_("a line brings one thing: a `penalty`, a `warning`, a `duty`, or only the name of a `step`")),
    "Z321": Message(N_("a line of a ladder has either `at` or `every`")),
    "Z322": Message(N_("a track of kind `{kind}` has no `{key}`")),
    "Z323": Message(
        N_("this is no day of the calendar"), N_("write one of `weekday`, `last` and `day`, and `clock` as `18:00`")
    ),
    "Z324": Message(N_("unknown variant `{name}`"), N_("did you mean `{suggestion}`?")),
    "Z325": Message(N_("there is no value for the variant `{name}`")),
    "Z326": Message(N_("the penalty has no end"), N_("write `for: forever` when that is meant")),
    "Z327": Message(N_("a price is said in one way: `points`, `given`, `by_severity` or `by_turn`")),
    "Z328": Message(N_("milestones by key need a track with `per`")),
    "Z329": Message(N_("nothing is said about the first turn"), N_("start with `1`")),
    "Z330": Message(N_("`at_most` and `at_most_in` go together")),
    "Z331": Message(N_("the least is more than the most")),
    "Z332": Message(N_("a track with `per` has no gains"), N_("put them on a track that counts the whole account")),
    "Z333": Message(N_("this band overlaps the one before it"), N_("list the bands from best to worst")),
    "Z334": Message(N_("the bands leave a gap below this one"), N_("let the last band take the rest")),
    "Z335": Message(N_("a need says `least`, `most`, `above`, `among` or `none_of`")),
    "Z336": Message(N_("`{name}` is here twice")),
    "Z337": Message(N_("the schedule is called `{name}` and its file `{stem}`")),
    "Z338": Message(N_("unknown track `{name}`")),
    "Z350": Message(N_("no account gets here: an earlier step closes the account for good")),
    "Z351": Message(N_("values that are not named have no milestone"), N_("add `other`")),
    "Z352": Message(N_("the penalty `{name}` is never given")),
    "Z353": Message(N_("a later step is shorter than the one before it")),
}
MESSAGES: Mapping[str, Message] = MappingProxyType(_TEXT)
"""Diagnostic code to its message."""
