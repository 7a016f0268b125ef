"""Values with dates and variants: a value never changes, it gets a successor with a date and a source."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from zelo.base.source import Report, Span
from zelo.policy.load_shapes import shown, suggestion
from zelo.policy.schedules.shapes import Trust, read_date
from zelo.policy.yaml_reader import ListNode, MapNode, Node, ScalarNode

_KEYS = frozenset({"value", "from", "basis"})
PER_VARIANT = "per_variant"
SINCE_EVER = -(1 << 62)


@dataclass
class Timeline:
    """Every date at which a value of a file gets a successor."""

    zone: str
    dates: set[int] = field(default_factory=set)
    _read: dict[int, int] = field(default_factory=dict)
    """Date by the offset in the file at which it is written."""

    def collect(self, node: Node, report: Report) -> None:
        """Find the dated values in a node and check their dates and sources."""
        if isinstance(node, MapNode):
            for _, value in node.entries.values():
                self.collect(value, report)
        elif isinstance(node, ListNode):
            if is_dated(node):
                self._check(node, report)
            for item in node.items:
                self.collect(item, report)

    def _check(self, node: ListNode, report: Report) -> None:
        """Check that the first value holds since ever and that each successor is later than the value before it."""
        last: tuple[int, Span] | None = None
        for number, item in enumerate(_maps(node)):
            written = item.entries.get("from")
            if "basis" in item.entries:
                Trust().read(item.entries["basis"][1], report)
            else:
                report.add("Z023", item.heading, key="basis")
            if written is None:
                if number:
                    report.add("Z306", item.heading)
                continue
            date = read_date(written[1], self.zone, report)
            if date is None:
                continue
            self._read[item.start] = date
            if number == 0:
                report.add("Z307", written[1].span, date=_shown(written[1]))
            elif last is not None and date <= last[0]:
                report.add("Z306", written[1].span, related=(last[1],))
            last = date, written[1].span
            self.dates.add(date)

    def at(self, node: Node, date: int, variant: str) -> Node:
        """Return a node as it reads on a date in a variant."""
        if isinstance(node, ListNode):
            if is_dated(node):
                chosen = None
                for item in _maps(node):
                    if self._read.get(item.start, SINCE_EVER) <= date or chosen is None:
                        chosen = item.entries["value"][1]
                assert chosen is not None
                return replace(self.at(chosen, date, variant), key=node.key)
            items = [self.at(item, date, variant) for item in node.items]
            return ListNode(node.page, node.start, node.end, items, key=node.key)
        if isinstance(node, MapNode):
            if list(node.entries) == [PER_VARIANT]:
                options = node.entries[PER_VARIANT][1]
                if isinstance(options, MapNode) and options.entries:
                    default = next(iter(options.entries.values()))
                    _, chosen = options.entries.get(variant, default)
                    return replace(self.at(chosen, date, variant), key=node.key)
            entries = {name: (key, self.at(value, date, variant)) for name, (key, value) in node.entries.items()}
            return MapNode(node.page, node.start, node.end, entries, key=node.key)
        return node


def is_dated(node: ListNode) -> bool:
    """Say whether a list is a value with its successors."""
    return bool(node.items) and all(
        isinstance(item, MapNode) and "value" in item.entries and item.entries.keys() <= _KEYS for item in node.items
    )


def _maps(node: ListNode) -> Iterator[MapNode]:
    return (item for item in node.items if isinstance(item, MapNode))


def _shown(node: Node) -> str:
    return shown(node.value) if isinstance(node, ScalarNode) else ""


def check_variants(node: Node, variants: tuple[str, ...], report: Report) -> None:
    """Report values per variant that name an unknown one or leave one out."""
    if isinstance(node, ListNode):
        for item in node.items:
            check_variants(item, variants, report)
    elif isinstance(node, MapNode):
        for name, (key, value) in node.entries.items():
            if name == PER_VARIANT and isinstance(value, MapNode):
                for variant, (place, _) in value.entries.items():
                    if variant not in variants:
                        params = suggestion(variant, variants)
                        report.add("Z324", place.span, (), name=shown(variant), **params)
                for variant in variants:
                    if variant not in value.entries:
                        report.add("Z325", key.span, name=variant)
            check_variants(value, variants, report)


def bases(node: Node) -> Iterator[Node]:
    """Yield every trust mark of a file."""
    if isinstance(node, ListNode):
        for item in node.items:
            yield from bases(item)
    elif isinstance(node, MapNode):
        for name, (_, value) in node.entries.items():
            if name == "basis":
                yield value
            else:
                yield from bases(value)
