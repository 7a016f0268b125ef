"""A progress line on the error output, and the wish to stop."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from zelo.base.messages.message import N_
from zelo.cli.speech import _, complain, number, percent

_EVERY_S = {True: 0.2, False: 10.0}
"""Seconds between two tellings: on a terminal, where a line is rewritten, and elsewhere."""
_WIDTH = 24


class ProgressLine:
    """Tells how far the work is: a line that is rewritten on a terminal, a line now and then elsewhere."""

    def __init__(self, *, shown: bool | None) -> None:
        """`shown`: None shows it on a terminal only."""
        self._terminal = sys.stderr.isatty()
        self._shown = self._terminal if shown is None else shown
        self._told_at = -1e9
        self._stage = ""
        self._began_at = 0.0
        self._began_with = 0
        self._open = False

    def __call__(self, what: str, done: int, total: int) -> None:
        """Take note of how far the work is; `what` is a text marked for translation."""
        if not self._shown:
            return
        now = time.monotonic()
        if what != self._stage:
            self._stage, self._began_at, self._began_with, self._told_at = what, now, done, -1e9
        if now - self._told_at >= _EVERY_S[self._terminal] or (total and done >= total):
            self._told_at = now
            self._tell(self._words(done, total, now - self._began_at))

    def close(self) -> None:
        """Leave the line."""
        if self._open:
            sys.stderr.write("\n")
            self._open = False

    def _words(self, done: int, total: int, seconds: float) -> str:
        words = _(self._stage)
        if not done and not total:
            return words
        if not total:
            return f"{words} {number(done)}"
        filled = _WIDTH * done // total
        bar = "█" * filled + "░" * (_WIDTH - filled)
        text = f"{words} {bar} {number(done)} / {number(total)}  {percent(done, total)}"
        speed = (done - self._began_with) / seconds if seconds > 1 else 0
        if speed:
            left = (total - done) / speed
            text += f"  {number(round(speed))}/s  {int(left // 60)}:{int(left % 60):02}"
        return text

    def _tell(self, text: str) -> None:
        if self._terminal:
            sys.stderr.write(f"\r\x1b[2K{text}")
            self._open = True
        else:
            sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


class Stop:
    """Whether someone asked to stop: the first time the work ends at the next good place, the second time at once."""

    def __init__(self) -> None:
        self.asked = False
        self.gently = False
        """Whether the work looks at `asked`; until it does, asking interrupts it."""

    def __call__(self) -> bool:
        """Say whether to stop; whoever asks this stops by itself."""
        self.gently = True
        return self.asked

    def _ask(self, signum: int, frame: FrameType | None) -> None:
        if self.asked or not self.gently:
            raise KeyboardInterrupt
        self.asked = True
        complain(N_("\nstopping at the next good place; once more stops at once"))


@contextmanager
def stop_on_signals() -> Iterator[Stop]:
    """Take Ctrl-C and the request to terminate as the wish to stop."""
    stop = Stop()
    before = {name: signal.signal(name, stop._ask) for name in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
