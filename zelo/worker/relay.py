"""Sends messages to endpoints: signed calls of the web (Standard Webhooks), or records of a Kafka topic."""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import os
import socket
import threading
from collections.abc import Callable
from datetime import datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

import msgspec
from cryptography.fernet import Fernet
from django.conf import settings
from django.db import Error, connection
from standardwebhooks.webhooks import Webhook

from zelo.adapters import traces
from zelo.adapters.kafka import close_producers, produce
from zelo.base.errors import InvalidInput
from zelo.base.messages.message import N_
from zelo.deliver.flows import due, failed, sent
from zelo.deliver.tables import Delivery
from zelo.worker.logs import log

_TIMEOUT_S = 10


def _cipher() -> Fernet:
    digest = hashlib.sha256(f"zelo.endpoint {settings.SECRET_KEY}".encode()).digest()
    return Fernet(base64.urlsafe_b64encode(digest))


def hidden(secret: str) -> str:
    """Return a signing secret as it is kept: encrypted with the installation's key."""
    return _cipher().encrypt(secret.encode()).decode()


def shown(kept: str) -> str:
    """Return the signing secret of what is kept."""
    return _cipher().decrypt(kept.encode()).decode()


def relay_forever(stop: threading.Event, clock: Callable[[], datetime]) -> None:
    """Send what is due until `stop`; a database that is away is waited for."""
    while not stop.is_set():
        try:
            count = relay(clock)
        except Error:
            connection.close()
            count = 0
        if not count:
            stop.wait(0.5)
    close_producers()
    connection.close()


def relay(clock: Callable[[], datetime]) -> int:
    """Send the deliveries that are due; return how many there were."""
    deliveries = due(clock())
    for delivery in deliveries:
        status: int | None = None
        began_ns = traces.now_ns()
        try:
            status = send(delivery, clock())
        except (OSError, HTTPException, ValueError, InvalidInput) as error:
            _trace(delivery, began_ns, failed=True)
            failed(delivery, status=None, error=f"{type(error).__name__}: {error}", now=clock())
            continue
        well = status is None or 200 <= status < 300
        _trace(delivery, began_ns, failed=not well, status=status or 0)
        if well:
            sent(delivery, status=status, now=clock())
        else:
            failed(delivery, status=status, error=f"HTTP {status}", now=clock())
    if deliveries:
        log("relayed", count=len(deliveries))
    return len(deliveries)


def _trace(delivery: Delivery, began_ns: int, *, failed: bool, **more: object) -> None:
    """Add an attempt to the trace of the event that the message tells of, if it tells of one."""
    event_id = delivery.message.body.get("event_id")
    if event_id:
        given = {"endpoint": delivery.endpoint_id, "attempt": delivery.attempts + 1, **more}
        traces.stage("deliver", str(event_id), began_ns=began_ns, failed=failed, **given)


def body_of(delivery: Delivery) -> bytes:
    """Return what is sent: type, time and data, the same at every attempt."""
    message = delivery.message
    return msgspec.json.encode({"type": message.type, "timestamp": message.at.isoformat(), "data": message.body})


def send(delivery: Delivery, now: datetime) -> int | None:
    """Send one delivery; return the HTTP status, None for Kafka. Raises OSError and ValueError."""
    url = delivery.endpoint.url
    if url.startswith("kafka:"):
        produce(url.removeprefix("kafka:"), [(delivery.message.key.encode(), body_of(delivery))])
        return None
    body = body_of(delivery)
    ident = f"msg_{delivery.message_id}"
    signature = Webhook(shown(delivery.endpoint.secret)).sign(ident, now, body.decode())
    headers = {
        "Content-Type": "application/json",
        "webhook-id": ident,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature,
        "User-Agent": "zelo",
    }
    return _post(url, body, headers)


def _post(url: str, body: bytes, headers: dict[str, str]) -> int:
    """Call an address once, following no redirect."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    address = public_address(host, port)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    call = kind(host, port, timeout=_TIMEOUT_S)
    call._create_connection = lambda _, *rest, **named: socket.create_connection((address, port), *rest, **named)  # type: ignore[attr-defined]
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        call.request("POST", path, body, headers)
        answer = call.getresponse()
        answer.read(65_536)
        return answer.status
    finally:
        call.close()


def public_address(host: str, port: int) -> str:
    """Return an address of a host; raise InvalidInput when it is one of our own network, unless that is allowed."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    address = str(found[0][4][0])
    allowed = os.environ.get("ZELO_WEBHOOKS_PRIVATE", "").lower() in ("1", "true", "yes", "on")
    if not allowed and not is_public(address):
        raise InvalidInput(N_("`{host}` lies in a private network: set ZELO_WEBHOOKS_PRIVATE to allow that"), host=host)
    return address


_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def is_public(text: str) -> bool:
    """Say whether an address is one of the public network, and no other one in its clothes."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        if address in _NAT64:
            address = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        else:
            address = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1] or address
    return address.is_global and not address.is_multicast and not address.is_reserved
