"""What the console bears: floods, forged hosts, huge and deep bodies, packs that are bombs, and hostile names."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from tests.small_run import PACK_FILES
from tests.test_api import Caller
from tests.web_fixtures import EVIL, PASSWORD, Console


@pytest.fixture
def api(console: Console) -> Caller:
    """Return a caller that may do everything."""
    from zelo.web.api.keys import forget_keys

    forget_keys()
    return Caller(console.platform.key())


@pytest.fixture(autouse=True)
def _fresh_limits(console: Console) -> Any:
    """Let no test's guesses count against another's."""
    from django.core.cache import cache

    cache.clear()
    yield
    cache.clear()


def test_guessing_passwords_is_slowed_down(console: Console) -> None:
    """After some wrong passwords the right one does not open either, for that address and from that place."""
    client = console.client()
    for number in range(12):
        client.post("/entrance/login/", {"login": "auditor@example.com", "password": f"wrong-{number}-password"})
    answer = client.post("/entrance/login/", {"login": "auditor@example.com", "password": PASSWORD})
    assert answer.status_code in (200, 429) and client.get("/me/").status_code == 302


def test_a_flood_of_calls_is_told_when_to_come_back(console: Console, api: Caller) -> None:
    """Each key has its own rate: one that floods is shed, the others are served."""
    slow = Caller(console.platform.key("read", calls_per_s=2))
    answers = [slow("GET", "/feed") for _ in range(8)]
    status, told, response = answers[-1]
    assert (status, told["error"]["code"]) == (429, "too_many_calls") and int(response.headers["Retry-After"]) >= 1
    assert api("GET", "/feed")[0] == 200


def test_a_forged_host_is_refused(console: Console) -> None:
    """Links that are mailed or shown are never built from a host that a caller made up."""
    from django.conf import settings

    before = settings.ALLOWED_HOSTS
    settings.ALLOWED_HOSTS = ["zelo.example"]
    try:
        for path in ("/entrance/login/", "/", "/entrance/password/reset/"):
            assert console.client().get(path, headers={"host": "evil.example"}).status_code == 400, path
        assert console.client().get("/entrance/login/", headers={"host": "zelo.example"}).status_code == 200
        poisoned = {"host": "zelo.example", "x-forwarded-host": "evil.example"}
        page = console.client("admin").post(
            "/people/", {"email": "new@example.com", "name": "New", "roles": ["reviewer"]}, headers=poisoned
        )
        assert b"http://zelo.example/invited/" in page.content and b"evil.example" not in page.content
    finally:
        settings.ALLOWED_HOSTS = before


def test_huge_forms_are_refused(console: Console) -> None:
    """More fields than any form has, and more bytes than any needs, are refused before they are read through."""
    from django.conf import settings

    client = console.client("commander")
    many = "&".join(f"a{number}=1" for number in range(settings.DATA_UPLOAD_MAX_NUMBER_FIELDS + 1))
    kind = "application/x-www-form-urlencoded"
    assert client.post("/undo/", many, content_type=kind).status_code == 400
    huge = "reason=" + "x" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
    assert client.post("/undo/", huge, content_type=kind).status_code in (400, 413)


@pytest.mark.parametrize("path", ["/events", "/decide", "/undo", "/labels", "/packs", "/endpoints"])
@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b'{"reason": ' + b"9" * 100_000 + b"}",
        b'{"since": 1e999999, "reason": "x"}',
        b'{"reason": "\\ud800"}',
        b"\xff\xfe\x00",
        gzip.compress(b"[" + b" " * 10_000_000 + b"]"),
    ],
    ids=["open", "deep", "digits", "exponent", "surrogate", "binary", "gzip"],
)
def test_json_bombs_are_answered_with_a_code(api: Caller, path: str, body: bytes) -> None:
    """No body makes an operation crash, hang or say anything but what is wrong with it."""
    status, told, _ = api("POST", path, body)
    assert 400 <= status < 500 and told["error"]["code"] != "internal"
    status, told, _ = api("POST", path, body, **{"content-encoding": "gzip"})
    assert 400 <= status < 500 and told["error"]["code"]


def _pack(path: str, content: str) -> dict[str, str]:
    return {**{name: text.decode() for name, text in PACK_FILES.items()}, path: content}


BOMB = "\n".join(["a0: &a0 [x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12))])


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("events.yaml", BOMB),
        ("pack.yaml", "!!python/object/apply:os.system ['touch /tmp/zelo-was-here']"),
        ("pack.yaml", "a: " * 2_000),
        ("events.yaml", "[" * 20_000),
        ("policies/busy.yaml", "policy: x\nrules: " + "- " * 20_000),
        ("lists/replica_words.csv", "value\n" + "\0" * 1_000),
    ],
    ids=["aliases", "object", "colons", "deep", "dashes", "nul"],
)
def test_packs_that_are_bombs_are_rejected_with_diagnostics(api: Caller, path: str, content: str) -> None:
    """Aliases, objects and depth are mistakes like any other, told in a moment."""
    from pathlib import Path

    status, told, _ = api("POST", "/packs", {"files": _pack(path, content)})
    assert status in (400, 422) and told["error"]["code"] in ("pack_rejected", "does_not_fit", "invalid")
    assert not Path("/tmp/zelo-was-here").exists()


@pytest.mark.parametrize(
    "path", ["../../outside.yaml", "/tmp/outside.yaml", "policies/../../outside.yaml", "..\\o.yaml"]
)
def test_a_pack_reaches_no_file_outside_itself(console: Console, api: Caller, path: str) -> None:
    """A path that leads elsewhere is no file of the pack: it is not kept, and nothing is written."""
    before = sorted(place for place in console.platform.home.parent.rglob("*"))
    status, told, _ = api("POST", "/packs", {"files": _pack(path, "policy: evil")})
    if status == 200:
        kept = console.value("SELECT files::text FROM zelo_pack_version WHERE id = %s", told["id"])
        assert "evil" not in kept and "outside" not in kept
    else:
        assert status == 422
    assert sorted(place for place in console.platform.home.parent.rglob("*")) == before


def test_hostile_names_come_out_as_text_wherever_they_are_shown(console: Console, api: Caller) -> None:
    """Names of keys, people, endpoints and labels, reasons and queries are text on every page that shows them."""
    import uuid
    from urllib.parse import quote

    from tests.platform_fixtures import NOW
    from zelo.people.flows import SYSTEM, issue_key
    from zelo.people.tables import Person
    from zelo.worker.acts import set_label

    name = EVIL[:60]
    issue_key(name, scopes=("read",), prefix="evilkey1", secret="s" * 32, actor=SYSTEM, now=NOW)
    Person.objects.filter(email="spare@example.com").update(first_name=name)
    api("POST", "/endpoints", {"name": name, "url": f"https://x.example/{quote(EVIL)}"})
    set_label(
        entity_kind="account", entity=EVIL, label=name, change="add", until=None, actor=SYSTEM, now=NOW, reason=EVIL,
        ident=uuid.uuid4(),
    )  # fmt: skip
    console.platform.work()
    effect = console.value("SELECT max(id) FROM zelo_effect WHERE entity = %s", EVIL)
    assert api("POST", "/undo", {"effects": [str(effect)], "reason": EVIL})[0] == 200
    account = f"/accounts/account/{quote(EVIL, safe='')}/"
    spare = f"/people/{console.people['spare'].pk}/"
    shown = 0
    for role, page in (
        ("admin", "/keys/"), ("admin", "/people/"), ("admin", spare), ("admin", "/personal/"), ("admin", "/packs/"),
        ("commander", account), ("commander", "/undo/"), ("commander", "/audit/?all=1"), ("admin", "/personal/holds/"),
        ("commander", f"/explorer/?entity={quote(EVIL)}&days=365"), ("admin", f"/personal/{console.request}/"),
    ):  # fmt: skip
        answer = console.client(role).get(page)
        text = answer.content.decode()
        assert answer.status_code == 200, page
        assert "<script>alert" not in text and "<img src=x" not in text and "{{49}}" not in text, page
        shown += "&lt;script&gt;alert(1)" in text
    assert shown >= 8


def test_who_is_shut_out_is_out_at_once_and_stays_out(console: Console) -> None:
    """Every session ends with the account: letting the person in again opens none of the old ones."""
    from zelo.people.tables import Person

    victim = Person.objects.create(email="shut@example.com", username="shut@example.com", roles=["auditor"])
    console.people["shut"] = victim
    sessions = [console.client("shut"), console.client("shut")]
    assert all(client.get("/audit/").status_code == 200 for client in sessions)
    admin = console.client("admin")
    page, form = f"/people/{victim.pk}/", {"roles": ["", "auditor"], "markets": "BR"}
    assert admin.post(page, {**form, "active": "no"}).status_code == 302
    assert all(client.get("/audit/").status_code == 302 for client in sessions)
    assert admin.post(page, {**form, "active": "yes"}).status_code == 302
    assert all(client.get("/audit/").status_code == 302 for client in sessions)
    ended = "SELECT details->>'sessions_ended' FROM zelo_audit WHERE action = 'person.change' AND object_id = %s"
    assert [row[0] for row in console.platform.rows(ended, str(victim.pk))] == ["2", None]


@pytest.mark.parametrize(
    "given", [{}, {"roles": "auditor"}, {"roles": "auditor", "markets": ""}, {"markets": "", "active": "yes"},
              {"roles": ["auditor", "emperor"], "markets": "", "active": "yes"},
              {"roles": "auditor", "markets": "", "active": "perhaps"}],
)  # fmt: skip
def test_what_is_not_said_is_not_taken_from_a_person(console: Console, given: dict[str, Any]) -> None:
    """A request that leaves a field out, or says something else in it, is refused and changes nothing."""
    spare = console.people["spare"]
    before = console.platform.rows("SELECT roles, markets, is_active FROM zelo_person WHERE id = %s", spare.pk)
    assert console.client("admin").post(f"/people/{spare.pk}/", given).status_code == 400
    assert console.platform.rows("SELECT roles, markets, is_active FROM zelo_person WHERE id = %s", spare.pk) == before


def test_a_rotated_key_ends_with_its_overlap_and_keeps_its_scopes(console: Console) -> None:
    """Both keys hold for a day, then the new one alone, with what the old one might and no more."""
    from datetime import timedelta

    from tests.platform_fixtures import NOW
    from zelo.base.errors import Conflict
    from zelo.people.flows import SYSTEM, issue_key, rotate_key, valid_key

    old = issue_key("r", scopes=("read",), prefix="rotated1", secret="s" * 32, actor=SYSTEM, now=NOW, calls_per_s=7)
    new = rotate_key(old.id, prefix="rotated2", secret="t" * 32, actor=SYSTEM, now=NOW)
    found, after = valid_key(new.key, NOW), NOW + timedelta(days=1)
    assert found is not None and (found.scopes, found.calls_per_s, found.replaces_id) == (["read"], 7, old.id)
    assert valid_key(old.key, after - timedelta(seconds=1)) is not None and valid_key(old.key, after) is None
    assert valid_key(new.key, after) is not None and valid_key(old.key[:-1], NOW) is None
    with pytest.raises(Conflict):
        rotate_key(old.id, prefix="rotated3", secret="u" * 32, actor=SYSTEM, now=after)
    caller = Caller(new.key)
    assert caller("GET", "/feed")[0] == 200 and caller("POST", "/events", [])[0] == 403
    assert "s" * 32 not in json.dumps(console.platform.rows("SELECT row_to_json(k)::text FROM zelo_api_key k"))


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
     "::1", "::", "fe80::1%eth0", "fc00::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "ff02::1"],
)  # fmt: skip
def test_no_private_address_passes_for_a_public_one(address: str) -> None:
    """However it is written: mapped, translated or tunnelled, a webhook does not go there."""
    from zelo.worker.relay import is_public

    assert not is_public(address)
    assert is_public("93.184.216.34") and is_public("2606:2800:220:1::1") and is_public("64:ff9b::5db8:d822")
