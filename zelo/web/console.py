"""Every address of the console; each page says itself who may, and a test walks this list."""

from __future__ import annotations

from django.urls import path

from zelo.web import frame
from zelo.web.pages import accounts, admin, audit, decisions, explorer, me, personal, policies, sources, today, undo

urlpatterns = [
    path("", today.today, name="today"),
    path("pulse/", today.pulse, name="pulse"),
    path("find/", decisions.find, name="find"),
    path("language/", frame.choose_language, name="language"),
    path("me/", me.me, name="me"),
    path("invited/<str:token>/", me.invited, name="invited"),
    path("policies/", policies.policies, name="policies"),
    path("policies/<str:pack>/", policies.pack, name="policies-pack"),
    path("policies/<str:pack>/changes/", policies.changes, name="policies-changes"),
    path("policies/<str:pack>/schedules/<str:schedule>/", policies.schedule, name="policies-schedule"),
    path("policies/<str:pack>/<str:policy>/", policies.policy, name="policies-policy"),
    path("explorer/", explorer.explorer, name="explorer"),
    path("explorer/export.csv", explorer.export, name="explorer-export"),
    path("decisions/<int:decision_id>/", decisions.decision, name="decision"),
    path("decisions/<int:decision_id>/undo/", decisions.take_back, name="decision-undo"),
    path("decisions/<int:decision_id>/notes/", decisions.note, name="decision-note"),
    path("undo/", undo.undo, name="undo"),
    path("accounts/", accounts.accounts, name="accounts"),
    path("accounts/<str:kind>/<path:ident>/label/", accounts.label, name="account-label"),
    path("accounts/<str:kind>/<path:ident>/notes/", accounts.note, name="account-note"),
    path("accounts/<str:kind>/<path:ident>/", accounts.account, name="account"),
    path("sources/", sources.sources, name="sources"),
    path("sources/act/", sources.act, name="sources-act"),
    path("sources/<int:letter_id>/", sources.letter, name="letter"),
    path("audit/", audit.audit, name="audit"),
    path("audit/export.csv", audit.export, name="audit-export"),
    path("personal/", personal.personal, name="personal"),
    path("personal/holds/", personal.holds, name="holds"),
    path("personal/<int:request_id>/", personal.request_page, name="personal-request"),
    path("personal/<int:request_id>/export.json", personal.fetch, name="personal-fetch"),
    path("people/", admin.people, name="people"),
    path("people/<int:person_id>/", admin.person, name="person"),
    path("keys/", admin.keys, name="keys"),
    path("packs/", admin.packs, name="packs"),
]
