"""Says in our own words, at the right place, what the YAML parser found wrong."""

from __future__ import annotations

import yaml

from zelo.base.source import Report
from zelo.policy.load_scalars import Page

_PROBLEMS = (
    ("tab character", "Z006", "problem"),
    ("cannot start any token", "Z007", "problem"),
    ("mapping values are not allowed", "Z008", "problem"),
    ("sequence entries are not allowed", "Z009", "problem"),
    ("could not find expected ':'", "Z010", "context"),
    ("found unexpected end of stream", "Z011", "context"),
    ("found unexpected document", "Z011", "context"),
    ("',' or", "Z019", "problem"),
    ("escape", "Z020", "problem"),
    ("hexdecimal", "Z020", "problem"),
    ("chr() arg", "Z020", "problem"),
    ("<block end>", "Z021", "problem"),
    ("expected key", "Z021", "problem"),
    ("expected '-' indicator", "Z021", "problem"),
)
"""A piece of the parser's words (of either parser, C or Python), our code, and which of its two places to show."""


def report_syntax(error: yaml.YAMLError | ValueError, page: Page, report: Report) -> None:
    """Report a parser's error; the place is never past the end of the text."""
    problem = str(getattr(error, "problem", None) or error)
    code, which = next(((code, which) for words, code, which in _PROBLEMS if words in problem), ("Z005", "problem"))
    text = page.source.text
    at = _index(error, f"{which}_mark", len(text))
    ended = at >= len(text.rstrip())
    if code == "Z019" and ended:
        code, at = "Z011", _index(error, "context_mark", at)
    if code == "Z007" and text[at : at + 1] == "\t":
        code = "Z006"
    at = min(at, max(len(text.rstrip()) - 1, 0))
    report.add(code, page.span(at, at + 1), (), **({"character": text[at : at + 1]} if code == "Z007" else {}))


def _index(error: Exception, name: str, otherwise: int) -> int:
    """Return the offset of a mark; the parsers in C and in Python have mark classes of their own."""
    index = getattr(getattr(error, name, None) or getattr(error, "problem_mark", None), "index", None)
    return index if isinstance(index, int) else otherwise
