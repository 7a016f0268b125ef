"""Policies: a pack as pages people read - text, rules in words, schedules, examples, notices, what changed."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from zelo.adapters.translation import translator
from zelo.base.errors import NotFound
from zelo.base.messages.message import N_
from zelo.policy.effects_in_words import feature_in_words, request_in_words
from zelo.policy.in_words import Said, Words
from zelo.policy.pack import Pack, Policy, Rule
from zelo.policy.terms import FeatureRef, ListRef
from zelo.web import language
from zelo.web.permissions import requires
from zelo.web.reads import packs
from zelo.web.schedules import further, tracks_of

TABS = (
    ("text", N_("Text")),
    ("rules", N_("Rules")),
    ("examples", N_("Examples")),
    ("notices", N_("Notices")),
    ("history", N_("Versions")),
)


@dataclass(frozen=True)
class RuleInWords:
    """A rule as the page shows it."""

    rule: Rule
    conditions: tuple[tuple[str, Said], ...]
    """Titles of the kinds of event, and what must hold on them; one entry for kinds that share the words."""
    asks: tuple[str, ...]
    features: tuple[tuple[str, Said], ...]
    """Titles of the features its condition reads, and what they count."""
    lists: tuple[str, ...]
    source: str


def words_of(pack: Pack) -> Words:
    """Return what says this pack in the language of the page."""
    spoken = language.language()
    return Words(pack, translator(spoken), spoken)


def rule_in_words(pack: Pack, rule: Rule, words: Words) -> RuleInWords:
    """Say a rule: on which events, what must hold, what it asks for."""
    spoken = language.language()
    by_words: dict[Said, list[str]] = {}
    for kind in rule.kinds:
        title = pack.kind_titles[kind][spoken]
        by_words.setdefault(words.condition(rule.terms[kind]), []).append(title)
    terms = [part for term in rule.terms.values() for part in term.walk()]
    names = dict.fromkeys(part.name for part in terms if isinstance(part, FeatureRef))
    return RuleInWords(
        rule,
        tuple((" · ".join(titles), said) for said, titles in by_words.items()),
        tuple(request_in_words(words, effect, rule.kinds[0]) for effect in rule.effects),
        tuple((pack.feature_titles[name][spoken], feature_in_words(words, pack.features[name])) for name in names),
        tuple(dict.fromkeys(part.name for part in terms if isinstance(part, ListRef))),
        rule.condition.value.strip(),
    )


@requires("policies.read")
def policies(request: HttpRequest) -> HttpResponse:
    """List the packs a person may see, each with its policies."""
    shown: list[dict[str, Any]] = []
    known = packs.versions(request.user)
    for name in dict.fromkeys(one.pack for one in known):
        version = packs.version(request.user, name)
        shown.append({"version": version, "pack": packs.pack_of(version.id)})
    shown.sort(key=lambda one: not one["version"].works)
    return render(request, "policies/index.html", {"packs": shown})


@requires("policies.read")
def pack(request: HttpRequest, pack: str) -> HttpResponse:
    """Show one pack: what it governs, what it reads, its limits."""
    version = packs.version(request.user, pack, request.GET.get("version", ""))
    loaded = packs.pack_of(version.id)
    words = words_of(loaded)
    features = [(name, feature_in_words(words, spec)) for name, spec in loaded.features.items()]
    context = {
        "version": version,
        "pack": loaded,
        "features": features,
        "versions": packs.versions(request.user, pack),
        "kept": request.GET.get("version", ""),
    }
    return render(request, "policies/pack.html", context)


@requires("policies.read")
def policy(request: HttpRequest, pack: str, policy: str) -> HttpResponse:
    """Show one policy: the tab that was asked for."""
    version = packs.version(request.user, pack, request.GET.get("version", ""))
    loaded = packs.pack_of(version.id)
    shown = next((one for one in loaded.policies if one.id == policy), None)
    if shown is None:
        raise NotFound(N_("there is no such policy in this version"))
    tab = request.GET.get("tab", "text")
    tab = tab if tab in dict(TABS) else "text"
    counts = {"rules": len(shown.rules), "examples": len(shown.examples), "notices": len(shown.notices)}
    context: dict[str, object] = {
        "version": version,
        "pack": loaded,
        "policy": shown,
        "tab": tab,
        "tabs": [(name, title, counts.get(name)) for name, title in TABS],
        "kept": request.GET.get("version", ""),
    }
    if tab == "rules":
        words = words_of(loaded)
        context["rules"] = [rule_in_words(loaded, rule, words) for rule in shown.rules]
    elif tab == "examples":
        context["examples"] = _examples(shown)
    elif tab == "history":
        context["versions"] = _changing(request, pack, policy)
    return render(request, "policies/policy.html", context)


def _examples(shown: Policy) -> list[dict[str, object]]:
    made = []
    for example in shown.examples:
        given: dict[str, object] = {"event": example.event}
        given |= {"history": example.history} if example.history else {}
        given |= {"labels": example.labels} if example.labels else {}
        given |= {"features": example.features} if example.features else {}
        made.append({"example": example, "given": json.dumps(given, ensure_ascii=False, indent=2, default=str)})
    return made


def _changing(request: HttpRequest, pack: str, policy: str) -> list[dict[str, object]]:
    """Return the versions of a pack, newest first, each with whether it changed this policy's file."""
    found = []
    before: str | None = None
    for version in reversed(packs.versions(request.user, pack)):
        text = packs.files_of(version.id).get(f"policies/{policy}.yaml")
        found.append({"version": version, "changed": text != before, "there": text is not None})
        before = text
    return found[::-1]


