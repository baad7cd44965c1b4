"""How often a snapshot is kept, in the words of frameworks: epochs and batches."""

from __future__ import annotations

import re

from epochreel.nn.errors import InvalidInputError
from epochreel.nn.recording import Unit

__all__ = ["parse_every"]

EVERY = re.compile(r"(?:([1-9][0-9]*) )?(epochs?|batch(?:es)?)")


def parse_every(every: object) -> tuple[int, Unit]:
    """Parse ``"epoch"``, a number of epochs, ``"batch"``, ``"5 epochs"`` or ``"50 batches"``.

    Returns
    -------
    every : int
    unit : "epoch" or "update"
        What that counts; a batch is an update.

    Raises
    ------
    InvalidInputError
    """
    if isinstance(every, str) and (match := EVERY.fullmatch(every)):
        return int(match[1] or 1), "epoch" if match[2].startswith("epoch") else "update"
    if isinstance(every, int) and not isinstance(every, bool) and every >= 1:
        return every, "epoch"
    raise InvalidInputError(
        "every: must be 'epoch', 'batch', a number of epochs, or one with its unit like "
        f"'50 batches', got {every!r}"
    )
