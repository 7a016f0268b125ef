"""Windowed features: their meaning and their state; no I/O."""
