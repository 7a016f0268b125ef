"""Personal data: exported whole, erased everywhere, kept under a legal hold, gone when its time is over."""

from __future__ import annotations

import json
import zlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.platform_fixtures import NOW, Platform
from tests.small_run import PACK_FILES, stream
from zelo.adapters.lake_store import lake_store

WHO = "seller-maria-57"
EMAIL = "maria.da.silva@example.com"
TITLE = "Bolsa da Maria"
OTHER = "joao@example.com"
FEATURES = """
  last_email:
    {title: {en: E, pt-BR: E}, aggregate: last, of: listing.created, value: event.seller.email, by: target,
     window: forever}
  first_title:
    {title: {en: T, pt-BR: T}, aggregate: first, of: listing.created, value: event.title, by: target, window: 300d}
  sellers:
    {title: {en: S, pt-BR: S}, aggregate: distinct, of: listing.created, value: event.seller.id, by: target, window: 9d}
  by_email: {title: {en: B, pt-BR: B}, aggregate: count, of: listing.created, by: event.seller.email, window: 300d}
"""
RULE = """\
  - rule: seen
    on: listing.created
    when: >-
      features.last_email != "" && features.first_title != "" && features.sellers > 0 && features.by_email >= 0
    then:
      - open_case: {queue: seen}
"""


def pack_files() -> dict[str, bytes]:
    """Return a pack whose features hold texts of people, and whose decisions saw them."""
    files = dict(PACK_FILES)
    files["events.yaml"] = files["events.yaml"].replace(b"title: string", b"title: {type: string, personal: free_text}")
    files["features.yaml"] += FEATURES.encode()
    files["policies/busy.yaml"] = files["policies/busy.yaml"].replace(b"notices:", RULE.encode() + b"notices:")
    return files


def events(count: int) -> list[dict[str, Any]]:
    """Return a stream in which one seller has an email, titles of their own, and ids of events made of theirs."""
    found: list[dict[str, Any]] = json.loads(json.dumps(stream(count)))
    for number, event in enumerate(found):
        seller = event.get("seller")
        if seller == {"id": "s3"}:
            event |= {"id": f"{WHO}:{number}", "seller": {"id": WHO, "email": EMAIL}, "title": TITLE}
        elif seller is not None:
            seller["email"] = OTHER
    return found


def everything(platform: Platform) -> dict[str, bytes]:
    """Return all bytes that are kept, by place: each row of each table, each file; what is compressed is opened."""
    found = {}
    tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    for (table,) in platform.rows(tables):
        rows = platform.rows(f"SELECT x::text FROM {table} x")
        found[table] = "\n".join(row[0] for row in rows).encode()
    binary = "SELECT table_name, column_name FROM information_schema.columns WHERE data_type = 'bytea'"
    for table, column in platform.rows(f"{binary} AND table_schema = 'public'"):
        parts = [bytes(row[0]) for row in platform.rows(f"SELECT {column} FROM {table} WHERE {column} IS NOT NULL")]
        found[f"{table}.{column}"] = b"".join(parts) + b"".join(map(_opened, parts))
    for path in Path(platform.home.parent).rglob("*"):
        if path.is_file():
            found[str(path)] = path.read_bytes() + (_parquet(path) if path.suffix == ".parquet" else b"")
    return found


def _opened(data: bytes) -> bytes:
    try:
        return zlib.decompress(data)
    except zlib.error:
        return b""


def _parquet(path: Path) -> bytes:
    import pyarrow.parquet as pq

    return str(pq.read_table(path).to_pylist()).encode()


def places(platform: Platform, *texts: str) -> list[str]:
    """Return where one of some texts still stands."""
    return [place for place, data in everything(platform).items() if any(text.encode() in data for text in texts)]


def asked(what: str, platform: Platform, entity: str = WHO) -> Any:
    """Have something done about an entity, by a worker; return the request."""
    from zelo.people.flows import SYSTEM
    from zelo.worker.personal.requests import ask

    made = ask(what, "account", entity, reason=f"{entity} asked for it", actor=SYSTEM, now=NOW)
    platform.work()
    made.refresh_from_db()
    return made


