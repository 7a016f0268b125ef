"""Rules that read an account's standing are decided alike by the run over history in SQL and by the online engine."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.amounts import examples
from tests.history_runs import differences, lake_of
from tests.test_health_engine import listed, pack_of
from zelo.adapters.history import HistoryLimits
from zelo.history.flows import run_sql

pytestmark = pytest.mark.slow

ONE = HistoryLimits(memory="500MB", threads=1)
CONDITIONS = (
    "actor.points >= 4.0",
    "actor.points >= event.price * 2.0",
    'actor.violations(duration("720h")) >= 2',
    'actor.violations(duration("48h")) >= 1 && event.price > 1.0',
    '"frozen" in actor.penalties',
    'actor.tier == "clean" || event.price < 0.3',
    'actor.tier != "clean" && !("trusted" in actor.labels)',
    '"trusted" in actor.labels && actor.points < 6.0',
)
EFFECTS = ("{add_label: repeats}", "{add_label: trusted}", "{hold_publication: 24h}", "{remove_label: trusted}")
CHARGES = ("low", "medium", "high")
HEAD = """\
policy: watch
title: {en: Watch, pt-BR: Vigiar}
text: {en: Text., pt-BR: Texto.}
violation: spam
grounds: {BR: [contract]}
rules:
"""


@st.composite
def policies(draw: st.DrawFn) -> str:
    """Return a policy of rules that charge by the price alone, and of rules that read the standing."""
    lines = [HEAD]
    for number, severity in enumerate(draw(st.lists(st.sampled_from(CHARGES), min_size=1, max_size=3))):
        most = draw(st.sampled_from(["0.5", "1.0", "6.0"]))
        effect = f"{{charge: {{violation: spam, severity: {severity}}}}}"
        lines.append(
            f"  - {{rule: charges_{number}, on: listing.created, when: event.price < {most}, then: [{effect}]}}\n"
        )
    for number, condition in enumerate(
        draw(st.lists(st.sampled_from(CONDITIONS), min_size=1, max_size=4, unique=True))
    ):
        effect = draw(st.sampled_from(EFFECTS if "labels" not in condition else EFFECTS[2:3]))
        lines.append(
            f"  - rule: reads_{number}\n    on: listing.created\n    when: '{condition}'\n    then: [{effect}]\n"
        )
    return "".join(lines)


EVENTS = st.lists(
    st.tuples(st.integers(0, 60), st.sampled_from([0.2, 0.7, 2.0, 5.0]), st.sampled_from("ab"), st.booleans()),
    min_size=1,
    max_size=14,
)


@settings(max_examples=examples(25), deadline=None, suppress_health_check=list(HealthCheck))
@given(policies(), EVENTS)
def test_standings_over_history_and_online_are_the_same(policy: str, story: list[tuple[int, float, str, bool]]) -> None:
    """Whatever charges and whatever reads points, violations, penalties or tier, with labels beside them."""
    pack = pack_of(policy)
    events: list[dict[str, Any]] = []
    for number, (hours, price, seller, is_priced) in enumerate(sorted(story)):
        events.append(json.loads(listed(number, hours * 8, price, seller)))
        if not is_priced:
            del events[-1]["price"]
    with tempfile.TemporaryDirectory() as folder:
        lake = lake_of(pack, events, Path(folder) / "lake")
        run = run_sql(pack, lake, Path(folder) / "out", limits=ONE)
        assert differences(pack, lake, run) == []
