"""Tokens to the parse tree: a Pratt parser that goes on after a mistake, so that all are told at once."""

from __future__ import annotations

from zelo.base.source import Report
from zelo.policy.lexer import KEYWORDS, RESERVED, Token, tokenize
from zelo.policy.reader import Reader
from zelo.policy.scalar import Scalar
from zelo.policy.syntax import (
    Binary,
    Broken,
    Chain,
    Choice,
    Foreign,
    Group,
    Invoke,
    Listing,
    Literal,
    Name,
    Node,
    Select,
    Subscript,
    Unary,
    height,
)

LENGTH_MAX = 20_000
"""Characters in one condition."""
NESTING_MAX = 50
"""How deeply a condition may be nested; keeps every later step free of unbounded recursion."""

_BINDING = {
    "==": 3, "!=": 3, "<": 3, "<=": 3, ">": 3, ">=": 3, "in": 3,
    "+": 4, "-": 4,
    "*": 5, "/": 5, "%": 5,
}  # fmt: skip
_WORDS = {"and": "&&", "AND": "&&", "or": "||", "OR": "||"}
_CLOSERS = frozenset({")", "]", "}", ",", ":", "end"})
_OPERATORS = frozenset(_BINDING) | {"&&", "||", "?"}


def parse(text: Scalar, report: Report) -> Node | None:
    """Return the tree of a condition; None when there is nothing to look into. Mistakes go to the report."""
    if len(text.value) > LENGTH_MAX:
        report.add("Z112", text.span(0), length=LENGTH_MAX, nesting=NESTING_MAX)
        return None
    tokens = tokenize(text, report)
    if tokens[0].is_end:
        report.add("Z111", text.span(0))
        return None
    try:
        node = _Parser(text, tokens, report).whole()
    except _TooDeep as deep:
        report.add("Z112", text.span(deep.at), length=LENGTH_MAX, nesting=NESTING_MAX)
        return None
    if height(node) > NESTING_MAX:
        report.add("Z112", text.span(node.start), length=LENGTH_MAX, nesting=NESTING_MAX)
        return None
    return node


class _TooDeep(Exception):  # noqa: N818 - it unwinds the parser and never leaves this module
    """The text is nested more deeply than allowed."""

    def __init__(self, at: int) -> None:
        super().__init__(at)
        self.at = at


