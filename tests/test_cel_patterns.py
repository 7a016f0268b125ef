"""Patterns of RE2 said to Java: what is translated finds the same, what is not is refused."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path

import pytest
import re2
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.places import program
from zelo.policy.functions.patterns import java_pattern

QUIET = re2.Options()
QUIET.log_errors = False
ATOMS = (
    *(
        "a",
        "b",
        "k",
        "s",
        "S",
        "K",
        "é",
        "ç",
        "😀",
        ".",
        "^",
        "$",
        r"\b",
        r"\d",
        r"\D",
        r"\w",
        r"\W",
        r"\s",
        r"\S",
        "[a-c]",
    ),
    *(
        "[^a-c]",
        "[k-z]",
        "[A-Z_]",
        "[]a]",
        "[^]]",
        "[a&&b]",
        "[a[b]",
        r"[\w-]",
        "[-a]",
        "[a-]",
        r"[\d\s]",
        "[é-ü]",
        r"\x41",
    ),
    *(
        r"\x{1F600}",
        r"\.",
        r"\v",
        r"\n",
        " ",
        "#",
        "&",
        "{",
        "}",
        "]",
        "-",
        r"[\-\]]",
        "[+--]",
        "[ -~]",
        r"\A",
        r"\z",
        "(?i)",
    ),
    *("ſ", "\u212a", "İ", "ı", "(?s)", "(?-i)", "|"),
)
REPEATS = ("", "", "", "", "*", "+", "?", "*?", "+?", "{2}", "{1,2}", "{,2}")
OPENINGS = ("(", "(?:", "(?i:", "(?s:", "(?is:", "(?i-s:")
CHARACTERS = "abckKsSzZAé çÇ\n\r\v\t\f_1-.&[]{}#+ü😀ſ\u212aıİ\u2028\x85iIß\xa0"
JAVA = """
import java.io.*; import java.nio.charset.StandardCharsets; import java.util.*; import java.util.regex.*;
public class Patterns {
  static String text(String b) { return new String(Base64.getDecoder().decode(b), StandardCharsets.UTF_8); }
  public static void main(String[] arguments) throws Exception {
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
    for (String line; (line = in.readLine()) != null; ) {
      String[] parts = line.split(" ", -1);
      StringBuilder out = new StringBuilder();
      Pattern pattern = Pattern.compile(text(parts[0]));
      for (int i = 1; i < parts.length; i++) out.append(pattern.matcher(text(parts[i])).find() ? '1' : '0');
      System.out.println(out);
    }
  }
}
"""
PIECES = st.tuples(st.sampled_from(ATOMS), st.sampled_from(REPEATS)).map("".join)
PATTERNS = st.recursive(
    st.lists(PIECES, min_size=1, max_size=4).map("".join),
    lambda inner: st.lists(
        st.one_of(
            PIECES, st.tuples(st.sampled_from(OPENINGS), inner, st.just(")"), st.sampled_from(REPEATS)).map("".join)
        ),
        min_size=1,
        max_size=3,
    ).map("".join),
    max_leaves=4,
)


@pytest.mark.parametrize(
    ("pattern", "java"),
    [
        ("a.b", r"a[^\n]b"),
        ("^promo$", r"\Apromo\z"),
        (r"\d+", "[0-9]+"),
        ("(?i)sk", r"[sS-S\u017F][kK-K\u212A]"),
        ("(?s).", "(?s:.)"),
        ("(?P<word>a)", "(?:a)"),
        ("[a&&b]", r"[a\x26\x26b]"),
    ],
)
def test_what_the_two_read_differently_is_rewritten(pattern: str, java: str) -> None:
    """The ends, the dot, classes and letter case are said in Java's words."""
    assert java_pattern(pattern) == java


@pytest.mark.parametrize(
    "pattern", ["[[:alpha:]]", r"\pL", r"\Qa\E", "(?m)^a", "(?U)a+", "(?i)ç", r"\Ba", r"\012", "^*"]
)
def test_what_cannot_be_trusted_is_refused(pattern: str) -> None:
    """A pattern that Java might read otherwise has no Java form."""
    assert java_pattern(pattern) is None


def encoded(text: str) -> str:
    """Return a text in letters that a line can hold."""
    return base64.b64encode(text.encode()).decode()


@pytest.mark.slow
def test_java_finds_what_re2_finds(tmp_path: Path) -> None:
    """Random patterns on random texts: each translated pattern finds a match exactly where RE2 does."""
    rows: list[tuple[str, str, list[str]]] = []

    @settings(max_examples=settings.default.max_examples * 10, database=None, phases=[Phase.generate])
    @given(PATTERNS, st.lists(st.text(alphabet=CHARACTERS, max_size=7), min_size=10, max_size=10))
    def gather(pattern: str, texts: list[str]) -> None:
        try:
            re2.compile(pattern, QUIET)
        except re2.error:
            return
        java = java_pattern(pattern)
        if java is not None:
            rows.append((pattern, java, texts))

    gather()
    assert len(rows) > 50
    (tmp_path / "Patterns.java").write_text(JAVA, encoding="utf-8")
    lines = "\n".join(" ".join(map(encoded, (java, *texts))) for _, java, texts in rows)
    subprocess.run([program("javac"), "-d", str(tmp_path), str(tmp_path / "Patterns.java")], check=True)
    command = [program("java"), "-cp", str(tmp_path), "Patterns"]
    done = subprocess.run(command, input=lines + "\n", capture_output=True, text=True, check=False)
    found = done.stdout.split()
    assert len(found) == len(rows), done.stderr
    for (pattern, java, texts), seen in zip(rows, found, strict=True):
        wanted = "".join("1" if re2.compile(pattern, QUIET).search(text) else "0" for text in texts)
        assert seen == wanted, (pattern, java, texts)
