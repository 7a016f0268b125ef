"""Two published logs as ledgers give the figures that their sources state."""

from __future__ import annotations

import pytest

from benchmarks.health_logs import PUBLISHED, again, block_ledgers, expiries, indefinite, strike_ledgers
from tests.places import shared


def test_who_strikes_again_is_as_published() -> None:
    """P(another strike | n) of the whole log lies within the interval of the sample, for each n that is stated."""
    shared("data/meneame_strikes/strikes.parquet")
    found = again(list(strike_ledgers()))
    for number, published in PUBLISHED.items():
        one = found[number]
        assert one.low is not None and one.high is not None
        assert one.low <= published <= one.high


@pytest.mark.slow
def test_indefinite_blocks_by_number_of_the_block() -> None:
    """A first block is nearly always indefinite; those who were blocked before mostly get a timed one."""
    shared("data/wiki_enforcement/blocks.parquet")
    found = indefinite(list(block_ledgers()))
    assert [round(one.value or 0, 2) for one in found.values()] == [0.95, 0.43, 0.27, 0.24, 0.09, 0.14]


@pytest.mark.slow
def test_a_longer_expiry_would_have_muted_more_and_closed_more() -> None:
    """What the docs say of 90 and 180 days over the strike log."""
    shared("data/meneame_strikes/strikes.parquet")
    short, long, users = expiries()
    assert (users, short.restricted, long.restricted) == (2_329, 867, 962)
    assert (short.closed, long.closed, round(short.days), round(long.days)) == (138, 210, 39_877, 42_166)
