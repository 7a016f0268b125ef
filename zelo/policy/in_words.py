"""Says a checked condition as plain sentences in English or Portuguese, with the same structure as the condition.

Logic becomes a tree - all of these, any of these, not so - whose leaves are sentences; names stand between backticks.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from babel.numbers import format_decimal

from zelo.base.messages.message import N_
from zelo.events.types import BOOL, DURATION, TIMESTAMP, ListOf, MapOf, Type
from zelo.policy.functions.conversion import text_of_timestamp
from zelo.policy.pack import Pack
from zelo.policy.phrases import phrase
from zelo.policy.terms import (
    And,
    Call,
    Const,
    FeatureRef,
    FieldRef,
    Has,
    If,
    Index,
    LabelsRef,
    ListLiteral,
    ListRef,
    Macro,
    Not,
    Or,
    Term,
    Var,
)

_LOCALES = {"en": "en_US", "pt-BR": "pt_BR"}
_ARTICLE = re.compile("(o|a|os|as) ")
_ENVELOPE: Mapping[tuple[str, ...], str] = {
    ("id",): N_("the id of the event"),
    ("kind",): N_("the kind of the event"),
    ("occurred_at",): N_("the time of the event"),
    ("effective_at",): N_("the time at which the event was known"),
}
_UNITS = (
    (86_400_000_000, N_("{n} day"), N_("{n} days")),
    (3_600_000_000, N_("{n} hour"), N_("{n} hours")),
    (60_000_000, N_("{n} minute"), N_("{n} minutes")),
    (1_000_000, N_("{n} second"), N_("{n} seconds")),
)
_JOINTS: Mapping[str, str] = {
    "all": N_("all of these hold"),
    "any": N_("at least one of these holds"),
    "not": N_("this does not hold"),
    "if": N_("if the first holds, the second decides, otherwise the third"),
}
_MACROS: Mapping[str, str] = {
    "all": N_("for every item of {source}, here called `{variable}`"),
    "exists": N_("for at least one item of {source}, here called `{variable}`"),
    "exists_one": N_("for exactly one item of {source}, here called `{variable}`"),
}


@dataclass(frozen=True)
class Said:
    """A condition in words: a sentence, or what joins several."""

    text: str
    """A sentence; where there are parts, the words that lead them in."""
    joint: str = ""
    """`all`, `any`, `not`, `if`, `each` (a macro over a list); empty: a sentence of its own."""
    parts: tuple[Said, ...] = ()

    def walk(self) -> Iterator[Said]:
        """Yield this and everything below it, in reading order."""
        yield self
        for part in self.parts:
            yield from part.walk()


class Words:
    """Says terms of one pack in one language."""

    def __init__(self, pack: Pack, translate: Callable[[str], str], language: str) -> None:
        self.translate = translate
        self.locale = _LOCALES[language]
        titles = {name: texts[language] for name, texts in pack.feature_titles.items()}
        shared = Counter(titles.values())
        self.features = {name: title for name, title in titles.items() if shared[title] == 1}
        """Titles by name; one that two features share would not say which, and is left out."""

    def condition(self, term: Term) -> Said:
        """Say a term that is true, false or missing."""
        match term:
            case And():
                return self._joined("all", *term.parts)
            case Or():
                return self._joined("any", *term.parts)
            case Not():
                return self._joined("not", term.operand)
            case If():
                return self._joined("if", term.condition, term.yes, term.no)
            case Macro() if term.name in _MACROS:
                return Said(self._each(term), "each", (self.condition(term.body),))
            case Const():
                return Said(self.translate(N_("always true") if term.value else N_("never true")))
            case FieldRef() | FeatureRef() | Var() | Index():
                return Said(self._fill(N_("{a} is true"), a=self.phrase(term)))
        return Said(self.phrase(term))

    def _joined(self, joint: str, *parts: Term) -> Said:
        return Said(self.translate(_JOINTS[joint]), joint, tuple(self.condition(part) for part in parts))

    def _each(self, term: Macro) -> str:
        return self._fill(_MACROS[term.name], source=self.phrase(_gone_through(term.source)), variable=term.variable)

    def phrase(self, term: Term) -> str:
        """Say a term inside a sentence."""
        match term:
            case Const():
                return self._constant(term)
            case FieldRef():
                known = _ENVELOPE.get(term.path)
                return self.translate(known) if known else f"`{'.'.join(term.path)}`"
            case FeatureRef():
                title = self.features.get(term.name)
                return f"“{title}”" if title else f"`{term.name}`"
            case LabelsRef():
                return self._fill(N_("the labels of `{role}`"), role=term.role)
            case ListRef():
                return self._fill(N_("the list `{name}`"), name=term.name)
            case Var():
                return f"`{term.name}`"
            case Has():
                return self._fill(N_("{a} is known"), a=self.phrase(term.operand))
            case Index():
                where = N_("the value of {a} for the key {b}")
                if isinstance(term.operand.type, ListOf):
                    where = N_("the item of {a} at place {b}, counted from 0")
                return self._fill(where, a=self.phrase(term.operand), b=self.phrase(term.key))
            case ListLiteral():
                return f"[{'; '.join(self.phrase(item) for item in term.items)}]"
            case Call():
                return self._call(term)
            case Macro() if term.name in ("filter", "map"):
                return self._gathered(term)
            case If() if term.type != BOOL:
                parts = {"yes": self.phrase(term.yes), "no": self.phrase(term.no)}
                return self._fill(
                    N_("({yes} if {condition}, otherwise {no})"), condition=self.inline(term.condition), **parts
                )
        return f"({self.inline(term)})"

    def inline(self, term: Term) -> str:
        """Say a condition inside a sentence, parentheses keeping its structure."""
        match term:
            case And() | Or():
                word = self.translate(N_(" and ") if isinstance(term, And) else N_(" or "))
                return word.join(self._enclosed(part) for part in term.parts)
            case Not():
                return self._fill(N_("not ({a})"), a=self.inline(term.operand))
            case If():
                parts = {"yes": self._enclosed(term.yes), "no": self._enclosed(term.no)}
                return self._fill(
                    N_("if ({condition}) then {yes}, otherwise {no}"), condition=self.inline(term.condition), **parts
                )
            case Macro():
                return f"{self._each(term)}: ({self.inline(term.body)})"
        return self.condition(term).text

    def _enclosed(self, term: Term) -> str:
        said = self.inline(term)
        return f"({said})" if isinstance(term, And | Or | If | Macro) else said

    def _gathered(self, term: Macro) -> str:
        words = {"source": self.phrase(_gone_through(term.source)), "variable": term.variable}
        if term.name == "filter":
            body = self.inline(term.body)
            return self._fill(N_("the items of {source}, here called `{variable}`, with ({body})"), body=body, **words)
        given = self.phrase(term.body)
        if term.condition is None:
            return self._fill(N_("({given}) for each item of {source}, here called `{variable}`"), given=given, **words)
        condition = self.inline(term.condition)
        template = N_("({given}) for each item of {source}, here called `{variable}`, with ({condition})")
        return self._fill(template, given=given, condition=condition, **words)

    def _call(self, term: Call) -> str:
        name, arguments = term.function.name, term.arguments
        if name == "_in_" and isinstance(arguments[1], LabelsRef):
            label = self.phrase(arguments[0])
            return self._fill(N_("`{role}` has the label {label}"), role=arguments[1].role, label=label)
        if name == "hasAnyWord" and isinstance(arguments[0], Call) and arguments[0].function.name == "folded":
            template = N_("{a}, disguises undone, has a word or phrase of {b}")
            return self._fill(template, a=self.phrase(arguments[0].arguments[0]), b=self.phrase(arguments[1]))
        said = [self.phrase(argument) for argument in arguments]
        template = phrase(term.function, tuple(argument.type for argument in arguments))
        return self._fill(template, **dict(zip("abc", said, strict=False)), all=f"[{'; '.join(said)}]")

    def _constant(self, term: Const) -> str:
        said = self.value(term.value, term.type)
        return said if term.constant is None else f"{said} (`{term.constant}`)"

    def value(self, value: object, type_: Type) -> str:
        """Say a value of a type; nothing is rounded."""
        if isinstance(value, bool):
            return self.translate(N_("true") if value else N_("false"))
        if type_ == TIMESTAMP and isinstance(value, int):
            return text_of_timestamp(value).replace("T", " ").replace("Z", " UTC")
        if type_ == DURATION and isinstance(value, int):
            return self.length(value)
        if isinstance(value, int | float):
            return self.number(value)
        if isinstance(value, tuple | list):
            item = type_.item if isinstance(type_, ListOf) else type_.value if isinstance(type_, MapOf) else type_
            return f"[{'; '.join(self.value(part, item) for part in value)}]"
        return f"“{value}”"

    def number(self, value: int | float) -> str:
        """Say a number the way the language writes it, with all its digits."""
        exact = Decimal(repr(value))
        if exact and not -6 <= exact.adjusted() <= 15:
            return repr(value)
        return format_decimal(exact, format="#,##0.###", locale=self.locale, decimal_quantization=False)

    def length(self, micros: int) -> str:
        """Say a length of time in its natural units, with nothing lost."""
        rest, said = abs(micros), []
        for size, one, many in _UNITS:
            count = Decimal(rest) / 1_000_000 if size == 1_000_000 else Decimal(rest // size)
            rest %= size
            if count:
                shown = format_decimal(count, format="#,##0.######", locale=self.locale)
                said.append(self.translate(one if count == 1 else many).format(n=shown))
        text = " ".join(said) or self.translate(_UNITS[3][2]).format(n="0")
        return self._fill(N_("minus {length}"), length=text) if micros < 0 else text

    def _fill(self, template: str, **parts: str) -> str:
        text = self.translate(template)
        if self.locale == "pt_BR":
            text = _contracted(text, parts)
        return text.format(**parts)


def _contracted(template: str, parts: Mapping[str, str]) -> str:
    """Join `de` and `em` of a Portuguese template with the article that a part begins with: *da lista*."""
    for name, said in parts.items():
        if _ARTICLE.match(said):
            template = re.sub(rf"\bde {{{name}}}", f"d{{{name}}}", template)
            template = re.sub(rf"\bem {{{name}}}", f"n{{{name}}}", template)
    return template


def _gone_through(source: Term) -> Term:
    """Return what a macro goes through as its author wrote it: a map, not its keys."""
    return source.arguments[0] if isinstance(source, Call) and source.function.name == "_keys_" else source
