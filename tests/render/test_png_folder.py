"""A folder of PNGs: every frame, pixel for pixel; held ones take no room; what isn't ours stays."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from epochreel.nn.errors import OutputError
from epochreel.render import BoundaryPanel, Film, Timeline, load_style, write_film
from epochreel.render.output import cuts, join_parts, write_part
from epochreel.render.writers.folders import refuse_folder, replace_folder


@pytest.fixture
def film(make_recording) -> Film:
    recordings = {"Disc": make_recording(snapshots=4)}
    return Film(
        recordings,
        [BoundaryPanel("Disc")],
        size=(97, 72),
        style=load_style("dark"),
        timeline=Timeline.build(recordings, fps=10, hold_first_s=0.2, hold_last_s=2.0),
    )


def pictures(folder: Path) -> list[np.ndarray]:
    return [np.asarray(Image.open(path)) for path in sorted(folder.iterdir())]


def test_each_frame_is_a_picture_of_its_number(film: Film, tmp_path: Path) -> None:
    write_film(film, tmp_path / "frames")
    names = sorted(path.name for path in (tmp_path / "frames").iterdir())
    assert names == [f"{number:05d}.png" for number in range(26)]
    expected = [frame.pixels[..., :3].copy() for frame in film for _ in range(frame.repeats)]
    for shown, wanted in zip(pictures(tmp_path / "frames"), expected, strict=True):
        np.testing.assert_array_equal(shown, wanted)


def test_held_frames_take_no_room(film: Film, tmp_path: Path) -> None:
    write_film(film, tmp_path / "frames")
    files = sorted((tmp_path / "frames").iterdir())
    assert len({file.stat().st_ino for file in files}) == len(film) == 4
    assert files[-1].stat().st_nlink == 21


def test_where_there_are_no_links_held_frames_are_copies(
    film: Film, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_film(film, tmp_path / "linked")

    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    write_film(film, tmp_path / "copied")
    files = sorted((tmp_path / "copied").iterdir())
    assert len({file.stat().st_ino for file in files}) == 26
    for one, other in zip(files, sorted((tmp_path / "linked").iterdir()), strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_a_hold_is_one_file_also_where_parts_meet(film: Film, tmp_path: Path) -> None:
    spans = cuts(film, tmp_path / "frames", 2)
    assert len(spans) == 2
    assert 6 < spans[0][1] < 26  # within the last frame's hold
    parts = [tmp_path / "a", tmp_path / "b"]
    for part, span in zip(parts, spans, strict=True):
        write_part(film, tmp_path / "frames", span, part)
    join_parts(film, tmp_path / "frames", parts)
    files = list((tmp_path / "frames").iterdir())
    assert len(files) == 26
    assert len({file.stat().st_ino for file in files}) == 4


def add_text(folder: Path) -> None:
    (folder / "notes.txt").write_text("mine", encoding="utf-8")


def add_picture(folder: Path) -> None:
    Image.new("RGB", (8, 8)).save(folder / "00099.png")


def add_folder(folder: Path) -> None:
    (folder / "00099.png").mkdir()


def add_link(folder: Path) -> None:
    (folder / "00099.png").symlink_to(folder / "00000.png")


def add_renamed(folder: Path) -> None:
    shutil.copy(folder / "00000.png", folder / "best.png")


@pytest.mark.parametrize("add", [add_text, add_picture, add_folder, add_link, add_renamed])
@pytest.mark.parametrize("late", [False, True])
def test_a_folder_that_holds_anything_else_is_never_replaced(
    film: Film, tmp_path: Path, add: Callable[[Path], None], late: bool
) -> None:
    path = tmp_path / "frames"
    write_film(film, path)
    before = sorted(entry.name for entry in path.iterdir())
    if not late:
        add(path)
    left = [1] if late else []  # somebody may also put it there while the film is made

    def on_frame(_: int) -> None:
        if left:
            left.pop()
            add(path)

    with pytest.raises(OutputError, match="this folder holds '.*', which Epochreel didn't make$"):
        write_film(film, path, on_frame=on_frame)
    assert len(list(path.iterdir())) == len(before) + 1
    assert set(before) < {entry.name for entry in path.iterdir()}
    assert list(tmp_path.iterdir()) == [path]


def test_what_stands_in_the_way(film: Film, tmp_path: Path) -> None:
    file, link, empty = tmp_path / "file", tmp_path / "link", tmp_path / "empty"
    file.write_bytes(b"mine")
    link.symlink_to(tmp_path)
    empty.mkdir()
    assert refuse_folder(empty) is None
    assert refuse_folder(tmp_path / "nothing") is None
    for path, word in ((file, "file"), (link, "link")):
        with pytest.raises(OutputError, match=f"can't be written: there is a {word} of this name$"):
            write_film(film, path)
    assert sorted(tmp_path.iterdir()) == sorted([file, link, empty])
    assert file.read_bytes() == b"mine"


def test_an_older_folder_comes_back_when_the_new_one_can_not_be_placed(
    film: Film, tmp_path: Path
) -> None:
    path = tmp_path / "frames"
    write_film(film, path)
    with pytest.raises(FileNotFoundError):
        replace_folder(tmp_path / "missing", path)
    assert len(list(path.iterdir())) == 26
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_run_left_is_replaced(film: Film, tmp_path: Path) -> None:
    left = tmp_path / ".frames.partial"
    left.mkdir()
    (left / "00000.png").write_bytes(b"half")
    write_film(film, tmp_path / "frames")
    assert [path.name for path in tmp_path.iterdir()] == ["frames"]
