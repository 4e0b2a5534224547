"""Where characters stand in the UTF-8 of a text, of many at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


def find_following(data: npt.NDArray[np.uint8]) -> Ints:
    """The bytes of characters behind their first ones."""
    return np.flatnonzero(data.view(np.int8) < -64)


def in_bytes(places: Ints, following: Ints) -> Ints:
    """The byte at which each character begins, of characters given by their numbers.

    Args:
        places: the numbers.
        following: as `find_following` gives them.
    """
    begun = following - np.arange(len(following))  # the characters that begin before each of them
    found: Ints = places + np.searchsorted(begun, places, "right")
    return found
