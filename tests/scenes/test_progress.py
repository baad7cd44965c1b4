"""What those who wait are told: bars, lines, and word from workers."""

from __future__ import annotations

import io
from typing import Any

import pytest

from epochreel.scenes import LineReporter, NullReporter
from epochreel.scenes.executors import Link
from epochreel.scenes.progress import PipeReporter, Task, TqdmReporter


def test_bars_go_to_their_stream_only() -> None:
    stream = io.StringIO()
    reporter = TqdmReporter(stream)
    reporter.start(Task("a", "training X", 10, "update"))
    reporter.advance("a", 4)
    reporter.note("a word")
    reporter.advance("a", 10)
    reporter.finish("a")
    reporter.start(Task("b", "rendering y.gif", 3, "frame"))
    reporter.close()
    text = stream.getvalue()
    assert "training X" in text
    assert "10/10" in text
    assert "epochreel: a word\n" in text
    assert "rendering y.gif" in text


def test_closed_bars_leave_clean_lines_for_the_summary() -> None:
    stream = io.StringIO()
    reporter = TqdmReporter(stream)
    for key in ("one", "two"):
        reporter.start(Task(key, key, 10, "frame"))
    for key in ("one", "two"):
        reporter.advance(key, 10)
        reporter.finish(key)
    reporter.close()
    after = stream.getvalue().rsplit("|", 1)[1].partition("\n")[2]
    assert after.count("\n") == after.count("\x1b[A") == 2
    assert not after.replace("\x1b[A", "").strip()


def test_a_worker_reports_at_most_ten_times_a_second_and_always_the_end() -> None:
    sent: list[tuple[str, tuple[Any, ...]]] = []
    reporter = PipeReporter(lambda method, arguments: sent.append((method, arguments)), bool)
    reporter.start(Task("a", "training X", 1000, "update"))
    for done in range(1, 1001):
        reporter.advance("a", done)
    reporter.finish("a")
    assert len(sent) <= 10
    assert sent[-2:] == [("advance", ("a", 1000)), ("finish", ("a",))]


def test_a_line_reporter_survives_what_it_did_not_see() -> None:
    stream = io.StringIO()
    reporter = LineReporter(stream)
    reporter.finish("never started")
    assert stream.getvalue() == ""


def test_a_cancelled_link_ends_a_task() -> None:
    link = Link(NullReporter())
    link.advance("a", 1)
    link.cancelled = True
    with pytest.raises(Exception, match="stopped"):
        link.advance("a", 2)
