"""Packs and the policy language: reading, checking, compiling; no I/O."""
