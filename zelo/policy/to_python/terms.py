"""
A term as Python: when it is certainly true, when certainly false, and what its value is.

Kleene logic needs no third value at run time: `true(x)` is an expression that holds exactly when x is
true, `false(x)` exactly when x is false; when neither holds, x is missing. A value comes with guards:
expressions that hold exactly when the value is present, in the order in which they must be tried.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import re2

from zelo.events.types import BOOL
from zelo.policy import terms as t
from zelo.policy.signature import signature
from zelo.policy.to_python.unit import Unit

FILTER_AT = 4
"""From so many patterns on one text, all are tried in one pass."""
UNSET = object()
_ANYWHERE = re2._re2.RE2.Anchor.UNANCHORED
_NOWHERE = (-1, -1)


@dataclass(frozen=True)
class Value:
    """A Python expression and what must hold before it may be evaluated."""

    guards: tuple[str, ...]
    code: str

    @property
    def whole(self) -> str:
        """Return one expression: the value, or None when it is missing."""
        return f"({self.code} if {' and '.join(self.guards)} else None)" if self.guards else self.code


@dataclass
class Locals:
    """Where generated code finds what terms refer to; asked once for each, so that unused things are never read."""

    event: Callable[[t.FieldRef], str]
    feature: Callable[[t.FeatureRef], str]
    labels: Callable[[t.LabelsRef], str]
    lists: Mapping[str, object]
    standing: Callable[[t.StandingRef], str]
    memo: dict[str, str] = field(default_factory=dict)
    """Signature of a repeated call to its memo cell."""
    patterns: dict[str, list[str]] = field(default_factory=dict)
    """Signature of a text to the patterns tried on it, when there are many."""


class Terms:
    """Writes terms as Python into one unit."""

    def __init__(self, unit: Unit, names: Locals) -> None:
        self.unit = unit
        self.names = names
        self._variables: dict[str, str] = {}
        self._filters: dict[str, tuple[str, str]] = {}
        """Signature of a text to its memo cell and the name of the function that tries all its patterns."""
        self._unset = unit.bind(UNSET, "UNSET")

    def survey(self, conditions: Iterable[t.Term]) -> None:
        """Look at all conditions of the event first: what occurs twice gets a memo cell, many patterns one filter."""
        counts: Counter[str] = Counter()
        patterns: dict[str, dict[str, None]] = {}
        for condition in conditions:
            for term in condition.walk():
                if not isinstance(term, t.Call) or _bound_in(term):
                    continue
                if term.function.name == "matches":
                    patterns.setdefault(signature(term.arguments[0]), {})[_pattern(term)] = None
                elif term.function.form != "operator":
                    counts[signature(term)] += 1
        self.names.memo.update({key: self.unit.fresh("c") for key, count in counts.items() if count > 1})
        self.names.patterns.update({key: list(found) for key, found in patterns.items() if len(found) >= FILTER_AT})
        for key, many in self.names.patterns.items():
            self._filters[key] = self.unit.fresh("c"), self.unit.bind(finder_of(many), "n")

    def cells(self, code: str) -> list[str]:
        """Return the lines that empty every memo cell which the code uses."""
        cells = [*self.names.memo.values(), *(cell for cell, _ in self._filters.values())]
        used = [cell for cell in cells if cell in code]
        return [" = ".join([*used, self._unset])] if used else []

    # --- conditions

    def true(self, term: t.Term) -> str:
        """Return an expression that holds exactly when the condition is true."""
        return self._truth(term, wanted=True)

    def false(self, term: t.Term) -> str:
        """Return an expression that holds exactly when the condition is false."""
        return self._truth(term, wanted=False)

    def _truth(self, term: t.Term, *, wanted: bool) -> str:
        match term:
            case t.Const():
                return str(bool(term.value) is wanted)
            case t.Not():
                return self._truth(term.operand, wanted=not wanted)
            case t.And() | t.Or():
                word = " and " if isinstance(term, t.And) is wanted else " or "
                parts = sorted(term.parts, key=cost)
                return "(" + word.join(self._truth(part, wanted=wanted) for part in parts) + ")"
            case t.If():
                yes, no = self._truth(term.yes, wanted=wanted), self._truth(term.no, wanted=wanted)
                sure, against = self.true(term.condition), self.false(term.condition)
                return f"({yes} if {sure} else ({against} and {no}))"
            case t.Has():
                present = " and ".join(self.value(term.operand).guards) or "True"
                return f"({present})" if wanted else f"(not ({present}))"
            case t.Macro() if term.name in ("all", "exists"):
                return self._quantifier(term, wanted=wanted)
            case _:
                value = self.value(term)
                code = value.code if wanted else f"not {value.code}"
                return "(" + " and ".join([*value.guards, code]) + ")"

    def _quantifier(self, term: t.Macro, *, wanted: bool) -> str:
        """`exists` is true when one body is true, false when all are false; `all` the other way round."""
        source = self.value(term.source)
        variable, outer = self._enter(term)
        body = self._truth(term.body, wanted=wanted)
        self._variables = outer
        one_is_enough = (term.name == "exists") is wanted
        test = body if one_is_enough else f"not {body}"
        lines = [f"for {variable} in source:", f"    if {test}:", f"        return {one_is_enough}"]
        call = self.unit.hoist("q", source.code, [*lines, f"return {not one_is_enough}"], frozenset({variable}))
        return "(" + " and ".join([*source.guards, call]) + ")"

    # --- values

    def value(self, term: t.Term) -> Value:
        """Return the value of a term, with its guards."""
        match term:
            case t.Const():
                return Value((), self._constant(term))
            case t.FieldRef():
                name = self.names.event(term)
                return Value((f"{name} is not None",) if term.optional else (), name)
            case t.FeatureRef():
                name = self.names.feature(term)
                return Value((f"{name} is not None",) if term.optional else (), name)
            case t.LabelsRef():
                name = self.names.labels(term)
                return Value((f"{name} is not None",) if term.optional else (), f"sorted({name})")
            case t.StandingRef():
                return self._standing(term)
            case t.ListRef():
                return Value((), self.unit.bind(self.names.lists[term.name], "w"))
            case t.Var():
                return Value((), self._variables[term.name])
            case t.Call():
                return self._call(term)
            case t.Index():
                return self._index(term)
            case t.ListLiteral():
                items = [self.value(item) for item in term.items]
                code = "(" + "".join(f"{item.code}, " for item in items) + ")"
                return Value(_together(items), code)
            case t.Macro() if term.name in ("exists_one", "filter", "map"):
                return self._collect(term)
            case t.If() if term.type != BOOL:
                yes, no = self.value(term.yes).whole, self.value(term.no).whole
                choice = f"({yes} if {self.true(term.condition)} else {no} if {self.false(term.condition)} else None)"
                return self._optional(choice)
            case _:
                return self._optional(f"(True if {self.true(term)} else False if {self.false(term)} else None)")

    def _standing(self, term: t.StandingRef) -> Value:
        name = self.names.standing(term)
        present = (f"{name} is not None",) if term.optional else ()
        if term.what == "violations":
            return Value(present, f"{name}.violations({term.within_us})")
        if term.what == "points":
            return Value((*present, f"{name}.points is not None"), f"{name}.points")
        return Value(present, f"{name}.{term.what}")

    def _optional(self, code: str) -> Value:
        """Keep an expression that may be None in a temporary, guarded."""
        kept = self.unit.fresh("t")
        return Value((f"({kept} := {code}) is not None",), kept)

    def _constant(self, term: t.Const) -> str:
        if isinstance(term.value, tuple):
            return self.unit.bind(term.value)
        return repr(term.value) if not isinstance(term.value, (int, float)) or term.value >= 0 else f"({term.value!r})"

    def _call(self, term: t.Call) -> Value:
        special = self._special(term)
        if special is not None:
            return special
        arguments = [self.value(argument) for argument in term.arguments]
        guards = _together(arguments)
        codes = [argument.code for argument in arguments]
        function = term.function
        if function.total and function.inline is not None:
            code = "(" + function.inline.format(*codes) + ")"
        else:
            code = f"{self.unit.bind(function.python, 'p')}({', '.join(codes)})"
        cell = self.names.memo.get(signature(term)) if function.form != "operator" else None
        if cell is not None:
            whole = Value(guards, code).whole
            kept = f"({cell} if {cell} is not {self._unset} else ({cell} := {whole}))"
            return Value((f"{kept} is not None",), cell) if guards or not function.total else Value((), kept)
        if function.total:
            return Value(guards, code)
        kept = self.unit.fresh("t")
        return Value((*guards, f"({kept} := {code}) is not None"), kept)

    def _special(self, term: t.Call) -> Value | None:
        """Calls that have a faster form than their declared one, and mean the same."""
        if term.function.name == "matches":
            return self._matches(term)
        if term.function.name != "_in_":
            return None
        item, container = term.arguments
        inner = self.value(item)
        if isinstance(container, t.LabelsRef):
            name = self.names.labels(container)
            present = (f"{name} is not None",) if container.optional else ()
            return Value((*present, *inner.guards), f"({inner.code} in {name})")
        literal = _literal_items(container)
        if literal is None:
            return None
        return Value(inner.guards, f"({inner.code} in {self.unit.bind(frozenset(literal))})")

    def _matches(self, term: t.Call) -> Value:
        subject, pattern = self.value(term.arguments[0]), _pattern(term)
        key = signature(term.arguments[0])
        many = self.names.patterns.get(key)
        if many is None or pattern not in many:
            return Value(subject.guards, f"{self.unit.bind(matcher(pattern), 'm')}({subject.code})")
        cell, finder = self._filters[key]
        found = f"({cell} if {cell} is not {self._unset} else ({cell} := {finder}({subject.code})))"
        return Value(subject.guards, f"({many.index(pattern)} in {found})")

    def _index(self, term: t.Index) -> Value:
        operand, key = self.value(term.operand), self.value(term.key)
        look = (
            f"{self.unit.bind(item_at if str(term.key.type) == 'int' else value_at, 'p')}({operand.code}, {key.code})"
        )
        kept = self.unit.fresh("t")
        return Value((*operand.guards, *key.guards, f"({kept} := {look}) is not None"), kept)

    def _collect(self, term: t.Macro) -> Value:
        """Write `exists_one`, `filter` and `map`: missing as soon as one body is missing."""
        source = self.value(term.source)
        variable, outer = self._enter(term)
        if term.name == "exists_one":
            lines = ["n = 0", f"for {variable} in source:", f"    if {self.true(term.body)}:", "        n += 1"]
            lines += [f"    elif not {self.false(term.body)}:", "        return None", "return n == 1"]
        else:
            test = term.condition if term.name == "map" else term.body
            lines = ["out = []", f"for {variable} in source:"]
            if test is not None:
                lines += [f"    if not {self.true(test)}:", f"        if {self.false(test)}:"]
                lines += ["            continue", "        return None"]
            body = self.value(term.body).whole if term.name == "map" else variable
            lines += [f"    item = {body}", "    if item is None:", "        return None", "    out.append(item)"]
            lines += ["return out"]
        self._variables = outer
        call = self.unit.hoist("q", source.code, lines, frozenset({variable}))
        kept = self.unit.fresh("t")
        return Value((*source.guards, f"({kept} := {call}) is not None"), kept)

    def _enter(self, term: t.Macro) -> tuple[str, dict[str, str]]:
        """Bind the macro's variable; return its Python name and the bindings to restore."""
        outer, name = self._variables, self.unit.fresh("x")
        self._variables = {**outer, term.variable: name}
        return name, outer


