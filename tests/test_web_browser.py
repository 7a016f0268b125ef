"""The main journey of each role in a real browser, in both languages; every page clean for axe in both themes."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest

from tests.web_fixtures import PASSWORD, Console

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
)  # fmt: skip
NAMES = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
LANGUAGES = ("en", "pt-br")
THEMES = ("light", "dark")
pytestmark = pytest.mark.slow


def browser_path() -> str:
    """Return the browser that is there; a machine without one fails, it does not skip."""
    found = os.environ.get("CHROMIUM") or next((path for name in NAMES if (path := shutil.which(name))), None)
    assert found, "no browser: install chromium, or say where one is with CHROMIUM"
    return found


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def address(console: Console) -> Iterator[str]:
    """Yield the address of a server of the console."""
    from django.db import connections

    from zelo.web.wsgi import application

    def served(environ: dict[str, Any], start: Any) -> Any:
        try:
            return application(environ, start)
        finally:
            connections.close_all()

    server = make_server("127.0.0.1", 0, served, _Server, _Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """Yield a browser."""
    from playwright.sync_api import sync_playwright

    path = browser_path()
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@dataclass
class Visit:
    """A person at a browser."""

    page: Any
    address: str
    complaints: list[str]
    axe_ran: list[str]

    def go(self, path: str) -> None:
        """Open a page; it must not overflow its width."""
        answer = self.page.goto(self.address + path)
        assert answer.status == 200, path
        self.fits()

    def fits(self, width: int = 1280) -> None:
        """Look at the page in this width; it must not overflow."""
        if width != 1280:
            self.page.set_viewport_size({"width": width, "height": 900})
        wide = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{self.page.url} overflows {width} px by {wide} px"
        if width != 1280:
            self.page.set_viewport_size({"width": 1280, "height": 900})

    def is_clean(self) -> None:
        """Have axe look at the page."""
        from axe_playwright_python.sync_playwright import Axe

        rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
        found = Axe().run(self.page, options={"runOnly": rules, "preload": False})
        self.axe_ran.append(self.page.url)
        wrong = [
            (one["id"], one["nodes"][0]["target"], one["nodes"][0]["failureSummary"][:200])
            for one in found.response["violations"]
        ]
        assert wrong == [], f"{self.page.url}: {wrong}"


@pytest.fixture
def visit(chromium: Any, address: str) -> Iterator[Any]:
    """Yield a way to log in as a role; at the end nothing must have been complained of in the browser's console."""
    contexts: list[Any] = []
    complaints: list[str] = []
    axe_ran: list[str] = []

    def enter(role: str, language: str = "en", theme: str = "light") -> Visit:
        context = chromium.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
        context.set_default_timeout(90_000)
        contexts.append(context)
        context.add_cookies(
            [
                {"name": "zelo_theme", "value": theme, "url": address},
                {"name": "zelo_language", "value": language, "url": address},
            ]
        )
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        if role:
            page.goto(f"{address}/entrance/login/")
            page.fill("#id_login", f"{role}@example.com")
            page.fill("#id_password", PASSWORD)
            page.click("main form button[data-kind=primary]")
            page.wait_for_url(lambda url: "/entrance/" not in url)
        return Visit(page, address, complaints, axe_ran)

    yield enter
    for context in contexts:
        context.close()
    if axe_ran:  # axe itself tries inline styles, which the policy refuses
        complaints = [said for said in complaints if "inline style" not in said]
    assert complaints == []


