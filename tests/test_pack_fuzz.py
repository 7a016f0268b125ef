"""Whatever bytes stand in the files of a pack: the answer is a pack or errors with places, soon, and never a crash."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.amounts import examples
from tests.base_pack import FILES
from zelo.adapters.translation import translator
from zelo.base.render import render
from zelo.base.source import Report
from zelo.policy.load_pack import load_pack
from zelo.policy.yaml_reader import ListNode, MapNode, Node, ScalarNode, read_text, read_yaml

SECONDS_MAX = 20.0
TRANSLATORS = (translator("en"), translator("pt-BR"))
YAML_FILES = sorted(path for path in FILES if path.endswith(".yaml"))
PIECES = (
    *(
        b":",
        b"- ",
        b"{",
        b"}",
        b"[",
        b"]",
        b"'",
        b'"',
        b"|",
        b">",
        b"&a ",
        b"*a",
        b"!!x ",
        b"<<: ",
        b"---\n",
        b"#",
        b"%",
    ),
    *(b"\n", b"\r\n", b"\r", b"\t", b"  ", b"\x00", b"\xff", b"\xef\xbb\xbf", b"\xe2\x80\xa8", "😀".encode(), b"\\u"),
    *(
        b"null",
        b"~",
        b"true",
        b"1e999",
        b"-0",
        b".nan",
        b"0x10",
        b"99999999999999999999",
        b"30d",
        b"event",
        b"features.",
    ),
)
VALUES = st.sampled_from(
    (
        None,
        True,
        0,
        -1,
        10**30,
        0.5,
        "",
        " ",
        "x",
        "a.b",
        "30d",
        "2026-01-01T00:00:00Z",
        "event.price",
        [],
        {},
        [[]],
        {"": 1},
    )
)


def check(files: Mapping[str, bytes]) -> None:
    """Load files and hold the answer to what is promised of every answer."""
    report = Report()
    start = time.process_time()
    pack = load_pack(files, report)
    assert time.process_time() - start < SECONDS_MAX
    assert (pack is None) == report.has_errors
    lines: dict[str, int] = {}
    for diagnostic in report.diagnostics:
        for span in (diagnostic.span, *diagnostic.related):
            assert span.line >= 1 and span.column >= 1 and span.length >= 1
            if span.source.path not in lines:
                lines[span.source.path] = span.source.text.count("\n") + 1
            assert span.line <= lines[span.source.path]
    for diagnostic in report.diagnostics[:20]:
        assert all(render(diagnostic, translate) for translate in TRANSLATORS)


@st.composite
def spliced(draw: st.DrawFn) -> dict[str, bytes]:
    """Draw the base pack with a few stretches of its bytes replaced."""
    files = dict(FILES)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(sorted(files)))
        content = files[path]
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.integers(0, 12)))
        files[path] = content[:start] + b"".join(draw(st.lists(st.sampled_from(PIECES), max_size=3))) + content[end:]
    return files


@given(files=spliced())
def test_any_bytes_give_a_pack_or_errors(files: dict[str, bytes]) -> None:
    """Splices of bytes into a sound pack."""
    check(files)


def plain(node: Node) -> object:
    """Return a node as JSON data; scalars keep their text."""
    if isinstance(node, MapNode):
        return {key: plain(inner) for key, (_, inner) in node.entries.items()}
    if isinstance(node, ListNode):
        return [plain(item) for item in node.items]
    assert isinstance(node, ScalarNode)
    return node.resolved()


def tree(path: str) -> object:
    """Return a file of the base pack as JSON data."""
    report = Report()
    source = read_text(path, FILES[path], report)
    assert source is not None
    node = read_yaml(source, report)
    assert node is not None
    return plain(node)


def mutated(draw: st.DrawFn, value: object) -> object:
    """Replace, drop, double or rename something somewhere inside a value."""
    if isinstance(value, dict) and value and draw(st.integers(0, 4)):
        key = draw(st.sampled_from(sorted(value)))
        rest = {name: inner for name, inner in value.items() if name != key}
        match draw(st.integers(0, 5)):
            case 0:
                return rest
            case 1:
                return {**rest, draw(st.sampled_from(("x", "on", "features", key + "s", key[:-1]))): value[key]}
            case _:
                return {**value, key: mutated(draw, value[key])}
    if isinstance(value, list) and value and draw(st.integers(0, 3)):
        at = draw(st.integers(0, len(value) - 1))
        if not draw(st.integers(0, 3)):
            return [*value, value[at]]
        return [*value[:at], mutated(draw, value[at]), *value[at + 1 :]]
    return draw(VALUES)


@st.composite
def rearranged(draw: st.DrawFn) -> dict[str, bytes]:
    """Draw the base pack with pieces of its meaning changed; JSON is YAML."""
    path = draw(st.sampled_from(YAML_FILES))
    return {**FILES, path: json.dumps(mutated(draw, tree(path)), ensure_ascii=draw(st.booleans())).encode()}


@given(files=rearranged())
def test_any_values_give_a_pack_or_errors(files: dict[str, bytes]) -> None:
    """Values of other types, missing and doubled keys, anywhere in a sound pack."""
    check(files)


def test_json_is_a_pack_too() -> None:
    """The fuzzing above starts from something that loads."""
    files = {path: json.dumps(tree(path)).encode() if path in YAML_FILES else FILES[path] for path in FILES}
    report = Report()
    assert load_pack(files, report) is not None, report.diagnostics


@settings(max_examples=examples(50))
@given(content=st.binary(max_size=200), path=st.sampled_from(sorted(FILES)))
def test_noise_gives_errors(content: bytes, path: str) -> None:
    """Bytes that mean nothing."""
    check({**FILES, path: content})


MEBI = 1 << 20
BOMBS = {
    "brackets": b"[" * MEBI,
    "braces": b"{a: " * (MEBI // 4),
    "quotes": b"'" * MEBI,
    "one quote": b"a: '" + b"x\n" * (MEBI // 2 - 10),
    "dashes": b"- " * (MEBI // 2),
    "questions": b"? " * (MEBI // 2),
    "colons": b": " * (MEBI // 2),
    "anchors": b"&a " * (MEBI // 3),
    "aliases": b"a: &a [x]\n" + b"".join(b"b%d: *a\n" % n for n in range(50_000)),
    "items": b"list: {values: [" + b"a, " * (MEBI // 3 - 10) + b"]}",
    "keys": b"".join(b"key%d: 1\n" % n for n in range(60_000)),
    "same keys": b"key: 1\n" * 60_000,
    "long key": b"k" * (MEBI - 10) + b": 1",
    "long number": b"pack: " + b"9" * (MEBI - 10),
    "spaces": b" " * MEBI,
    "lines": b"\n" * MEBI,
    "backslashes": b'a: "' + b"\\\\" * (MEBI // 2 - 10) + b'"',
    "tags": b"a: " + b"!" * (MEBI - 10),
    "near names": b"rules: [" + b"{rule: a, on: listing.createe, when: x, then: [remove_contentt]}, " * 1500 + b"]",
}


@pytest.mark.slow
@pytest.mark.parametrize("path", ("pack.yaml", "lists/trusted_domains.yaml", "policies/base.yaml"))
@pytest.mark.parametrize("bomb", sorted(BOMBS))
def test_no_file_keeps_the_check_busy(bomb: str, path: str) -> None:
    """Files made to be slow to read are answered within seconds."""
    assert len(BOMBS[bomb]) <= MEBI + 10
    check({**FILES, path: BOMBS[bomb]})


@pytest.mark.slow
def test_a_list_of_a_million_rows_is_read() -> None:
    """The longest list there may be takes seconds, not minutes."""
    check({**FILES, "lists/replica_words.csv": b"value\n" + b"".join(b"w%d\n" % n for n in range(1_000_000))})
