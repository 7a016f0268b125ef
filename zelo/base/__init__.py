"""Words, places, diagnostics and effects that everything else is written in; no I/O."""
