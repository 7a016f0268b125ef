"""The scalars of pack files: texts, names, choices, numbers, durations, formulas."""

from __future__ import annotations

from dataclasses import dataclass

from zelo.base.source import Report
from zelo.policy.load_names import Form, duration_us
from zelo.policy.load_shapes import At, Schema, shown, suggestion
from zelo.policy.scalar import Scalar
from zelo.policy.yaml_reader import Node, ScalarNode

TEXT_CHARACTERS_MAX = 50_000


@dataclass(frozen=True)
class Text:
    """Text that people read."""

    most: int = TEXT_CHARACTERS_MAX

    def read(self, node: Node, report: Report) -> At[str] | None:
        """Return the text."""
        if not isinstance(node, ScalarNode) or not isinstance(node.resolved(), str):
            expected_text(node, report)
            return None
        if not node.value.strip():
            report.add("Z035", node.span)
            return None
        if len(node.value) > self.most:
            report.add("Z036", node.span, most=self.most)
            return None
        return At(node.value, node)

    def schema(self, definitions: Schema) -> Schema:
        """Return the same as a JSON Schema."""
        return {"type": "string", "minLength": 1, "maxLength": self.most, "pattern": r"\S"}


def expected_text(node: Node, report: Report) -> None:
    """Report something else than text; a number or truth value may have been meant as text."""
    value = node.resolved() if isinstance(node, ScalarNode) else None
    params = {"value": shown(node.value)} if isinstance(node, ScalarNode) and value is not None else {}
    report.add("Z024", node.span, (), **params)


@dataclass(frozen=True)
class Name:
    """A name of a stated form."""

    form: Form

    def read(self, node: Node, report: Report) -> At[str] | None:
        """Return the name."""
        if not isinstance(node, ScalarNode) or not isinstance(node.resolved(), str):
            expected_text(node, report)
            return None
        if not self.form.fits(node.value):
            report.add(self.form.code, node.span, name=shown(node.value))
            return None
        return At(node.value, node)

    def schema(self, definitions: Schema) -> Schema:
        """Return the same as a JSON Schema."""
        return {"type": "string", "pattern": f"^(?:{self.form.pattern})$", "maxLength": self.form.most}


@dataclass(frozen=True)
class Choice:
    """One of a few names."""

    options: tuple[str, ...]

    def read(self, node: Node, report: Report) -> At[str] | None:
        """Return the name."""
        if not isinstance(node, ScalarNode):
            report.add("Z024", node.span)
        elif node.value not in self.options:
            params = {"name": shown(node.value), "options": "`, `".join(self.options)}
            report.add("Z030", node.span, (), **params, **suggestion(node.value, self.options))
        else:
            return At(node.value, node)
        return None

    def schema(self, definitions: Schema) -> Schema:
        """Return the same as a JSON Schema."""
        return {"enum": list(self.options)}


@dataclass(frozen=True)
class Flag:
    """True or false."""

    def read(self, node: Node, report: Report) -> At[bool] | None:
        """Return the truth value."""
        value = node.resolved() if isinstance(node, ScalarNode) else None
        if isinstance(value, bool):
            return At(value, node)
        report.add("Z027", node.span)
        return None

    def schema(self, definitions: Schema) -> Schema:
        """Return the same as a JSON Schema."""
        return {"type": "boolean"}


@dataclass(frozen=True)
class Whole:
    """A whole number."""

    least: int
    most: int

    def read(self, node: Node, report: Report) -> At[int] | None:
        """Return the number."""
        value = node.resolved() if isinstance(node, ScalarNode) else None
        if not isinstance(value, int | float) or isinstance(value, bool) or not float(value).is_integer():
            if value != float("inf"):
                report.add("Z025", node.span)
                return None
        elif self.least <= value <= self.most and isinstance(value, int):
            return At(value, node)
        report.add("Z032", node.span, least=self.least, most=self.most)
        return None

    def schema(self, definitions: Schema) -> Schema:
        """Return the same as a JSON Schema."""
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


@dataclass(frozen=True)
class Number:
    """A number, whole or not."""

    least: float
    most: float

    def read(self, node: Node, report: Report) -> At[int | float] | None:
        """Return the number."""
        value = node.resolved() if isinstance(node, ScalarNode) else None
        if not isinstance(value, int | float) or isinstance(value, bool):
            report.add("Z026", node.span)
            return None
        if not self.least <= value <= self.most:
            report.add("Z032", node.span, least=str(self.least), most=str(self.most))
            return None
        return At(value, node)

    def schema(self, definitions: Schema) -> Schema:
        """Return the same as a JSON Schema."""
        return {"type": "number", "minimum": self.least, "maximum": self.most}


@dataclass(frozen=True)
class Length:
    """A length of time, `10m`, `24h`, `30d`."""

    least: str
    most: str

    def read(self, node: Node, report: Report) -> At[int] | None:
        """Return it in microseconds."""
        value = duration_us(node.value) if isinstance(node, ScalarNode) else None
        if value is None:
            report.add("Z037", node.span)
            return None
        if not (duration_us(self.least) or 0) <= value <= (duration_us(self.most) or 0):
            report.add("Z038", node.span, least=self.least, most=self.most)
            return None
        return At(value, node)

    def schema(self, definitions: Schema) -> Schema:
        """Return the same as a JSON Schema."""
        return {"type": "string", "pattern": r"^([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$", "minLength": 2}


@dataclass(frozen=True)
class Expression:
    """A condition or formula in CEL."""

    def read(self, node: Node, report: Report) -> Scalar | None:
        """Return its text with the place of each character."""
        if isinstance(node, ScalarNode) and node.value.strip():
            return node.scalar
        report.add("Z043", node.span)
        return None

    def schema(self, definitions: Schema) -> Schema:
        """Return the same as a JSON Schema; a plain `true` or `5` is a formula too."""
        return {"type": ["string", "boolean", "number"]}
