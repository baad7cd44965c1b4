"""Stills among a scene's outputs: the moment that is asked for, and no training for it alone."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from epochreel.scenes import NullReporter, SerialExecutor, WorkerPool, load_scenes, render_scenes

SCENE = """
data = { samples = 60, noise = 0.1 }
models = [{ name = "Small", layers = [4], iterations = 20, capture = { every = 5 } }]
timeline = { fps = 10, hold_last = 0.2 }
[[captions]]
text = "Words."
update = 10
hold = 0.5
[[outputs]]
file = "frames/"
size = [96, 72]
[[outputs]]
file = "STILL"
size = [96, 72]
"""


def scene(still: str, at: str = "") -> str:
    return SCENE.replace("STILL", still) + (f"at = {at}\n" if at else "")


class Counting(SerialExecutor):
    def __init__(self) -> None:
        self.submitted: list[str] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.submitted.append(fn.__name__)
        return super().submit(fn, *args, **kwargs)


# 5 snapshots, of which the third is held for 5 frames more and the last for 2: frames 0 to 11
@pytest.mark.parametrize(
    ("at", "words", "frame"),
    [
        ("", "last", 11),
        ('"last"', "last", 11),
        ('"first"', "first", 0),
        ('"0.5"', "0.5", 6),
        ("5", "update:5", 1),
        ('"update:6"', "update:6", 5),
        ('"epoch:10"', "epoch:10", 5),  # where the film pauses, with its caption faded in
        ('"epoch: 20"', "epoch: 20", 11),
        ('"0.1 s"', "0.1 s", 1),
        ('"1.2s"', "1.2s", 11),  # the film's end, the pause of its caption counted
        ('"accuracy >= 0"', "accuracy >= 0", 0),
        ('"loss <= 1e9"', "loss <= 1e9", 0),
    ],
)
def test_the_moment_that_is_asked_for(
    at: str, words: str, frame: int, scene_file: Callable[..., Path], tmp_path: Path
) -> None:
    executor = Counting()
    loaded = load_scenes([str(scene_file(scene("slide.png", at)))])
    folder, still = render_scenes(
        loaded, tmp_path / "out", executor=executor, reporter=NullReporter()
    ).artifacts
    assert executor.submitted == ["train_model", "make_film", "draw_still"]
    assert (still.at, still.frames, still.duration_s, still.notes) == (words, 1, 0.0, ())
    assert (folder.at, folder.frames) == (None, 12)
    assert still.size_px == (96, 72)
    assert still.bytes == still.path.stat().st_size
    shown = np.asarray(Image.open(still.path))
    wanted = np.asarray(Image.open(folder.path / f"{frame:05d}.png"))
    np.testing.assert_array_equal(shown, wanted)


def test_vectors_and_previews(
    cli: Callable[..., Any],
    scene_file: Callable[..., Path],
    films_in: Callable[[Path], list[str]],
    tmp_path: Path,
) -> None:
    text = scene("a/end.svg") + '[[outputs]]\nfile = "end.PDF"\nsize = [1920, 1080]\nat = 10\n'
    scene_file(text.replace('file = "frames/"', 'file = "film.gif"'))
    ran = cli("check", "my.toml")
    assert "output  a/end.svg  96×72 px, at last" in ran.out
    assert "output  end.PDF    1920×1080 px, at update:10" in ran.out
    ran = cli("render", "my.toml", "--jobs", 2)
    assert ran.code == 0, ran.err
    assert films_in(tmp_path / "output") == ["a/end.svg", "end.PDF", "film.gif"]
    root = ElementTree.parse(tmp_path / "output" / "a" / "end.svg").getroot()
    width, height = map(float, root.attrib["viewBox"].split()[2:])
    assert width / height == pytest.approx(96 / 72)
    assert (tmp_path / "output" / "end.PDF").read_bytes().startswith(b"%PDF-")
    gif, svg, pdf = ran.out.splitlines()
    assert "  1.2 s" in gif
    assert svg.startswith("output/a/end.svg  96×72 px      at last       ")
    assert pdf.startswith("output/end.PDF    1920×1080 px  at update:10  ")
    # what the training comes to isn't what a picture of another moment shows
    assert "  ends with test accuracy 0." in pdf
    assert "  test accuracy 0." in svg
    assert "epochreel: rendering end.PDF: 1 frame in " in ran.err
    assert cli("render", "my.toml", "--jobs", 1, "--preview", "-o", "small").code == 0
    assert films_in(tmp_path / "small") == [
        "a/end-preview.svg",
        "end-preview.PDF",
        "film-preview.gif",
    ]


def test_a_preview_shows_the_moment_of_the_film(
    scene_file: Callable[..., Path], tmp_path: Path
) -> None:
    text = """
    data = { samples = 40 }
    timeline = { fps = 10, hold_last = 0 }
    models = [{ layers = [2], iterations = 100, capture = { every = 1 } }]
    outputs = [{ file = "x.png", size = [960, 720], at = "9.9s" }]
    """
    loaded = load_scenes([str(scene_file(text))])
    [made] = render_scenes(
        loaded, tmp_path, executor=SerialExecutor(), reporter=NullReporter(), preview=True
    ).artifacts
    assert (made.size_px, made.at, made.notes) == ((480, 360), "9.9s", ())  # a preview has 4 s


def test_a_pool_draws_the_same(scene_file: Callable[..., Path], tmp_path: Path) -> None:
    loaded = load_scenes([str(scene_file(scene("slide.pdf", "10")))])
    render_scenes(loaded, tmp_path / "a", executor=SerialExecutor(), reporter=NullReporter())
    with WorkerPool(2, NullReporter()) as pool:
        render_scenes(loaded, tmp_path / "b", executor=pool, reporter=NullReporter(), jobs=2)
    one, two = (tmp_path / name / "slide.pdf" for name in "ab")
    assert one.read_bytes() == two.read_bytes()


@pytest.mark.parametrize("at", ["accuracy >= 1.5", "update:20"])
def test_what_never_comes_is_said_and_the_end_is_shown(
    at: str, cli: Callable[..., Any], scene_file: Callable[..., Path], tmp_path: Path
) -> None:
    stopped = 'iterations = 20, early_stopping = { monitor = "loss", patience = 1, min_delta = 9 }'
    text = scene("slide.png", f'"{at}"').replace("iterations = 20", stopped)
    scene_file(text.replace("update = 10\nhold = 0.5", "update = 0"))
    ran = cli("render", "my.toml", "--jobs", 1)
    assert ran.code == 0, ran.err
    assert f"epochreel: slide.png: {at!r} isn't reached by the training; the end is shown" in (
        ran.err.splitlines()
    )
    assert "slide.png  96×72 px  at last" in ran.out
    frames = sorted((tmp_path / "output" / "frames").iterdir())
    shown = np.asarray(Image.open(tmp_path / "output" / "slide.png"))
    np.testing.assert_array_equal(shown, np.asarray(Image.open(frames[-1])))
