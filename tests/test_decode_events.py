"""Decoding: what is taken in, what is absent, and what is refused with which reason at which path."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.amounts import examples
from zelo.base.errors import InvalidInput
from zelo.events.decode import Decoder
from zelo.events.durations import format_duration, parse_duration
from zelo.events.names import attribute
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
)

SELLER = ObjectOf((("id", Field(STRING, required=True)), ("created_at", Field(TIMESTAMP)), ("rating", Field(DOUBLE))))
PLACE = ObjectOf((("city", Field(STRING)), ("zip", Field(STRING))))
LISTED = Kind(
    "listing.created",
    ObjectOf(
        (
            ("seller", Field(SELLER, required=True)),
            ("place", Field(PLACE)),
            ("title", Field(STRING)),
            ("from", Field(STRING)),
            ("price", Field(DOUBLE, required=True)),
            ("stock", Field(INT)),
            ("lasts", Field(DURATION)),
            ("used", Field(BOOL)),
            ("tags", Field(ListOf(STRING))),
            ("times", Field(ListOf(TIMESTAMP))),
            ("attributes", Field(MapOf(INT))),
            ("stops", Field(ListOf(PLACE))),
        )
    ),
    {"actor": ("seller", "id")},
    {"actor": "account"},
)
SEEN = Kind(
    "page.seen", ObjectOf((("user", Field(STRING, required=True)),)), {"actor": ("user",)}, {"actor": "account"}
)
DECODER = Decoder({kind.name: kind for kind in (LISTED, SEEN)})
GOOD = {
    "id": "e1",
    "kind": "listing.created",
    "occurred_at": "2026-01-01T00:00:00Z",
    "seller": {"id": "s1"},
    "price": 10,
}


def decoded(**changes: object) -> object:
    return DECODER.decode_json(json.dumps({**GOOD, **changes}).encode())


def refused(line: bytes, decoder: Decoder = DECODER) -> dict[str, object]:
    with pytest.raises(InvalidInput) as caught:
        decoder.decode_json(line)
    return caught.value.params


def test_every_type_arrives_as_its_python_value() -> None:
    """Each type of the language has one Python form, and keyword names are kept under another attribute."""
    event = decoded(
        title="a", stock=-5, lasts="1h30m", used=True, tags=["x"], attributes={"k": 1}, **{"from": "here"},
        times=["2026-01-01T03:00:00-03:00"], stops=[{"city": "Recife"}],
    )  # fmt: skip
    assert event.kind == "listing.created" and event.id == "e1"
    assert event.occurred_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert (event.price, event.stock, event.used, event.tags, event.attributes) == (10.0, -5, True, ["x"], {"k": 1})
    assert event.lasts == timedelta(minutes=90)
    assert getattr(event, attribute("from")) == "here" and DECODER.attributes == {"from": "f_from"}
    assert event.times == [datetime(2026, 1, 1, 6, tzinfo=UTC)]
    assert event.stops[0].city == "Recife" and event.seller.rating is None


def test_null_is_absent_everywhere() -> None:
    """Explicit nulls, null items, null values and objects that hold nothing are the same as nothing."""
    event = decoded(
        title=None, tags=["a", None], attributes={"a": None, "b": 2}, place={"city": None}, stops=[None, {"city": "R"}],
        times=[None],
    )  # fmt: skip
    assert event.title is None and event.tags == ["a"] and event.attributes == {"b": 2} and event.place is None
    assert event.times == [] and [stop.city for stop in event.stops] == ["R"]


def test_undeclared_fields_are_ignored() -> None:
    """A platform may send more than the pack uses."""
    assert decoded(extra={"deep": [1, None]}).price == 10.0


@pytest.mark.parametrize(
    ("changes", "code", "path"),
    [
        ({"kind": None}, "kind_missing", "kind"),
        ({"kind": 5}, "wrong_type", "kind"),
        ({"kind": "listing.sold"}, "kind_unknown", "kind"),
        ({"id": None}, "required_missing", "id"),
        ({"id": ""}, "empty_id", "id"),
        ({"id": 7}, "wrong_type", "id"),
        ({"occurred_at": None}, "required_missing", "occurred_at"),
        ({"occurred_at": "2026-01-01T00:00:00"}, "no_zone", "occurred_at"),
        ({"occurred_at": "yesterday"}, "bad_timestamp", "occurred_at"),
        ({"occurred_at": 5}, "wrong_type", "occurred_at"),
        ({"occurred_at": "0001-01-01T00:00:00+05:00"}, "out_of_range", "occurred_at"),
        ({"occurred_at": "9999-12-31T23:59:59-05:00"}, "out_of_range", "occurred_at"),
        ({"seller": None}, "required_missing", "seller"),
        ({"seller": {}}, "required_missing", "seller.id"),
        ({"seller": {"id": 5}}, "wrong_type", "seller.id"),
        ({"seller": {"id": "s", "created_at": "0001-01-01T00:00:00+05:00"}}, "out_of_range", "seller.created_at"),
        ({"seller": []}, "wrong_type", "seller"),
        ({"price": None}, "required_missing", "price"),
        ({"price": "10"}, "wrong_type", "price"),
        ({"price": True}, "wrong_type", "price"),
        ({"stock": 2**63}, "out_of_range", "stock"),
        ({"stock": 5.0}, "wrong_type", "stock"),
        ({"stock": False}, "wrong_type", "stock"),
        ({"lasts": "soon"}, "bad_duration", "lasts"),
        ({"lasts": 5}, "wrong_type", "lasts"),
        ({"used": 1}, "wrong_type", "used"),
        ({"tags": "a"}, "wrong_type", "tags"),
        ({"tags": ["a", 5]}, "wrong_type", "tags[1]"),
        ({"times": ["2026-01-01T00:00:00Z", "x"]}, "bad_timestamp", "times[1]"),
        ({"times": ["0001-01-01T00:00:00+05:00"]}, "out_of_range", "times[0]"),
        ({"attributes": {"k": "x"}}, "wrong_type", "attributes['k']"),
        ({"stops": [{"city": 5}]}, "wrong_type", "stops[0].city"),
        ({"title": "\ud800"}, "bad_text", "title"),
    ],
)
def test_each_misfit_has_its_reason_and_its_path(changes: dict[str, object], code: str, path: str) -> None:
    """A refusal names the reason by a stable code, and the field by its path."""
    params = refused(json.dumps({**GOOD, **changes}).encode())
    assert (params["code"], params["path"]) == (code, path)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"", "not_json"),
        (b"{", "not_json"),
        (b"{} x", "not_json"),
        (b"[]", "not_an_object"),
        (b"5", "not_an_object"),
        (b"{}", "kind_missing"),
        (b'{"kind": ""}', "kind_unknown"),
        (b'{"kind": "", "never": 1}', "kind_unknown"),
        (b'{"price": NaN}', "not_finite"),
        (b'{"kind": "\xff"}', "not_utf8"),
        (b'{"x": ' + b"[" * 200_000, "too_deep"),
        (b'{"price": ' + b"9" * 5_000 + b"}", "too_many_digits"),
    ],
)
def test_what_is_no_event_at_all_is_refused_with_a_reason(line: bytes, code: str) -> None:
    """Broken JSON, broken UTF-8 and bottomless nesting are refused like any misfit."""
    assert refused(line)["code"] == code


def test_a_number_no_double_holds_is_refused_at_its_field() -> None:
    """JSON may write 1e400; a double cannot hold it."""
    line = json.dumps(GOOD).replace('"price": 10', '"price": 1e400').encode()
    assert (refused(line)["code"], refused(line)["path"]) == ("out_of_range", "price")


def test_a_lone_kind_still_must_be_named() -> None:
    """With one kind in the pack an event without a kind is no event of that kind."""
    lone = Decoder({"page.seen": SEEN})
    line = b'{"id": "1", "occurred_at": "2026-01-01T00:00:00Z", "user": "u"}'
    assert refused(line, lone)["code"] == "kind_missing"
    assert lone.decode_json(line[:-1] + b', "kind": "page.seen"}').user == "u"


def test_values_may_be_python_times_and_nan_is_absent() -> None:
    """Rows and examples bring datetimes, timedeltas and NaN."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    values = {**GOOD, "occurred_at": at, "lasts": timedelta(hours=1), "seller": {"id": "s", "rating": float("nan")}}
    event = DECODER.from_values("listing.created", values)
    assert event.lasts == timedelta(hours=1) and event.seller.rating is None
    with pytest.raises(InvalidInput):
        DECODER.from_values("listing.created", {**GOOD, "price": float("inf")})


