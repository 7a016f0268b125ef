"""Random well-typed conditions as text, over variables of every type."""

from __future__ import annotations

import json
from collections.abc import Mapping

from hypothesis import strategies as st

from tests.cel_values import NASTY_TEXTS
from zelo.events.types import BOOL, DOUBLE, DURATION, INT, STRING, TIMESTAMP, ListOf, MapOf, Type
from zelo.policy.check_macros import NESTED_MAX

VARIABLES: Mapping[str, Type] = {
    **dict.fromkeys(("b1", "b2"), BOOL),
    **dict.fromkeys(("i1", "i2", "i3"), INT),
    **dict.fromkeys(("d1", "d2"), DOUBLE),
    **dict.fromkeys(("s1", "s2", "s3"), STRING),
    **dict.fromkeys(("t1", "t2"), TIMESTAMP),
    **dict.fromkeys(("u1", "u2"), DURATION),
    "li": ListOf(INT),
    "ls": ListOf(STRING),
    "m": MapOf(INT),
}
"""Names that an expression may use."""
_LITERALS: Mapping[Type, tuple[str, ...]] = {
    BOOL: ("true", "false"),
    INT: ("0", "1", "-1", "7", "-20", "9223372036854775807", "-9223372036854775808", "0x1F", "1000000"),
    DOUBLE: ("0.0", "-0.0", "1.5", "-2.5", "1e308", "5e-324", "0.1", ".5", "3.0E+2"),
    TIMESTAMP: ('timestamp("2009-02-13T23:31:30.5Z")', 'timestamp("0001-01-01T00:00:00Z")', "timestamp(1234567890)"),
    DURATION: ('duration("1h30m")', 'duration("-1.5s")', 'duration("0s")', 'duration("2000000h")'),
    ListOf(INT): ("[]", "[1, 2, 3]", "[-1]"),
    ListOf(STRING): ("[]", "['a', 'b']", "['']"),
}
_PATTERNS = ("a", "^a+$", "(?i)B", "[a-c]{2}", "a.b", "\\\\d", "", "é|😀", "[^\\\\w]")
_COMPARED = (INT, DOUBLE, STRING, TIMESTAMP, DURATION, BOOL)
_ACCESSORS = (
    *("getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear"),
    *("getHours", "getMinutes", "getSeconds", "getMilliseconds"),
)


