"""Kinds of event, their types, decoding and order; no I/O."""
