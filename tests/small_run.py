"""A small pack and a small stream of events for tests of runs and of the command line."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

from tests.base_pack import FILES

POLICY = b"""\
policy: busy
title: {en: Busy, pt-BR: Movimento}
text: {en: Not too much at once., pt-BR: Nada demais de uma vez.}
violation: spam
grounds: {BR: [contract]}
rules:
  - rule: bulk
    on: listing.created
    when: features.listings_24h >= 2
    then:
      - add_label: {label: bulk, for: 12h}
      - open_case: {queue: bulk, priority: features.listings_24h * 2}
    daily_limit: 40
  - rule: cheap_in_bulk
    on: listing.created
    when: '"bulk" in actor.labels && event.price < features.average_price_30d'
    then:
      - remove_content: too_cheap
  - rule: many
    on: listing.created
    when: event.quantity > 50
    then:
      - notify: many
  - rule: unloved
    on: review.posted
    when: event.stars == 1 && features.stars_7d > 1
    then:
      - charge: spam
notices:
  many: {en: That is a lot., pt-BR: "Isso \xc3\xa9 muito."}
examples:
  - name: {en: the third listing of a day, pt-BR: o terceiro an\xc3\xbancio do dia}
    given:
      history: [{kind: listing.created, ago: 2h, times: 2, every: 1h, listing_id: l, price: 1.0, seller: {id: s}}]
      event: {kind: listing.created, listing_id: l, price: 2.0, quantity: 1, seller: {id: s}}
    fires: [bulk]
"""
PACK_FILES = {**FILES, "policies/busy.yaml": POLICY}
MAPPING = b"""\
SELECT 'listing.created' AS kind, 'row-' || id AS event_id, time AS occurred_at, seller AS "seller.id",
       listing AS listing_id, price
FROM listings
"""


def write_pack(folder: Path, **changes: bytes) -> Path:
    """Write the pack, with the changed files (`policies__busy` for `policies/busy.yaml`) in place of its own."""
    files = dict(PACK_FILES)
    files.update({name.replace("__", "/") + ".yaml": content for name, content in changes.items()})
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def stream(count: int, seed: int = 1) -> list[dict[str, object]]:
    """Return events of two kinds by a few sellers over some days: ties, late ones and missing fields among them."""
    rng = Random(seed)
    minute, events = 0, []
    for number in range(count):
        minute += rng.choice([0, 0, 1, 7, 60])
        shown = max(0, minute - (rng.randrange(600) if rng.random() < 0.05 else 0))
        day, rest = divmod(shown, 1440)
        at = f"2026-01-{1 + day:02}T{rest // 60:02}:{rest % 60:02}:00Z"
        ident, listing = f"e{number}", f"l{rng.randrange(9)}"
        if rng.random() < 0.7:
            event: dict[str, object] = {
                "id": ident,
                "kind": "listing.created",
                "occurred_at": at,
                "listing_id": listing,
            }
            event |= {"seller": {"id": f"s{rng.randrange(5)}"}, "price": rng.randrange(1, 40) / 2, "title": "réplica"}
            if rng.random() < 0.6:
                event["quantity"] = rng.randrange(60)
        else:
            event = {"id": ident, "kind": "review.posted", "occurred_at": at, "listing_id": listing}
            event |= {"reviewer": {"id": f"r{rng.randrange(9)}"}, "stars": rng.randrange(1, 6)}
        events.append(event)
    return events


def write_stream(path: Path, count: int, seed: int = 1) -> Path:
    """Write a stream as JSON Lines, with a broken line and a repeated id in it."""
    lines = [json.dumps(event, ensure_ascii=False) for event in stream(count, seed)]
    lines.insert(count // 2, "{broken")
    lines.append(lines[0])
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