class _Parser(Reader):
    """Walks the tokens once; every loop and call moves forward or stops."""

    def whole(self) -> Node:
        """Read the whole text."""
        parts = [self.expression()]
        while not self.now.is_end:
            self.out_of_place()
            if self.now.kind in _CLOSERS or self.now.kind in _OPERATORS:
                self.at += 1
            if not self.now.is_end:
                parts.append(self.expression())
        return parts[0] if len(parts) == 1 else Broken(0, self.last_end, tuple(parts))

    def expression(self) -> Node:
        """Read `condition ? yes : no`, or what binds more tightly."""
        self.depth += 1
        if self.depth > NESTING_MAX:
            raise _TooDeep(self.now.start)
        condition = self.chain("||")
        question = self.now
        if self.take("?"):
            condition = self.choice(condition, question)
        self.depth -= 1
        return condition

    def choice(self, condition: Node, question: Token) -> Node:
        """Read what follows a `?`; a choice between it and the `:` needs parentheses."""
        yes = self.chain("||")
        if self.take(":"):
            no = self.expression()
            return Choice(condition.start, no.end, condition, yes, no)
        if self.now.kind == "?":
            self.out_of_place()
            self.at += 1
            return Broken(condition.start, self.last_end, (condition, yes, self.expression()))
        else:
            self.complain("Z113", question)
        return Broken(condition.start, self.last_end, (condition, yes))

    def chain(self, operator: str) -> Node:
        """Read parts joined by `||`, each of parts joined by `&&`."""
        parts = [self.part(operator)]
        while self.joined(operator):
            parts.append(self.part(operator))
        return parts[0] if len(parts) == 1 else Chain(parts[0].start, parts[-1].end, operator, tuple(parts))

    def part(self, operator: str) -> Node:
        """Read one part of a chain."""
        return self.chain("&&") if operator == "||" else self.binary(3)

    def joined(self, operator: str) -> bool:
        """Step over a joining operator; the words `and` and `or` are reported and read as such."""
        token = self.now
        if token.kind == "name" and _WORDS.get(str(token.value)) == operator:
            self.complain("Z103", token, sign=str(token.value), suggestion=operator)
            self.at += 1
            return True
        return self.take(operator)

    def binary(self, least: int) -> Node:
        """Read operators that bind at least as tightly as `least`; equals join from the left."""
        left = self.unary()
        while (binding := _BINDING.get(self.now.kind, 0)) >= least:
            token = self.now
            self.at += 1
            right = self.binary(binding + 1)
            left = Binary(left.start, right.end, token.kind, token.start, token.end, left, right)
        return left

    def unary(self) -> Node:
        """Read `!` or `-`, several of one kind in a row, before a member; `-` before a number belongs to it."""
        token = self.now
        if (
            token.kind == "name"
            and token.value == "not"
            and self.tokens[self.at + 1].kind in ("name", "(", "true", "false")
        ):
            self.complain("Z103", token, sign="not", suggestion="!")
            self.at += 1
            operand = self.binary(3)
            return Unary(token.start, operand.end, "!", operand)
        if token.kind not in ("!", "-"):
            return self.member()
        self.at += 1
        return self.signed(token.kind, token.start)

    def signed(self, sign: str, start: int) -> Node:
        """Read what a sign stands before."""
        number = self.now
        if sign == "-" and number.kind in ("int", "double"):
            self.at += 1
            value = -number.value  # type: ignore[operator]
            return self.members(Literal(start, number.end, value))
        self.depth += 1
        if self.depth > NESTING_MAX:
            raise _TooDeep(start)
        operand = self.unary()
        self.depth -= 1
        return Unary(start, operand.end, sign, operand)

    def member(self) -> Node:
        """Read a value and what is selected from it."""
        return self.members(self.primary())

    def members(self, node: Node) -> Node:
        """Read the selections, subscripts and method calls after a value."""
        while True:
            if self.now.kind == ".":
                node = self.selection(node)
            elif self.now.kind == "[":
                node = self.subscript(node)
            elif self.now.kind == "{" and isinstance(node, Name | Select):
                node = self.message(node)
            else:
                return node

    def selection(self, node: Node) -> Node:
        """Read `.field` or `.method(arguments)`."""
        self.at += 1
        optional = self.take("?")
        token = self.now
        if token.kind not in ("name", "quoted") and token.kind not in KEYWORDS:
            self.complain(
                "Z116" if token.is_end else "Z108", token, **({} if token.is_end else {"found": self.shown(token)})
            )
            return Broken(node.start, self.last_end, (node,))
        self.at += 1
        if token.kind in KEYWORDS:
            self.complain("Z114", token, name=str(token.value))
            return Broken(node.start, token.end, (node,))
        name = str(token.value)
        if self.now.kind == "(" and token.kind == "name":
            arguments = self.arguments(")")
            return Invoke(node.start, self.last_end, node, name, token.start, arguments)
        if optional:
            return Foreign(node.start, token.end, "optional", (node,))
        return Select(node.start, token.end, node, name, token.start)

    def subscript(self, node: Node) -> Node:
        """Read `[key]`."""
        opening = self.now
        self.at += 1
        optional = self.take("?")
        key = self.expression()
        self.close(opening, "]")
        if optional:
            return Foreign(node.start, self.last_end, "optional", (node, key))
        return Subscript(node.start, self.last_end, node, key)

    def primary(self) -> Node:
        """Read a literal, a name, a call, a list or something in parentheses."""
        token = self.now
        kind = token.kind
        if kind in ("int", "double", "string"):
            self.at += 1
            return self.adjacent(Literal(token.start, token.end, token.value))
        if kind in ("true", "false"):
            self.at += 1
            return Literal(token.start, token.end, kind == "true")
        if kind in ("null", "uint", "bytes"):
            self.at += 1
            return Foreign(token.start, token.end, kind)
        if kind == "name":
            return self.named()
        if kind == "(":
            return self.parenthesis()
        if kind == "[":
            items = self.arguments("]")
            return Listing(token.start, self.last_end, items)
        if kind == "{":
            parts = self.entries()
            return Foreign(token.start, self.last_end, "map", parts)
        if kind == "." and self.tokens[self.at + 1].kind == "name":
            self.at += 1
            return self.named()
        return self.no_value()

    def adjacent(self, node: Literal) -> Node:
        """Read on after two strings side by side, which CEL does not join."""
        while self.now.kind == "string" and isinstance(node.value, str):
            self.complain("Z109", self.now, found=self.shown(self.now), suggestion="+")
            node = Literal(node.start, self.now.end, node.value)
            self.at += 1
        return node

    def named(self) -> Node:
        """Read a name or the call of a function."""
        token = self.now
        self.at += 1
        name = str(token.value)
        if name in RESERVED:
            self.complain("Z114", token, name=name)
            parts = self.arguments(")") if self.now.kind == "(" else ()
            return Broken(token.start, self.last_end, parts)
        if self.now.kind == "(":
            arguments = self.arguments(")")
            return Invoke(token.start, self.last_end, None, name, token.start, arguments)
        return Name(token.start, token.end, name)

    def parenthesis(self) -> Node:
        """Read `( ... )`; a comma inside is reported, with the list that was probably meant."""
        opening = self.now
        self.at += 1
        node = self.expression()
        if self.now.kind == ",":
            self.complain("Z115", self.now)
            parts = [node]
            while self.take(","):
                parts.append(self.expression())
            node = Broken(opening.start, self.last_end, tuple(parts))
        self.close(opening, ")")
        return Group(opening.start, self.last_end, node)

    def arguments(self, closer: str) -> tuple[Node, ...]:
        """Read expressions parted by commas, from the opening to the closing sign; a comma may end a list."""
        opening = self.now
        self.at += 1
        found: list[Node] = []
        while self.now.kind != closer and not self.now.is_end:
            optional = closer == "]" and self.now.kind == "?"
            if optional:
                self.at += 1
            item = self.expression()
            found.append(Foreign(item.start, item.end, "optional", (item,)) if optional else item)
            if not self.take(","):
                break
            if self.now.kind == closer and closer == ")":
                self.complain("Z108", self.now, found=closer)
        self.close(opening, closer)
        return tuple(found)

    def entries(self) -> tuple[Node, ...]:
        """Read the inside of `{ ... }`, which the profile leaves out whatever it is."""
        opening = self.now
        self.at += 1
        found: list[Node] = []
        while self.now.kind != "}" and not self.now.is_end:
            self.take("?")
            found.append(self.expression())
            if self.take(":"):
                found.append(self.expression())
            if not self.take(","):
                break
        self.close(opening, "}")
        return tuple(found)

    def message(self, node: Node) -> Node:
        """Read `Type{field: value}`; the names of the fields mean nothing here."""
        opening = self.now
        self.at += 1
        found: list[Node] = []
        while self.now.kind in ("name", "quoted", "?"):
            self.at += 1
            if self.now.kind in ("name", "quoted"):
                self.at += 1
            if self.take(":"):
                found.append(self.expression())
            if not self.take(","):
                break
        self.close(opening, "}")
        return Foreign(node.start, self.last_end, "message", tuple(found))

    def no_value(self) -> Node:
        """Report a token where a value should stand; step over it unless something around it needs it."""
        token = self.now
        if token.is_end:
            self.complain("Z116", token)
        else:
            self.complain("Z108", token, found=self.shown(token))
            if token.kind not in _CLOSERS and token.kind not in _OPERATORS:
                self.at += 1
        return Broken(token.start, max(self.last_end, token.start))
