"""The console withstands forged requests, foreign redirects, scripts in data, and queries in parameters."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from tests.web_fixtures import EVIL, PASSWORD, SECRET, Console

PAGES = (
    "/", "/pulse/", "/explorer/?days=365", "/explorer/?what=events&kind=listing.created&days=365&group=field:seller.id",
    "/accounts/", "/sources/", "/undo/?kind=charge", "/me/", "/policies/", "/audit/",
    "/personal/", "/personal/holds/",
)  # fmt: skip
SQL = "' OR 1=1; DROP TABLE zelo_event; --"


class Inline(HTMLParser):
    """Finds code and style that stand in a page itself."""

    def __init__(self) -> None:
        super().__init__()
        self.tags = 0
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags += 1
        names = {name for name, _ in attrs}
        if tag == "style" or (tag == "script" and not (dict(attrs).get("src") or "").startswith("/static/")):
            self.wrong.append(tag)
        self.wrong += [name for name in names if name == "style" or name.startswith("on")]
        self.wrong += [str(value) for _, value in attrs if (value or "").strip().lower().startswith("javascript:")]


def test_every_page_carries_a_strict_policy(console: Console) -> None:
    """Every page carries a strict policy."""
    client = console.client("commander")
    for page in (*PAGES, "/entrance/login/", "/nowhere/", "/static/zelo/ui.js"):
        headers = client.get(page).headers
        policy = headers["Content-Security-Policy"]
        assert "unsafe" not in policy and "default-src 'none'" in policy and "frame-ancestors 'none'" in policy, page
        assert "http:" not in policy and "https:" not in policy and "*" not in policy, page
        assert headers["X-Content-Type-Options"] == "nosniff", page
        if not page.startswith("/static/"):
            assert headers["X-Frame-Options"] == "DENY" and headers["Cache-Control"], page


def test_no_page_holds_inline_code_or_style(console: Console) -> None:
    """No page holds inline code or style."""
    client, stranger = console.client("commander"), console.client()
    decision = f"/decisions/{console.decision}/"
    for page in (*PAGES, decision, "/policies/br_social_commerce/counterfeit_goods/?tab=rules", "/entrance/login/"):
        found = Inline()
        found.feed((stranger if "login" in page else client).get(page).content.decode())
        assert found.tags > (20 if page in ("/pulse/", "/entrance/login/") else 50) and found.wrong == [], page


def test_what_events_and_people_write_comes_out_as_text(console: Console) -> None:
    """What events and people write comes out as text."""
    from urllib.parse import quote

    from zelo.people.flows import SYSTEM
    from zelo.worker.acts import write_note

    client = console.client("commander")
    from tests.platform_fixtures import NOW

    write_note(object_kind="account", object_id=EVIL, text=EVIL, actor=SYSTEM, now=NOW)
    write_note(object_kind="decision", object_id=str(console.decision), text=EVIL, actor=SYSTEM, now=NOW)
    account = f"/accounts/account/{quote(EVIL, safe='')}/"
    pages = [*PAGES, f"/decisions/{console.decision}/", account, f"/accounts/?q={quote(EVIL)}", "/audit/?all=1"]
    pages.append(f"/personal/{console.request}/")
    pages += [f"/explorer/?entity={quote(EVIL)}&rule={quote(EVIL)}", f"/audit/?actor={quote(EVIL)}"]
    shown = 0
    for page in pages:
        answer = client.get(page, follow=True)
        text = answer.content.decode()
        assert answer.status_code == 200, page
        assert "<script>alert" not in text and "<img src=x" not in text, page
        assert "{{49}}" not in text and not re.search(r"\b49\{%", text), page
        shown += "&lt;script&gt;alert(1)" in text
    assert shown >= 6
    revealed = client.post(f"/decisions/{console.decision}/").content.decode()
    assert "<script>alert" not in revealed and "&lt;script&gt;alert(1)" in revealed
    letter = client.post(f"/sources/{console.letter}/").content.decode()
    assert "<script>alert" not in letter and "&lt;script&gt;alert(1)" in letter


def test_changes_need_the_token_of_the_page(console: Console) -> None:
    """Changes need the token of the page."""
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(console.people["commander"], backend="django.contrib.auth.backends.ModelBackend")
    for address in (f"/decisions/{console.decision}/undo/", "/undo/", "/sources/act/", "/language/"):
        assert client.post(address, {"reason": "forged", "language": "en"}).status_code == 403, address
    assert client.post("/entrance/logout/").status_code == 403


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_nobody_is_led_elsewhere(console: Console, target: str) -> None:
    """Nobody is led elsewhere."""
    client = console.client("reviewer")
    assert client.post("/language/", {"language": "pt-br", "next": target})["Location"] == "/"
    answer = client.post("/accounts/account/S05/notes/", {"text": "", "back": target})
    assert answer.status_code == 400
    stranger = console.client()
    login = {"login": "reviewer@example.com", "password": PASSWORD, "next": target}
    assert stranger.post("/entrance/login/", login)["Location"] == "/"


def test_a_session_gets_another_id_at_log_in(console: Console) -> None:
    """A session gets another id at log in."""
    client = console.client()
    client.get("/entrance/login/")
    session = client.session
    session["mark"] = 1
    session.save()
    before = client.cookies["zelo_session"].value if "zelo_session" in client.cookies else session.session_key
    client.post("/entrance/login/", {"login": "analyst@example.com", "password": PASSWORD})
    assert client.cookies["zelo_session"].value != before
    assert client.cookies["zelo_session"]["httponly"] and client.cookies["zelo_session"]["samesite"] == "Lax"


def test_nobody_signs_up_by_themselves(console: Console) -> None:
    """Nobody signs up by themselves."""
    client = console.client()
    given = {"email": "new@example.com", "password1": PASSWORD, "password2": PASSWORD}
    client.post("/entrance/signup/", given)
    assert console.value("SELECT count(*) FROM zelo_person WHERE email = 'new@example.com'") == 0


def test_an_invitation_works_once_and_only_as_it_was_made(console: Console) -> None:
    """An invitation works once and only as it was made."""
    admin = console.client("admin")
    form = {"email": "invited@example.com", "name": "In", "roles": ["reviewer"], "markets": "br"}
    page = admin.post("/people/", form).content.decode()
    found = re.search(r'id="invitation">[^<]*?(/invited/[^<]+/)<', page)
    assert found
    link = found.group(1)
    guest = console.client()
    assert guest.get(link[:-6] + "abcde/").status_code == 404
    assert guest.post(link, {"password": "short"}).status_code == 200
    assert guest.post(link, {"password": PASSWORD, "roles": "admin"})["Location"] == "/"
    assert console.value("SELECT roles FROM zelo_person WHERE email = 'invited@example.com'") == ["reviewer"]
    assert console.value("SELECT markets FROM zelo_person WHERE email = 'invited@example.com'") == ["BR"]
    assert guest.get("/").status_code == 200
    assert console.client().get(link).status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        f"/explorer/?rule={SQL}", f"/explorer/?entity={SQL}", f"/explorer/?effect={SQL}", f"/explorer/?kind={SQL}",
        f"/explorer/?what=events&kind=review.posted&field1={SQL}&value1=1",
        f"/explorer/?what=events&kind=review.posted&field1=review.score&op1={SQL}&value1=1",
        f"/explorer/?what=events&kind=review.posted&field1=review.score&op1=is&value1={SQL}",
        f"/explorer/?group=field:{SQL}", f"/explorer/?before={SQL}", f"/explorer/?since={SQL}", f"/accounts/?q={SQL}",
        f"/accounts/?kind={SQL}", f"/sources/?code={SQL}", f"/sources/?before={SQL}", f"/find/?q={SQL}",
        f"/undo/?rule={SQL}&since={SQL}", f"/policies/br_social_commerce/?version={SQL}",
        "/accounts/?q=%00", "/explorer/?days=999999999", "/explorer/?since=9999-12-31", "/sources/999999999999/",
    ],
)  # fmt: skip
def test_parameters_are_never_code(console: Console, query: str) -> None:
    """Parameters are never code."""
    answer = console.client("commander").get(query, follow=True)
    assert answer.status_code in (200, 400, 404), query
    assert console.value("SELECT count(*) > 1000 FROM zelo_event")


def test_an_export_holds_no_formula(console: Console) -> None:
    """An export holds no formula."""
    from zelo.web.pages.explorer import _cell

    assert _cell("=cmd|' /C calc'!A0", False).startswith("'=")
    assert _cell(-3, False) == "-3"
    client = console.client("analyst")
    rows = b"".join(client.get("/explorer/export.csv?days=365&outcome=fired").streaming_content).decode()
    assert rows.count("\n") > 20
    events = client.get("/explorer/export.csv?what=events&kind=review.posted&days=365")
    text = b"".join(events.streaming_content).decode()
    assert SECRET not in text and "***" in text


def test_passwords_and_failures_are_on_record_without_what_was_typed(console: Console) -> None:
    """Passwords and failures are on record without what was typed."""
    client = console.client()
    before = console.value("SELECT count(*) FROM zelo_audit WHERE action = 'person.log_in_failed'")
    client.post("/entrance/login/", {"login": "auditor@example.com", "password": "wrong-but-secret"})
    assert console.value("SELECT count(*) FROM zelo_audit WHERE action = 'person.log_in_failed'") == before + 1
    assert console.value("SELECT count(*) FROM zelo_audit WHERE details::text LIKE '%%wrong-but-secret%%'") == 0
