"""The checked tree as generated Python: one function for each kind of event."""
