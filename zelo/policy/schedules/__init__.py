"""Schedules: how violations become standing, as text, checked and read into values."""
