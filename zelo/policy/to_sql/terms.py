"""
A term as an SQL expression, NULL standing for missing: SQL's three-valued logic is Kleene's.

`value` keeps the three values; `true` and `false` are conditions that hold exactly when a term is true, or false, and
are written so that an engine may stop at the first part that decides. What engines do differently is told apart
here: choices with a missing condition, quantifiers over missing results, bounds of lists, numbers that leave their
range. An expression that a template would repeat is bound to a name when it is large.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from zelo.events.types import MapOf, ObjectOf, Scalar
from zelo.policy import terms as t
from zelo.policy.functions.arithmetic import FINITE, needs_finite
from zelo.policy.functions.patterns import java_pattern
from zelo.policy.signature import signature
from zelo.policy.to_python.kinds import is_total
from zelo.policy.to_python.terms import cost
from zelo.policy.to_sql.columns import language_form
from zelo.policy.to_sql.dialect import (
    SMALL,
    Expression,
    anonymous,
    both,
    call,
    either,
    filled,
    guarded,
    is_there,
    literal,
    negated,
    number,
    size,
    template_of,
    text,
    variable,
    when,
)
from zelo.policy.to_sql.macros import Each, bound, complete
from zelo.policy.to_sql.macros import field as object_field

Look = Callable[[t.Term], Expression | None]
"""Where a term's value stands already: always for fields, features and labels; for other terms None says nowhere."""
_LARGEST_PLACE = 2**31 - 2


