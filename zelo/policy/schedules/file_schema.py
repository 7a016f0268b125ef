"""The JSON Schema of schedule files: their shape, with a successor or a variant wherever a value stands."""

from __future__ import annotations

from zelo.policy.load_shapes import Schema
from zelo.policy.schedules.dated import PER_VARIANT
from zelo.policy.schedules.read import SCHEDULE_FILE

_DATED: Schema = {
    "type": "array",
    "minItems": 1,
    "items": {
        "type": "object",
        "properties": {
            "value": {"description": "The value."},
            "from": {"type": "string", "description": "The date from which on it holds; the first has none."},
            "basis": {"type": "string", "description": "Trust mark and sources."},
        },
        "required": ["value", "basis"],
        "additionalProperties": False,
    },
}
_BY_VARIANT: Schema = {
    "type": "object",
    "properties": {PER_VARIANT: {"type": "object", "description": "The value in each variant."}},
    "required": [PER_VARIANT],
    "additionalProperties": False,
}


class ScheduleFile:
    """The shape of `schedules/NAME.yaml`, for editors."""

    def schema(self, definitions: Schema) -> Schema:
        """Return it as a JSON Schema."""
        found = _loosened(SCHEDULE_FILE.schema(definitions))
        assert isinstance(found, dict)
        return found


def _loosened(schema: object) -> object:
    """Let a value with successors or variants stand wherever a key has a value."""
    if isinstance(schema, list):
        return [_loosened(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    found: Schema = {name: _loosened(part) for name, part in schema.items()}
    properties = schema.get("properties")
    if isinstance(properties, dict):
        found["properties"] = {name: _with_successors(part) for name, part in properties.items()}
    return found


def _with_successors(schema: Schema) -> Schema:
    """Return the schema of one key's value, loosened."""
    inner = _loosened({name: part for name, part in schema.items() if name != "description"})
    return {"anyOf": [inner, _DATED, _BY_VARIANT], "description": schema.get("description", "")}
