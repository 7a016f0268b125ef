"""Breeds files of a pack that reach new lines of the loader; runs until stopped, or for `-runs=N`."""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["zelo.policy"]):
    from tests.base_pack import FILES
    from tests.test_pack_fuzz import PIECES, check

PATHS = sorted(FILES)


def one_input(data: bytes) -> None:
    """Put free bytes and pieces of YAML into one file of a sound pack, and hold the laws on what comes of it."""
    provider = atheris.FuzzedDataProvider(data)
    path = PATHS[provider.ConsumeIntInRange(0, len(PATHS) - 1)]
    content = FILES[path]
    start = provider.ConsumeIntInRange(0, len(content))
    end = provider.ConsumeIntInRange(start, min(len(content), start + 40))
    pieces = [PIECES[provider.ConsumeIntInRange(0, len(PIECES) - 1)] for _ in range(provider.ConsumeIntInRange(0, 3))]
    check({**FILES, path: content[:start] + b"".join(pieces) + provider.ConsumeBytes(20) + content[end:]})


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
