"""
The order of a stream: each event gets, once, the place in it that every engine reads.

An event's effective time is its own time or that of the event before it, whichever is later: time never runs
backwards. `order_key = effective time in milliseconds * 2^20 + counter`; the counter restarts with each
millisecond, and runs on into the next millisecond should a million events fall into one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from zelo.events.reasons import invalid

COUNTER_BITS = 20
ORDER_MS_MIN, ORDER_MS_MAX = -(2**43), 2**43 - 2
"""The milliseconds an order key of 64 bits can hold: the years 1691 to 2248."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class Sequencer:
    """Gives out order keys; its whole state is the last one, so that saving and restoring it is exact."""

    clock_skew_us: int
    """How far in the future of the door's clock an event may be."""
    last_order_key: int = -(2**63)
    late: int = 0
    """How many events were dated before the event that came before them."""

    def next(self, occurred_ms: int, now_us: int | None = None) -> int:
        """
        Return the order key of the next event, which occurred in this millisecond (floored) since 1970 UTC.

        `now_us` is the door's clock in microseconds; None when there is nothing to compare with, as for
        generated history. Raise InvalidInput, giving out no key, for an event dated beyond the clock skew
        or outside the years that order keys can hold.
        """
        if now_us is not None:
            check_not_future(occurred_ms * 1_000, now_us, self.clock_skew_us)
        if not ORDER_MS_MIN <= occurred_ms <= ORDER_MS_MAX:
            raise invalid("unorderable", path="occurred_at")
        order_key, last = occurred_ms << COUNTER_BITS, self.last_order_key
        if order_key <= last:
            self.late += occurred_ms < last >> COUNTER_BITS
            order_key = last + 1
        self.last_order_key = order_key
        return order_key

    def dump(self) -> tuple[int, int]:
        """Return the state, for `load`."""
        return self.last_order_key, self.late

    def load(self, state: Sequence[int]) -> None:
        """Continue exactly from a dumped state."""
        self.last_order_key, self.late = state


def check_not_future(occurred_us: int, now_us: int, clock_skew_us: int) -> None:
    """Raise InvalidInput when a time lies further ahead of the clock than the allowed skew."""
    if occurred_us > now_us + clock_skew_us:
        ahead = (occurred_us - now_us) // 1_000_000
        raise invalid("future", path="occurred_at", ahead=ahead, skew=clock_skew_us // 1_000_000)


def floor_ms(moment: datetime) -> int:
    """Return the milliseconds since 1970 UTC, rounded down."""
    since = moment - _EPOCH
    return since.days * 86_400_000 + since.seconds * 1_000 + since.microseconds // 1_000


def effective_ms(order_key: int) -> int:
    """Return the effective time in an order key, in milliseconds since 1970 UTC."""
    return order_key >> COUNTER_BITS
