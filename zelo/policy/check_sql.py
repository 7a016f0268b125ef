"""Whether a term can be computed over history, in SQL."""

from __future__ import annotations

from zelo.base.source import Report
from zelo.policy.functions.patterns import java_pattern
from zelo.policy.terms import Call, Const, Term


def check_sql(term: Term, dialect: str, report: Report) -> bool:
    """Report each call that `dialect` (`duckdb` or `spark`) has no form for; say whether there is none."""
    able = True
    for part in term.walk():
        if not isinstance(part, Call):
            continue
        function = part.function
        if dialect not in function.sql:
            report.add("Z201", part.span, name=function.name)
            able = False
        elif function.name == "matches" and dialect == "spark":
            pattern = part.arguments[1]
            assert isinstance(pattern, Const)
            if java_pattern(str(pattern.value)) is None:
                report.add("Z202", pattern.span, pattern=str(pattern.value), dialect=dialect)
                able = False
    return able
