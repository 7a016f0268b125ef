"""
Traces of OpenTelemetry, off unless `OTEL_EXPORTER_OTLP_ENDPOINT` is set; nothing of it is imported before.

A request is a trace as its caller began it. An event is a trace of its own, whose ids follow from the event's id: so
intake, decision and delivery, in processes that know nothing of each other, write into one trace, and agree without a
word on which share of events is traced at all.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from zelo.base.errors import InvalidInput, Unavailable
from zelo.base.messages.message import N_

_state: dict[str, Any] = {}
"""`tracer` and `bound`, once tracing is on."""
_request_id: ContextVar[str] = ContextVar("zelo_request_id", default="")
_drawn: ContextVar[tuple[int, int] | None] = ContextVar("zelo_drawn", default=None)
"""Ids that the next span begins a trace with."""
SHARE = 0.01
"""Share of events and requests that are traced, unless `OTEL_TRACES_SAMPLER_ARG` says otherwise."""


def now_ns() -> int:
    """Read the clock."""
    return time.time_ns()


def begin(process: str, exporter: Any = None) -> None:
    """Begin to trace when the environment says where to; `exporter` stands in for that place in tests."""
    if exporter is None and not (
        os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") or os.environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    ):
        return
    try:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
        from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
    except ImportError as error:
        raise Unavailable(N_("traces need OpenTelemetry: pip install zelo[otel]")) from error
    share = _share()
    sampler = ParentBased(TraceIdRatioBased(share))
    resource = Resource.create({"service.name": os.environ.get("OTEL_SERVICE_NAME") or f"zelo-{process}"})
    provider = TracerProvider(sampler=sampler, resource=resource, id_generator=_ids())
    if exporter is None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    else:
        provider.add_span_processor(SimpleSpanProcessor(exporter))
    _state.update(tracer=provider.get_tracer("zelo"), bound=round(share * 2**64), provider=provider)


def end() -> None:
    """Send what is left, and trace no more."""
    if provider := _state.pop("provider", None):
        provider.shutdown()
    _state.clear()


def _share() -> float:
    text = os.environ.get("OTEL_TRACES_SAMPLER_ARG", str(SHARE))
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0.0 <= share <= 1.0:
        raise InvalidInput(N_("`{option}` is no share from 0 to 1"), option=f"OTEL_TRACES_SAMPLER_ARG={text}")
    return share


def _ids() -> Any:
    from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

    class Ids(RandomIdGenerator):
        def generate_trace_id(self) -> int:
            drawn = _drawn.get()
            return super().generate_trace_id() if drawn is None else drawn[0]

        def generate_span_id(self) -> int:
            drawn = _drawn.get()
            return super().generate_span_id() if drawn is None else drawn[1]

    return Ids()


def _ids_of(event_id: str) -> tuple[int, int]:
    """Return the ids of an event's trace and of the span it begins with."""
    digest = hashlib.sha256(b"zelo event " + event_id.encode()).digest()
    return int.from_bytes(digest[:16]) or 1, int.from_bytes(digest[16:24]) or 1


# ------------------------------------------------------------------------------------------------------------ requests


@contextmanager
def request(method: str, headers: Mapping[str, str], request_id: str) -> Iterator[Callable[[str, int], None]]:
    """Trace a request; yields what is to be told its route and status before the end."""
    tracer = _state.get("tracer")
    if tracer is None:
        yield _untold
        return
    from opentelemetry.trace import SpanKind
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier = {name: headers[name] for name in ("traceparent", "tracestate") if name in headers}
    context = TraceContextTextMapPropagator().extract(carrier)
    token = _request_id.set(request_id)
    try:
        with tracer.start_as_current_span(method, context=context, kind=SpanKind.SERVER) as span:
            span.set_attribute("zelo.request_id", request_id)

            def tell(route: str, status: int) -> None:
                span.update_name(f"{method} {route}")
                span.set_attributes(
                    {"http.request.method": method, "http.route": route, "http.response.status_code": status}
                )

            yield tell
    finally:
        _request_id.reset(token)


def _untold(route: str, status: int) -> None:
    """Tell nobody."""


# -------------------------------------------------------------------------------------------------------------- events


def traced(event_ids: Iterable[str]) -> list[str]:
    """Return those of some events that are traced; none, at the cost of a look, when tracing is off."""
    bound = _state.get("bound")
    if bound is None:
        return []
    return [one for one in event_ids if (_ids_of(one)[0] & (2**64 - 1)) < bound]


def accepted(event_ids: Iterable[str], *, began_ns: int, source: str) -> None:
    """Begin the trace of each traced event: it was taken into the log, by the request that is under way."""
    for event_id in traced(event_ids):
        from opentelemetry.context import Context
        from opentelemetry.trace import Link, get_current_span

        here = get_current_span().get_span_context()
        token = _drawn.set(_ids_of(event_id))
        try:
            span = _state["tracer"].start_span(
                "intake", context=Context(), start_time=began_ns, links=[Link(here)] if here.is_valid else []
            )
        finally:
            _drawn.reset(token)
        span.set_attributes({"zelo.event_id": event_id, "zelo.source": source, "zelo.request_id": _request_id.get()})
        span.end()


def stage(name: str, event_id: str, *, began_ns: int, failed: bool = False, **attributes: object) -> None:
    """Add a stage to the trace of an event: `decide`, `deliver`."""
    if not traced([event_id]):
        return
    from opentelemetry.trace import NonRecordingSpan, SpanContext, Status, StatusCode, TraceFlags, set_span_in_context

    trace, span = _ids_of(event_id)
    parent = SpanContext(trace, span, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
    context = set_span_in_context(NonRecordingSpan(parent))
    made = _state["tracer"].start_span(name, context=context, start_time=began_ns)
    made.set_attributes({"zelo.event_id": event_id, **{f"zelo.{key}": value for key, value in attributes.items()}})
    if failed:
        made.set_status(Status(StatusCode.ERROR))
    made.end()
