"""How much of a batch is done: a number that never goes back, of a whole known from the start."""

from __future__ import annotations

from collections.abc import Mapping

from epochreel.scenes.progress import Task

__all__ = ["Overview"]


class Overview:
    """Adds up tasks by what each costs.

    A task that is done again, because its worker was killed, counts from where it was; one that is
    over or not needed any more counts as done.

    Parameters
    ----------
    weights : mapping
        Seconds about, by key of each task that is a whole.
    """

    def __init__(self, weights: Mapping[str, float]) -> None:
        self._weights = dict(weights)
        self._done = dict.fromkeys(weights, 0.0)  # seconds, by key of the whole
        self._part: dict[str, float] = {}  # share of its whole, by key of the part
        self._tasks: dict[str, Task] = {}
        self.total = sum(weights.values())
        self.done = 0.0

    def start(self, task: Task) -> None:
        """Know a task by its key."""
        self._tasks[task.key] = task

    def advance(self, key: str, done: int) -> None:
        """Count what is done of it."""
        task = self._tasks.get(key)
        if task is None:
            return
        share = task.share * min(1.0, done / max(1, task.total))
        whole = task.of or key
        before = self._part.get(key, 0.0)
        if whole in self._weights and share > before:
            self._part[key] = share
            # the last of it is counted when it is over: files have to be joined and moved
            self._count(whole, self._done[whole] + (share - before) * 0.99 * self._weights[whole])

    def settle(self, key: str) -> None:
        """Count the whole of it."""
        if key in self._weights:
            self._count(key, self._weights[key])

    def _count(self, whole: str, seconds: float) -> None:
        now = min(self._weights[whole], max(self._done[whole], seconds))
        self.done = min(self.total, self.done + now - self._done[whole])
        self._done[whole] = now
