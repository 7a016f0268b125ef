"""What a sound condition becomes: names, folding, spans, traces, contradictions, and what SQL cannot do."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.language_reference import PAGE, page_with_reference
from zelo.base.messages import MESSAGES
from zelo.base.source import Report, Source
from zelo.events.types import (
    BOOL,
    DOUBLE,
    DURATION,
    INT,
    STRING,
    TIMESTAMP,
    Field,
    Kind,
    ListOf,
    MapOf,
    ObjectOf,
    Type,
)
from zelo.policy.check import FeatureInfo, Scope, check, check_sql, never_true
from zelo.policy.evaluate import evaluate, trace
from zelo.policy.functions.words import Words
from zelo.policy.scalar import Scalar
from zelo.policy.terms import And, Call, Const, FeatureRef, FieldRef, Has, Index, LabelsRef, ListRef, Macro, Term
from zelo.policy.unparse import wording

LINE = ObjectOf((("sku", Field(STRING, required=True)), ("price", Field(DOUBLE))))
SELLER = ObjectOf((("id", Field(STRING, required=True)), ("created_at", Field(TIMESTAMP))))
ORDER = Kind(
    "order.placed",
    ObjectOf(
        (
            ("seller", Field(SELLER, required=True)),
            ("buyer", Field(ObjectOf((("id", Field(STRING)),)))),
            ("note", Field(STRING)),
            ("count", Field(INT)),
            ("total", Field(DOUBLE, required=True)),
            ("gift", Field(BOOL)),
            ("tags", Field(ListOf(STRING))),
            ("lines", Field(ListOf(LINE))),
            ("extra", Field(MapOf(STRING))),
            ("in", Field(STRING)),
        )
    ),
    {"actor": ("seller", "id"), "target": ("buyer", "id"), "place": ("note",)},
    {"actor": "account", "target": "account", "place": "page"},
)
SCOPE = Scope(
    ORDER,
    {"orders": FeatureInfo(INT, optional=False), "mean": DOUBLE},
    frozenset({"words"}),
    {"most": (INT, 5), "age": (DURATION, 60_000_000), "names": (ListOf(STRING), ["a", "b"])},
)


def term_of(text: str, *expected: Type, scope: Scope = SCOPE) -> Term:
    """Return the term of a sound text."""
    report = Report()
    term = check(Scalar.plain(Source("p.yaml", text), text, 1, 1), scope, expected or (BOOL,), report)
    assert term is not None, [(found.code, found.params) for found in report.diagnostics]
    return term


def told(text: str) -> list[tuple[str, int, int, object]]:
    """Return what is said about a text: code, column, length, suggestion."""
    report = Report()
    check(Scalar.plain(Source("p.yaml", text), text, 1, 1), SCOPE, (BOOL,), report)
    return [(f.code, f.span.column, f.span.length, f.params.get("suggestion")) for f in report.diagnostics]


def value(text: str, fields: Mapping[str, object], *expected: Type) -> object:
    """Return what a text comes to on fields by dotted path."""

    def look(term: Term) -> object:
        if isinstance(term, FieldRef):
            return fields.get(".".join(term.path))
        return fields.get(term.name if isinstance(term, FeatureRef) else term.role + ".labels")  # type: ignore[attr-defined]

    return evaluate(term_of(text, *expected), look, {"words": Words(["bad", "very bad"])})


# ---------------------------------------------------------------------------------------------------------------- names
def test_names_become_references() -> None:
    """Each kind of name is its own kind of term, and knows whether it may be missing."""
    text = 'event.seller.created_at < event.occurred_at && "x" in actor.labels && features.orders > 1'
    refs = {type(part): part for part in term_of(f"{text} && event.note in lists.words").walk()}
    assert isinstance(refs[LabelsRef], LabelsRef) and not refs[LabelsRef].optional
    assert isinstance(refs[FeatureRef], FeatureRef) and not refs[FeatureRef].optional
    assert isinstance(refs[ListRef], ListRef) and refs[ListRef].name == "words"


@pytest.mark.parametrize(
    ("text", "path", "optional"),
    [
        ("actor.id", ("seller", "id"), False),
        ("actor.created_at", ("seller", "created_at"), True),
        ("target.id", ("buyer", "id"), True),
        ("place.id", ("note",), True),
        ("event.seller.id", ("seller", "id"), False),
        ("event.seller.created_at", ("seller", "created_at"), True),
        ("event.buyer.id", ("buyer", "id"), True),
        ("event.effective_at", ("effective_at",), False),
        ("event.`in`", ("in",), True),
    ],
)
def test_a_path_leads_to_a_field(text: str, path: tuple[str, ...], optional: bool) -> None:
    """Roles and the envelope are paths like any other, and optional where any part of them is."""
    term = term_of(text, STRING, TIMESTAMP)
    assert isinstance(term, FieldRef) and (term.path, term.optional) == (path, optional)


def test_the_kind_of_the_event_is_known_when_the_pack_is_checked() -> None:
    """A rule on several kinds can ask which one it is; the question is gone before any event comes."""
    term = term_of('event.kind == "order.placed" && event.gift')
    assert isinstance(term, FieldRef)
    assert never_true(term_of('event.kind == "other" && event.gift')) is not None


def test_fields_of_items_are_indexed_by_name() -> None:
    """An item of a list of objects is a variable; its fields are read by name."""
    term = term_of("event.lines.exists(l, l.price > 5.0) || event.lines[0].sku == 'x' || has(event.lines[1].price)")
    macro = next(part for part in term.walk() if isinstance(part, Macro))
    assert isinstance(macro.body, Call) and isinstance(macro.body.arguments[0], Index)
    lines = [{"sku": "x", "price": None}, {"sku": "y", "price": 9.0}]
    assert value("event.lines.exists(l, l.price > 5.0)", {"lines": lines}) is True
    assert value("event.lines.all(l, l.price > 5.0)", {"lines": lines}) is None
    assert value("has(event.lines[0].price)", {"lines": lines}) is False


# -------------------------------------------------------------------------------------------------------------- folding
@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("1 + 2 * 3", 7),
        ("constants.most - 1", 4),
        ('duration("1h") + constants.age', 3_660_000_000),
        ('timestamp("1970-01-01T00:00:01Z").getSeconds()', 1),
        ("[1, 2] + [3]", (1, 2, 3)),
        ("constants.names", ("a", "b")),
        ("true ? 'x' : event.note", "x"),
        ("-9223372036854775808", -(2**63)),
        ("math.greatest(1, 5, 3)", 5),
    ],
)
def test_constant_parts_are_computed(text: str, result: object) -> None:
    """What no event can change is a constant."""
    term = term_of(text, INT, DURATION, STRING, ListOf(INT), ListOf(STRING))
    assert isinstance(term, Const) and term.value == result and type(term.value) is type(result)


def test_chains_are_flat_and_without_what_changes_nothing() -> None:
    """Nested `&&` is one chain; true parts go, a false one decides."""
    term = term_of("event.gift && (true && (event.count > 1 && has(event.note)))")
    assert isinstance(term, And) and len(term.parts) == 3
    assert isinstance(term_of("event.gift && 1 > 2"), Const)
    assert isinstance(term_of("!!event.gift"), FieldRef)


def test_an_empty_list_takes_the_type_of_its_surroundings() -> None:
    """No term keeps a list of nothing where a list of something is meant."""
    term = term_of("event.tags == [] || (event.gift ? [] : event.tags).size() > 1 || event.count in []")
    empty = [part for part in term.walk() if isinstance(part, Const) and part.value == ()]
    assert [str(part.type) for part in empty] == ["list<string>", "list<string>", "list<int>"]


def test_time_since_counts_to_the_effective_time() -> None:
    """`timeSince(t)` is `event.effective_at - t`."""
    assert wording(term_of("timeSince(actor.created_at) > constants.age")) == (
        "event.effective_at - event.seller.created_at > constants.age"
    )


# ------------------------------------------------------------------------------------------------------------- meaning
@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("event.gift && false", False),
        ("event.gift || true", True),
        ("event.gift && true", None),
        ("event.gift || false", None),
        ("!event.gift", None),
        ("event.gift ? true : true", None),
        ("event.note == event.note", None),
        ("has(event.note)", False),
        ("!has(event.note) && event.count > 1", True),
        ("event.count / 0 == 1 || event.count == 2", True),
        ("event.tags.exists(t, t == event.note)", None),
        ("event.tags.exists(t, t == event.note || t == 'a')", True),
        ("event.tags.all(t, t == 'a' || t == event.note)", None),
        ("event.tags.exists_one(t, t == 'a')", True),
        ("event.tags.filter(t, t != 'a') == ['b']", True),
        ("event.tags.map(t, t + '!') == ['a!', 'b!']", True),
        ("event.tags.map(t, t != 'a', t.size()) == [1]", True),
        ("event.tags[2] == 'a'", None),
        ("event.tags[1] == 'b'", True),
        ("event.extra.color == 'red' && event.extra['color'] == 'red'", True),
        ("event.extra.size == 'L'", None),
        ("has(event.extra.size)", False),
        ("event.extra.exists(k, event.extra[k] == 'red')", True),
        ("[event.note, 'a'] == ['a']", None),
        ("'a very  bad day'.hasAnyWord(lists.words)", True),
        ("'bad' in lists.words && !('BAD' in lists.words)", True),
    ],
)
def test_missing_is_unknown(text: str, result: bool | None) -> None:
    """Kleene's tables, item by item."""
    fields = {"count": 2, "tags": ["a", "b"], "extra": {"color": "red"}}
    assert value(text, fields) is result


