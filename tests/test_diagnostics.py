"""Every case of docs/diagnostics/ and every condition of docs/language.md: what is announced is reported, no more."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.base_pack import FILES
from tests.literate import Case, Place, cases, sections
from tests.places import REPOSITORY
from zelo.adapters.packs import checked_pack
from zelo.adapters.translation import LANGUAGES, translator
from zelo.base.messages import MESSAGES
from zelo.base.render import render
from zelo.base.source import Report
from zelo.policy.check_sql import check_sql
from zelo.policy.load_pack import load_pack

PAGES = (*sorted((REPOSITORY / "docs" / "diagnostics").glob("*.md")), REPOSITORY / "docs" / "language.md")
CASES = tuple(
    pytest.param(case, id=f"{page.stem}:{case.line} {case.title[:40]}")
    for page in PAGES
    if page.exists()
    for case in cases(page)
)


def places(report: Report) -> frozenset[Place]:
    """Return where what was reported."""
    return frozenset((d.span.source.path, d.span.line, d.span.column, d.code) for d in report.diagnostics)


def loaded(case: Case) -> Report:
    """Load a case's pack, and ask the case's backend too when it names one."""
    report = Report()
    pack = checked_pack(case.files, report)
    if case.backend:
        assert pack is not None and not report.diagnostics
        rule = next(rule for rule in pack.rules if rule.policy == "case")
        for term in rule.terms.values():
            check_sql(term, case.backend, report)
    return report


def test_the_base_pack_loads_without_a_word() -> None:
    """The pack that cases are laid over is itself sound, so that each case shows only its own mistakes."""
    report = Report()
    assert load_pack(FILES, report) is not None
    assert not report.diagnostics


@pytest.mark.parametrize("case", CASES)
def test_what_a_page_announces_is_what_is_reported(case: Case) -> None:
    """Each case reports exactly the announced codes at the announced places, and shows them in both languages."""
    report = loaded(case)
    assert places(report) == case.expected
    if case.related:
        spans = [span for d in report.diagnostics for span in d.related]
        assert tuple((s.source.path, s.line, s.column) for s in spans) == case.related
    for language in LANGUAGES:
        for diagnostic in report.diagnostics:
            assert render(diagnostic, translator(language)).startswith(diagnostic.span.source.path)
    for language, text in case.shown:
        assert "\n\n".join(render(d, translator(language)) for d in report.diagnostics) == text


def test_every_code_has_its_case() -> None:
    """Each declared code has a heading of its own, and the section below it shows the code being reported."""
    shown: set[str] = set()
    for page in PAGES[:-1]:
        by_title: dict[str, set[str]] = {}
        for case in cases(page):
            by_title.setdefault(case.title, set()).update(code for *_, code in case.expected)
        shown |= {title[:4] for title, codes in by_title.items() if title[4:6] == ": " and title[:4] in codes}
    assert sorted(MESSAGES.keys() - shown) == []


def test_every_heading_with_a_code_is_of_a_declared_code() -> None:
    """No page documents a code that nothing reports."""
    titles = [section.title for page in PAGES[:-1] for section in sections(page)]
    documented = {title[:4] for title in titles if title[:1] == "Z" and title[4:6] == ": "}
    assert documented <= MESSAGES.keys()


def test_a_case_that_announces_nothing_fails_when_something_is_reported(tmp_path: Path) -> None:
    """The reader of pages is not blind: it sees comments, lines and columns where they are."""
    page = tmp_path / "page.md"
    page.write_text("## Z101: x\n\n```cel\nevent.title ==\n  event.titel // error: 3 Z101\n```\n", encoding="utf-8")
    (case,) = cases(page)
    ((path, line, column, code),) = case.expected
    assert (column, code) == (9, "Z101")
    assert case.files[path].decode().split("\n")[line - 1] == "        event.titel // error: 3 Z101"
