"""How far a batch is: never back, from nothing to all, on terminals and in logs."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epochreel.scenes import NullReporter, SerialExecutor, load_scenes
from epochreel.scenes.batch_progress import BatchBars, BatchLines
from epochreel.scenes.overview import Overview
from epochreel.scenes.pipeline import render_scenes
from epochreel.scenes.progress import Overseer, Task

RUN = "import sys; from epochreel.scenes.cli import main; sys.exit(main())"
KEYS = ("training 0", "film a.gif", "film b.mp4")
EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("start"), st.sampled_from(KEYS), st.integers(0, 9)),
        st.tuples(st.just("advance"), st.sampled_from(KEYS), st.integers(0, 30)),
        st.tuples(st.just("settle"), st.sampled_from((*KEYS, "nobody's")), st.just(0)),
    ),
    max_size=60,
)


@given(EVENTS)
def test_what_is_done_never_goes_back_and_ends_at_all(events: list[tuple[str, str, int]]) -> None:
    overview = Overview({"training 0": 3.0, "film a.gif": 0.5, "film b.mp4": 0.0})
    assert (overview.total, overview.done) == (3.5, 0.0)
    before = 0.0
    for method, key, number in events:
        if method == "start":
            overview.start(Task(key, key, number, "update"))
        elif method == "advance":
            overview.advance(key, number)
        else:
            overview.settle(key)
        # sums of parts in another order may differ in their last bit
        assert before - 1e-9 <= overview.done <= overview.total + 1e-9
        before = overview.done
    for key in KEYS:
        overview.settle(key)
    assert overview.done == pytest.approx(overview.total)


def test_parts_count_by_their_share_and_again_only_what_is_new() -> None:
    overview = Overview({"film": 10.0})
    for index, share in enumerate((0.25, 0.75)):
        overview.start(Task(f"film, part {index}", "x", 4, "frame", "film", share))
    overview.advance("film, part 1", 2)
    assert overview.done == pytest.approx(0.99 * 3.75)
    # its worker was killed
    overview.start(Task("film, part 1", "x", 4, "frame", "film", 0.75))
    overview.advance("film, part 1", 1)
    assert overview.done == pytest.approx(0.99 * 3.75)
    overview.advance("film, part 1", 4)
    overview.advance("film, part 0", 4)
    assert overview.done == pytest.approx(9.9)
    overview.settle("film")
    assert overview.done == 10.0


class Counted(NullReporter):
    """Keeps the overview of a batch."""

    def __init__(self) -> None:
        self.overview = Overview({})
        self.shares: list[float] = []
        self.told: list[str] = []
        self.files = 0

    def plan(self, weights: Any, scenes: Any, files: int) -> None:
        self.overview = Overview(weights)
        self.files = files

    def settle(self, key: str) -> None:
        self.overview.settle(key)
        self.look()

    def tell(self, outcome: Any) -> None:
        self.told.append(outcome.status)

    def start(self, task: Task) -> None:
        self.overview.start(task)

    def advance(self, key: str, done: int) -> None:
        self.overview.advance(key, done)
        self.look()

    def look(self) -> None:
        self.shares.append(self.overview.done / self.overview.total)


SCENE = """
data = {{ samples = 40, seed = {0} }}
timeline = {{ fps = 10, hold_last = 0.0 }}
models = [{{ name = "M", layers = [2], iterations = 400, capture = {{ every = 10 }} }}]
outputs = [{{ file = "{0}.gif", size = [64, 48]{1} }}, {{ file = "{0}.mp4", size = [64, 48] }}]
"""


@pytest.mark.parametrize("fails", [False, True])
def test_a_batch_adds_up(fails: bool, scene_file: Callable[..., Path], tmp_path: Path) -> None:
    limits = ["", ', max_size = "1 kB"' if fails else "", ""]
    paths = [
        str(scene_file(SCENE.format(number, limit), f"{number}.toml"))
        for number, limit in enumerate(limits)
    ]
    counted = Counted()
    assert isinstance(counted, Overseer)
    render_scenes(
        load_scenes(paths),
        tmp_path / "out",
        executor=SerialExecutor(),
        reporter=counted,
        keep_going=True,
    )
    assert counted.files == len(counted.told) == 6
    assert counted.told.count("failed") == fails
    assert counted.shares == sorted(counted.shares)
    assert counted.shares[-1] == pytest.approx(1.0)
    # not all at once, either
    assert sum(0.05 < share < 0.95 for share in counted.shares) > 10


def test_bars_show_the_whole_and_what_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr("epochreel.scenes.batch_progress.time.monotonic", lambda: clock[0])
    monkeypatch.setenv("COLUMNS", "60")
    stream = io.StringIO()
    bars = BatchBars(stream)
    assert stream.getvalue() == "\rpreparing scenes …"
    bars.plan({"film a.gif": 30.0, "film b.gif": 10.0}, {"film a.gif": "one"}, 2)
    bars.start(Task("film a.gif", "rendering " + "日" * 60, 10, "frame"))
    clock[0] += 15
    bars.advance("film a.gif", 5)
    bars.note("a word")
    bars.finish("film a.gif")
    bars.settle("film a.gif")
    clock[0] += 3605
    bars.settle("film b.gif")
    bars.close()
    text = stream.getvalue()
    assert "  0% |" in text
    assert "0/2 files, 0:15, about 0:25 left" in text
    assert "   50%  one: rendering 日日" in text
    assert "日" * 30 not in text  # a line never wraps
    assert "epochreel: a word\n" in text
    assert "100% |" in text
    assert "1:00:20" in text
    after = len(text)
    bars.close()
    assert len(stream.getvalue()) == after


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (60, "2/4 files, 0:15, about 0:25 left"),
        (43, "2/4 files, about 0:25 left"),
        (32, "about 0:25 left"),
    ],
)
def test_what_is_left_is_told_on_narrow_terminals_too(
    columns: int, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr("epochreel.scenes.batch_progress.time.monotonic", lambda: clock[0])
    monkeypatch.setenv("COLUMNS", str(columns))
    stream = io.StringIO()
    bars = BatchBars(stream)
    bars.plan({"film a.gif": 15.0, "film b.gif": 25.0}, {}, 4)
    bars._told = 2
    clock[0] += 15
    bars.settle("film a.gif")
    last = stream.getvalue().split("\r")[-1]
    last = last.removesuffix("\x1b[A")
    assert last.rstrip().endswith(f"| {said}")
    assert len(last) < columns
    bars.close()


def test_lines_survive_what_they_were_not_told() -> None:
    stream = io.StringIO()
    lines = BatchLines(stream)
    lines.start(Task("a", "a", 1, "frame"))
    lines.advance("b", 1)
    lines.finish("b")
    lines.note("a word")
    lines.close()
    assert stream.getvalue() == "epochreel: a word\n"


def test_a_terminal_sees_one_bar_and_a_log_sees_none(
    scene_file: Callable[..., Path], tmp_path: Path
) -> None:
    import pty

    for number in range(3):
        scene_file(SCENE.format(number, ""), f"term/{number}.toml")
    ours, theirs = pty.openpty()  # of no width
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, "render", "term", "--jobs", "2"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=theirs,
        encoding="utf-8",
        env=os.environ | {"COLUMNS": "70", "PYTHONIOENCODING": "utf-8"},
    )
    os.close(theirs)
    seen = b""
    while True:
        try:
            piece = os.read(ours, 4096)
        except OSError:  # how a terminal ends on Linux
            break
        if not piece:
            break
        seen += piece
    os.close(ours)
    assert process.stdout is not None
    out = process.stdout.read()
    process.stdout.close()
    assert process.wait(timeout=30) == 0
    shown = seen.decode("utf-8")
    assert "preparing scenes …" in shown
    assert "6/6 files" in shown
    assert re.search(r"\d+%  [0-2]: (training M, 400 updates|rendering [0-2]\.(gif|mp4))", shown)
    shares = [int(share) for share in re.findall(r"\r *(\d+)% \|", shown)]
    assert shares[0] == 0
    assert shares[-1] == 100
    assert shares == sorted(shares)
    assert "6 files: 6 made" in out
    assert "\x1b" not in out
    assert "\r" not in out