@dataclass
class Terms:
    """Writes terms in one dialect; `look` says where values stand, `lists` what the lists of the pack hold."""

    dialect: str
    look: Look
    lists: Mapping[str, Sequence[str]]
    unknown: frozenset[str] = frozenset()
    """Signatures of the terms for which `look` gives NULL although they may have a value."""
    _bound: int = 0
    _variables: dict[str, str] = field(default_factory=dict)
    """The variables of the macros around, by what they are called in SQL."""

    # --- conditions

    def true(self, term: t.Term) -> Expression:
        """Return a condition that is true exactly when the term is; cheap parts stand first."""
        return self._decided(term, wanted=True)

    def false(self, term: t.Term) -> Expression:
        """Return a condition that is true exactly when the term is false; cheap parts stand first."""
        return self._decided(term, wanted=False)

    def _decided(self, term: t.Term, *, wanted: bool) -> Expression:
        if self._kept(term) is None:
            if isinstance(term, t.Not):
                return self._decided(term.operand, wanted=not wanted)
            if isinstance(term, t.And | t.Or):
                parts = [self._decided(part, wanted=wanted) for part in sorted(term.parts, key=cost)]
                return both(parts) if isinstance(term, t.And) is wanted else either(parts)
        return self.value(term) if wanted else negated(self.value(term))

    # --- values

    def value(self, term: t.Term) -> Expression:
        """Return the value of a term."""
        raw = self._raw(term)
        if isinstance(term, t.Call) and needs_finite(term.function) and self._kept(term) is None:
            return self.let(raw, lambda value: filled(FINITE[self.dialect], self.dialect, [value]))
        return raw

    def _raw(self, term: t.Term) -> Expression:
        """Return the value of a term; a sum of doubles and the like may still be infinite."""
        kept = self._kept(term)
        if kept is not None:
            return kept
        match term:
            case t.Const():
                return literal(term.value, term.type)
            case t.Var():
                return variable(self._variables[term.name])
            case t.Call():
                return self._call(term)
            case t.And():
                return both([self.value(part) for part in term.parts])
            case t.Or():
                return either([self.value(part) for part in term.parts])
            case t.Not():
                return negated(self.value(term.operand))
            case t.If():
                return self._choice(term)
            case t.Has():
                return self._has(term.operand)
            case t.Index():
                return self._index(term)
            case t.ListLiteral():
                return self._listing(term)
            case t.Macro():
                return self._macro(term)
        raise AssertionError(f"{term} has no value of its own")

    def sure(self, term: t.Term) -> bool:
        """Say whether a term has a value in SQL on every event; what labels there are may be open there."""
        if not is_total(term):
            return False
        return not any(isinstance(part, t.LabelsRef) or signature(part) in self.unknown for part in term.walk())

    def _kept(self, term: t.Term) -> Expression | None:
        return None if isinstance(term, t.Const | t.Var | t.ListRef) else self.look(term)

    def let(self, value: Expression, body: Callable[[Expression], Expression]) -> Expression:
        """Return `body` of a value that it may use several times; a large one is computed once, under a name."""
        if size(value, SMALL) <= SMALL:
            return body(value)
        name = self.fresh()
        return bound(self.dialect, value, anonymous(name, body(variable(name))))

    def fresh(self) -> str:
        """Return a name that no other variable of this text has."""
        self._bound += 1
        return f"_v{self._bound}"

    def _choice(self, term: t.If) -> Expression:
        """Write `c ? a : b`: without a WHEN for a false condition, a missing one would count as false."""
        yes, no = self.value(term.yes), self.value(term.no)
        if self.sure(term.condition):
            return when(self.true(term.condition), yes, no)
        return self.let(self.value(term.condition), lambda condition: when(condition, yes, negated(condition), no))

    def _has(self, operand: t.Term) -> Expression:
        if isinstance(operand, t.FieldRef) and not operand.optional:
            return exp.true()
        return is_there(self.value(operand))

    # --- calls

    def _call(self, term: t.Call) -> Expression:
        name, arguments = term.function.name, term.arguments
        if name == "_in_" and (among := self._among(*arguments)) is not None:
            return among
        if name == "matches" and self.dialect == "spark":
            return self._template(term, [self.value(arguments[0]), text(spark_pattern(arguments[1]))])
        if needs_finite(term.function):
            divides = name == "_/_"  # infinity below the line would become a zero
            right = self.value(arguments[1]) if divides else self._raw(arguments[1])
            return self._template(term, [self._raw(arguments[0]), right])
        return self._template(term, [self.value(argument) for argument in arguments])

    def _template(self, term: t.Call, arguments: list[Expression]) -> Expression:
        """Fill the template of a call; a large argument that it uses more than once is bound first."""
        template, uses = template_of(term.function, self.dialect)
        for place, argument in enumerate(arguments):
            if uses[place] > 1 and size(argument, SMALL) > SMALL:
                name = self.fresh()
                inner = self._template(term, [*arguments[:place], variable(name), *arguments[place + 1 :]])
                return bound(self.dialect, argument, anonymous(name, inner))
        return filled(template, self.dialect, arguments)

    def _among(self, item: t.Term, container: t.Term) -> Expression | None:
        """Write `in` over values that are written out; None for other lists, which have a template."""
        if not isinstance(item.type, Scalar):
            return None
        if isinstance(container, t.ListRef):
            items: list[Expression] = [text(value) for value in self.lists[container.name]]
        elif isinstance(container, t.Const) and isinstance(container.value, tuple):
            items = [literal(value, item.type) for value in container.value]
        else:
            return None
        if not items:
            return self.let(self.value(item), lambda value: when(is_there(value), exp.false()))
        return exp.In(this=guarded(self.value(item)), expressions=items)

    # --- lists, maps, objects

    def _index(self, term: t.Index) -> Expression:
        holder = term.operand.type
        if isinstance(holder, ObjectOf):
            assert isinstance(term.key, t.Const)
            entry = holder.by_name[str(term.key.value)]
            taken = object_field(self.dialect, self.value(term.operand), str(term.key.value))
            return language_form(taken, entry.type, self.dialect)
        if isinstance(holder, MapOf):
            name = "map_extract_value" if self.dialect == "duckdb" else "element_at"
            return call(name, self.value(term.operand), self.value(term.key))
        return self.let(self.value(term.key), lambda place: self._item(self.value(term.operand), place))

    def _item(self, items: Expression, place: Expression) -> Expression:
        """Write the item at a place counted from 0; engines count from 1, or from the end."""
        within = exp.Between(this=guarded(place), low=number(0), high=number(_LARGEST_PLACE))
        if self.dialect == "duckdb":
            return when(within, call("list_extract", items, exp.Add(this=guarded(place), expression=number(1))))
        return when(within, call("get", items, exp.Cast(this=place, to=exp.DataType.build("INT"))))

    def _listing(self, term: t.ListLiteral) -> Expression:
        items = [self.value(item) for item in term.items]
        whole: Expression = exp.Array(expressions=items)
        open_items = [value for item, value in zip(term.items, items, strict=True) if not self.sure(item)]
        if not open_items:
            return whole
        return when(both([is_there(item) for item in open_items]), whole)

    def _macro(self, term: t.Macro) -> Expression:
        name = self.fresh()
        outer, self._variables = self._variables, {**self._variables, term.variable: name}
        body = Each(self.dialect, name, self.value(term.body), sure=self.sure(term.body))
        condition = body
        if term.condition is not None:
            condition = Each(self.dialect, name, self.value(term.condition), sure=self.sure(term.condition))
        self._variables = outer

        def over(items: Expression) -> Expression:
            if term.name != "map":
                return {"all": body.all, "exists": body.exists, "exists_one": body.exists_one, "filter": body.filter}[
                    term.name
                ](items)
            mapped = body.map(items if term.condition is None else condition.filter(items))
            return mapped if body.sure else self.let(mapped, lambda made: complete(self.dialect, made, self.fresh()))

        return self.let(self.value(term.source), over)


def spark_pattern(pattern: t.Term) -> str:
    """Return the pattern of `matches` as Java reads it; the checker has refused those without such a form."""
    assert isinstance(pattern, t.Const)
    java = java_pattern(str(pattern.value))
    assert java is not None, f"{pattern.value} was to be refused as Z202"
    return java
