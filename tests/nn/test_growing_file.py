"""Files that grow: whole at every moment, whoever is killed, and never larger in memory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from epochreel.nn import Network, Recorder, load_recording
from epochreel.nn.errors import OutputError, RecordingError
from epochreel.nn.recording_writer import RecordingWriter
from epochreel.nn.rows import LARGE, Rows

NET = Network([2, 5, 4, 1], rng=np.random.default_rng(1))
POINTS = np.random.default_rng(5).uniform(-1, 2, (50, 2)).astype(np.float32)


class Clock:
    """Time as a test wants it."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("epochreel.nn.recording_writer.monotonic", clock)
    return clock


def script(code: str, *arguments: object, **options) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)], text=True, stdout=-1, **options
    )


def vector(update: int) -> np.ndarray:
    return NET.flat + np.float32(update)


def capture(recorder: Recorder, *updates: int) -> None:
    for update in updates:
        recorder.capture(
            update, parameters=vector(update), architecture=NET.architecture, loss=1 / (1 + update)
        )


def test_it_is_whole_at_every_moment(clock, tmp_path):
    """After each capture the file has what there was up to a second before."""
    path = tmp_path / "it.reel"
    recorder = Recorder(path, data=(POINTS, np.arange(50) % 2))
    for update in range(60):
        clock.now = update * 0.25
        capture(recorder, update)
        found = load_recording(path)
        assert update - 4 <= found.updates[-1] <= update
        assert found.stopped == "still running, or killed"
        last = len(found) - 1
        np.testing.assert_array_equal(found.parameters[last], vector(last))
        # metrics aren't measured while it runs, so whoever reads it measures
        assert found.metrics["train_loss"].shape == found.metrics["train_accuracy"].shape
        assert found.metrics["train_loss"][0] != 1.0
    growing = found
    recorder.close()
    closed = recorder.recording()
    assert closed.updates.tolist() == list(range(60))
    assert closed.stopped is None
    known = closed.metrics["train_loss"][: len(growing)]
    np.testing.assert_array_equal(growing.metrics["train_loss"], known)
    # what was opened before stays what it was
    np.testing.assert_array_equal(growing.parameters[3], vector(3))


def test_there_are_few_pieces(clock, tmp_path):
    """A long training flushes seldom, so that neither header nor waste grow with it."""
    path = tmp_path / "it.reel"
    recorder = Recorder(path)
    for update in range(3000):
        clock.now = update * 2.0
        capture(recorder, update)
        lag = 3.0 + 0.06 * clock.now
        if update % 500 == 0:
            assert clock.now - load_recording(path).updates[-1] * 2.0 <= lag
    recorder.close()
    found = load_recording(path)
    pieces = len(found.parameters._offsets)
    assert 20 < pieces < 150  # ln(6000 / 20) / ln(1.05) = 117
    # numbers of each snapshot are written again at each flush: about twenty times in all
    assert path.stat().st_size - found.parameters.nbytes < 25 * 3000 * 4 * 8 + 1e6
    np.testing.assert_array_equal(found.parameters[2999], vector(2999))
    np.testing.assert_array_equal(found.parameters[-3000], vector(0))
    found.save(tmp_path / "tidy.reel")
    tidy = load_recording(tmp_path / "tidy.reel")
    np.testing.assert_array_equal(tidy.parameters, found.parameters)
    assert len(tidy.parameters._offsets) == 1
    assert (tmp_path / "tidy.reel").stat().st_size < 1.3 * found.parameters.nbytes


def test_a_capture_that_comes_late_is_not_waited_for(clock, tmp_path):
    """Half a second after the last flush, but the next would come too late."""
    recorder = Recorder(tmp_path / "it.reel")
    capture(recorder, 0)
    clock.now = 0.6
    capture(recorder, 1)
    assert len(load_recording(tmp_path / "it.reel")) == 2
    clock.now = 0.7
    capture(recorder, 2)
    assert len(load_recording(tmp_path / "it.reel")) == 2
    recorder.close()


WRITE = """
import sys, time
import numpy as np
from epochreel.nn import Network, Recorder

net = Network([2, 25, 50, 50, 25, 1], rng=np.random.default_rng(1))
recorder = Recorder(sys.argv[1], data=([[0.0, 1.0]], [1]))
began = time.monotonic()
for update in range(1_000_000):
    net.flat[0] = update
    seconds = time.monotonic() - began
    recorder.capture(
        update, parameters=net.flat, architecture=net.architecture, seconds=seconds
    )
    print(update, seconds, flush=True)
    time.sleep(0.005)
"""


def test_a_killed_training_leaves_a_film_up_to_there(tmp_path):
    path = tmp_path / "it.reel"
    process = script(WRITE, path)
    line = ""
    while not line or float(line.split()[1]) < 2.5:
        line = process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    said = process.communicate()[0].splitlines() or [line]
    assert process.returncode == -signal.SIGKILL
    update, seconds = said[-1].split()
    found = load_recording(path)
    assert os.listdir(tmp_path) == ["it.reel"]
    assert 0 <= float(seconds) - found.seconds[-1] <= 1.2
    assert 10 < found.updates[-1] <= int(update)
    assert found.updates.tolist() == list(range(len(found)))
    firsts = [row[0] for row in found.parameters]
    assert firsts == found.updates.tolist()
    assert set(found.metrics) == {"train_loss", "train_accuracy"}
    assert found.stopped == "still running, or killed"


