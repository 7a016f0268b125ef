"""Reads YAML text into nodes that know their place; every mistake is a diagnostic, nothing is guessed."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass, field

import yaml

from zelo.base.source import Report, Source, Span
from zelo.policy.load_scalars import Page, scalar
from zelo.policy.load_syntax import report_syntax
from zelo.policy.scalar import Scalar

YAML_CHARACTERS_MAX = 1 << 20
"""Longest YAML or SQL file of a pack; a longer list is a CSV file."""
DEPTH_MAX = 40
"""Deepest nesting of maps and lists."""
INT_MIN, INT_MAX = -(2**63), 2**63 - 1
"""The range of whole numbers, as in conditions."""
_FORBIDDEN = (
    "[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"  # controls, odd breaks
    "|\r(?!\n)"
)
_NOT_IN_VALUES = "[\x00\ud800-\udfff]"
_LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULL = frozenset({"", "null", "Null", "NULL", "~"})
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = "[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+"
_FLOAT = r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
_ODD_FLOAT = r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
_INT_CHARACTERS_MAX = 30


@dataclass
class Node:
    """A piece of a YAML file between two offsets of its text."""

    page: Page = field(repr=False)
    start: int
    end: int
    key: ScalarNode | None = field(default=None, kw_only=True, repr=False)
    """The key this is the value of, if any."""

    @property
    def span(self) -> Span:
        """Return the place of its first line; the place of its key when it is empty."""
        if self.start == self.end and self.key:
            return self.key.span
        return self.page.span(self.start, self.end)

    @property
    def heading(self) -> Span:
        """Return the place of its key, or its own when it has none: where something inside it is missing."""
        return (self.key or self).span


@dataclass
class ScalarNode(Node):
    """A scalar: its decoded text and how it was written (`` is plain)."""

    value: str
    style: str

    @property
    def scalar(self) -> Scalar:
        """Return the text with the place of each of its characters."""
        return scalar(self.page, self.start, self.end, self.style, self.value)

    def resolved(self) -> bool | int | float | str | None:
        """Return the value YAML 1.2 (core schema) gives it; whole numbers outside 64 bits become infinite floats."""
        text = self.value
        if self.style:
            return text
        if text in _NULL:
            return None
        if text in _BOOL:
            return _BOOL[text]
        if text[0] not in "+-.0123456789":
            return text
        if re.fullmatch(_INT, text):
            if len(text) > _INT_CHARACTERS_MAX:
                return float("inf")
            number = int(text, 0 if text[:2] in ("0x", "0o") else 10)
            return number if INT_MIN <= number <= INT_MAX else float("inf")
        if re.fullmatch(_FLOAT, text):
            return float(text)
        if re.fullmatch(_ODD_FLOAT, text):
            return float(text.replace(".", ""))
        return text


@dataclass
class ListNode(Node):
    """A sequence."""

    items: list[Node] = field(default_factory=list)


@dataclass
class MapNode(Node):
    """A mapping; keys are texts, each once, in the order of the file."""

    entries: dict[str, tuple[ScalarNode, Node]] = field(default_factory=dict)


class Faults:
    """The lines of one file on which errors were found, at the time this is made."""

    def __init__(self, path: str, report: Report) -> None:
        self._lines = sorted(d.span.line for d in report.diagnostics if d.is_error and d.span.source.path == path)

    def within(self, node: Node) -> bool:
        """Say whether an error was found on the lines of a node, its key included."""
        last, _ = node.page.place(max(node.end - 1, node.start))
        at = bisect_left(self._lines, node.heading.line)
        return at < len(self._lines) and self._lines[at] <= last


def read_text(path: str, data: bytes, report: Report, characters_max: int = YAML_CHARACTERS_MAX) -> Source | None:
    """Decode a file of a pack, or report why it cannot be read and return None."""
    if len(data) > 4 * characters_max:  # UTF-8 has at most four bytes a character
        report.add("Z036", Span(Source(path, ""), 1, 1), most=characters_max)
        return None
    if data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
        if path.endswith((".yaml", ".sql")):
            report.add("Z051", Span(Source(path, data.decode("utf-8", "replace")), 1, 1))
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        page = Page.of(Source(path, data.decode("utf-8", "replace")))
        at = len(data[: error.start].decode("utf-8"))
        report.add("Z002", page.span(at, at + 1), byte=f"0x{data[error.start]:02x}")
        return None
    source = Source(path, text)
    if len(text) > characters_max:
        report.add("Z036", Span(source, 1, 1), most=characters_max)
        return None
    if found := re.search(_FORBIDDEN, text):
        character = f"U+{ord(found.group()):04X}"
        report.add("Z003", Page.of(source).span(found.start(), found.end()), character=character)
        return None
    return source


def read_yaml(source: Source, report: Report) -> Node | None:
    """Return the root node of a YAML text, or None when its syntax is broken (which is reported)."""
    page = Page.of(source)
    builder = _Builder(page, report)
    try:
        for event in yaml.parse(source.text, Loader=_LOADER):
            if not builder.take(event):
                return None
    except (yaml.YAMLError, ValueError) as error:
        report_syntax(error, page, report)
        return None
    if builder.root is None:
        report.add("Z016", page.span(0, 0))
    return builder.root


def _offset(mark: object) -> int:
    """Return the offset of a mark; the parsers in C and in Python have mark classes of their own."""
    index = getattr(mark, "index", None)
    if not isinstance(index, int):
        raise AssertionError("the parser marks every event")
    return index


class _Builder:
    """Puts the parser's events together; one level of nesting is one item on a stack, not one call."""

    def __init__(self, page: Page, report: Report) -> None:
        self._page, self._report = page, report
        self._open: list[tuple[ListNode | MapNode, list[ScalarNode | None]]] = []
        self._documents = 0
        self.root: Node | None = None

    def take(self, event: yaml.Event) -> bool:
        """Take the parser's next event; say whether to go on."""
        start, end = _offset(event.start_mark), _offset(event.end_mark)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, start, end)
        if isinstance(event, yaml.CollectionStartEvent):
            return self._open_collection(event, start, end)
        if isinstance(event, yaml.CollectionEndEvent):
            node, _ = self._open.pop()
            node.end = end
            self._add(node)
        elif isinstance(event, yaml.AliasEvent):
            self._report.add("Z012", self._page.span(start, end))
            self._add(ScalarNode(self._page, start, end, self._page.source.text[start:end], "'"))
        elif isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                self._report.add("Z015", self._page.span(start, max(end, start + 1)))
                return False
        return True

    def _scalar(self, event: yaml.ScalarEvent, start: int, end: int) -> bool:
        if event.anchor is not None or event.tag is not None:
            self._refuse_marks(event, start, end)
        if found := re.search(_NOT_IN_VALUES, event.value):
            self._report.add("Z003", self._page.span(start, end), character=f"U+{ord(found.group()):04X}")
            return False
        self._add(ScalarNode(self._page, start, end, event.value, event.style or ""))
        return True

    def _open_collection(self, event: yaml.CollectionStartEvent, start: int, end: int) -> bool:
        self._refuse_marks(event, start, end)
        if len(self._open) >= DEPTH_MAX:
            self._report.add("Z004", self._page.span(start, end), most=DEPTH_MAX)
            return False
        kind = MapNode if isinstance(event, yaml.MappingStartEvent) else ListNode
        self._open.append((kind(self._page, start, end), [None]))
        return True

    def _refuse_marks(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent, start: int, end: int) -> None:
        """Report an anchor or tag, which stand before the node."""
        if event.anchor is not None:
            self._report.add("Z012", self._word(start, end))
        if event.tag is not None:
            self._report.add("Z013", self._word(start, end))

    def _word(self, start: int, end: int) -> Span:
        found = re.match(r"\S+", self._page.source.text[start:end])
        return self._page.span(start, start + found.end() if found else end)

    def _add(self, node: Node) -> None:
        """Hang a finished node into the collection it stands in."""
        if not self._open:
            if not (isinstance(node, ScalarNode) and not node.style and node.value in _NULL):
                self.root = node
            return
        parent, pending = self._open[-1]
        if isinstance(parent, ListNode):
            parent.items.append(node)
        elif pending[0] is None:
            pending[0] = self._key(node)
        else:
            key, pending[0] = pending[0], None
            node.key = key
            self._enter(parent, key, node)

    def _key(self, node: Node) -> ScalarNode:
        if isinstance(node, ScalarNode) and node.value:
            return node
        self._report.add("Z017", node.span)
        return ScalarNode(self._page, node.start, node.end, "", "")

    def _enter(self, parent: MapNode, key: ScalarNode, node: Node) -> None:
        if not key.value:  # refused already
            return
        if key.value == "<<" and not key.style:
            self._report.add("Z014", key.span)
        elif key.value in parent.entries:
            first = parent.entries[key.value][0].span
            self._report.add("Z018", key.span, related=(first,), key=key.value)
        else:
            parent.entries[key.value] = (key, node)
