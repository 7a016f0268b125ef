"""Breeds texts that reach new lines of the checker; runs until stopped, or for `-runs=N`."""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["zelo.policy"]):
    from tests.test_cel_fuzz import TOKENS, holds


def one_input(data: bytes) -> None:
    """Hold the laws on one input: tokens of the language in the first half of the bytes, free text in the rest."""
    provider = atheris.FuzzedDataProvider(data)
    pieces = [TOKENS[provider.ConsumeIntInRange(0, len(TOKENS) - 1)] for _ in range(provider.ConsumeIntInRange(0, 20))]
    free = provider.ConsumeUnicodeNoSurrogates(40)
    place = provider.ConsumeIntInRange(0, len(pieces))
    holds(" ".join([*pieces[:place], free, *pieces[place:]]))


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
