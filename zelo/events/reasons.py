"""Why an event cannot be taken in: one table of reasons, each with its words."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from zelo.base.errors import InvalidInput
from zelo.base.messages.message import N_

REASONS: Mapping[str, str] = MappingProxyType(
    {
        "not_utf8": N_("the text is not valid UTF-8 at byte {offset}"),
        "not_json": N_("the text is not JSON: it stops making sense at character {offset}"),
        "not_finite": N_("{found} is no JSON number: leave the field out where there is no value"),
        "too_many_digits": N_("the text is not JSON that can be read: a whole number has thousands of digits"),
        "not_an_object": N_("an event is a JSON object, found `{found}`"),
        "too_long": N_("the event is longer than the {limit} bytes allowed"),
        "too_deep": N_("the event is nested too deeply"),
        "kind_missing": N_("the event has no `kind`"),
        "kind_unknown": N_("the pack has no kind of event `{found}`"),
        "required_missing": N_("`{path}` is required and missing"),
        "wrong_type": N_("`{path}` must be `{expected}`, found `{found}`"),
        "out_of_range": N_("`{path}` is outside the range of `{expected}`"),
        "bad_text": N_("`{path}` holds half of a surrogate pair, which is no character"),
        "empty_id": N_("`{path}` is empty"),
        "no_zone": N_("`{path}` is a time without a zone: write `Z` or an offset such as `-03:00` at its end"),
        "bad_timestamp": N_("`{path}` is not a time: write it as in `2026-01-31T12:00:00Z`"),
        "bad_duration": N_("`{path}` is not a duration: write it as in `1h30m` or `3600s`"),
        "future": N_("`occurred_at` is {ahead} s in the future, more than the pack's clock skew of {skew} s"),
        "unorderable": N_("`occurred_at` is outside the years 1691 to 2248, which are all that order keys can hold"),
        "duplicate": N_("the id `{event_id}` was already used by an event before"),
        "bad_row": N_("the row cannot be read: {found}"),
        "broken_off": N_("the compressed file breaks off or is damaged here; what comes after is lost"),
        "does_not_fit": N_("the event does not fit its kind"),
    }
)
"""Stable code to its text. Parameters are names, codes, paths and numbers: no value of the event but its id."""


def invalid(code: str, **params: object) -> InvalidInput:
    """Return the error for one of `REASONS`; its `params` carry the `code` beside what the text needs."""
    return InvalidInput(REASONS[code], code=code, **params)