WORDS = {
    "en": {"rules": "Rules", "found": "decisions fit", "key": "This is the new key", "notices": "Notices"},
    "pt-br": {"rules": "Regras", "found": "decisões servem", "key": "Esta é a nova chave", "notices": "Avisos"},
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_strategist_reads_a_policy_and_finds_its_decisions(visit: Any, language: str) -> None:
    """A strategist reads a policy and finds its decisions."""
    there = visit("strategist", language)
    page = there.page
    page.click("nav a[data-go=p]")
    page.click("main .list a >> nth=2")
    page.click(f".tabs >> text={WORDS[language]['rules']}")
    assert page.locator(".rule").count() >= 1
    page.click("main .page-head .actions a")
    assert WORDS[language]["found"] in page.inner_text(".lede")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_stakeholder_reads_what_people_are_told_and_no_more(visit: Any, language: str) -> None:
    """A stakeholder reads the notices of a policy, and finds no way to decisions."""
    there = visit("stakeholder", language)
    page = there.page
    page.click("nav a[data-go=p]")
    page.click("main .list a >> nth=5")
    page.click(f".tabs >> text={WORDS[language]['notices']}")
    assert page.locator(".bilingual .prose").count() >= 2
    assert page.locator("main .page-head .actions a").count() == 0
    assert page.request.get(there.address + "/explorer/").status == 403


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_analyst_searches_groups_and_opens_a_decision(visit: Any, language: str) -> None:
    """An analyst searches groups and opens a decision."""
    page = visit("analyst", language).page
    page.click("nav a[data-go=e]")
    page.select_option("#days", "365")
    page.select_option("#outcome", "fired")
    page.select_option("#group", "rule")
    page.click("#search button[data-kind=primary]")
    assert "group=rule" in page.url
    assert page.locator("svg.chart rect.bar").count() > 5
    assert page.locator("progress").count() > 3
    page.click("tr[data-row] >> nth=0 >> a >> nth=0")
    assert page.locator(".trace .node").count() > 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_reviewer_reveals_what_they_need_and_writes_a_note(visit: Any, console: Console, language: str) -> None:
    """A reviewer reveals what they need and writes a note."""
    there = visit("reviewer", language)
    there.go(f"/decisions/{console.decision}/")
    page = there.page
    assert page.locator(".masked").count() > 0
    page.click("#values form button")
    assert page.locator("#values .masked").count() == 0
    there.go(f"/decisions/{console.decision}/")
    page.fill("#note", f"Looked at in {language}")
    page.click("form:has(#note) button")
    assert page.locator(f"text=Looked at in {language}").count() == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_operations_lead_takes_one_effect_back(visit: Any, console: Console, language: str) -> None:
    """An operations lead takes one effect back."""
    there = visit("operations", language)
    nth = LANGUAGES.index(language)
    decision = console.value(
        "SELECT decision_id FROM zelo_effect e WHERE born = 'applied' AND NOT EXISTS (SELECT 1 FROM zelo_effect_step s"
        " WHERE s.effect_id = e.id) ORDER BY id OFFSET %s LIMIT 1",
        nth * 5,
    )
    there.go(f"/decisions/{decision}/undo/")
    there.page.fill("#reason", "The seller was right")
    there.page.click("button[data-kind=danger]")
    assert there.page.locator("[role=status]").count() >= 1
    assert there.page.locator("[data-vacated]").count() >= 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_commander_takes_back_what_a_rule_did(visit: Any, console: Console, language: str) -> None:
    """A commander takes back what a rule did."""
    there = visit("commander", language)
    most = "SELECT r FROM (SELECT unnest(rules) r FROM zelo_effect) x GROUP BY r ORDER BY count(*) DESC, r"
    rule = console.value(f"{most} OFFSET %s LIMIT 1", LANGUAGES.index(language) * 3)
    there.go(f"/undo/?rule={rule}&since=2020-01-01T00:00")
    page = there.page
    assert page.locator("button[data-kind=danger]").count() == 1
    page.fill("#reason", "The rule was wrong")
    page.click("button[data-kind=danger]")
    page.wait_for_url("**/undo/")
    assert "The rule was wrong" in page.inner_text(".timeline")
    left = "SELECT count(*) FROM zelo_effect e WHERE %s = ANY(rules) AND born <> 'held' AND NOT EXISTS"
    assert (
        console.value(f"{left} (SELECT 1 FROM zelo_effect_step s WHERE s.effect_id = e.id AND state = 'undone')", rule)
        == 0
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_engineer_replays_a_dead_letter_and_issues_a_key(visit: Any, language: str) -> None:
    """An engineer replays a dead letter and issues a key."""
    page = visit("engineer", language).page
    page.click("nav a[data-go=s]")
    page.check("input[name=letter] >> nth=0")
    page.click("button[value=replay]")
    assert page.locator("[role=status]").count() >= 1
    page.click("nav a[data-go=k]")
    page.fill("#name", f"shop {language}")
    page.check("input[value=events]")
    page.click("section:has(#name) button[data-kind=primary]")
    assert page.inner_text("#new-key").startswith("zelo_")
    assert WORDS[language]["key"] in page.inner_text("main")


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_auditor_filters_and_checks_the_chain(visit: Any, language: str) -> None:
    """An auditor filters and checks the chain."""
    page = visit("auditor", language).page
    page.click("nav a[data-go=l]")
    page.select_option("#action", "person.log_in")
    page.click("form.filters button")
    assert page.locator("tbody tr").count() >= 1
    page.click(".actions a >> nth=0")
    assert page.locator(".note[data-tone=ok]").count() == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_administrator_invites_someone_who_comes_in(visit: Any, language: str) -> None:
    """An administrator invites someone who comes in."""
    there = visit("admin", language)
    there.page.click("nav a[data-go=m]")
    there.page.fill("#email", f"guest-{language}@example.com")
    there.page.fill("#name", "Guest")
    there.page.check("form:has(#email) input[value=stakeholder]")
    there.page.click("form:has(#email) button[data-kind=primary]")
    link = there.page.inner_text("#invitation").strip()
    guest = visit("", language).page
    guest.goto(link)
    guest.fill("#password", PASSWORD)
    guest.click("main form button[data-kind=primary]")
    guest.wait_for_url(there.address + "/")
    assert guest.locator("nav a[data-go=p]").count() == 1
    assert guest.locator("nav a[data-go=e]").count() == 0


def test_the_keyboard_alone_leads_anywhere(visit: Any) -> None:
    """The keyboard alone leads anywhere."""
    page = visit("analyst").page
    page.keyboard.press("g")
    page.keyboard.press("a")
    page.wait_for_url("**/accounts/")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/accounts/*/*/")
    page.keyboard.press("?")
    assert page.locator("#keys").is_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    assert page.locator("#palette").is_visible()
    page.keyboard.type("S05")
    page.keyboard.press("Enter")
    page.wait_for_url("**/accounts/account/S05/")


def test_language_and_theme_are_switched_where_one_is(visit: Any) -> None:
    """Language and theme are switched where one is."""
    there = visit("reviewer")
    there.go("/accounts/?q=S0")
    there.page.click("button[lang=pt-BR]")
    assert there.page.url.endswith("/accounts/?q=S0")
    assert there.page.get_attribute("html", "lang") == "pt-BR"
    there.page.click("[data-theme-switch]")
    assert there.page.get_attribute("html", "data-theme") == "dark"
    there.page.reload()
    assert there.page.get_attribute("html", "data-theme") == "dark"


def pages(console: Console) -> list[tuple[str, str]]:
    """Return role and address of every page."""
    decision = console.decision
    return [
        ("commander", "/"), ("strategist", "/policies/"), ("strategist", "/policies/br_social_commerce/"),
        *(("strategist", f"/policies/br_social_commerce/counterfeit_goods/?tab={tab}")
          for tab in ("text", "rules", "examples", "notices", "history")),
        ("strategist", "/policies/br_social_commerce/changes/"),
        ("strategist", "/policies/br_social_commerce/schedules/creators/"),
        ("analyst", "/explorer/?days=365&group=rule"),
        ("analyst", "/explorer/?what=events&kind=review.posted&days=365"), ("analyst", "/explorer/?entity=nobody"),
        ("operations", f"/decisions/{decision}/"), ("operations", f"/decisions/{decision}/undo/"),
        ("commander", "/undo/?kind=charge&since=2020-01-01T00:00"), ("commander", "/accounts/"),
        ("commander", "/accounts/account/S05/"), ("commander", "/sources/"),
        ("commander", f"/sources/{console.letter}/"),
        ("auditor", "/audit/?check=1"), ("admin", "/people/"), ("admin", f"/people/{console.people['reviewer'].pk}/"),
        ("engineer", "/keys/"), ("strategist", "/packs/"), ("reviewer", "/me/"), ("reviewer", "/entrance/2fa/"),
        ("reviewer", "/entrance/password/change/"), ("reviewer", "/entrance/sessions/"),
        ("reviewer", "/entrance/logout/"),
        ("", "/entrance/login/"), ("", "/entrance/password/reset/"), ("", "/entrance/signup/"),
    ]  # fmt: skip


@pytest.mark.parametrize(("language", "theme", "narrow"), [("en", "light", 320), ("pt-br", "dark", 390)])
def test_every_page_is_clean_and_fits(visit: Any, console: Console, language: str, theme: str, narrow: int) -> None:
    """Axe finds nothing on any page, in both themes and languages; each also fits a phone and 200 percent zoom."""
    visits: dict[str, Visit] = {}
    for role, path in pages(console):
        if role not in visits:
            visits[role] = visit(role, language, theme)
        visits[role].go(path)
        visits[role].is_clean()
        visits[role].fits(narrow)
