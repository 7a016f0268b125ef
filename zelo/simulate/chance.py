"""
Chance by counting: every random number is a hash of the seed, a purpose, and the ids of what it is about.

No generator has a state, so nothing depends on the order of drawing, and two worlds of one seed share every number
that concerns the same person, day and purpose. Only integers, + - * / and square roots are used: these are exact or
exactly rounded on every machine.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray
_MASK = (1 << 64) - 1
_STEP = 0x9E3779B97F4A7C15
_ONE, _TWO = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
_UNIT = 1.0 / (1 << 53)
_BELL_MEAN, _BELL_SD = 131_070.0, 37_837.0
"""Mean and standard deviation of the sum of four whole numbers of 16 bits."""


class Chance:
    """The random numbers of one seed."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._starts: dict[str, int] = {}

    def bits(self, purpose: str, *ids: int | Array) -> Array:
        """Return 64 random bits for each combination of ids; plain ints first is quickest."""
        plain = self._start(purpose)
        rest: list[Array] = []
        for ident in ids:
            if isinstance(ident, int) and not rest:
                plain = _mixed((plain ^ ((ident * _STEP) & _MASK)) + _STEP & _MASK)
            else:
                rest.append(np.array(ident, ndmin=1).astype(np.uint64))
        found = np.array([plain], dtype=np.uint64)
        for ident in rest:
            found = _mix((found ^ (ident * np.uint64(_STEP))) + np.uint64(_STEP))
        return found

    def unit(self, purpose: str, *ids: int | Array) -> Array:
        """Return numbers from 0 up to 1, 1 excluded."""
        return (self.bits(purpose, *ids) >> np.uint64(11)).astype(np.float64) * _UNIT

    def below(self, most: int | Array, purpose: str, *ids: int | Array) -> Array:
        """Return whole numbers from 0 up to `most`, excluded; `most` is under 2^31."""
        high = (self.bits(purpose, *ids) >> np.uint64(33)).astype(np.int64)
        return (high * most) >> 31

    def happens(self, probability: float | Array, purpose: str, *ids: int | Array) -> Array:
        """Return which of them happen."""
        return self.unit(purpose, *ids) < probability

    def bell(self, purpose: str, *ids: int | Array) -> Array:
        """Return numbers of mean 0 and standard deviation 1, within 3.5: the sum of four even ones."""
        bits = self.bits(purpose, *ids)
        low = np.uint64(0xFFFF)
        total = (bits & low) + (bits >> np.uint64(16) & low) + (bits >> np.uint64(32) & low) + (bits >> np.uint64(48))
        return (total.astype(np.float64) - _BELL_MEAN) / _BELL_SD

    def counts(self, rate: Array, most: int, purpose: str, *ids: int | Array) -> Array:
        """Return how often something with these rates happens, at most so often; the mean is the rate."""
        return np.minimum((rate + self.unit(purpose, *ids)).astype(np.int64), most)

    def one_of(self, weights: Sequence[int], purpose: str, *ids: int | Array) -> Array:
        """Return numbers of entries, each as often as its weight says."""
        ends = np.cumsum(np.array(weights, dtype=np.int64))
        return np.searchsorted(ends, self.below(int(ends[-1]), purpose, *ids), side="right")

    def _start(self, purpose: str) -> int:
        found = self._starts.get(purpose)
        if found is None:
            text = f"{self.seed}/{purpose}".encode()
            found = self._starts[purpose] = int.from_bytes(hashlib.sha256(text).digest()[:8], "big")
        return found


def _mixed(value: int) -> int:
    """Stir 64 bits (the finisher of splitmix64)."""
    value = ((value ^ (value >> 30)) * _ONE) & _MASK
    value = ((value ^ (value >> 27)) * _TWO) & _MASK
    return value ^ (value >> 31)


def _mix(values: Array) -> Array:
    values = (values ^ (values >> np.uint64(30))) * np.uint64(_ONE)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(_TWO)
    return values ^ (values >> np.uint64(31))
