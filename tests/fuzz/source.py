"""Choices for the makers of hostile input: from a seed, or from bytes that a fuzzer changes."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any


class Bits(random.Random):
    """Random numbers that are read from bytes; after the last byte, all numbers are zero.

    Small changes of the bytes cause small changes of the made input, so a fuzzer that measures the
    reached code can find new paths step by step.
    """

    def __init__(self, data: bytes) -> None:
        super().__init__(0)
        self._data = data
        self._at = 0

    def getrandbits(self, k: int, /) -> int:
        count = (k + 7) // 8
        part = self._data[self._at : self._at + count]
        self._at += count
        return int.from_bytes(part, "little") & ((1 << k) - 1)

    def rest(self) -> bytes:
        """Return all bytes that are left."""
        left = self._data[self._at :]
        self._at += len(left)
        return left

    def random(self) -> float:
        return self.getrandbits(53) / 2**53


def one_of(rng: random.Random, makers: Sequence[Callable[[random.Random], Any]]) -> Any:
    """The result of one of the makers."""
    return rng.choice(makers)(rng)


def case(seed: int, number: int) -> random.Random:
    """Return the source of one case of a run; seed and number are enough to repeat it."""
    return random.Random(f"{seed}/{number}")
