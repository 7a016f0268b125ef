"""Invented worlds: a platform's events from one seed, for demonstrations and for proving measurements."""