def test_a_trace_shows_every_part() -> None:
    """The trace has the words and the value of each part, also of those that did not matter."""
    term = term_of("event.count > 1 || event.tags.exists(t, t == 'b') && has(event.note)")
    fields = {"count": 5, "tags": ["a", "b"]}
    found = trace(term, lambda ref: fields.get(ref.path[0]) if isinstance(ref, FieldRef) else None, {})
    assert (found.text, found.value) == ('event.count > 1 || event.tags.exists(t, t == "b") && has(event.note)', True)
    both = found.parts[1]
    assert [(part.text, part.value) for part in both.parts] == [
        ('event.tags.exists(t, t == "b")', True),
        ("has(event.note)", False),
    ]
    assert [part.value for part in both.parts[0].parts] == [["a", "b"], False, True]


# ------------------------------------------------------------------------------------------------------------ mistakes
@pytest.mark.parametrize(
    ("text", "mistakes"),
    [
        ("event.totl > 1.0 && event.zzzz", [("Z119", 7, 4, "event.total"), ("Z119", 27, 4, None)]),
        ("event.total > 5", [("Z148", 13, 1, "event.total > 5.0")]),
        ("event.count > 5.0", [("Z148", 13, 1, "double(event.count) > 5.0")]),
        ("event.count == '5'", [("Z148", 13, 2, None)]),
        ("event.occurred_at > '2026'", [("Z148", 19, 1, "event.occurred_at > timestamp('2026')")]),
        ("now > event.occurred_at", [("Z101", 1, 3, "event.effective_at")]),
        ("orders > 1", [("Z101", 1, 6, "features.orders")]),
        ("event.note.toLowerCase() == 'x'", [("Z118", 12, 11, "lowerAscii")]),
        ("event.note.lenght() > 1", [("Z118", 12, 6, None)]),
        ("size(event.count) > 1", [("Z122", 6, 11, None)]),
        ("1 < event.count < (2 + 3)", [("Z145", 17, 1, "1 < event.count && event.count < (2 + 3)")]),
        ("event.note == null", [("Z123", 15, 4, "!has(event.note)")]),
        ("event.tags.exists(t, t.nope() && t == 5)", [("Z118", 24, 4, None), ("Z148", 36, 2, 't == "5"')]),
        ("event.note.startsWith(event.zzzz, 1)", [("Z119", 29, 4, None)]),
        ("event.count + event.gift > 1", [("Z148", 13, 1, None)]),
        ("event.note in lists.wrds", [("Z119", 21, 4, "lists.words")]),
        ("lists.words == 'x'", [("Z148", 13, 2, None)]),
        ("event.lines == event.lines", [("Z148", 13, 2, None)]),
        ("event.lines[0] in event.lines", [("Z148", 16, 2, None)]),
        ("event.extra != event.extra", [("Z148", 13, 2, None)]),
    ],
)
def test_a_mistake_is_told_at_its_word(text: str, mistakes: list[tuple[str, int, int, object]]) -> None:
    """The caret stands under the whole word, the hint says what to write, and nothing follows from a mistake."""
    found = told(text)
    assert [entry[:3] for entry in found] == [entry[:3] for entry in mistakes]
    assert [entry[3] for entry in found if entry[3]] == [entry[3] for entry in mistakes if entry[3]]


