"""Laws of places: whatever way a text is written in YAML, each of its characters is found where the author sees it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from zelo.base.source import Report, Source
from zelo.policy import yaml_reader
from zelo.policy.load_scalars import decode
from zelo.policy.yaml_reader import MapNode, ScalarNode, read_yaml

LETTERS = "ab é😀#:'\"\\,-"
ESCAPES = ("\\n", "\\t", '\\"', "\\\\", "\\x41", "\\u00e9", "\\U0001F600", "\\/", "\\ ", "\\e")
words = st.text(st.sampled_from(LETTERS), min_size=1, max_size=6)
line_ends = st.sampled_from(("\n", "\r\n"))


@dataclass(frozen=True)
class Written:
    """A YAML file with one scalar, and the scalar."""

    text: str
    node: ScalarNode


def written(text: str) -> Written:
    """Read the value of the key `k`; texts that YAML refuses are not of interest here."""
    report = Report()
    root = read_yaml(Source("policies/a.yaml", text), report)
    assume(not report.diagnostics and isinstance(root, MapNode))
    assert isinstance(root, MapNode)
    node = root.entries["k"][1]
    assert isinstance(node, ScalarNode)
    assume(node.value.strip())
    return Written(text, node)


def assert_places_are_right(given_: Written) -> None:
    """Check every character of the value against the file, and that places only go forward."""
    scalar, escaped = given_.node.scalar, given_.node.style in ("'", '"')
    lines = given_.text.replace("\r\n", "\n").split("\n")
    before = (0, 0)
    for offset, wanted in enumerate(scalar.value):
        line, column = scalar.place(offset)
        assert before < (line, column)
        before = (line, column)
        found = f"{lines[line - 1]}\n"[column - 1]
        at_break = found == "\n" and wanted in " \n"
        at_escape = escaped and found == ("\\" if given_.node.style == '"' else "'")
        assert found == wanted or at_break or at_escape, (offset, wanted, found)


@st.composite
def blocks(draw: st.DrawFn) -> str:
    """Draw a literal or folded block scalar with indentation, blank lines and chomping of all kinds."""
    style, chomp, end = draw(st.sampled_from("|>")), draw(st.sampled_from(("", "-", "+"))), draw(line_ends)
    indent = draw(st.integers(1, 4))
    lines = draw(st.lists(st.one_of(words, st.just(""), st.just("  x"), st.just(" \ty")), max_size=6))
    stated = str(indent) if draw(st.booleans()) else ""
    comment = draw(st.sampled_from(("", " # said + twice -")))
    body = "".join(" " * indent + line + end for line in lines)
    if draw(st.booleans()):
        body = body.removesuffix(end)
    return f"a: 1{end}k: {style}{stated}{chomp}{comment}{end}{body}"


@st.composite
def quoted(draw: st.DrawFn) -> str:
    """Draw a scalar in single or double quotes, over several lines."""
    quote, end = draw(st.sampled_from("'\"")), draw(line_ends)
    breaks = st.sampled_from((end + "  ", end + end + " ", f" {end}  "))
    if quote == "'":
        plain = words.map(lambda text: text.replace("'", "''"))
    else:
        plain = words.map(lambda text: text.replace("\\", "").replace('"', "")) | st.sampled_from(
            (*ESCAPES, f"\\{end}  ", f"x\\{end}{end} ")
        )
    return f"k: {quote}{''.join(draw(st.lists(plain | breaks, max_size=8)))}{quote}{end}b: 2{end}"


@st.composite
def bare(draw: st.DrawFn) -> str:
    """Draw a plain scalar, over several lines."""
    end = draw(line_ends)
    pieces = st.text(st.sampled_from("ab é😀'\"\\,-"), min_size=1, max_size=6)
    return f"k: a{(end + '  ').join(draw(st.lists(pieces, min_size=1, max_size=4)))}{end}b: 2{end}"


@given(text=blocks())
def test_each_character_of_a_block_scalar_is_where_it_is_shown(text: str) -> None:
    """Indentation, folding, chomping, line ends and characters outside the first plane move no place."""
    assert_places_are_right(written(text))


@given(text=quoted())
def test_each_character_of_a_quoted_scalar_is_where_it_is_shown(text: str) -> None:
    """Escapes, doubled quotes and folded lines move no place."""
    assert_places_are_right(written(text))


@given(text=bare())
def test_each_character_of_a_plain_scalar_is_where_it_is_shown(text: str) -> None:
    """Plain scalars over several lines fold like quoted ones."""
    assert_places_are_right(written(text))


@given(text=st.one_of(blocks(), quoted(), bare()))
def test_our_decoding_of_a_scalar_is_the_parsers(text: str) -> None:
    """Places come from decoding the text a second time; it gives what the YAML parser gave."""
    node = written(text).node
    decoded, found = decode(text, node.start, node.end, node.style, node.value)
    assert decoded == node.value
    assert len(found) == len(decoded)


@given(text=st.one_of(blocks(), quoted(), bare()))
def test_both_parsers_say_the_same(text: str) -> None:
    """The parser in C is only faster: the one in Python gives the same values at the same places."""
    fast = written(text).node
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yaml_reader, "_LOADER", yaml.SafeLoader)
        slow = written(text).node
    assert (slow.value, slow.start, slow.style) == (fast.value, fast.start, fast.style)
    assert slow.scalar == fast.scalar


def test_a_word_inside_a_block_scalar_has_its_own_place() -> None:
    """The span of `titel` covers exactly that word, on its line and column of the file."""
    source = Source("policies/a.yaml", "a: 1\nk: |\n  first &&\n    event.titel == 1\n")
    root = read_yaml(source, Report())
    assert isinstance(root, MapNode)
    node = root.entries["k"][1]
    assert isinstance(node, ScalarNode)
    scalar = node.scalar
    span = scalar.span(scalar.value.index("titel"), 5)
    assert (span.line, span.column, span.length) == (4, 11, 5)
