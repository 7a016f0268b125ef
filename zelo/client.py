"""A small client of the API, for Python programs that bring events and follow decisions; it needs nothing else."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

Event = Mapping[str, Any]
"""`id`, `kind`, `occurred_at`, and the fields of the kind."""


class ApiFailure(Exception):
    """The server answered that something is wrong."""

    def __init__(self, status: int, code: str, message: str, details: Mapping[str, Any], retry_s: float | None) -> None:
        """Keep what the server said."""
        super().__init__(f"{status} {code}: {message}")
        self.status, self.code, self.details, self.retry_s = status, code, details, retry_s


@dataclass(frozen=True)
class Receipt:
    """What came of a call that brought events."""

    receipt: str
    accepted: int
    duplicates: int
    dead_letters: tuple[Mapping[str, str], ...]


@dataclass(frozen=True)
class Decision:
    """What came of one event."""

    id: str
    event_id: str
    kind: str
    effective_at: str
    pack_version: str
    fired: tuple[str, ...]
    undetermined: tuple[str, ...]
    effects: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Page:
    """Some messages of the feed, and where to go on."""

    messages: tuple[Mapping[str, Any], ...]
    cursor: str


@dataclass
class Client:
    """
    Calls one server with one key; may be used by one thread at a time.

    Whatever failed because the server was away or busy is tried again: every call may be made twice without harm.
    """

    url: str
    key: str
    timeout_s: float = 30.0
    attempts: int = 5
    _connection: http.client.HTTPConnection | None = field(default=None, repr=False)

    def bring(self, events: Sequence[Event], *, at_once: int = 500) -> list[Receipt]:
        """Bring events, in calls of so many; return the receipts."""
        return [
            _receipt(self._call("POST", "/events", {"events": list(events[start : start + at_once])}))
            for start in range(0, len(events), at_once)
        ]

    def decide(self, event: Event) -> Decision:
        """Bring one event and return its decision."""
        return _decision(self._call("POST", "/decide", event))

    def decision(self, event_id: str) -> Decision:
        """Return the decision on an event."""
        return _decision(self._call("GET", f"/decisions?event_id={quote(event_id, safe='')}"))

    def feed(self, cursor: str = "", *, types: Iterable[str] = (), limit: int = 100) -> Page:
        """Return the messages after a cursor; an empty page is the end for now."""
        query = urlencode([("cursor", cursor), ("limit", limit), *(("type", name) for name in types)])
        told = self._call("GET", f"/feed?{query}")
        return Page(tuple(told["messages"]), str(told["cursor"]))

    def messages(self, cursor: str = "", *, types: Iterable[str] = ()) -> Iterator[tuple[Mapping[str, Any], str]]:
        """Yield every message from a cursor on to the end for now, with the cursor of its page."""
        names = tuple(types)
        while (page := self.feed(cursor, types=names, limit=1000)).messages:
            for message in page.messages:
                yield message, page.cursor
            cursor = page.cursor

    def undo(self, *, reason: str = "", dry_run: bool = False, **which: Any) -> Mapping[str, Any]:
        """Take effects back: `effects`, or `rule`, `kind`, `since`, `until`, `market`; or say what would follow."""
        told: Mapping[str, Any] = self._call(
            "POST", "/undo", {"reason": reason, "dry_run": dry_run, **which}, again=dry_run
        )
        return told

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _call(self, method: str, path: str, body: Any = None, *, again: bool = True) -> Any:
        text = None if body is None else json.dumps(body, ensure_ascii=False, default=str).encode()
        last: Exception = ConnectionError()
        for attempt in range(self.attempts if again else 1):
            if attempt:
                pause = last.retry_s if isinstance(last, ApiFailure) and last.retry_s else 0.1 * 2**attempt
                threading.Event().wait(min(pause, 10.0))
            try:
                return self._once(method, path, text)
            except ApiFailure as failure:
                if failure.status not in (429, 503):
                    raise
                last = failure
            except (OSError, http.client.HTTPException) as error:
                self.close()
                last = error
        raise last

    def _once(self, method: str, path: str, body: bytes | None) -> Any:
        parts = urlsplit(self.url)
        if self._connection is None:
            kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
            self._connection = kind(parts.hostname or "", parts.port, timeout=self.timeout_s)
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        self._connection.request(method, f"{parts.path.rstrip('/')}/api/v1{path}", body, headers)
        answer = self._connection.getresponse()
        data = answer.read()
        if answer.status < 300:
            return json.loads(data)
        try:
            told = json.loads(data)["error"]
        except (ValueError, KeyError, TypeError):
            told = {"code": "unreadable", "message": data[:200].decode(errors="replace"), "details": {}}
        after = answer.headers.get("Retry-After", "")
        retry_s = float(after) if after.isdecimal() else None
        raise ApiFailure(answer.status, told["code"], told["message"], told.get("details", {}), retry_s)


def _receipt(told: Mapping[str, Any]) -> Receipt:
    return Receipt(told["receipt"], told["accepted"], told["duplicates"], tuple(told["dead_letters"]))


def _decision(told: Mapping[str, Any]) -> Decision:
    lists = {name: tuple(told[name]) for name in ("fired", "undetermined", "effects")}
    return Decision(told["id"], told["event_id"], told["kind"], told["effective_at"], told["pack_version"], **lists)
