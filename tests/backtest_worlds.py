"""A small history, two versions of a small pack with an outcome, and the plain recount of what a backtest says."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from tests.small_run import PACK_FILES, write_stream
from zelo.adapters.lake import Lake
from zelo.adapters.stage import Limits
from zelo.adapters.translation import translator
from zelo.backtest.assembly import Question
from zelo.backtest.figures import Figures
from zelo.backtest.flows import Backtest, Sweep, run_backtest
from zelo.backtest.report.tongue import Tongue
from zelo.base.source import Report
from zelo.cli.engines import engine_named
from zelo.decide.decision import Decision
from zelo.decide.flows import import_source
from zelo.decide.logic import Engine
from zelo.events.decode import Decoder, Event
from zelo.policy.load_pack import load_pack
from zelo.policy.pack import Pack

POLICY = b"""\
policy: busy
title: {en: Busy, pt-BR: Movimento}
text: {en: Not too much at once., pt-BR: Nada demais de uma vez.}
violation: spam
grounds: {BR: [contract]}
constants: {most: 2, pieces: 50, cheap: 8.0}
rules:
  - rule: bulk
    on: listing.created
    when: features.listings_24h >= constants.most
    then:
      - add_label: {label: bulk, for: 12h}
      - open_case: {queue: bulk, priority: features.listings_24h * 2}
    daily_limit: 40
  - rule: cheap_in_bulk
    on: listing.created
    when: '"bulk" in actor.labels && event.price < constants.cheap'
    then:
      - remove_content: too_cheap
  - rule: many
    on: listing.created
    when: event.quantity > constants.pieces || event.price > 19.0
    then:
      - restrict_account: {scope: publish, for: 6h}
  - rule: unloved
    on: review.posted
    when: event.stars == 1 && features.stars_7d > 1
    then:
      - charge: spam
examples: []
"""
OUTCOMES = b"""\
outcomes:
  panned_within_2_days:
    title: {en: panned within 2 days, pt-BR: mal avaliado em 2 dias}
    of: review.posted
    where: event.stars <= 2
    by: target
    within: 2d
  confirmed:
    title: {en: confirmed by people, pt-BR: confirmado por pessoas}
    file: labels/confirmed.csv
    by: event
"""
WITHIN_MS = 2 * 86_400_000
FILES = {**PACK_FILES, "policies/busy.yaml": POLICY, "outcomes.yaml": OUTCOMES}
STRICTER = {**FILES, "policies/busy.yaml": POLICY.replace(b"most: 2", b"most: 4").replace(b"daily_limit: 40", b"")}
TONGUES = {language: Tongue(language, translator(language)) for language in ("en", "pt-BR")}


def loaded(files: dict[str, bytes]) -> Pack:
    """Return a pack; its mistakes fail the test."""
    report = Report()
    pack = load_pack(files, report)
    assert pack is not None, [(d.code, d.span.line) for d in report.diagnostics]
    return pack


def write_pack(folder: Path, files: dict[str, bytes]) -> Path:
    """Write the files of a pack."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def lake(folder: Path, count: int = 900, seed: int = 3) -> Path:
    """Make a lake of a stream of events."""
    folder.mkdir(parents=True, exist_ok=True)
    source = write_stream(folder / "events.jsonl", count, seed)
    out = folder / "lake"
    import_source(loaded(FILES), source, out, now_us=None, fresh=True, limits=Limits(), progress=silent)
    return out


def silent(what: str, done: int, total: int) -> None:
    """Tell nobody."""


def job(source: Path, out: Path, *, engine: str = "online", fresh: bool = False, **asked: Any) -> Backtest:
    """Return a backtest of the small pack."""
    question = Question(pack=loaded(FILES), named="packs/busy", files=FILES, outcome="panned_within_2_days")
    return Backtest(
        question=replace(question, **asked),
        source=source,
        out=out,
        engine=engine_named(engine, "1GB"),
        now_us=None,
        fresh=fresh,
        tongues=TONGUES,
    )


def against(files: dict[str, bytes] = STRICTER) -> dict[str, Any]:
    """Return what makes a backtest compare with another version."""
    return {"old": loaded(files), "old_named": "before", "old_files": files}


def backtest(source: Path, out: Path, **asked: Any) -> Figures:
    """Run one and return its figures."""
    return run_backtest(job(source, out, **asked), silent)


def sweep(source: Path, rule: str, constant: str, **asked: Any) -> Sweep:
    """Return a sweep of the small pack."""
    made = job(source, source.with_name("unused"), **asked)
    return Sweep(made.question, rule, constant, source, None, made.engine, None, tongues=TONGUES)


def same_figures(one: Figures, other: Figures) -> bool:
    """Say whether two backtests say the same, whatever engine they used."""
    return msgspec.json.encode(msgspec.structs.replace(one, engine="")) == msgspec.json.encode(
        msgspec.structs.replace(other, engine="")
    )


# --- the plain recount


@dataclass(frozen=True)
class Seen:
    """One event with its decision."""

    order_key: int
    event: Event
    decision: Decision

    @property
    def ms(self) -> int:
        """Return its effective time."""
        return self.order_key >> 20

    @property
    def target(self) -> str:
        """Return the listing it is about."""
        return str(self.event.listing_id)  # type: ignore[attr-defined]


def decided(source: Path, pack: Pack) -> list[Seen]:
    """Decide every event of a lake, one after another."""
    engine = Engine(pack)
    rows = [row for batch in Lake(source, Decoder(pack.kinds)).read() for row in batch]
    return [Seen(order_key, event, engine.decide(event, order_key)) for order_key, event in rows]


def came_true(events: list[Seen], at: Seen) -> tuple[str, int | None]:
    """Return what an event's outcome is (`yes`, `no`, `cut`) and how long after it came, looking at every later one."""
    if at.ms + WITHIN_MS > events[-1].ms:
        return "cut", None
    for later in events:
        if later.order_key > at.order_key and later.target == at.target and later.ms - at.ms <= WITHIN_MS:
            if later.decision.kind == "review.posted" and later.event.stars <= 2:  # type: ignore[attr-defined]
                return "yes", later.ms - at.ms
    return "no", None