def cost(term: t.Term) -> int:
    """Return the rough cost of a term; a macro counts its body ten times."""
    if isinstance(term, t.Macro):
        return cost(term.source) + 10 * (cost(term.body) + (cost(term.condition) if term.condition else 0))
    own = term.function.cost if isinstance(term, t.Call) else 0 if isinstance(term, t.Const) else 1
    return own + sum(cost(child) for child in term.children())


def matcher(pattern: str) -> Callable[[str], bool]:
    """Return a function that says whether the RE2 pattern occurs anywhere in a text."""
    search = re2.compile(pattern)._regexp.Match

    def found(text: str) -> bool:
        data = text.encode("utf-8", "surrogatepass")
        return bool(search(_ANYWHERE, data, 0, len(data))[0] != _NOWHERE)

    return found


def finder_of(patterns: list[str]) -> Callable[[str], frozenset[int]]:
    """Return a function that gives the numbers of all patterns that occur in a text, in one pass."""
    together = re2.Filter()
    for pattern in patterns:
        together.Add(pattern)
    together.Compile()
    nothing: frozenset[int] = frozenset()

    def found(text: str) -> frozenset[int]:
        numbers = together.Match(text)
        return frozenset(numbers) if numbers else nothing

    return found


def item_at(items: tuple[object, ...], position: int) -> object:
    """Return the item at a position from 0, or None."""
    return items[position] if 0 <= position < len(items) else None


def value_at(mapping: Mapping[str, object], key: str) -> object:
    """Return the value of a key, or None."""
    return mapping.get(key)


def _together(values: Iterable[Value]) -> tuple[str, ...]:
    """Return all guards once, in order."""
    return tuple(dict.fromkeys(guard for value in values for guard in value.guards))


def _pattern(term: t.Call) -> str:
    pattern = term.arguments[1]
    assert isinstance(pattern, t.Const) and isinstance(pattern.value, str), (
        "the checker lets only literal patterns pass"
    )
    return pattern.value


def _literal_items(term: t.Term) -> tuple[object, ...] | None:
    if isinstance(term, t.Const) and isinstance(term.value, tuple):
        return term.value
    if isinstance(term, t.ListLiteral) and all(isinstance(item, t.Const) for item in term.items):
        return tuple(item.value for item in term.items if isinstance(item, t.Const))
    return None


def _bound_in(term: t.Term) -> bool:
    """Say whether a macro's variable occurs in the term: such a call must not be kept."""
    return any(isinstance(part, t.Var) for part in term.walk())
