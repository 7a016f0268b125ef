"""Calls that wait for a decision: each process listens on a channel of its own, on which workers answer."""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass, field
from typing import Any

import msgspec
import psycopg
from django.db import connection

from zelo.worker.logs import log


@dataclass
class _Call:
    done: threading.Event = field(default_factory=threading.Event)
    answer: dict[str, Any] | None = None


class Answers:
    """Hands answers of workers to the threads that wait for them."""

    def __init__(self) -> None:
        self.channel = f"zelo_reply_{uuid.uuid4().hex[:16]}"
        self._calls: dict[str, _Call] = {}
        self._lock = threading.Lock()
        self._ready = threading.Event()
        self._thread: threading.Thread | None = None

    def expect(self, event_id: str, most: int) -> _Call | None:
        """Return a place to wait for the decision on an event; None when too many wait already."""
        self._start()
        with self._lock:
            if len(self._calls) >= most or event_id in self._calls:
                return None
            made = self._calls[event_id] = _Call()
        return made

    def forget(self, event_id: str) -> None:
        """Wait no longer."""
        with self._lock:
            self._calls.pop(event_id, None)

    def _start(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            with self._lock:
                if self._thread is None or not self._thread.is_alive():
                    given = connection.get_connection_params()
                    given = {name: value for name, value in given.items() if name not in ("context", "cursor_factory")}
                    self._thread = threading.Thread(target=self._listen, args=(given,), daemon=True, name="answers")
                    self._thread.start()
        self._ready.wait(5)

    def _listen(self, given: dict[str, Any]) -> None:
        while True:
            try:
                with psycopg.connect(**{**given, "autocommit": True}) as own:
                    own.execute(f"LISTEN {self.channel}")
                    self._ready.set()
                    for told in own.notifies():
                        self._hand(told.payload)
            except psycopg.Error as error:
                self._ready.clear()
                log("answers_lost", error=type(error).__name__)
                threading.Event().wait(0.3)

    def _hand(self, payload: str) -> None:
        answer = msgspec.json.decode(payload)
        with self._lock:
            call = self._calls.get(answer["event_id"])
        if call is not None:
            call.answer = answer
            call.done.set()


ANSWERS = Answers()
