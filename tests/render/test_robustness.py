"""Films of any size and length, full disks and broken encoders: a whole file or none."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from pathlib import Path

import av
import pytest
from PIL import Image

from epochreel.nn.recording import Recording
from epochreel.render import BoundaryPanel, Film, Timeline, load_style, plan_timeline, write_film
from epochreel.render.timeline import Moment
from epochreel.render.writers import WRITERS

SUFFIXES = tuple(WRITERS)
VIDEOS = (".mp4", ".webm")


def film_of(recording: Recording, size: tuple[int, int], timeline: Timeline | None = None) -> Film:
    recordings = {"Disc": recording}
    return Film(
        recordings,
        [BoundaryPanel("Disc")],
        size=size,
        style=load_style("dark"),
        timeline=timeline or Timeline.build(recordings),
        title="A disc",
    )


def content(path: Path) -> bytes | dict[str, bytes]:
    """What a file holds, or each file of a folder."""
    if path.is_dir():
        return {file.name: file.read_bytes() for file in path.iterdir()}
    return path.read_bytes()


def shape_and_seconds(path: Path, fps: int = 20) -> tuple[tuple[int, int], float]:
    """Size of a decoded film, and how long it is shown in seconds; of a folder, at `fps`."""
    if path.is_dir():
        files = list(path.iterdir())
        with Image.open(files[0]) as image:
            return image.size, len(files) / fps
    if path.suffix not in VIDEOS:
        with Image.open(path) as image:
            total = 0
            for index in range(image.n_frames):
                image.seek(index)
                image.load()  # WebP tells a picture's duration once it is decoded
                total += image.info["duration"]
            return image.size, total / 1000
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        count = sum(1 for _ in container.decode(stream))
        return (stream.width, stream.height), count / float(stream.average_rate)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(
    "size", [(16, 16), (17, 31), (301, 203), (16, 2160), (3840, 16), (3840, 2160)]
)
def test_films_of_any_size_are_written(
    make_recording, tmp_path: Path, suffix: str, size: tuple[int, int]
) -> None:
    path = tmp_path / f"film{suffix}"
    write_film(film_of(make_recording(snapshots=2), size), path)
    width, height = size
    if suffix in VIDEOS:  # even sides, by one pixel at most
        width, height = width + width % 2, height + height % 2
    found, seconds = shape_and_seconds(path)
    assert found == (width, height)
    assert seconds == pytest.approx(0.1, abs=0.01)
    assert [child.name for child in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_film_of_one_frame(make_recording, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"film{suffix}"
    film = film_of(make_recording(snapshots=1), (64, 48))
    assert film.frame_count == 1
    write_film(film, path)
    assert shape_and_seconds(path)[1] == pytest.approx(0.05, abs=0.01)


def test_a_hundred_thousand_frames_are_planned_at_once() -> None:
    began = time.perf_counter()
    timeline = plan_timeline({"Disc": 100_000}, fps=60)
    assert time.perf_counter() - began < 5
    assert (len(timeline.moments), timeline.frame_count) == (100_000, 100_000)
    assert timeline.moments[-1].snapshots == {"Disc": 99_999}
    assert timeline.duration_s == pytest.approx(100_000 / 60)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_film_of_a_hundred_thousand_frames(make_recording, tmp_path: Path, suffix: str) -> None:
    """Few pictures that stand for long: every one of their frames counts."""
    moments = tuple(Moment(index, {"Disc": index}, 20_000) for index in range(5))
    film = film_of(make_recording(), (16, 16), Timeline(60, moments))
    assert film.frame_count == 100_000
    path = tmp_path / f"long{suffix}"
    write_film(film, path)
    if suffix in VIDEOS:  # decoding all of it would take as long again
        with av.open(str(path)) as container:
            seconds = container.duration / av.time_base
    else:
        seconds = shape_and_seconds(path, film.fps)[1]
    assert seconds == pytest.approx(100_000 / 60, abs=0.02)
    assert path.stat().st_size < 5_000_000


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_same_film_is_the_same_bytes(make_recording, tmp_path: Path, suffix: str) -> None:
    paths = [tmp_path / f"{name}{suffix}" for name in "ab"]
    for path in paths:
        write_film(film_of(make_recording(), (161, 121)), path)
    assert content(paths[0]) == content(paths[1])


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("kind", [RuntimeError, KeyboardInterrupt, MemoryError])
def test_what_breaks_in_the_middle_leaves_no_file(
    make_recording, tmp_path: Path, suffix: str, kind: type[BaseException]
) -> None:
    written = []

    def on_frame(repeats: int) -> None:
        written.append(repeats)
        if len(written) == 3:
            raise kind("the encoder died")

    path = tmp_path / f"film{suffix}"
    write_film(film_of(make_recording(snapshots=1), (64, 48)), path)
    earlier = content(path)
    with pytest.raises(kind, match="the encoder died"):
        write_film(film_of(make_recording(), (160, 120)), path, on_frame=on_frame)
    assert [child.name for child in tmp_path.iterdir()] == [path.name]
    assert content(path) == earlier


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
import numpy as np
from epochreel.nn.errors import OutputError
from epochreel.render.palette import make_palette
from epochreel.render.writers import open_writer

class Noise:
    size, fps = (320, 240), 20
    def frames(self):
        rng = np.random.default_rng(1)
        for _ in range(30):
            frame = rng.integers(0, 255, (240, 320, 4), np.uint8)
            frame[..., 3] = 255
            yield frame
    def palette(self):
        return make_palette([next(self.frames())])

# what a full disk does: a write past so many bytes fails, with EFBIG for ENOSPC
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, resource.RLIM_INFINITY))
source = Noise()
try:
    with open_writer(Path(sys.argv[1]), source) as writer:
        for frame in source.frames():
            writer.write(frame)
except OutputError as error:
    print(error)
    sys.exit(3)
"""


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_full_disk_is_one_line_and_no_file(tmp_path: Path, suffix: str) -> None:
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    path = tmp_path / f"film{suffix}"
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path)],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    assert done.stdout.startswith(f"{path}: can't be written: ")
    assert "too large" in done.stdout
    assert done.stdout.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