class _Writer:
    """Draws expressions of a wanted type, down to a depth; `extra` are the variables of macros around."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.macros = 0

    def pick(self, *options: str) -> str:
        """Choose one of some texts."""
        return self.draw(st.sampled_from(options))

    def leaf(self, type_: Type, extra: Mapping[str, Type]) -> str:
        """Write a variable or a literal."""
        names = [name for name, of in {**VARIABLES, **extra}.items() if of == type_]
        if names and self.draw(st.integers(0, 9)) < 7:
            return self.pick(*names)
        if type_ == STRING:
            return json.dumps(self.pick(*NASTY_TEXTS), ensure_ascii=False)
        return self.pick(*_LITERALS[type_])

    def write(self, type_: Type, depth: int, extra: Mapping[str, Type]) -> str:
        """Write an expression of a type."""
        if depth <= 0 or self.draw(st.integers(0, 9)) < 2:
            return self.leaf(type_, extra)
        if self.draw(st.integers(0, 19)) == 0:
            condition, yes, no = (self.some(part, depth, extra) for part in (BOOL, type_, type_))
            return f"({condition} ? {yes} : {no})"
        forms = {BOOL: self.condition, INT: self.whole, DOUBLE: self.double, STRING: self.text}
        forms |= {TIMESTAMP: self.time, DURATION: self.span}
        return forms[type_](depth, extra) if type_ in forms else self.listing(type_, depth, extra)

    def some(self, type_: Type, depth: int, extra: Mapping[str, Type]) -> str:
        """Write a part of an expression."""
        return self.write(type_, depth - 1, extra)

    def condition(self, depth: int, extra: Mapping[str, Type]) -> str:
        """Write a bool."""

        def part(type_: Type) -> str:
            return self.some(type_, depth, extra)

        form = self.draw(st.integers(0, 13))
        if form < 5:
            compared = self.draw(st.sampled_from(_COMPARED))
            return f"({part(compared)} {self.pick('==', '!=', '<', '<=', '>', '>=')} {part(compared)})"
        if form < 8:
            return f"({part(BOOL)} {self.pick('&&', '||')} {part(BOOL)})"
        if form == 8:
            return f"!{part(BOOL)}"
        if form == 9:
            return self.pick("has(m.a)", '("a" in m)', "has(m.zz)", f"(m.a == {part(INT)})")
        if form == 10:
            item = self.draw(st.sampled_from((INT, STRING)))
            return f"({part(item)} {self.pick('in')} {part(ListOf(item))})"
        if form == 11:
            return f"{part(STRING)}.{self.pick('contains', 'startsWith', 'endsWith')}({part(STRING)})"
        if form == 12:
            return f'{part(STRING)}.matches("{self.pick(*_PATTERNS)}")'
        if not self.may_bind(extra):
            return self.leaf(BOOL, extra)
        item = self.draw(st.sampled_from((INT, STRING)))
        source = part(ListOf(item))
        name, inner = self.bound(item, extra)
        return f"{source}.{self.pick('all', 'exists', 'exists_one')}({name}, {self.write(BOOL, depth - 1, inner)})"

    def may_bind(self, extra: Mapping[str, Type]) -> bool:
        """Say whether another macro may stand here."""
        return len(extra) < NESTED_MAX

    def bound(self, item: Type, extra: Mapping[str, Type]) -> tuple[str, Mapping[str, Type]]:
        """Return a new variable, and the variables with it."""
        self.macros += 1
        name = f"x{self.macros}"
        return name, {**extra, name: item}

    def whole(self, depth: int, extra: Mapping[str, Type]) -> str:
        """Write an int."""

        def part(type_: Type) -> str:
            return self.some(type_, depth, extra)

        form = self.draw(st.integers(0, 9))
        if form < 5:
            return f"({part(INT)} {self.pick('+', '-', '*', '/', '%')} {part(INT)})"
        if form == 5:
            return f"size({part(self.draw(st.sampled_from((STRING, ListOf(INT), ListOf(STRING)))))})"
        if form == 6:
            return f"int({part(self.draw(st.sampled_from((DOUBLE, INT, TIMESTAMP, STRING))))})"
        if form == 7:
            return f"{part(TIMESTAMP)}.{self.pick(*_ACCESSORS)}({self.pick('', '', chr(34) + '-03:00' + chr(34))})"
        if form == 8:
            return f"{part(DURATION)}.{self.pick(*_ACCESSORS[-4:])}()"
        return self.pick(
            f"(-({part(INT)}))", f"{part(ListOf(INT))}[{part(INT)}]", f"{part(STRING)}.indexOf({part(STRING)})"
        )

    def double(self, depth: int, extra: Mapping[str, Type]) -> str:
        """Write a double."""

        def part(type_: Type) -> str:
            return self.some(type_, depth, extra)

        form = self.draw(st.integers(0, 7))
        if form < 5:
            return f"({part(DOUBLE)} {self.pick('+', '-', '*', '/')} {part(DOUBLE)})"
        if form == 5:
            return f"double({part(self.draw(st.sampled_from((INT, DOUBLE, STRING))))})"
        if form == 6:
            return f"math.{self.pick('ceil', 'floor', 'round', 'trunc', 'abs', 'sign')}({part(DOUBLE)})"
        return f"math.{self.pick('greatest', 'least')}({part(DOUBLE)}, {part(DOUBLE)})"

    def text(self, depth: int, extra: Mapping[str, Type]) -> str:
        """Write a string."""

        def part(type_: Type) -> str:
            return self.some(type_, depth, extra)

        form = self.draw(st.integers(0, 7))
        if form < 2:
            return f"({part(STRING)} + {part(STRING)})"
        if form == 2:
            return f"string({part(self.draw(st.sampled_from((INT, BOOL, TIMESTAMP, DURATION, STRING))))})"
        if form == 3:
            return f"{part(STRING)}.{self.pick('trim', 'lowerAscii', 'upperAscii')}()"
        if form == 4:
            return f"{part(STRING)}.substring({part(INT)})"
        if form == 5:
            return f"{part(STRING)}.replace({part(STRING)}, {part(STRING)})"
        if form == 6:
            return f"{part(ListOf(STRING))}.join({part(STRING)})"
        return f"{part(STRING)}.charAt({part(INT)})"

    def time(self, depth: int, extra: Mapping[str, Type]) -> str:
        """Write a timestamp."""
        return f"({self.some(TIMESTAMP, depth, extra)} {self.pick('+', '-')} {self.some(DURATION, depth, extra)})"

    def span(self, depth: int, extra: Mapping[str, Type]) -> str:
        """Write a duration."""
        of = self.draw(st.sampled_from((TIMESTAMP, DURATION)))
        sign = "-" if of == TIMESTAMP else self.pick("+", "-")
        return f"({self.some(of, depth, extra)} {sign} {self.some(of, depth, extra)})"

    def listing(self, type_: Type, depth: int, extra: Mapping[str, Type]) -> str:
        """Write a list."""
        assert isinstance(type_, ListOf)
        form = self.draw(st.integers(0, 4))
        if form == 0:
            return f"({self.some(type_, depth, extra)} + {self.some(type_, depth, extra)})"
        if form == 1:
            return f"[{self.some(type_.item, depth, extra)}, {self.some(type_.item, depth, extra)}]"
        if form == 2 and type_.item == STRING:
            return f"{self.some(STRING, depth, extra)}.split({self.some(STRING, depth, extra)})"
        if not self.may_bind(extra):
            return self.leaf(type_, extra)
        source = self.some(type_, depth, extra)
        name, inner = self.bound(type_.item, extra)
        if form == 3:
            return f"{source}.filter({name}, {self.write(BOOL, depth - 1, inner)})"
        return f"{source}.map({name}, {self.write(type_.item, depth - 1, inner)})"


@st.composite
def expressions(draw: st.DrawFn, type_: Type = BOOL, depth: int = 4) -> str:
    """Return the text of a well-typed expression."""
    return _Writer(draw).write(type_, depth, {})
