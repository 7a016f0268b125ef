"""
Groups as lines of Python: one look and one fold, for the generated function of a kind of event.

What a group's `read_observe` means stands once more here, with all that is known of the group written in as constants
and without a call, since a call for each group of an event costs as much as the look itself. A group whose features
include the current event, or whose state has no lines here, is called instead. The story tests of windows hold both
to the same naive twin.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from operator import invert, neg
from textwrap import dedent, indent
from types import MappingProxyType

from zelo.events.types import DOUBLE
from zelo.features.chains import Chain
from zelo.features.distinct import FEW, Distinct, Many
from zelo.features.logs import FOUR, CountLog, SumLog, countable, folded
from zelo.features.spec import INT_MAX, INT_MIN, FeatureSpec, no_negative_zero, seconds_between

Bind = Callable[[object, str], str]
"""Makes an object readable from the generated code, and returns its name there."""
UNREAD = "_"
"""The target of a feature that nobody reads."""


def written(group: object, bind: Bind, key: str, value: str, targets: Sequence[str]) -> list[str] | None:
    """
    Return the lines that put the group's values into the targets and fold the event; None when it must be called.

    `key` and `value` are expressions; the name `order_key` and names that begin with `w_` belong to the lines.
    """
    if not isinstance(group, CountLog | SumLog | Chain | Distinct):
        return None
    if any(spec.including_current for spec in group.specs):
        return None
    if isinstance(group, CountLog):
        body = _count(group, bind, targets)
    elif len(targets) > 1:
        return None
    elif isinstance(group, Distinct):
        body = _distinct(group, bind, targets[0])
    elif isinstance(group, SumLog):
        body = _sum(group, bind, targets[0])
    else:
        body = _chain(group, bind, targets[0])
    for name, code in (("w_key", key), ("w_value", value)):
        if code.isidentifier() and code != "None":
            body = body.replace(name, code)
        elif name in body:
            body = f"{name} = {code}\n{body}"
    return body.replace("GROUP", bind(group, "g")).splitlines()


def _count(group: CountLog, bind: Bind, targets: Sequence[str]) -> str:
    read = [(spec, target) for spec, target in zip(group.specs, targets, strict=True) if target != UNREAD]
    read.sort(key=lambda one: -(one[0].reach or 0))
    longest = max(spec.reach or 0 for spec in group.specs)
    return _filled(
        """
        w_log = GROUP._states.get(w_key)
        if w_log is None:
            GROUP._young.append(w_key)
            GROUP._states[w_key] = order_key
            NOTHING
        elif w_log.__class__ is int:
            ALONE
            if w_log < order_key - LONGEST:
                GROUP._states[w_key] = order_key
            else:
                GROUP._pair(w_key, w_log, order_key)
        else:
            w_held = len(w_log)
            SEVERAL
            w_log.append(order_key)
            if not w_held & 7:
                GROUP._cut(w_log, order_key - LONGEST)
        """,
        LONGEST=str(longest),
        NOTHING=[f"{target} = {_empty(spec)!r}" for spec, target in read],
        ALONE=[line for spec, target in read for line in _look_at_one(spec, target, "w_log", bind)],
        SEVERAL=_look_at_several(read, bind),
    )


def _empty(spec: FeatureSpec) -> object:
    return False if spec.aggregate == "exists" else spec.empty


def _look_at_one(spec: FeatureSpec, target: str, last: str, bind: Bind) -> list[str]:
    """Write a look at the latest event, which is the only one or the only one that matters."""
    inside = f"{last} >= order_key - {spec.reach}"
    if spec.aggregate == "exists":
        return [f"{target} = {inside}"]
    if spec.aggregate == "seconds_since":
        since = f"{bind(seconds_between, 'p')}({last}, order_key)"
        return [f"{target} = {since} if {inside} else None"]
    return [f"{target} = 1 if {inside} else 0"]


def _look_at_several(read: Sequence[tuple[FeatureSpec, str]], bind: Bind) -> list[str]:
    """Write the looks at a log, the longest window first: a shorter one begins no earlier."""
    search = bind(bisect_left, "p")
    lines: list[str] = []
    for spec, target in read:
        if spec.aggregate != "count":
            lines += _look_at_one(spec, target, "w_last", bind)
            continue
        lines += [
            f"w_oldest = order_key - {spec.reach}",
            "if w_last < w_oldest:",
            "    w_start = w_held",
            "elif w_log[w_start] < w_oldest:",
            f"    w_start = {search}(w_log, w_oldest, w_start)",
            f"{target} = w_held - w_start",
            f"if {target} > {spec.at_most}:",
            f"    {target} = {spec.at_most}",
        ]
    return ["w_start, w_last = 0, w_log[-1]", *lines] if lines else []


def _sum(group: SumLog, bind: Bind, target: str) -> str:
    (spec,) = group.specs
    is_double = spec.value_type == DOUBLE
    fitted = f"{bind(countable, 'p')}(w_value, True)" if is_double else "w_value"
    total = "w_total / 1e6" if is_double else "w_total"
    if spec.aggregate == "avg":
        found = f"{bind(folded, 'p')}(w_total, w_end - w_head >> 1, True, {is_double})"
    else:
        found = f"{total} if {INT_MIN} <= w_total <= {INT_MAX} else None"
    return _filled(
        """
        w_tape, w_number = GROUP._states.get(w_key), FITTED
        if w_number is None:
            MISSING
        elif w_tape is None:
            w_tape = GROUP._states[w_key] = FOUR[:]
            w_tape[1] = w_tape[3] = w_number
            w_tape[2] = order_key
            GROUP._young.append(w_key)
            EMPTY
        else:
            w_head, w_total, w_end = w_tape[0], w_tape[1], len(w_tape)
            w_oldest = order_key - REACH
            if w_head < w_end and w_tape[w_head] < w_oldest:
                while w_head < w_end and w_tape[w_head] < w_oldest:
                    w_total -= w_tape[w_head + 1]
                    w_head += 2
                if w_head > 8 + (w_end >> 3):
                    del w_tape[2:w_head]
                    w_end -= w_head - 2
                    w_head = 2
                w_tape[0] = w_head
            FOUND
            w_tape.append(order_key)
            w_tape.append(w_number)
            try:
                w_tape[1] = w_total + w_number
            except OverflowError:
                w_tape = GROUP._widen(w_key, w_tape)
                w_tape[1] = w_total + w_number
            if w_end - w_head >= MOST:
                GROUP._cut(GROUP._leave(w_key, w_tape, 0, w_oldest, HELD))
        """,
        FITTED=fitted,
        FOUR=bind(FOUR, "k"),
        REACH=str(spec.reach),
        MOST=str(2 * spec.at_most),
        HELD=str(spec.at_most),
        MISSING=_read(target),
        EMPTY=_put(target, repr(spec.empty)),
        FOUND=_put(target, found),
    )


_ENCODED: Mapping[object, str] = MappingProxyType(
    {None: "w_value", int: "int(w_value)", invert: "~w_value", no_negative_zero: "w_value + 0.0"}
)
_DECODED: Mapping[object, str] = MappingProxyType({None: "{}", bool: "bool({})", invert: "~{}", neg: "-{}"})


def _chain(group: Chain, bind: Bind, target: str) -> str:
    (spec,) = group.specs
    encoded = _ENCODED.get(group._encode) or f"{bind(group._encode, 'p')}(w_value)"
    decoded = _DECODED[group._decode].format("w_tape[w_head + 2]")
    return _filled(
        """
        w_tape = GROUP._states.get(w_key)
        if w_value is None:
            MISSING
        elif w_tape is None:
            w_tape = GROUP._states[w_key] = GROUP._fresh[:]
            w_tape[1], w_tape[3] = order_key, ENCODED
            GROUP._young.append(w_key)
            EMPTY
        else:
            w_number = ENCODED
            w_head, w_end = w_tape[0], len(w_tape)
            if w_head < w_end and (w_tape[w_head] < order_key - REACH or w_tape[-2] >= MOST):
                w_head = GROUP._leave(w_tape, 0, order_key - REACH, MOST)
            FOUND
            LINK
        """,
        ENCODED=encoded,
        REACH=str(spec.reach),
        MOST=str(spec.at_most),
        MISSING=_read(target),
        EMPTY=_put(target, "None"),
        FOUND=_put(target, f"{decoded} if w_head < w_end else None"),
        LINK=["GROUP._link(w_tape, order_key, w_number)"] if spec.aggregate == "first" else _LINK,
    )


_LINK = """\
if w_tape[-1] <= w_number:
    w_running = w_tape[-2] + 1
    w_cut = w_end - 3
    while w_cut > 1 and w_tape[w_cut - 1] <= w_number:
        w_cut -= 3
    w_tape[w_cut], w_tape[w_cut + 1], w_tape[w_cut + 2] = order_key, w_running, w_number
    if w_cut + 3 < w_end:
        del w_tape[w_cut + 3 :]
    if w_tape[0] > w_cut:
        w_tape[0] = w_cut
