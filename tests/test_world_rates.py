"""The rates of the world: near what platforms publish, and classifiers as well as they say."""

from __future__ import annotations

import numpy as np
import pytest

from tests.worlds import kept, rows
from zelo.simulate.figures import TARGETS, rates
from zelo.simulate.making import FIRST
from zelo.simulate.state import new_world


@pytest.mark.slow
def test_the_world_has_the_published_rates() -> None:
    """Each figure of the table in docs/simulation.md lies in its range, in a world of 10,000 accounts and 60 days."""
    for target, found in rates(kept(accounts=10_000, days=60, seed=7)):
        assert target.low <= found <= target.high, f"{target.name}: {found}, asked {target.asked}"
        assert target.low <= target.asked <= target.high


def test_targets_name_their_source() -> None:
    """Every figure says where it was published, and no two have the same name."""
    assert all(target.source for target in TARGETS) and len({target.name for target in TARGETS}) == len(TARGETS)


def test_classifiers_separate_as_far_as_they_say() -> None:
    """The scores of offences lie the stated number of standard deviations above innocent ones; blind ones do not."""
    world = new_world(1, 100, 1, FIRST)
    ids = np.arange(20_000)
    none, guilty = np.zeros(20_000, np.int64), np.full(20_000, 12)
    quiet = world.signal("sexual", none, none, none, none, ids)
    seen = world.signal("sexual", guilty, none, none, none, ids)
    blind = world.signal("sexual", guilty, none, np.full(20_000, 2), none, ids)
    evading = world.signal("sexual", guilty, np.full(20_000, 2), none, none, ids)
    assert abs((seen.mean() - quiet.mean()) / quiet.std() - 5.5) < 0.1
    assert abs(blind.mean() - quiet.mean()) < 0.005
    assert quiet.mean() < evading.mean() < seen.mean() - 0.15
    assert 0 <= quiet.min() and seen.max() <= 1


def test_growth_and_rhythm() -> None:
    """Nights are quieter than evenings, and more accounts begin toward the end than at the start."""
    root = kept(accounts=2_000, days=30, seed=1)
    hours = dict(rows(root, 'SELECT hour("at" - INTERVAL 3 HOUR), count(*) FROM $impressions GROUP BY 1'))
    assert int(str(hours[20])) > 4 * int(str(hours[4]))
    days = (
        "SELECT count(*) FILTER (created_at >= '2025-01-16'), count(*) FROM $accounts WHERE created_at >= '2025-01-01'"
    )
    late, every = rows(root, days)[0]
    assert int(str(late)) > 0.6 * int(str(every))
