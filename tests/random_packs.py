"""Random packs over the base pack's kinds, and random streams of their events: what both engines are tried on."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import strategies as st

from tests.base_pack import FILES
from tests.random_conditions import CONDITIONS, EVENTS

_KEYS = ("actor", "target", "device", "[actor, target]", "event.title", "[event.sponsored, actor]", "event.quantity")
_SHARED_KEYS = ("actor", "target", "[actor, target]")
_WHERE = (
    None,
    "event.price > 1.0",
    "event.title.folded().hasAnyWord(lists.replica_words)",
    'event.tags.exists(t, t.folded() == "a")',
    "event.sponsored",
    "event.quantity > 0 || event.price < 0.0",
)
_VALUES = {
    "double": ("event.price", "event.price * 0.1", "event.price / 3.0 - 1.0"),
    "int": ("event.quantity", "size(event.tags)", "event.quantity + 1"),
    "string": ("event.title", "event.seller.email", "event.title.folded()"),
    "timestamp": ("event.occurred_at", "event.seller.created_at"),
    "duration": ("event.ships_within",),
    "bool": ("event.sponsored",),
}
_TAKES = {
    "count": (None,),
    "exists": (None,),
    "seconds_since": (None,),
    "sum": ("double", "int"),
    "avg": ("double", "int"),
    "min": ("double", "int", "timestamp", "duration"),
    "max": ("double", "int", "timestamp", "duration"),
    "distinct": tuple(_VALUES),
    "last": tuple(_VALUES),
    "first": tuple(_VALUES),
}
_GIVES = {"count": "int", "distinct": "int", "exists": "bool", "seconds_since": "int", "avg": "double"}
_COMPARED = {
    "int": ("> 1", "== 0", "< 3"),
    "double": ("> 1.0", "< 0.5", "== 0.0"),
    "string": ('== "a"', '.contains("r")', '.folded() == "replica"'),
    "timestamp": ('< timestamp("2026-01-01T12:00:00Z")',),
    "duration": ('> duration("1h")',),
    "bool": ("", "== false"),
}


@st.composite
def features(draw: st.DrawFn) -> tuple[str, str]:
    """Return a feature as YAML without its name, and the type it gives."""
    aggregate = draw(st.sampled_from(sorted(_TAKES)))
    takes = draw(st.sampled_from(_TAKES[aggregate]))
    forever = draw(st.booleans()) and draw(st.booleans())
    several = takes is None and draw(st.booleans())
    lines = [
        "title: {en: A feature, pt-BR: Uma variável}",
        f"aggregate: {aggregate}",
        f"of: {'[listing.created, review.posted]' if several else 'listing.created'}",
        f"by: {draw(st.sampled_from(_SHARED_KEYS if several else _KEYS))}",
        f"window: {'forever' if forever else draw(st.sampled_from(['10m', '1h', '24h']))}",
    ]
    if takes is not None:
        lines.append(f"value: '{draw(st.sampled_from(_VALUES[takes]))}'")
    where = None if several else draw(st.sampled_from(_WHERE))
    if where is not None:
        lines.append(f"where: '{where}'")
    if draw(st.booleans()):
        lines.append("including: current")
    if draw(st.booleans()) and (not forever or aggregate == "distinct") and aggregate != "exists":
        lines.append(f"at_most: {draw(st.sampled_from([1, 2, 5]))}")
    return "\n".join(f"    {line}" for line in lines), _GIVES.get(aggregate, takes or "int")


_EFFECTS = (
    "- add_label: {label: LABEL, for: 1h}",
    "- add_label: LABEL",
    "- remove_label: LABEL",
    "- open_case: {queue: cases, priority: PRIORITY}",
    "- remove_content: too_cheap",
    "- add_label: {label: LABEL, on: target}",
)
_LABELS = ("bulk", "odd", "trusted")
_LABELLED = ('"bulk" in actor.labels', '"odd" in target.labels', '!("bulk" in actor.labels)', "size(actor.labels) == 1")


@st.composite
def packs(draw: st.DrawFn) -> Mapping[str, bytes]:
    """Return the files of a pack; not each one passes the checker."""
    found = draw(st.lists(features(), min_size=1, max_size=5))
    names = [f"f{number}" for number in range(len(found))]
    texts = "\n".join(f"  {name}:\n{text}" for name, (text, _) in zip(names, found, strict=True))
    tests = [
        f"features.{name}{draw(st.sampled_from(_COMPARED[gives]))}"
        for name, (_, gives) in zip(names, found, strict=True)
    ]
    rules: list[str] = []
    conditions = [
        *tests,
        *draw(st.lists(CONDITIONS, min_size=1, max_size=3)),
        *draw(st.lists(st.sampled_from(_LABELLED), max_size=2)),
    ]
    for number, condition in enumerate(conditions):
        if draw(st.booleans()):
            condition = (
                f"({condition}) {draw(st.sampled_from(['&&', '||']))} {draw(st.sampled_from([*tests, *_LABELLED]))}"
            )
        effect = draw(st.sampled_from(_EFFECTS)).replace("LABEL", draw(st.sampled_from(_LABELS[:2])))
        effect = effect.replace(
            "PRIORITY", draw(st.sampled_from(["1", "size(event.tags)", "features.listings_24h * 2"]))
        )
        limit = draw(st.sampled_from(["", "\n    daily_limit: 2"]))
        head = f"  - rule: r{number}\n    on: listing.created\n    when: |\n      {condition}\n"
        rules.append(f"{head}    then:\n      {effect}{limit}")
    policy = _POLICY.format(rules="\n".join(rules))
    base = FILES["features.yaml"].decode() + texts + "\n"
    return {**FILES, "features.yaml": base.encode(), "policies/random.yaml": policy.encode()}


_POLICY = """\
policy: random
title: {{en: Random, pt-BR: Aleatória}}
text: {{en: Anything., pt-BR: Qualquer coisa.}}
violation: spam
grounds: {{BR: [contract]}}
rules:
{rules}
examples: []
"""


@st.composite
def streams(draw: st.DrawFn) -> list[dict[str, object]]:
    """Return events of two kinds by few accounts: ties, late ones, missing fields, text of every kind."""
    found: list[dict[str, object]] = []
    minute = 0
    for number in range(draw(st.integers(0, 25))):
        minute += draw(st.sampled_from([0, 0, 1, 9, 10, 11, 60, 1440]))
        shown = max(0, minute - draw(st.sampled_from([0, 0, 0, 5, 700])))
        day, rest = divmod(shown, 1440)
        at = {"id": f"e{number}", "occurred_at": f"2026-01-{1 + day % 28:02}T{rest // 60:02}:{rest % 60:02}:00Z"}
        if draw(st.integers(0, 3)):
            event = {**draw(EVENTS), **at, "kind": "listing.created", "listing_id": draw(st.sampled_from(["l", "m"]))}
        else:
            who = {"id": draw(st.sampled_from(["s", "t"]))}
            event = {**at, "kind": "review.posted", "listing_id": "l", "stars": 1, "reviewer": who}
        found.append(event)
    return found
