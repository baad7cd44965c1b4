"""How progress is told: a notebook's bars where there is a notebook, lines in a log."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from epochreel.scenes import LineReporter, NotebookReporter, TqdmReporter, choose_reporter
from epochreel.scenes import notebook as module
from epochreel.scenes.progress import Task


class ZMQInteractiveShell:
    """Named as IPython's own for notebooks."""


class TerminalInteractiveShell:
    """Named as IPython's own for terminals."""


def shell(monkeypatch: pytest.MonkeyPatch, kind: type | None, *, widgets: bool) -> None:
    found = None if kind is None else kind()
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: found))
    monkeypatch.setattr(module, "find_spec", lambda name: object() if widgets else None)


def test_bars_of_a_notebook_are_its_widgets(monkeypatch: pytest.MonkeyPatch) -> None:
    shell(monkeypatch, ZMQInteractiveShell, widgets=True)
    opened: list[Any] = []

    class Bar:
        def __init__(self, **options: Any) -> None:
            self.options, self.n, self.closed = options, 0, False
            opened.append(self)

        def update(self, more: int) -> None:
            self.n += more

        def close(self) -> None:
            self.closed = True

    monkeypatch.setattr("tqdm.notebook.tqdm", Bar)
    reporter = choose_reporter()
    assert isinstance(reporter, NotebookReporter)
    reporter.start(Task("a", "training A", 10, "update"))
    reporter.advance("a", 4)
    (bar,) = opened
    assert bar.options["desc"] == "training A"
    assert bar.options["total"] == 10
    assert bar.n == 4
    reporter.close()
    assert bar.closed


@pytest.mark.parametrize(
    ("kind", "widgets"),
    [(None, True), (TerminalInteractiveShell, True), (ZMQInteractiveShell, False)],
)
def test_elsewhere_progress_is_lines_or_bars_of_a_terminal(
    kind: type | None, widgets: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell(monkeypatch, kind, widgets=widgets)
    assert isinstance(choose_reporter(), LineReporter)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert type(choose_reporter()) is TqdmReporter
    assert isinstance(choose_reporter(quiet=True), LineReporter)


def test_notes_are_told_in_a_notebook_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shell(monkeypatch, ZMQInteractiveShell, widgets=True)
    choose_reporter().note("something")
    assert capsys.readouterr().err == "epochreel: something\n"
