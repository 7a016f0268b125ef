"""Laws of order: a rule that reads a label comes after the rules that set it, or the circle is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tests.base_pack import FILES
from zelo.base.source import Report, Source, Span
from zelo.policy.graph import LabelUse, RuleLabels, mentioned, order
from zelo.policy.load_pack import load_pack
from zelo.policy.pack import Pack, Rule
from zelo.policy.scalar import Scalar

PAGE = Source("policies/a.yaml", "")
LABELS = ("a", "b", "c", None)
Numbers = list[tuple[frozenset[str], frozenset[str | None]]]


def rule(number: int) -> Rule:
    """Make a rule of which only the name and place matter."""
    span = Span(PAGE, number + 1, 1)
    return Rule(f"r{number}", "p", ("k",), Scalar.plain(PAGE, "true", 1, 1), {}, (), None, 0, span)


def labels(numbers: Numbers) -> list[RuleLabels]:
    """Make the label uses of rules from the names they set and read; places tell rule and direction apart."""
    return [
        RuleLabels(
            tuple(LabelUse("account", name, "k", Span(PAGE, at + 1, 100)) for name in sorted(sets)),
            tuple(LabelUse("account", name, "k", Span(PAGE, at + 1, 200)) for name in sorted(reads, key=str)),
        )
        for at, (sets, reads) in enumerate(numbers)
    ]


def must_precede(numbers: Numbers) -> set[tuple[int, int]]:
    """Return the naive truth: which rule must come before which other."""
    return {
        (before, after)
        for before, (sets, _) in enumerate(numbers)
        for after, (_, reads) in enumerate(numbers)
        if before != after and (sets & reads or (sets and None in reads))
    }


def has_cycle(count: int, pairs: set[tuple[int, int]]) -> bool:
    """Say naively whether some rule must come before itself: close the relation and look."""
    closed = set(pairs)
    for _ in range(count):
        closed |= {(a, d) for a, b in closed for c, d in closed if b == c}
    return any(a == b for a, b in closed)


graphs = st.lists(
    st.tuples(
        st.frozensets(st.sampled_from("abc"), max_size=2),
        st.frozensets(st.sampled_from(LABELS[:3] + (None,)), max_size=2),
    ),
    max_size=6,
)


@given(numbers=graphs)
def test_readers_come_after_setters_and_no_later_than_needed(numbers: Numbers) -> None:
    """Without a circle each rule stands one above the highest rule it must follow, else at the bottom."""
    pairs = must_precede(numbers)
    report = Report()
    strata = order([rule(at) for at in range(len(numbers))], labels(numbers), report)
    assert (strata is None) == has_cycle(len(numbers), pairs)
    assert (strata is None) == report.has_errors
    for after, stratum in enumerate(strata or ()):
        assert strata is not None
        assert stratum == max((strata[before] + 1 for before, rule_ in pairs if rule_ == after), default=0)


@given(numbers=graphs)
def test_a_drawn_circle_is_one_and_every_hop_of_it_is_real(numbers: Numbers) -> None:
    """The names go round, each hop sets a label at one place and reads it at another."""
    report = Report()
    order([rule(at) for at in range(len(numbers))], labels(numbers), report)
    for diagnostic in report.diagnostics:
        names = str(diagnostic.params["cycle"]).split(" -> ")
        hops = list(pairwise(int(name[1:]) for name in names))
        assert names[0] == names[-1] and len(set(names)) == len(hops) >= 2
        assert set(hops) <= must_precede(numbers)
        places = [(span.line - 1, span.column) for span in diagnostic.related]
        assert places == [place for before, after in hops for place in ((before, 100), (after, 200))]


POLICY = """\
policy: case
title: {en: Case, pt-BR: Caso}
text: {en: A case., pt-BR: Um caso.}
violation: spam
grounds: {contract: terms-4}
rules:
"""


def loaded(*rules: str) -> tuple[Pack | None, Report]:
    """Load rules written as `name | kind | condition | effects`."""
    text = POLICY
    for line in rules:
        name, kind, when, then = line.split(" | ")
        text += f"  - rule: {name}\n    on: {kind}\n    when: |\n      {when}\n    then: [{then}]\n"
    report = Report()
    return load_pack({**FILES, "policies/case.yaml": text.encode()}, report), report


def strata(*rules: str) -> Mapping[str, int]:
    """Return the strata of rules without a circle."""
    pack, report = loaded(*rules)
    assert pack is not None, report.diagnostics
    assert [name for level in pack.strata for name in level] == [
        found.name for found in sorted(pack.rules, key=lambda found: found.stratum)
    ]
    return {found.name: found.stratum for found in pack.rules if found.policy == "case"}


def test_labels_order_rules() -> None:
    """Setting, removing and reading the same label of the same entity orders two rules; a third follows both."""
    assert strata(
        'third | listing.created | "b" in actor.labels | remove_content',
        'second | listing.created | !("a" in actor.labels) | {remove_label: b}',
        "first | listing.created | event.price > 1.0 | {add_label: a}",
    ) == {"first": 0, "second": 1, "third": 2}


def test_only_labels_of_the_same_entity_on_the_same_kind_of_event_order_rules() -> None:
    """A label of a listing is not one of an account, and what is set on another kind of event was set before."""
    assert strata(
        'a | listing.created | "x" in actor.labels | {add_label: {label: y, on: target}}',
        'b | listing.created | "y" in actor.labels | {add_label: {label: z, on: target}}',
        "c | review.posted | event.stars > 1 | {add_label: x}",
    ) == {"a": 0, "b": 0, "c": 0}


def test_a_rule_that_sets_what_it_reads_is_no_circle() -> None:
    """A rule never sees what it sets itself: "once only" is written like this."""
    assert strata('once | listing.created | !("warned" in actor.labels) | {add_label: warned}') == {"once": 0}


def test_a_label_whose_name_is_not_a_constant_is_any_label() -> None:
    """A rule that counts labels, or takes their name from the event, follows every rule that sets one."""
    assert strata(
        "some | listing.created | event.price > 1.0 | {add_label: a}",
        "counts | listing.created | size(actor.labels) > 2 | remove_content",
        "named | listing.created | event.title in actor.labels | remove_content",
    ) == {"some": 0, "counts": 1, "named": 1}


def test_a_formula_reads_labels_too() -> None:
    """The priority of a case is computed with the labels that rules before have set."""
    priority = '{open_case: {queue: q, priority: "\\"a\\" in actor.labels ? 2 : 1"}}'
    assert strata(
        f"opens | listing.created | event.price > 1.0 | {priority}",
        "sets | listing.created | event.price > 2.0 | {add_label: a}",
    ) == {"opens": 1, "sets": 0}


def test_two_circles_are_two_mistakes() -> None:
    """Each knot of rules is drawn once, by its first rule."""
    _, report = loaded(
        'a | listing.created | "x" in actor.labels | {add_label: y}',
        'b | listing.created | "y" in actor.labels | {add_label: x}',
        'c | listing.created | "v" in actor.labels | {add_label: w}',
        'd | listing.created | "w" in actor.labels | {add_label: v}',
    )
    drawn = [found.params["cycle"] for found in report.diagnostics if found.code == "Z401"]
    assert drawn == ["a -> b -> a", "c -> d -> c"]


def test_texts_and_comments_mention_nothing() -> None:
    """What stands in quotes or behind `//` is not read."""
    cel = "features.a > 1 // features.b\n&& event.x == \"lists.c\" && constants . d == '\\'features.e'"
    assert mentioned(cel) == {("features", "a"), ("constants", "d")}