else:
    w_tape.extend((order_key, w_tape[-2] + 1, w_number))
    if w_tape[0] > 12 + (w_end >> 3):
        GROUP._trim(w_tape, w_end)""".splitlines()
"""`Chain._link` for one window."""


def _distinct(group: Distinct, bind: Bind, target: str) -> str:
    (spec,) = group.specs
    reach = spec.reach
    is_old = "" if reach is None else f" or w_state.head < len(w_times) and w_times[w_state.head] < order_key - {reach}"
    return _filled(
        """
        w_state = GROUP._states.get(w_key)
        if w_value is None:
            MISSING
        elif w_state is None:
            GROUP._states[w_key] = order_key, w_value
            WAIT
            EMPTY
        elif w_state.__class__ is MANY:
            w_times = w_state.times
            if w_state.numbers[-1] >= MOST IS_OLD:
                w_held = w_state.forget(order_key - GROUP._length, MOST)
            else:
                w_held = len(w_state.latest)
            FOUND
            if w_held > HALF:
                w_state.put(w_value, order_key)
            else:
                GROUP._put_few(w_key, w_state, order_key, w_value)
        else:
            FEW
        """,
        MANY=bind(Many, "k"),
        MOST=str(spec.at_most),
        IS_OLD=is_old.strip(),
        HALF=str(FEW >> 1),
        MISSING=_read(target),
        WAIT=["GROUP._young.append(w_key)"] if reach is not None else [],
        EMPTY=_put(target, "0"),
        FOUND=_put(target, "w_held"),
        FEW=[f"{target} = GROUP.read_observe1(w_key, order_key, w_value)"],
    )


def _put(target: str, code: str) -> list[str]:
    return [] if target == UNREAD else [f"{target} = {code}"]


def _read(target: str) -> list[str]:
    return _put(target, "GROUP.read1(w_key, order_key)")


def _filled(template: str, **parts: str | list[str]) -> str:
    """Return a template with its placeholders filled; a list takes the place of its whole line, none of it `pass`."""
    lines: list[str] = []
    for line in dedent(template).strip().splitlines():
        word = line.strip()
        part = parts.get(word)
        if isinstance(part, list):
            lines.append(indent("\n".join(part or ["pass"]), line[: len(line) - len(word)]))
            continue
        for name, text in parts.items():
            if isinstance(text, str):
                line = line.replace(name, text)
        lines.append(line)
    return "\n".join(lines) + "\n"
