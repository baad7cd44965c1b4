"""A preview at every save, whatever editors and scenes do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Empty, Queue

import pytest

RUN_MAIN = "import sys; from epochreel.scenes.cli import main; sys.exit(main())"

SCENE = """
title = "{title}"
data = {{ kind = "csv", path = "points.csv" }}
timeline = {{ fps = 10, hold_last = 0.2 }}
models = [{{ name = "Small", layers = [4], iterations = {updates}, capture = {{ count = 5 }} }}]
outputs = [{{ file = "my.gif", size = [96, 72] }}]
"""


def table(shift: float) -> str:
    rows = [f"{n % 7 + shift * (n % 2)},{n % 5},{'ab'[n % 2]}" for n in range(40)]
    return "\n".join(["x,y,label", *rows]) + "\n"


class Watching:
    """A watch in a process of its own, and what it says, line by line."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", RUN_MAIN, "watch", *arguments],
            cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env=os.environ | {"EPOCHREEL_CACHE": str(folder / "kept")},
        )  # fmt: skip
        self._lines: Queue[str] = Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line.rstrip())

    def until(self, begins: str) -> list[str]:
        """Read up to a line that begins so."""
        read: list[str] = []
        deadline = time.monotonic() + 30
        while not (read and read[-1].startswith(begins)):
            try:
                read.append(self._lines.get(timeout=max(0.1, deadline - time.monotonic())))
            except Empty:
                pytest.fail(f"no line begins with {begins!r} in {read}")
        return read

    def end(self) -> tuple[int, list[str]]:
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(timeout=30)
        self._reader.join(timeout=10)
        return code, [self._lines.get() for _ in range(self._lines.qsize())]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Watching]]:
    started: list[Watching] = []

    def begin(*arguments: str) -> Watching:
        started.append(Watching(tmp_path, *arguments))
        return started[-1]

    yield begin
    for watching in started:
        if watching.process.poll() is None:
            watching.process.kill()
            watching.process.wait()
        assert watching.process.stdout is not None
        watching._reader.join(timeout=10)
        watching.process.stdout.close()


def save(path: Path, text: str) -> None:
    """Put a new file in the old one's place, as most editors do."""
    draft = path.with_suffix(".draft")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def test_every_save_is_rendered(start: Callable[..., Watching], tmp_path: Path) -> None:
    scene, points, film = (
        tmp_path / name for name in ("my.toml", "points.csv", "output/my-preview.gif")
    )
    text = SCENE.format(title="One", updates=20)
    scene.write_text(text)
    points.write_text(table(0))
    watching = start("my.toml")
    made = watching.until("output/my-preview.gif  ")
    assert made[0] == "epochreel: watching my.toml; Ctrl-C ends it"
    assert made[-1].endswith(" s")
    pictures = [film.read_bytes()]

    scene.write_text(text.replace("One", "Two"))  # in place
    watching.until("output/my-preview.gif  ")
    pictures.append(film.read_bytes())

    save(scene, text.replace("One", "Three"))  # by renaming
    watching.until("output/my-preview.gif  ")
    pictures.append(film.read_bytes())

    points.write_text(table(3))
    watching.until("output/my-preview.gif  ")
    pictures.append(film.read_bytes())
    assert len(set(pictures)) == 4

    save(scene, text.replace("fps", "fpps"))  # a mistake, told with its line
    assert watching.until("epochreel: my.toml:4: timeline.fpps: unknown key")
    save(scene, text.replace("One", "Four"))
    watching.until("output/my-preview.gif  ")

    points.unlink()
    assert watching.until("epochreel: my.toml:3: data.path: no such file")
    points.write_text(table(0))
    watching.until("output/my-preview.gif  ")

    code, last = watching.end()
    assert code == 0
    assert last == ["epochreel: no longer watching"]
    assert [path.name for path in film.parent.iterdir() if path.suffix != ".json"] == [film.name]


def test_a_new_style_trains_nothing(start: Callable[..., Watching], tmp_path: Path) -> None:
    scene = tmp_path / "my.toml"
    text = SCENE.format(title="One", updates=20)
    scene.write_text(text)
    (tmp_path / "points.csv").write_text(table(0))
    watching = start("my.toml")
    first = watching.until("output/my-preview.gif  ")
    assert [line for line in first if "training Small" in line]
    save(scene, 'style = "light"' + text)
    again = watching.until("output/my-preview.gif  ")
    assert [line for line in again if "rendering my-preview.gif" in line]
    assert not [line for line in again if "training" in line]


def test_a_newer_save_ends_an_older_preview(start: Callable[..., Watching], tmp_path: Path) -> None:
    scene = tmp_path / "my.toml"
    (tmp_path / "points.csv").write_text(table(0))
    scene.write_text(SCENE.format(title="Long", updates=9_000_000))
    watching = start("my.toml")
    watching.until("epochreel: watching")
    time.sleep(3)  # it trains for minutes by now
    save(scene, SCENE.format(title="Short", updates=20))
    began = time.monotonic()
    said = watching.until("output/my-preview.gif  ")
    assert time.monotonic() - began < 10
    assert not [line for line in said if "error" in line or "stopped" in line]
    save(scene, SCENE.format(title="Long", updates=9_000_001))
    time.sleep(1)
    code, _ = watching.end()
    assert code == 0
    assert not list((tmp_path / "output").glob(".epochreel-*"))


def test_there_must_be_a_scene(start: Callable[..., Watching]) -> None:
    watching = start("nothing.toml")
    assert watching.process.wait(timeout=30) == 2
    watching.until("epochreel: nothing.toml: ")