_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", "x", "1h", "2026-01-01T00:00:00Z", "2026-01-01 00:00+01:00", "0001-01-01T00:00:00+01:00"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "city", "k", "zip"]), inner),
    max_leaves=5,
)  # fmt: skip


@settings(max_examples=examples(300), deadline=None)
@given(st.dictionaries(st.sampled_from([*dict(LISTED.fields.fields), "id", "occurred_at"]), _ANY, max_size=4))
def test_the_fast_and_the_slow_reader_agree(changes: dict[str, object]) -> None:
    """What msgspec takes is what the clear reader takes, value for value; what it refuses has a named reason."""
    values = {**GOOD, **changes}
    line = msgspec.json.encode(values) if _is_small(values) else json.dumps(values).encode()
    try:
        slow = DECODER.from_values("listing.created", json.loads(line))
    except InvalidInput as error:
        assert refused(line)["code"] == error.params["code"]
    else:
        assert DECODER.decode_json(line) == slow


def _is_small(values: dict[str, object]) -> bool:
    try:
        msgspec.json.encode(values)
    except OverflowError:
        return False
    return True


@pytest.mark.parametrize(
    ("text", "microseconds"),
    [
        ("0", 0), ("1h30m", 5_400_000_000), ("3600s", 3_600_000_000), ("1.5h", 5_400_000_000), ("-250ms", -250_000),
        ("1us", 1), ("1999ns", 1), (".5s", 500_000), ("+2m", 120_000_000), ("", None), ("-", None), ("1", None),
        ("1d", None), ("h", None), ("1h ", None), ("1e3s", None), ("٣s", None), ("999999999h", None),
        ("1" * 200 + "s", None), ("PT1H", None), ("1ms1us", 1_001),
    ],
)  # fmt: skip
def test_durations_are_written_as_in_cel(text: str, microseconds: int | None) -> None:
    """The grammar is CEL's; nothing else is read as a duration."""
    assert parse_duration(text) == microseconds


@given(st.integers(-(10**17), 10**17))
def test_a_formatted_duration_reads_back(microseconds: int) -> None:
    """Formatting loses nothing."""
    assert parse_duration(format_duration(microseconds)) == microseconds
