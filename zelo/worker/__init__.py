"""The process that decides events of the log in micro-batches and commits everything at once."""
