"""The HTTP API: version 1, with stable paths and error codes, described by OpenAPI 3.1."""

from __future__ import annotations
