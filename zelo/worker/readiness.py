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
        self._preparing = False

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

    def begin(self, version: int) -> bool:
        """Say whether a version is to be prepared now: it is not ready, and nothing else is being made."""
        with self._lock:
            if self._preparing or self._engines.get(version):
                return False
            self._preparing = True
            return True

    def prepare(self, version: int, count: int) -> None:
        """Have as many engines of a version ready, and no other."""
        try:
            made = [Engine(opened(version)) for _ in range(count)]
            with self._lock:
                self._engines = {version: made}
        finally:
            self._preparing = False

    def prepared(self) -> list[int]:
        """Return the versions that are ready."""
        with self._lock:
            return [version for version, engines in self._engines.items() if engines]
