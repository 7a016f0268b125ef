"""The permission matrix holds at every address and method, and what is foreign is not there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.places import REPOSITORY
from tests.web_fixtures import SECRET, Console

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
OPEN = {"language", "invited"}
"""Names of addresses for people who are not logged in."""
FOREIGN = (
    "decision", "decision-undo", "decision-note", "account", "account-label", "account-note", "policies-pack",
    "policies-changes", "policies-policy", "policies-schedule", "personal-request", "personal-fetch",
)  # fmt: skip


def addresses(console: Console) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield name, address and permissions by method of every page of the console."""
    from django.urls import reverse

    from zelo.web.console import urlpatterns

    given = {
        "decision_id": console.decision, "kind": "account", "ident": "S05", "pack": "br_social_commerce",
        "policy": "counterfeit_goods", "schedule": "none", "letter_id": console.letter,
        "person_id": console.people["spare"].pk, "token": "forged", "request_id": console.request,
    }  # fmt: skip
    for pattern in urlpatterns:
        arguments = {name: given[name] for name in pattern.pattern.converters}
        yield pattern.name, reverse(pattern.name, kwargs=arguments), pattern.callback.permissions


def test_every_address_says_who_may(console: Console) -> None:
    """Every address says who may."""
    found = list(addresses(console))
    assert len(found) > 25
    for name, _, permissions in found:
        assert permissions, name
        assert name in OPEN or all(permissions.values()), name


@pytest.mark.slow
def test_each_role_may_exactly_what_the_matrix_says(console: Console) -> None:
    """Each role may exactly what the matrix says."""
    from zelo.web.permissions import HOLDERS, ROLES

    wrong, looked = [], 0
    for role in ROLES:
        client = console.client(role)
        for name, address, permissions in addresses(console):
            if name in OPEN:
                continue
            for method in METHODS:
                status = client.generic(method, address, content_type="application/x-www-form-urlencoded").status_code
                needed = permissions.get(method)
                expected = needed is not None and role in HOLDERS[needed]
                refused = status == 405 if needed is None else status == 403
                looked += 1
                if expected == refused or status >= 500:
                    wrong.append((role, method, name, status))
    assert looked > 1000
    assert wrong == []


def test_who_is_not_logged_in_is_led_to_log_in(console: Console) -> None:
    """Who is not logged in is led to log in."""
    client = console.client()
    for name, address, _ in addresses(console):
        if name not in OPEN:
            answer = client.get(address)
            assert answer.status_code == 302 and answer["Location"].startswith("/entrance/login/?next="), name
            part = client.get(address, headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/sources/"})
            assert part["HX-Redirect"] == "/entrance/login/?next=%2Fsources%2F", name


def test_what_another_market_governs_is_not_there(console: Console) -> None:
    """A person who may do everything, but elsewhere."""
    client = console.client("elsewhere")
    looked = 0
    for name, address, permissions in addresses(console):
        if name in FOREIGN:
            for method in permissions:
                wanted = {"effect": "1", "reason": "r", "text": "t", "label": "l"}
                answer = client.get(address) if method in ("GET", "HEAD") else client.post(address, wanted)
                redirected = name.endswith(("-note", "-label")) and method in ("GET", "HEAD")
                assert answer.status_code == (302 if redirected else 404), (name, method, answer.status_code)
                looked += 1
    assert looked >= 12
    assert b"br_social_commerce" not in client.get("/policies/").content
    assert b"S05" not in client.get("/accounts/?q=S0").content
    assert b"order.delivered" not in client.get("/").content
    assert client.get("/explorer/").status_code == 200
    assert client.post("/undo/", {"kind": "charge", "reason": "r"}).status_code == 404
    version = console.value("SELECT max(id) FROM zelo_pack_version")
    assert client.post("/packs/", {"version": version, "reason": "r"}).status_code == 404


def test_no_effect_of_another_decision_can_be_taken_back_through_one(console: Console) -> None:
    """No effect of another decision can be taken back through one."""
    other = console.value("SELECT min(id) FROM zelo_effect WHERE decision_id <> %s", console.decision)
    client = console.client("commander")
    answer = client.post(f"/decisions/{console.decision}/undo/", {"effect": other, "reason": "mine"})
    assert answer.status_code == 400
    assert console.value("SELECT count(*) FROM zelo_effect_step WHERE effect_id = %s AND state = 'undone'", other) == 0


def test_the_docs_show_the_matrix() -> None:
    """The docs show the matrix."""
    from zelo.web.permissions import as_markdown

    assert as_markdown() in (REPOSITORY / "docs" / "permissions.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("role", ["strategist", "auditor", "engineer"])
def test_personal_data_stays_masked_for_who_may_not_see_it(console: Console, role: str) -> None:
    """Personal data stays masked for who may not see it."""
    page = console.client(role).get(f"/decisions/{console.decision}/").content.decode()
    assert "masked" in page
    assert SECRET not in page


def test_a_reveal_is_on_record(console: Console) -> None:
    """A reveal is on record."""
    count = "SELECT count(*) FROM zelo_audit WHERE action = 'personal_data.read' AND object_id = %s"
    before = console.value(count, str(console.decision))
    client = console.client("reviewer")
    assert SECRET not in client.get(f"/decisions/{console.decision}/").content.decode()
    assert console.value(count, str(console.decision)) == before
    assert SECRET in client.post(f"/decisions/{console.decision}/").content.decode()
    assert console.value(count, str(console.decision)) == before + 1
    before = console.value(count, str(console.letter))
    assert console.client("analyst").post(f"/sources/{console.letter}/").status_code == 200
    assert console.value(count, str(console.letter)) == before + 1


def test_who_may_not_see_personal_data_may_not_search_in_it(console: Console) -> None:
    """Who may not see personal data may not search in it."""
    query = "/explorer/?what=events&kind=review.posted&field1=review.message&op1=holds&value1=a&days=365"
    assert console.client("strategist").get(query).status_code == 403
    before = console.value("SELECT count(*) FROM zelo_audit WHERE object_kind = 'search'")
    assert console.client("analyst").get(query).status_code == 200
    assert console.value("SELECT count(*) FROM zelo_audit WHERE object_kind = 'search'") == before + 1
