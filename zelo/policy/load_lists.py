"""Reads `lists/*.csv` and `lists/*.yaml`: the values of the pack's lists."""

from __future__ import annotations

from collections.abc import Iterator

from zelo.base.source import Report, Source, Span
from zelo.policy.load_head import IN_BOTH
from zelo.policy.load_scalars import Page
from zelo.policy.load_shapes import Entry, Record, Sequence, shown
from zelo.policy.load_values import Text
from zelo.policy.pack import ListData
from zelo.policy.yaml_reader import read_yaml

LIST_CHARACTERS_MAX = 16 << 20
"""Longest CSV list."""
VALUES_MAX = 1_000_000
VALUE_CHARACTERS_MAX = 200
_TITLE = Entry("title", IN_BOTH, "What people call the list.", required=False)
_VALUES = Entry("values", Sequence(Text(VALUE_CHARACTERS_MAX), most=VALUES_MAX), "The values: texts.")
_LIST = Entry("list", Record((_TITLE, _VALUES)), "A list of the pack; its name is the file's.")
LIST_FILE = Record((_LIST,))
"""The shape of `lists/NAME.yaml`."""
_COLUMN = "value"


def read_yaml_list(name: str, source: Source, report: Report) -> ListData | None:
    """Read a list from YAML."""
    node = read_yaml(source, report)
    file = LIST_FILE.read(node, report) if node else None
    inner = file.get(_LIST) if file else None
    values = inner.get(_VALUES) if inner else None
    if values is None:
        return None
    return _once(name, ((value.value.strip(), value.span) for value in values), report)


def read_csv_list(name: str, source: Source, report: Report) -> ListData | None:
    """Read a list from the column `value` of a CSV file with a header."""
    rows = _rows(source, report)
    header = next(rows, None)
    if header is None:
        report.add("Z016", Span(source, 1, 1))
        return None
    names = [text.strip().lower() for text, _ in header]
    if _COLUMN not in names:
        report.add("Z001", header[0][1], column=_COLUMN)
        return None
    column = names.index(_COLUMN)

    def values() -> Iterator[tuple[str, Span]]:
        for row in rows:
            if len(row) <= column or not row[column][0].strip():
                if any(text.strip() for text, _ in row):
                    report.add("Z035", row[0][1])
            elif len(row[column][0]) > VALUE_CHARACTERS_MAX:
                report.add("Z036", row[column][1], most=VALUE_CHARACTERS_MAX)
            else:
                yield row[column][0].strip(), row[column][1]

    found = _once(name, values(), report)
    if not found.values:
        report.add("Z033", Span(source, 1, 1), least=1)
    return found


def _once(name: str, values: Iterator[tuple[str, Span]], report: Report) -> ListData:
    """Keep each value once; a repeated one is a warning."""
    first: dict[str, Span] = {}
    for value, span in values:
        if value in first:
            report.add("Z053", span, related=(first[value],), value=shown(value))
        else:
            first[value] = span
    return ListData(name, tuple(first))


def _rows(source: Source, report: Report) -> Iterator[list[tuple[str, Span]]]:
    """Yield the rows of an RFC 4180 text: each cell with the place where it starts; stops at a quote out of place."""
    text, page = source.text, Page.of(source)
    at, end = 0, len(text)
    while at < end:
        row: list[tuple[str, Span]] = []
        while True:
            start = at
            if text.startswith('"', at):
                cell, at = _quoted(text, at)
                if at < 0 or (at < end and text[at] not in ",\r\n"):
                    report.add("Z041", page.span(start, start + 1))
                    return
            else:
                newline = text.find("\n", at)
                comma = text.find(",", at, newline if newline >= 0 else end)
                at = comma if comma >= 0 else newline if newline >= 0 else end
                cell = text[start:at].removesuffix("\r")
            row.append((cell, page.span(start, start + len(cell))))
            if not text.startswith(",", at):
                break
            at += 1
        at += 2 if text.startswith("\r\n", at) else 1
        yield row


def _quoted(text: str, at: int) -> tuple[str, int]:
    """Return a quoted cell and the offset after it; -1 when it never ends."""
    parts: list[str] = []
    at += 1
    while True:
        close = text.find('"', at)
        if close < 0:
            return "", -1
        parts.append(text[at:close])
        if not text.startswith('"', close + 1):
            return "".join(parts), close + 1
        parts.append('"')
        at = close + 2
