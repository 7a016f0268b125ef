"""Laws of loading: what the files of a pack say is what the checked pack holds, and all mistakes are told at once."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from tests.base_pack import FILES, PACK
from tests.places import REPOSITORY
from zelo.adapters.packs import open_pack
from zelo.base.effects import EFFECTS
from zelo.base.source import Report
from zelo.events.decode import Decoder
from zelo.events.types import BOOL, DOUBLE, DURATION, INT, STRING, ListOf
from zelo.policy.load_pack import load_pack, version_of
from zelo.policy.pack import Example, Pack, Policy, Rule
from zelo.policy.terms import FeatureRef
from zelo.policy.yaml_reader import YAML_CHARACTERS_MAX

HOUR = 3_600_000_000
POLICY = """\
policy: case
title: {en: Case, pt-BR: Caso}
text: {en: A case., pt-BR: Um caso.}
violation: spam
grounds: {contract: terms-4}
"""
EVENT = "{kind: listing.created, listing_id: l1, price: 9.0, seller: {id: s1}}"


def loaded(files: Mapping[str, bytes]) -> Pack:
    """Load a pack that has no error."""
    report = Report()
    pack = load_pack(files, report)
    assert pack is not None, report.diagnostics
    return pack


def codes(files: Mapping[str, bytes]) -> list[str]:
    """Return the codes of all that is wrong."""
    report = Report()
    load_pack(files, report)
    return [diagnostic.code for diagnostic in report.diagnostics]


def case(rest: str) -> dict[str, bytes]:
    """Lay one more policy over the base pack."""
    return {**FILES, "policies/case.yaml": (POLICY + rest).encode()}


def policy(rest: str) -> Policy:
    """Load a policy laid over the base pack."""
    return next(found for found in loaded(case(rest)).policies if found.id == "case")


def rule(then: str, on: str = "listing.created", when: str = "event.price > 10.0", more: str = "") -> Rule:
    """Load one rule laid over the base pack."""
    return policy(f"{more}rules:\n  - rule: a_case\n    on: {on}\n    when: {when}\n    then: [{then}]\n").rules[0]


def example(given: str) -> Example:
    """Load one example laid over the base pack."""
    text = f"rules: []\nexamples:\n  - name: {{en: a, pt-BR: a}}\n    given: {given}\n    fires: []\n"
    return policy(text).examples[0]


def test_the_base_pack_is_what_its_files_say() -> None:
    """Durations are microseconds, windows milliseconds, keys are paths on every kind of event that has them."""
    pack = loaded(FILES)
    assert (pack.name, pack.time_zone, pack.clock_skew_us) == ("base", "America/Sao_Paulo", HOUR // 12)
    assert pack.kinds["listing.created"].roles == {
        "actor": ("seller", "id"),
        "target": ("listing_id",),
        "device": ("device_id",),
    }
    assert pack.features["listings_24h"].window_ms == 24 * 3_600_000
    assert pack.feature_types == {"listings_24h": INT, "average_price_30d": DOUBLE, "stars_7d": INT}
    assert pack.feature_keys["listings_24h"] == {
        "listing.created": (("seller", "id"),),
        "review.posted": (("reviewer", "id"),),
    }
    assert pack.lists["replica_words"].values == ("replica", "primeira linha")
    assert [found.id for found in pack.rules] == ["base/many_replicas", "base/reviewed_in_bulk"]
    assert pack.strata == (("many_replicas", "reviewed_in_bulk"),)


@pytest.mark.parametrize("text", ("", "on: yes", "[]", "- a", "'text'", "12", "{a: {b: [1, 2, {c: null}]}}", "{}"))
@pytest.mark.parametrize("path", sorted(FILES))
def test_any_yaml_in_any_file_is_an_answer_not_a_crash(path: str, text: str) -> None:
    """A file that says something else entirely is reported; a CSV list may hold any text."""
    assert codes({**FILES, path: text.encode()}) or path.endswith(".csv")


@pytest.mark.parametrize("effect", sorted(name for name, kind in EFFECTS.items() if kind.short))
def test_the_short_form_of_an_effect_is_its_long_form(effect: str) -> None:
    """`add_label: trusted` asks for the same as `add_label: {label: trusted}`."""
    short = EFFECTS[effect].short
    assert short is not None
    parameter = EFFECTS[effect].parameters[short]
    value = parameter.choices[0] if parameter.choices else {"duration": "24h", "number": "0.5"}.get(parameter.kind, "a")
    notices = "notices: {a: {en: a, pt-BR: a}}\n"
    brief = rule(f"{{{effect}: {value}}}", more=notices).effects[0]
    full = rule(f"{{{effect}: {{{short}: {value}}}}}", more=notices).effects[0]
    assert brief.parameters == full.parameters
    assert short in brief.parameters


def test_an_effect_carries_its_defaults_and_its_policys_severity() -> None:
    """What a rule leaves out is filled in from the table of effects; a charge weighs what its policy says."""
    assert rule("{charge: spam}").effects[0].parameters == {"violation": "spam", "severity": "medium"}
    assert rule("{charge: spam}", more="severity: high\n").effects[0].parameters["severity"] == "high"
    assert rule("{open_case: a}").effects[0].parameters == {"queue": "a", "priority": 0}
    assert rule("{add_label: {label: a, for: 30d}}").effects[0].parameters["for"] == 720 * HOUR
    assert rule("remove_content").effects[0].parameters == {}


def test_a_formula_is_checked_on_each_kind_of_event() -> None:
    """A rule on two kinds has a condition and a formula for each."""
    found = rule(
        '{open_case: {queue: a, priority: "features.stars_7d * 2"}}', "[listing.created, review.posted]", "true"
    )
    assert set(found.terms) == {"listing.created", "review.posted"}
    priority = found.effects[0].parameters["priority"]
    assert isinstance(priority, Mapping)
    assert {kind: str(term.type) for kind, term in priority.items()} == dict.fromkeys(found.kinds, "int")


def test_the_type_of_a_constant_follows_from_how_it_is_written() -> None:
    """A bare length of time is a duration, in quotes it is a text; `yes` and `no` are texts."""
    written = "{a: 5, b: 2.5, c: true, d: 30d, e: '30d', f: no, g: [1h, 2d], h: 1e3, i: [x, y]}"
    uses = " || ".join(f"constants.{name} == constants.{name}" for name in "abcdefghi")
    rules = f"rules:\n  - {{rule: r, on: review.posted, when: '{uses}', then: [remove_content]}}\n"
    found = policy(f"constants: {written}\n{rules}").constants
    assert found == {
        "a": (INT, 5),
        "b": (DOUBLE, 2.5),
        "c": (BOOL, True),
        "d": (DURATION, 720 * HOUR),
        "e": (STRING, "30d"),
        "f": (STRING, "no"),
        "g": (ListOf(DURATION), (HOUR, 48 * HOUR)),
        "h": (DOUBLE, 1000.0),
        "i": (ListOf(STRING), ("x", "y")),
    }


def test_a_history_is_told_by_time() -> None:
    """Each event stands so long before the event as `ago` says, repeated ones `every` so often, the earliest first."""
    found = example(
        "{history: [{kind: review.posted, ago: 30m, listing_id: l1, stars: 5, reviewer: {id: r1}}, "
        "{kind: listing.created, ago: 2h, times: 3, every: 45m, listing_id: l1, price: 1, seller: {id: s1}}], "
        f"event: {EVENT}}}"
    )
    assert [(event["id"], event["occurred_at"]) for event in found.history] == [
        ("history-2", "2026-01-01T10:00:00Z"),
        ("history-2-2", "2026-01-01T10:45:00Z"),
        ("history-1", "2026-01-01T11:30:00Z"),
        ("history-2-3", "2026-01-01T11:30:00Z"),
    ]
    assert found.event["occurred_at"] == "2026-01-01T12:00:00Z"


def test_the_values_of_an_example_are_those_of_events() -> None:
    """Whole numbers become doubles, durations are written as events carry them, null is absent, null items go."""
    event = (
        "{kind: listing.created, listing_id: l1, price: 9, seller: {id: s1}, ships_within: 2d, tags: [a, ~], title: }"
    )
    found = example(f"{{labels: {{actor: trusted}}, features: {{listings_24h: 5, stars_7d: null}}, event: {event}}}")
    assert found.event["price"] == 9.0 and isinstance(found.event["price"], float)
    assert (found.event["ships_within"], found.event["tags"], "title" in found.event) == ("48h", ["a"], False)
    assert found.labels == {"actor": ("trusted",)}
    assert found.features == {"listings_24h": 5, "stars_7d": None}


def test_the_examples_of_every_pack_are_events_that_are_taken_in() -> None:
    """What the check accepts as an event of an example, the decoder of live events accepts too."""
    folders = sorted({path.parent.parent for path in (REPOSITORY / "packs").glob("*/policies/*.yaml")})
    assert folders
    for pack in (loaded(FILES), *map(open_pack, folders)):
        decoder = Decoder(pack.kinds)
        examples = [one for found in pack.policies for one in found.examples]
        assert examples or not pack.policies
        for one in examples:
            for event in (*one.history, one.event):
                assert decoder.decode_json(json.dumps(event).encode()).id == event["id"]


def test_the_version_is_of_what_is_said_not_of_how_it_is_stored() -> None:
    """Line ends, byte order marks and files that are not read do not count; any other byte does."""
    version = version_of(FILES)
    windows = {path: b"\xef\xbb\xbf" + content.replace(b"\n", b"\r\n") for path, content in FILES.items()}
    assert version_of(windows) == version
    assert version_of({**FILES, "README.md": b"# Base"}) == version
    assert version_of(dict(reversed(FILES.items()))) == version
    assert loaded(FILES).version == version
    for path, content in FILES.items():
        assert version_of({**FILES, path: content + b"#"}) != version


def test_what_waits_for_a_broken_part_is_not_reported() -> None:
    """One mistake in a feature, list, constant or kind of event is one diagnostic, however much reads it."""
    features = FILES["features.yaml"].replace(b"window: 24h", b"window: 24 h")
    assert codes({**FILES, "features.yaml": features}) == ["Z037"]
    assert codes({**FILES, "features.yaml": b"features: [\n"}) == ["Z005"]
    assert codes({**FILES, "lists/replica_words.csv": b'value\n"replica\n'}) == ["Z033", "Z041"]
    policies = FILES["policies/base.yaml"].replace(b"constants: {most: 5}", b"constants: {most: null}")
    assert codes({**FILES, "policies/base.yaml": policies}) == ["Z426"]
    events = FILES["events.yaml"].replace(b"stars: {type: int", b"stars: {type: integer")
    assert codes({**FILES, "events.yaml": events}) == ["Z030"]


def test_a_broken_feature_hides_no_other_mistake() -> None:
    """What else is wrong in a condition that reads a broken feature, or a list that is not there, is told at once."""
    features = FILES["features.yaml"].replace(b"window: 24h", b"window: 24 h")
    when = "features.listings_24h > 3 && event.listing.titel == lists.absent"
    files = case(f"rules: [{{rule: r, on: listing.created, when: {when}, then: [remove_content]}}]\n")
    assert sorted(codes({**files, "features.yaml": features})) == ["Z037", "Z119", "Z119"]


def test_a_feature_whose_key_is_required_is_never_missing() -> None:
    """A count by a required role is a number on every event; by an optional one it may be missing."""
    more = """\
  by_device:
    title: {en: By device, pt-BR: Por aparelho}
    aggregate: count
    of: listing.created
    by: device
    window: 24h