LARGE_RUN = """
import sys
from pathlib import Path
import numpy as np
from epochreel.nn import Network, Recorder, load_recording
from epochreel.render import BoundaryPanel, Film, Timeline, load_style, write_film

def peak():
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) // 1024

def film(recording, name, frames):
    Film({"m": recording}, [BoundaryPanel("m")], size=(64, 48), style=load_style("dark"),
         timeline=Timeline.build({"m": recording}, max_frames=frames)).palette(8)

net = Network([2, 998, 998, 1], rng=np.random.default_rng(1))
count, path = int(sys.argv[1]), sys.argv[2]
small = Network([2, 3, 1], rng=np.random.default_rng(1))
with Recorder(path + ".small", data=([[0.0, 1.0]], [1])) as recorder:
    recorder.capture(0, parameters=small.flat, architecture=small.architecture)
    recorder.capture(1, parameters=small.flat, architecture=small.architecture)
film(recorder.recording(), "small", 2)
print(peak())
with Recorder(path, data=([[0.0, 1.0]], [1])) as recorder:
    for update in range(count):
        net.flat[:] *= 0.999
        recorder.capture(update, parameters=net.flat, architecture=net.architecture)
print(peak())
loaded = load_recording(path)
print(peak())
for snapshot in range(count):
    loaded.logits(snapshot, np.zeros((5, 2), np.float32))
film(loaded, "large", 4)
print(peak())
loaded.save(path)
print(peak())
"""


def test_a_million_parameters_need_the_memory_of_a_few_snapshots(tmp_path):
    """60 snapshots of 4 MB are written, loaded, filmed and written again within 40 MB."""
    path = tmp_path / "it.reel"
    process = script(LARGE_RUN, 60, path)
    before, *peaks = map(int, process.communicate(timeout=120)[0].split())
    assert process.returncode == 0
    assert path.stat().st_size > 240e6
    assert len(peaks) == 4
    assert max(peaks) - before < 48, (before, peaks)


def test_what_another_file_holds_is_never_shown(tmp_path):
    path = tmp_path / "it.reel"
    with Recorder(path) as recorder:
        capture(recorder, 0, 1)
    found = recorder.recording()
    with Recorder(path) as other:
        capture(other, 5, 6)
    with pytest.raises(RecordingError, match=r"it\.reel: was replaced since it was opened"):
        found.logits(0, POINTS)
    path.unlink()
    with pytest.raises(RecordingError, match=r"it\.reel: can't be read: No such file"):
        found.logits(0, POINTS)


def test_a_disk_that_fills_up_leaves_what_was_there(clock, tmp_path, monkeypatch):
    path = tmp_path / "it.reel"
    writer = RecordingWriter(path, "rows", (3,), {}, lambda: ({}, {}))
    writer.append(np.zeros(3, np.float32))
    before = path.read_bytes()

    def full(*args):
        raise OSError(28, "No space left on device")

    clock.now = 5.0
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match=r"it\.reel: can't be written: No space left on device"):
        writer.append(np.ones(3, np.float32))
    writer.close()
    assert path.read_bytes()[: len(before)] == before


@pytest.mark.parametrize("width", [3, LARGE])
def test_rows_are_those_of_an_array(width, tmp_path):
    whole = np.random.default_rng(1).standard_normal((7, width)).astype("<f4")
    path = tmp_path / "numbers"
    first, second = whole[:4].tobytes(), whole[4:].tobytes()
    path.write_bytes(first + b"\0" * 64 + second)
    status = path.stat()
    places = [(0, 4), (len(first) + 64, 3)]
    identity = status.st_dev, status.st_ino
    rows = Rows(path, identity, "<f4", (width,), places, finite=True)
    assert (len(rows), rows.shape, rows.nbytes) == (7, (7, width), whole.nbytes)
    for index in (0, 6, 3, 4, -1, -7, 3, 0):
        np.testing.assert_array_equal(rows[index], whole[index], strict=True)
    kept = rows[2]
    np.testing.assert_array_equal(rows, whole)
    np.testing.assert_array_equal(np.asarray(rows, np.float64), whole.astype(np.float64))
    np.testing.assert_array_equal(kept, whole[2])  # also when its memory was given back
    for index in (7, -8):
        with pytest.raises(IndexError):
            rows[index]
    with pytest.raises(ValueError, match="read-only"):
        rows[0][0] = 1
    with pytest.raises(ValueError, match="without a copy"):
        np.asarray(rows, copy=False)


def test_a_copy_for_another_process_is_small(tmp_path):
    import pickle

    with Recorder(tmp_path / "it.reel") as recorder:
        capture(recorder, *range(300))
    found = recorder.recording()
    expected = found.logits(7, POINTS)
    sent = pickle.dumps(found)
    assert len(sent) < 300 * 4 * 8 + 4000 < found.parameters.nbytes
    np.testing.assert_array_equal(pickle.loads(sent).logits(7, POINTS), expected)


def test_a_process_that_is_forked_off_writes_nothing(tmp_path):
    code = """
import os, sys
import numpy as np
from epochreel.nn import Network, Recorder
net = Network([2, 3, 1], rng=np.random.default_rng(1))
recorder = Recorder(sys.argv[1])
def take(update):
    recorder.capture(update, parameters=net.flat, architecture=net.architecture)
take(0); take(1)
if os.fork() == 0:
    sys.exit()  # files are closed as the interpreter ends
os.wait()
take(2)
recorder.close()
"""
    path = tmp_path / "it.reel"
    process = script(code, path)
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert load_recording(Path(path)).updates.tolist() == [0, 1, 2]