@pytest.mark.parametrize("text", ["event.total > 5", "event.count > 5.0", "1 < event.count < 3", "event.note == null"])
def test_what_a_hint_says_is_sound(text: str) -> None:
    """The suggestion for a whole comparison can be put in its place."""
    ((_, _, _, suggestion),) = told(text)
    term_of(str(suggestion))


def test_every_parameter_of_a_message_is_given() -> None:
    """No diagnostic is shown with a hole in it: the text of each code is filled by what is reported with it."""
    texts = [
        "event.x",
        "x",
        "event.total > 5",
        "1u",
        "event.note.matches('(')",
        "lists.words",
        "1 <",
        "f(",
        "{1: 2}.a",
        "a b",
    ]
    seen = 0
    for text in texts:
        report = Report()
        check(Scalar.plain(Source("p.yaml", text), text, 1, 1), SCOPE, (BOOL,), report)
        for found in report.diagnostics:
            MESSAGES[found.code].text.format(**found.params)
            seen += 1
    assert seen >= len(texts)


# ------------------------------------------------------------------------------------------------------------- scalars
def test_a_place_in_a_block_is_a_place_in_the_file() -> None:
    """Lines of a block scalar start where the file says."""
    text = Scalar.from_lines(Source("p.yaml", "when: |\n    a &&\n    b\n"), "a &&\nb\n", [(2, 5), (3, 5), (4, 1)])
    assert [(s.line, s.column, s.length) for s in (text.span(0), text.span(2, 2), text.span(5), text.span(0, 6))] == [
        (2, 5, 1),
        (2, 7, 2),
        (3, 5, 1),
        (2, 5, 4),
    ]