@dataclass(frozen=True)
class Line:
    """A line of a comparison."""

    mark: str
    """`add`, `cut`, `gap` or nothing."""
    text: str


@requires("policies.read")
def changes(request: HttpRequest, pack: str) -> HttpResponse:
    """Show what differs between two versions of a pack, file by file."""
    known = packs.versions(request.user, pack)
    if not known:
        raise NotFound(N_("there is no such version of the pack"))
    new = packs.version(request.user, pack, request.GET.get("to", "") or known[0].version)
    older = [one for one in known if one.id < new.id] or [new]
    old = packs.version(request.user, pack, request.GET.get("from", "") or older[0].version)
    left, right = packs.files_of(old.id), packs.files_of(new.id)
    only = request.GET.get("file", "")
    differing = [
        {"path": path, "lines": _compared(left.get(path, ""), right.get(path, ""))}
        for path in sorted(left.keys() | right.keys())
        if left.get(path) != right.get(path) and (not only or path == only)
    ]
    context = {"old": old, "new": new, "files": differing, "versions": known, "pack_name": pack}
    return render(request, "policies/changes.html", context)


def _compared(old: str, new: str) -> list[Line]:
    lines = []
    for line in list(difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=3))[2:]:
        if line.startswith("@@"):
            lines.append(Line("gap", "…"))
        else:
            lines.append(Line({"+": "add", "-": "cut"}.get(line[0], ""), line[1:]))
    return lines[1:] if lines and lines[0].mark == "gap" else lines


@requires("policies.read")
def schedule(request: HttpRequest, pack: str, schedule: str) -> HttpResponse:
    """Show a schedule: its balances with their ladders, its penalties, what it rests on."""
    version = packs.version(request.user, pack, request.GET.get("version", ""))
    loaded = packs.pack_of(version.id)
    shown = loaded.schedules.get(schedule)
    if shown is None:
        raise NotFound(N_("there is no such schedule in this version"))
    rules = shown.rules[-1]
    context = {
        "version": version,
        "pack": loaded,
        "schedule": shown,
        "rules": rules,
        "tracks": tracks_of(shown, rules),
        "further": further(shown, rules),
        "governs": [
            loaded.entities[kind][language.language()] for kind, name in loaded.governs.items() if name == schedule
        ],
        "source": shown.source.text if shown.source else "",
        "kept": request.GET.get("version", ""),
    }
    return render(request, "policies/schedule.html", context)
