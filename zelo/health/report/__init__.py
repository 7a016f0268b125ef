"""The report of a simulation: what it found, as figures, pictures and a page in both languages."""
