"""A small valid pack that tests lay their cases over; it loads without error or warning."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import dedent

PACK = """\
pack: base
title: {en: Base, pt-BR: Base}
language_version: "1"
markets: [BR]
languages: [en, pt-BR]
owners: [policy-br]
time_zone: America/Sao_Paulo
clock_skew: 5m
"""

EVENTS = """\
entities:
  account: {title: {en: Account, pt-BR: Conta}}
  listing: {title: {en: Listing, pt-BR: Anúncio}}
  device: {title: {en: Device, pt-BR: Aparelho}}
kinds:
  listing.created:
    title: {en: Listing created, pt-BR: Anúncio criado}
    roles:
      actor: {entity: account, id: seller.id}
      target: {entity: listing, id: listing_id}
      device: {entity: device, id: device_id}
    fields:
      seller:
        type: object
        required: true
        fields:
          id: {type: string, required: true}
          created_at: timestamp
          email: {type: string, personal: email}
      listing_id: {type: string, required: true}
      device_id: string
      title: string
      description: string
      price: {type: double, required: true}
      quantity: int
      tags: {type: list, items: string}
      attributes: {type: map, values: string}
      sponsored: bool
      ships_within: duration
  review.posted:
    title: {en: Review posted, pt-BR: Avaliação publicada}
    roles:
      actor: {entity: account, id: reviewer.id}
      target: {entity: listing, id: listing_id}
    fields:
      reviewer:
        type: object
        required: true
        fields:
          id: {type: string, required: true}
      listing_id: {type: string, required: true}
      stars: {type: int, required: true}
      text: string
"""

FEATURES = """\
features:
  listings_24h:
    title: {en: Listings in 24 hours, pt-BR: Anúncios em 24 horas}
    aggregate: count
    of: listing.created
    by: actor
    window: 24h
  average_price_30d:
    title: {en: Average price in 30 days, pt-BR: Preço médio em 30 dias}
    aggregate: avg
    of: listing.created
    value: event.price
    by: actor
    window: 30d
  stars_7d:
    title: {en: Reviews in 7 days, pt-BR: Avaliações em 7 dias}
    aggregate: count
    of: review.posted
    by: target
    window: 7d
"""

POLICY = """\
policy: base
title: {en: Base, pt-BR: Base}
text:
  en: You may not offer replicas.
  pt-BR: É proibido oferecer réplicas.
violation: counterfeit
severity: medium
grounds: {BR: [lei-9279-1996-art-190]}
constants: {most: 5}
rules:
  - rule: many_replicas
    on: listing.created
    when: |
      event.title.folded().hasAnyWord(lists.replica_words) &&
      !(event.description in lists.trusted_domains) &&
      features.listings_24h >= constants.most && features.average_price_30d < 10.0
    then:
      - add_label: suspected
  - rule: reviewed_in_bulk
    on: review.posted
    when: |
      features.stars_7d > 100 && !("suspected" in actor.labels)
    then:
      - open_case: {queue: reviews}
examples:
  - name: {en: one quiet listing, pt-BR: um anúncio sem nada de mais}
    given:
      event: {kind: listing.created, listing_id: l1, price: 20.0, title: a chair, seller: {id: s1}}
    fires: []
  - name: {en: a sixth cheap replica in a day, pt-BR: a sexta réplica barata em um dia}
    given:
      features: {listings_24h: 5, average_price_30d: 9.0}
      event: {kind: listing.created, listing_id: l1, price: 9.0, title: replica, description: new, seller: {id: s1}}
    fires: [many_replicas]
  - name: {en: reviews in bulk, pt-BR: avaliações em massa}
    given:
      features: {stars_7d: 101}
      event: {kind: review.posted, listing_id: l1, stars: 5, reviewer: {id: r1}}
    fires: [reviewed_in_bulk]
"""

FILES: Mapping[str, bytes] = {
    "pack.yaml": PACK.encode(),
    "events.yaml": EVENTS.encode(),
    "features.yaml": FEATURES.encode(),
    "lists/replica_words.csv": b"value\nreplica\nprimeira linha\n",
    "lists/trusted_domains.yaml": b"list:\n  values: [example.com, example.org]\n",
    "policies/base.yaml": POLICY.encode(),
}
"""Path inside the pack to content."""

_CASE = """\
policy: case
title: {en: Case, pt-BR: Caso}
text: {en: A case., pt-BR: Um caso.}
violation: spam
grounds: {BR: [contract]}
CONSTANTS
rules:
  - rule: a_case
    on: KIND
    when: |
CONDITION
    then:
      - open_case: {queue: cases}
examples:
  - name: {en: A case, pt-BR: Um caso}
    given:
      event: {kind: KIND, EVENT}
    fires: [a_case]
"""
_EVENTS = {
    "listing.created": "listing_id: l1, price: 9.0, seller: {id: s1}",
    "review.posted": "listing_id: l1, stars: 5, reviewer: {id: r1}",
}
_CONSTANTS = {"min_listings": "5", "max_age": "720h", "brands": "[acme, globex]", "limit": "10.5"}
CASE_PATH = "policies/case.yaml"
CASE_INDENT = 6
"""Columns by which a condition is set in inside its policy file."""


def with_condition(condition: str, kind: str = "listing.created") -> tuple[Mapping[str, bytes], int]:
    """Return the base pack with one more policy that holds the condition, and the line before the condition's first."""
    used = {name: value for name, value in _CONSTANTS.items() if f"constants.{name}" in condition}
    lines = dedent(condition).rstrip("\n").split("\n")
    body = "\n".join(" " * CASE_INDENT + line if line.strip() else "" for line in lines)
    constants = "".join(f"  {name}: {value}\n" for name, value in used.items())
    text = _CASE.replace("CONSTANTS\n", f"constants:\n{constants}" if used else "")
    text = text.replace("KIND", kind).replace("EVENT", _EVENTS[kind])
    before = text[: text.index("CONDITION")].count("\n")
    return {**FILES, CASE_PATH: text.replace("CONDITION", body).encode()}, before
