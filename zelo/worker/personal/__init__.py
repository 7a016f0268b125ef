"""
Personal data of one entity: found, exported, or erased from tables, log, lake and engine state, with a certificate.

Erasing puts a pseudonym in the place of the entity's id everywhere, so that counts and ledgers still add up, and
empties the personal fields that belong to it.
"""

from __future__ import annotations
