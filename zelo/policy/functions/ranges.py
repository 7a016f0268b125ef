"""The ranges of ints, times and lengths of time; what lies outside is missing."""

from __future__ import annotations

INT_MIN, INT_MAX = -(2**63), 2**63 - 1
"""Range of an int; a result outside is missing."""
TIME_MIN, TIME_MAX = -62_135_596_800_000_000, 253_402_300_799_999_999
"""Range of a timestamp in microseconds: years 1 to 9999."""
SPAN_MAX = 9_223_372_036_854_775
"""Longest duration that arithmetic gives, in microseconds: about 292 years, CEL's 64-bit nanoseconds."""
