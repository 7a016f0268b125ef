"""The JSON Schemas of the pack files, made from the shapes that the reader itself reads by."""

from __future__ import annotations

from collections.abc import Mapping

from zelo.policy.load_events import EVENTS_FILE
from zelo.policy.load_features import FEATURES_FILE
from zelo.policy.load_head import PACK_FILE
from zelo.policy.load_lists import LIST_FILE
from zelo.policy.load_outcomes import OUTCOMES_FILE
from zelo.policy.load_policies import POLICY_FILE
from zelo.policy.load_shapes import Record, Schema
from zelo.policy.schedules.file_schema import ScheduleFile

DIALECT = "https://json-schema.org/draft/2020-12/schema"
FILES: Mapping[str, tuple[str, Record | ScheduleFile]] = {
    "pack": ("pack.yaml", PACK_FILE),
    "events": ("events.yaml", EVENTS_FILE),
    "features": ("features.yaml", FEATURES_FILE),
    "outcomes": ("outcomes.yaml", OUTCOMES_FILE),
    "list": ("lists/*.yaml", LIST_FILE),
    "policy": ("policies/*.yaml", POLICY_FILE),
    "schedule": ("schedules/*.yaml", ScheduleFile()),
}
"""Name of a schema to the files it is for and their shape. A new kind of pack file is one line here."""


def schema(name: str) -> Schema:
    """Return one schema as JSON data; raises KeyError for a name that is not in `FILES`."""
    path, shape = FILES[name]
    definitions: Schema = {}
    body = shape.schema(definitions)
    return {"$schema": DIALECT, "title": f"zelo: {path}", **body, "$defs": definitions}


def schemas() -> Mapping[str, Schema]:
    """Return every schema by name, as `zelo schema` prints them."""
    return {name: schema(name) for name in FILES}
