"""Packs and engines made ready before they are needed, so that a switch of versions takes no time."""

from __future__ import annotations

import threading

from zelo.decide.logic import Engine
from zelo.policy.pack import Pack
from zelo.worker.versions import opened


class Readiness:
    """Compiled engines by pack version; `prepare` is called beside the worker's own thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._engines: dict[int, list[Engine]] = {}

    def pack(self, version: int) -> Pack:
        """Return a version's pack."""
        return opened(version)

    def engine(self, version: int) -> Engine:
        """Return an engine of a version without state: one that is ready, or a new one."""
        with self._lock:
            ready = self._engines.get(version)
            if ready:
                return ready.pop()
        return Engine(opened(version))

    def prepare(self, version: int, count: int) -> None:
        """Have as many engines of a version ready, and no other."""
        made = [Engine(opened(version)) for _ in range(count)]
        with self._lock:
            self._engines = {version: made}

    def prepared(self) -> list[int]:
        """Return the versions that are ready."""
        with self._lock:
            return [version for version, engines in self._engines.items() if engines]
