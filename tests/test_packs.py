"""Every pack of policies that ships is a model: no diagnostic, both languages, examples for every rule, both ways."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
import yaml

from tests.places import REPOSITORY
from zelo.adapters.packs import open_pack, read_pack_files
from zelo.base.source import Report
from zelo.decide.examples import run_examples
from zelo.policy.load_pack import load_pack
from zelo.policy.pack import Pack
from zelo.policy.schemas import schema

PACKS = sorted(path.parent for path in (REPOSITORY / "packs").glob("*/policies"))
"""The packs that govern something; a pack of schedules alone is tested where schedules are."""
every_pack = pytest.mark.parametrize("folder", PACKS, ids=lambda path: path.name)


class _Yaml12(yaml.SafeLoader):
    """YAML 1.2 as editors read it: `on` is a key like any other, and a date is text."""


_Yaml12.yaml_implicit_resolvers = {
    first: [(tag, regex) for tag, regex in resolvers if not tag.endswith((":bool", ":timestamp"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Yaml12.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"(?:true|false)$"), list("tf"))


def _read(path: Path) -> object:
    """Return the data of a YAML file."""
    return yaml.load(path.read_text(encoding="utf-8"), _Yaml12)  # noqa: S506 - it is a SafeLoader


def _rules_shown(pack: Pack) -> tuple[set[str], set[str]]:
    """Return the rules that an example fires, and those that an example of their kind leaves alone."""
    fires: set[str] = set()
    quiet: set[str] = set()
    for policy in pack.policies:
        for example in policy.examples:
            fires.update(example.fires)
            for rule in policy.rules:
                if example.event["kind"] in rule.kinds and rule.name not in example.fires:
                    quiet.add(rule.name)
    return fires, quiet


def _pairs(value: object) -> Iterator[tuple[str, str]]:
    """Yield every text that is in both languages, anywhere in a YAML file."""
    if isinstance(value, dict):
        if value.keys() == {"en", "pt-BR"}:
            yield value["en"], value["pt-BR"]
        else:
            assert "en" not in value and "pt-BR" not in value, f"one language only: {value}"
            for inner in value.values():
                yield from _pairs(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _pairs(inner)


def test_there_are_packs_to_learn_from() -> None:
    """The packs that the documentation names are there, each with a README."""
    assert {"wiki_enforcement", "br_social_commerce"} <= {folder.name for folder in PACKS}
    assert all((folder / "README.md").is_file() for folder in PACKS)


@every_pack
def test_a_shipped_pack_has_no_diagnostic(folder: Path) -> None:
    """Neither an error nor a warning: what we ship is what we teach."""
    report = Report()
    pack = load_pack(read_pack_files(folder), report)
    assert [f"{d.span.source.path}:{d.span.line}: {d.code}" for d in report.diagnostics] == []
    assert pack is not None


@every_pack
def test_every_rule_is_shown_firing_and_not_firing(folder: Path) -> None:
    """A rule without an example of what it means, and of what it leaves alone, is not finished."""
    pack = open_pack(folder)
    names = {rule.name for rule in pack.rules}
    fires, quiet = _rules_shown(pack)
    assert (names - fires, names - quiet) == (set(), set())


@every_pack
def test_every_example_is_as_told(folder: Path) -> None:
    """Exactly the rules that an example names fire, and stay undetermined where it says so."""
    pack = open_pack(folder)
    outcomes = run_examples(pack)
    wrong = [(o.example.name["en"], o.fired, o.undetermined) for o in outcomes if not o.is_as_told]
    assert wrong == []
    assert len(outcomes) > len(pack.rules)


@every_pack
def test_every_rule_and_policy_has_a_title_and_says_what_it_asks_for(folder: Path) -> None:
    """What people read is there: titles of rules, a text of substance, a notice wherever somebody is told."""
    pack = open_pack(folder)
    for policy in pack.policies:
        assert all(len(policy.text[language]) > 150 for language in ("en", "pt-BR")), policy.id
        assert all(rule.title and rule.effects for rule in policy.rules), policy.id
        told = {
            effect.parameters["notice"] for rule in policy.rules for effect in rule.effects if effect.kind == "notify"
        }
        assert told == set(policy.notices), f"{policy.id}: a notice that no rule sends"


@every_pack
def test_no_text_is_left_untranslated(folder: Path) -> None:
    """Each text in both languages differs between them: a copied text is a missing translation."""
    found = 0
    for path in sorted(folder.rglob("*.yaml")):
        for english, portuguese in _pairs(_read(path)):
            found += 1
            assert english.strip() and portuguese.strip(), path
            assert english != portuguese, f"{path.name}: `{english}` is not translated"
    assert found > 50


@every_pack
def test_the_published_schemas_accept_the_files(folder: Path) -> None:
    """An editor that checks by our JSON Schemas finds nothing wrong in what we ship."""
    checked = 0
    for name, pattern in (("pack", "pack.yaml"), ("events", "events.yaml"), ("features", "features.yaml")):
        checked += _accepted(name, [folder / pattern])
    checked += _accepted("policy", sorted(folder.glob("policies/*.yaml")))
    checked += _accepted("list", sorted(folder.glob("lists/*.yaml")))
    assert checked >= 4


def _accepted(name: str, paths: list[Path]) -> int:
    """Return how many files a schema accepts; fail on the first it does not."""
    validator = jsonschema.Draft202012Validator(schema(name))
    for path in paths:
        problems = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(_read(path))]
        assert problems == [], path
    return len(paths)


@every_pack
def test_the_grounds_of_brazil_are_known_duties_or_articles_of_law(folder: Path) -> None:
    """A ground is an id of the duties we keep as facts, or names a law and its article."""
    pack = open_pack(folder)
    for policy in pack.policies:
        for ground in policy.grounds.get("BR", ()):
            assert ground.startswith(("br_", "lei-", "decreto-")), ground
            assert ground.startswith("br_") or "-art-" in ground, ground