def filled(platform: Platform) -> list[dict[str, Any]]:
    """Bring events, and name the person in every other place that there is; return the events to come."""
    import uuid

    from zelo.deliver.tables import Endpoint
    from zelo.people.flows import SYSTEM
    from zelo.worker.acts import set_label, write_note
    from zelo.worker.personal.requests import hold, release

    found = events(200)
    Endpoint.objects.create(name="x", url="https://example.com", created_at=NOW, created_by="t")
    platform.activate(pack_files())
    broken = {"id": "broken", "kind": "listing.created", "occurred_at": "2026-01-09T00:00:00Z", "seller": {"id": WHO}}
    platform.bring([*found[:150], broken])
    set_label(
        entity_kind="account", entity=WHO, label="vip", change="add", until=None, actor=SYSTEM, now=NOW,
        reason=f"{WHO} is known", ident=uuid.uuid4(),
    )  # fmt: skip
    write_note(object_kind="account", object_id=WHO, text=f"{EMAIL} wrote", actor=SYSTEM, now=NOW)
    write_note(object_kind="decision", object_id="1", text=f"see {WHO}", actor=SYSTEM, now=NOW)
    release(
        hold("account", WHO, reason=f"case of {WHO}", actor=SYSTEM, now=NOW).pk, reason="over", actor=SYSTEM, now=NOW
    )
    platform.work()
    return found[150:]


def test_an_erased_person_is_nowhere_and_everything_still_adds_up(platform: Platform) -> None:
    """All bytes of tables, snapshots and files know a pseudonym only; others keep theirs, and deciding goes on."""
    from zelo.people.flows import pseudonym, verify
    from zelo.worker.lake import check_digest, stretches

    later = filled(platform)
    kept = places(platform, WHO, EMAIL, TITLE)
    tables = {
        "zelo_event",
        "zelo_decision",
        "zelo_effect",
        "zelo_message",
        "zelo_label",
        "zelo_note",
        "zelo_legal_hold",
    }
    assert tables <= set(kept) and "zelo_snapshot.data" in kept and "zelo_dead_letter.raw" in kept
    assert sum(path.endswith(".parquet") for path in kept) > 3
    assert not [place for place in kept if place.startswith("zelo_audit")]
    effects = platform.value("SELECT count(*) FROM zelo_effect WHERE entity = %s", WHO)
    done = asked("erase", platform)
    assert done.state == "done" and done.counts["lake"] == done.counts["zelo_event"] - 1 > 20
    assert places(platform, WHO, EMAIL, TITLE) == []
    assert len(places(platform, OTHER)) > 5
    other = pseudonym(WHO)
    assert platform.value("SELECT count(*) FROM zelo_effect WHERE entity = %s", other) == effects > 0
    assert platform.value("SELECT present FROM zelo_label WHERE entity = %s AND label = 'vip'", other)
    assert platform.value("SELECT subject_digest FROM zelo_erasure WHERE id = %s", done.certificate) == other
    assert verify()[1] == []
    found = stretches()
    assert found and all(check_digest(*place, digest) for place, digest in found.items())
    platform.bring(later)
    platform.work()
    assert platform.value("SELECT count(*) FROM zelo_decision") == 200


def test_what_comes_after_an_erasure_can_be_erased_again(platform: Platform) -> None:
    """A person who comes back is new data; erasing them again joins both under the one pseudonym."""
    later = filled(platform)
    asked("erase", platform)
    platform.bring(later)
    platform.work()
    assert "zelo_event" in places(platform, WHO)
    assert asked("erase", platform).state == "done"
    assert places(platform, WHO, EMAIL, TITLE) == []


def test_an_export_holds_what_is_theirs_and_nothing_of_others(platform: Platform) -> None:
    """Each event once, from log or lake; rows by table; the export ends by itself, and reading it is on record."""
    from zelo.base.errors import NotFound
    from zelo.people.flows import SYSTEM
    from zelo.worker.personal.requests import advance, fetch

    filled(platform)
    made = asked("export", platform)
    told = json.loads(fetch(made.pk, actor=SYSTEM, now=NOW))
    mine = [event for event in events(150) if event.get("seller", {}).get("id") == WHO]
    assert sorted(event["event_id"] for event in told["event"]) == sorted(event["id"] for event in mine)
    assert all(event["seller.email"] == EMAIL for event in told["event"])
    assert told["note"][0]["text"] == f"{EMAIL} wrote" and told["label"] and told["decision"]
    assert OTHER not in json.dumps(told)
    assert platform.value("SELECT count(*) FROM zelo_audit WHERE action = 'personal_data.export'") == 1
    with pytest.raises(NotFound):
        fetch(made.pk, actor=SYSTEM, now=NOW + timedelta(days=8))
    advance(platform.lake, now=NOW + timedelta(days=8))
    assert platform.value("SELECT data FROM zelo_personal_request") is None


