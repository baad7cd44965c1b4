"""``file = "frames/"`` in a scene: a folder of PNGs, made whole like any file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from epochreel.nn.errors import OutputError
from epochreel.scenes import NullReporter, SerialExecutor, WorkerPool, load_scenes, render_scenes
from epochreel.scenes.targets import stored_bytes

SCENE = """
data = { samples = 60, noise = 0.1 }
timeline = { fps = 10, hold_last = 0.5 }
models = [{ name = "Small", layers = [4], iterations = 20, capture = { every = 5 } }]
outputs = [{ file = "week 1/frames/", size = [96, 72] }, { file = "x.gif", size = [64, 48] }]
"""
LONG = """
timeline = { fps = 10, hold_last = 8.0 }
data = { samples = 40 }
models = [{ layers = [2], iterations = 20, capture = { every = 1 } }]
outputs = [{ file = "frames/", size = [1920, 1080] }]
"""


def test_a_folder_is_made_and_told(
    cli: Callable[..., Any],
    scene_file: Callable[..., Path],
    files_in: Callable[[Path], list[str]],
    tmp_path: Path,
) -> None:
    scene_file(SCENE)
    ran = cli("check", "my.toml")
    assert "output  week 1/frames/  96×72 px, 10 frames at 10 fps, 1.0 s" in ran.out
    ran = cli("render", "my.toml", "--jobs", 1)
    assert ran.code == 0, ran.err
    folder = tmp_path / "output" / "week 1" / "frames"
    assert files_in(folder) == [f"{number:05d}.png" for number in range(10)]
    with Image.open(folder / "00000.png") as image:
        assert (image.size, image.mode) == ((96, 72), "RGB")
    distinct = [folder / f"{number:05d}.png" for number in range(5)]  # the last is held
    length = sum(path.stat().st_size for path in distinct)
    assert stored_bytes(folder) == length
    first = ran.out.splitlines()[0]
    assert first.startswith(f"output/week 1/frames/  96×72 px  1.0 s  {length / 1e3:.1f} kB  test")
    assert "epochreel: rendering week 1/frames/: 10 frames in " in ran.err
    assert cli("render", "my.toml", "--jobs", 1, "--preview").code == 0
    assert files_in(tmp_path / "output" / "week 1" / "frames-preview") == files_in(folder)


def test_it_is_made_in_parts_of_the_same_bytes(
    scene_file: Callable[..., Path], tmp_path: Path, files_in: Callable[[Path], list[str]]
) -> None:
    scenes = load_scenes([str(scene_file(LONG))])
    whole, pool = tmp_path / "whole", tmp_path / "pool"
    render_scenes(scenes, whole, executor=SerialExecutor(), reporter=NullReporter())
    with WorkerPool(2, NullReporter()) as workers:
        report = render_scenes(scenes, pool, executor=workers, reporter=NullReporter(), jobs=2)
    [made] = report.artifacts
    assert (
        files_in(pool) == files_in(whole) == [f"frames/{number:05d}.png" for number in range(101)]
    )
    for name in files_in(whole):
        assert (pool / name).read_bytes() == (whole / name).read_bytes()
    assert made.bytes == stored_bytes(whole / "frames")


def test_an_older_folder_is_replaced_only_when_the_new_one_is_whole(
    cli: Callable[..., Any],
    scene_file: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    scene_file(SCENE)
    assert cli("render", "my.toml", "--jobs", 1).code == 0
    folder = tmp_path / "output" / "week 1" / "frames"
    (folder / "00009.png").unlink()
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def fail(film: Any, path: Path, **options: Any) -> None:
        raise OutputError("no")

    with monkeypatch.context() as patch:
        patch.setattr("epochreel.render.output.write_film", fail)
        assert cli("render", "my.toml", "--jobs", 1).code == 1
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert cli("render", "my.toml", "--jobs", 1).code == 0
    assert len(list(folder.iterdir())) == 10
    assert not list(tmp_path.rglob(".*"))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("frames/notes.txt", "this folder holds 'notes.txt', which Epochreel didn't make"),
        ("frames", "there is a file of this name"),
    ],
)
def test_what_is_not_ours_is_refused_before_training(
    name: str,
    words: str,
    cli: Callable[..., Any],
    scene_file: Callable[..., Path],
    files_in: Callable[[Path], list[str]],
    tmp_path: Path,
) -> None:
    scene_file(SCENE)
    mine = tmp_path / "output" / "week 1" / name
    mine.parent.mkdir(parents=True)
    mine.write_text("mine", encoding="utf-8")
    ran = cli("render", "my.toml")
    assert ran.code == 2
    assert ran.err == f"epochreel: output/week 1/frames/: can't be written: {words}\n"
    assert files_in(tmp_path) == ["my.toml", f"output/week 1/{name}"]


def test_a_file_that_would_be_in_a_previews_folder_is_refused(
    cli: Callable[..., Any], scene_file: Callable[..., Path]
) -> None:
    scene_file('outputs = [{ file = "a/" }, { file = "a-preview/b.gif" }]')
    assert cli("check", "my.toml").code == 0
    ran = cli("render", "my.toml", "--preview")
    assert ran.code == 2
    assert ran.err == (
        "epochreel: output/a-preview/b-preview.gif: can't be written: "
        "it would be in a-preview/, a folder of frames\n"
    )


def test_a_file_in_another_scenes_folder_is_refused(
    cli: Callable[..., Any], scene_file: Callable[..., Path]
) -> None:
    scene_file('outputs = [{ file = "x/y.gif" }]', "a.toml")
    scene_file('outputs = [{ file = "X/" }]', "b.toml")
    ran = cli("check", "a.toml", "b.toml")
    assert ran.code == 2
    assert ran.err == (
        "epochreel: a.toml:1: outputs[0].file: can't be in 'x', which b.toml makes, got 'x/y.gif'\n"
    )