"""
    when = "features.listings_24h > features.by_device"
    files = case(f"rules: [{{rule: r, on: listing.created, when: {when}, then: [remove_content]}}]\n")
    pack = loaded({**files, "features.yaml": FILES["features.yaml"] + more.encode()})
    term = next(found for found in pack.rules if found.name == "r").terms["listing.created"]
    refs = {part.name: part.optional for part in term.walk() if isinstance(part, FeatureRef)}
    assert refs == {"listings_24h": False, "by_device": True}


def test_labels_that_people_set_are_declared() -> None:
    """A declared label may be read though no rule sets it."""
    reads = case('rules: [{rule: r, on: review.posted, when: "\\"vip\\" in actor.labels", then: [remove_content]}]\n')
    assert sorted(codes(reads)) == ["Z454", "Z455"]
    declared = PACK + "labels: {vip: {title: {en: V, pt-BR: V}, set_by: systems}}\n"
    assert codes({**reads, "pack.yaml": declared.encode()}) == ["Z455"]
    assert loaded({**reads, "pack.yaml": declared.encode()}).labels["vip"].set_by == "systems"


def test_files_longer_than_a_pack_file_may_be_are_not_read() -> None:
    """The limit is told at the top of the file; a CSV list may be longer than a YAML file."""
    long = b"# " + b"x" * YAML_CHARACTERS_MAX
    assert codes({**FILES, "policies/case.yaml": long}) == ["Z036"]
    rows = b"value\n" + b"".join(b"%d\n" % number for number in range(200_000))
    assert len(rows) > YAML_CHARACTERS_MAX
    assert len(loaded({**FILES, "lists/replica_words.csv": rows}).lists["replica_words"].values) == 200_000


def test_csv_cells_may_be_quoted_and_the_column_is_found_by_name() -> None:
    """RFC 4180: commas, quotes and line breaks inside quotes; the column `value`, whatever its place."""
    rows = b'note,Value\r\n"a, b","say ""hi"", now"\r\n\r\nx, two\r\n'
    assert loaded({**FILES, "lists/replica_words.csv": rows}).lists["replica_words"].values == ('say "hi", now', "two")
