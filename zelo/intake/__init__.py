"""Events on their way in: the log they are accepted into, receipts, dead letters, offsets of sources."""