def test_a_plain_scalar_starts_where_it_is_put() -> None:
    """A one-line value needs only its place."""
    text = Scalar.plain(Source("p.yaml", "when: event.x"), "event.x", 1, 7)
    assert (text.span(6).column, text.span(0, 7).length) == (13, 7)


# ------------------------------------------------------------------------------------------------------ contradictions
@pytest.mark.parametrize(
    "text",
    [
        "event.count > 5 && event.count < 3",
        "event.count > 5 && event.count < 6",
        "event.total >= 1.0 && event.total < 1.0",
        "event.note == 'a' && event.note == 'b'",
        "event.note == 'a' && event.note != 'a'",
        "event.note in ['a', 'b'] && event.note == 'c'",
        "event.note in ['a'] && !(event.note in ['a', 'b'])",
        "5 < event.count && 3 > event.count",
        "event.gift && !event.gift",
        "event.note.size() < 0",
        "event.note.startsWith('a') && event.note == 'b'",
        "event.note == 'b' && event.note.size() > 3",
        "event.count == event.count && !(event.count == event.count)",
        "!has(event.note) && event.note.size() > 1",
        "event.note.size() > 3 && event.note.size() < 2",
        "(event.count > 5 && event.count < 3) || (event.note == 'a' && event.note == 'b')",
        "event.gift && (event.count > 5 && event.count < 3 || 1 > 2)",
        "features.orders == constants.most && features.orders > 5",
    ],
)
def test_a_contradiction_is_found(text: str) -> None:
    """A condition that constants alone make impossible is noticed."""
    assert never_true(term_of(text)) is not None


@pytest.mark.parametrize(
    "text",
    [
        "event.count > 5 && event.count < 7",
        "event.total > 5.0 && event.total < 6.0",
        "event.total >= 1.0 && event.total <= 1.0",
        "event.note == 'a' || event.note == 'b'",
        "event.note in ['a', 'b'] && event.note != 'a'",
        "!has(event.note) && event.count > 1",
        "!has(event.note) && (event.note == 'a' || event.gift)",
        "event.tags.exists(t, t == 'a') && event.tags.exists(t, t == 'b')",
        "!event.gift && event.count > 1",
        "event.count != 5 && event.count != 6",
    ],
)
def test_what_can_be_true_is_let_be(text: str) -> None:
    """No condition is called impossible that some event makes true."""
    assert never_true(term_of(text)) is None


# ----------------------------------------------------------------------------------------------------------------- SQL
def test_what_sql_cannot_say_is_told_at_its_place() -> None:
    """Each call without a form in the dialect is reported, and nothing else."""
    report = Report()
    term = term_of("event.note.lastIndexOf('x') > 1 && event.note.matches('(?i)é') && event.count > 1")
    assert not check_sql(term, "spark", report)
    assert [(found.code, found.span.column) for found in report.diagnostics] == [("Z201", 1), ("Z202", 55)]
    assert check_sql(term_of("event.note.matches('^a') && event.count > 1"), "duckdb", Report())


def test_has_is_about_a_field() -> None:
    """`has` holds the field it asks for."""
    term = term_of("has(actor.created_at)")
    assert isinstance(term, Has) and isinstance(term.operand, FieldRef)
    assert term.operand.path == ("seller", "created_at")


def test_the_reference_of_functions_is_current() -> None:
    """docs/language.md says of each function what its declaration says; `dev.py fix` writes it."""
    text = PAGE.read_text(encoding="utf-8")
    assert page_with_reference(text) == text
    assert "| `string.startsWith(string)` | bool |" in text