def test_of_an_event_with_two_people_each_has_their_part(platform: Platform) -> None:
    """A field beside an id is that person's; one that stands beside none is the actor's."""
    from zelo.worker.personal.fields import flat, marks_for

    events_yaml = PACK_FILES["events.yaml"].replace(
        b"actor: {entity: account, id: reviewer.id}",
        b"actor: {entity: account, id: reviewer.id}\n      seller: {entity: account, id: seller.id}",
    ).replace(
        b"      stars: {type: int", b"      seller: {type: object, fields: {id: string, phone: {type: string,"
        b" personal: phone}}}\n      stars: {type: int",
    ).replace(b"      text: string", b"      text: {type: string, personal: free_text}")  # fmt: skip
    platform.activate({**PACK_FILES, "events.yaml": events_yaml})
    marks = marks_for("account")["review.posted"]
    body = {"reviewer": {"id": "r"}, "seller": {"id": "s", "phone": "11 5555"}, "text": "bad", "listing_id": "l"}
    assert marks.belong(flat(body), "r") == [("text",)]
    assert marks.belong(flat(body), "s") == [("seller", "phone")]
    assert marks.belong(flat(body), "l") == []


def test_under_a_legal_hold_nothing_is_erased(platform: Platform) -> None:
    """A hold stands above the wish to be forgotten, and its reason is told; once lifted, erasing goes on."""
    from zelo.base.errors import Conflict
    from zelo.people.flows import SYSTEM
    from zelo.worker.personal.requests import ask, hold, release

    filled(platform)
    waiting = ask("erase", "account", WHO, reason="asked", actor=SYSTEM, now=NOW)
    placed = hold("account", WHO, reason="court order 17", actor=SYSTEM, now=NOW)
    platform.work()
    waiting.refresh_from_db()
    assert waiting.state == "refused" and waiting.params["reason"] == "court order 17"
    with pytest.raises(Conflict, match="legal hold"):
        ask("erase", "account", WHO, reason="asked again", actor=SYSTEM, now=NOW)
    assert "zelo_event" in places(platform, EMAIL)
    release(placed.pk, reason="judged", actor=SYSTEM, now=NOW)
    assert asked("erase", platform).state == "done"
    assert places(platform, WHO, EMAIL, TITLE) == []
    actions = {row[0] for row in platform.rows("SELECT action FROM zelo_audit")}
    assert {"legal_hold.place", "legal_hold.lift", "personal_data.ask_erase", "personal_data.erase"} <= actions


def test_a_ledger_goes_on_under_the_pseudonym() -> None:
    """The engine's entries of an account, and the ids of events in them, are renamed with it."""
    from zelo.health.ledger import Entry
    from zelo.health.live import Accounts

    accounts = Accounts({})
    accounts._ledgers["account"] = {WHO: [Entry(f"{WHO}:1:spam", "violation", 1, WHO, "spam", decision=f"{WHO}:1")]}
    accounts.rename("account", WHO, "anon-1")
    accounts.reword({f"{WHO}:1": "anon-1:1"})
    assert WHO not in str(accounts.dump()) and accounts.dump()["account"][0][1][0]["id"] == "anon-1:1:spam"


def test_what_is_old_goes_when_its_time_is_over(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log keeps what a snapshot still needs; the lake keeps each kind for as long as is said, or a hold wants."""
    from zelo.people.tables import LegalHold
    from zelo.worker.retention import expire, prune_log

    platform.activate()
    platform.bring(stream(80))
    platform.work()
    assert prune_log(now=NOW) == 0
    monkeypatch.setenv("ZELO_RETENTION", "review.posted=10")
    reviews = platform.value("SELECT count(*) FROM zelo_event WHERE kind = 'review.posted'")
    assert prune_log(now=NOW + timedelta(days=11)) == reviews > 0
    assert prune_log(now=NOW + timedelta(days=60)) > 0
    platform.bring(stream(100)[80:])
    platform.work()
    assert platform.value("SELECT count(*) FROM zelo_decision") == 100
    files = platform.value("SELECT count(*) FROM zelo_lake_file WHERE kind = 'review.posted'")
    held = LegalHold.objects.create(entity_kind="account", entity="s1", reason="c", placed_by="t", placed_at=NOW)
    assert expire(lake_store(platform.lake), now=NOW) == 0
    held.delete()
    assert expire(lake_store(platform.lake), now=NOW) == files > 0
    assert platform.value("SELECT count(*) FROM zelo_lake_file WHERE kind = 'listing.created'") > 0
