"""Progress where it is seen: bars of a notebook, bars on a terminal, lines elsewhere."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import Any

from epochreel.scenes.progress import LineReporter, Reporter, Task, TqdmReporter

__all__ = ["NotebookReporter", "choose_reporter", "in_notebook"]


class NotebookReporter(TqdmReporter):
    """A bar for each task, as a notebook's own widgets."""

    def __init__(self) -> None:
        super().__init__(sys.stderr)

    def start(self, task: Task) -> None:
        """Open a bar."""
        from tqdm.notebook import tqdm

        self._bars[task.key] = tqdm(
            desc=task.label,
            total=task.total,
            unit=f" {task.unit}s",
            dynamic_ncols=True,
            smoothing=0.05,
            mininterval=0.1,
        )

    def note(self, message: str) -> None:
        """Write a line below the cell."""
        print(f"epochreel: {message}", file=self._stream)

    def close(self) -> None:
        """Close the bars that are still open; there is no terminal to put in order."""
        for key in list(self._bars):
            self.finish(key)


def in_notebook() -> bool:
    """Tell whether this is a notebook's kernel that has widgets."""
    ipython: Any = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    if shell is None or type(shell).__name__ != "ZMQInteractiveShell":
        return False
    return find_spec("ipywidgets") is not None


def choose_reporter(*, quiet: bool = False) -> Reporter:
    """Choose how progress is told.

    Parameters
    ----------
    quiet : bool
        Only notes are told.
    """
    if quiet:
        return LineReporter(sys.stderr, quiet=True)
    if in_notebook():
        return NotebookReporter()
    return TqdmReporter(sys.stderr) if sys.stderr.isatty() else LineReporter(sys.stderr)
