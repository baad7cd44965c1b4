"""How films are shared out among workers, so that these end at about the same time."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["share_out"]

_UNEVEN = 1.1
"""How much more than its share a worker may get before a film is cut for the others' sake.

Cutting isn't free: every worker that makes a part of a film has to set up the film.
"""


def share_out(costs: Sequence[float], most_parts: Sequence[int], workers: int) -> list[int]:
    """Choose in how many parts films are made.

    Parameters
    ----------
    costs : sequence of float
        Work of each film, in any unit, in the order in which workers will take them: the longest
        first.
    most_parts : sequence of int
        How many parts each film can have.
    workers : int
        How many work at it.

    Returns
    -------
    list of int
        For each film the fewest parts, at most one a worker, that leave no worker with much more
        than its share of all work.
    """
    enough = _UNEVEN * sum(costs) / workers
    loads = [0.0] * workers
    chosen: list[int] = []
    for cost, most in zip(costs, most_parts, strict=True):
        loads.sort()  # the first to be free take the next parts
        parts = min(
            range(1, max(1, min(workers, most)) + 1),
            key=lambda parts: max(loads[parts - 1] + cost / parts, enough),
        )
        for index in range(parts):
            loads[index] += cost / parts
        chosen.append(parts)
    return chosen
