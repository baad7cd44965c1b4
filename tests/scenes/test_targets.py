"""Places that can't be written to are named before any training, and nothing half-made stays."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from epochreel.nn.errors import OutputError
from epochreel.scenes.targets import Targets

SCENE = """
data = { samples = 60 }
models = [{ layers = [4], iterations = 20 }]
outputs = [{ file = "two.gif", size = [160, 120] }, { file = "sub/two.mp4", size = [96, 72] }]
"""


@pytest.mark.parametrize("case", ["file", "under a file", "folder of that name", "link", "long"])
def test_what_can_not_be_written_is_said_before_training(
    case: str, cli: Callable[..., Any], scene_file: Callable[..., Path], tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    output = tmp_path / "out"
    match case:
        case "file":
            output.write_text("mine", encoding="utf-8")
        case "under a file":
            output.write_text("mine", encoding="utf-8")
            output = output / "deep" / "er"
        case "folder of that name":
            (output / "two.gif").mkdir(parents=True)
        case "link":
            output.mkdir()
            (output / "sub").symlink_to(outside, target_is_directory=True)
        case _:
            output = tmp_path / ("x" * 300)
    scene_file(SCENE)
    ran = cli("render", "my.toml", "-o", output)
    assert ran.code == 2
    assert ran.out == ""
    assert "can't be written: " in ran.err
    assert "Traceback" not in ran.err
    assert "training" not in ran.err
    assert not list(outside.iterdir())
    assert not list(tmp_path.rglob(".epochreel-*"))


def test_a_folder_that_refuses_is_said_before_training(
    cli: Callable[..., Any], scene_file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object, **options: object) -> str:
        raise PermissionError(13, "Permission denied")

    # permissions don't bind the superuser, who may run the tests
    monkeypatch.setattr("tempfile.mkdtemp", refuse)
    scene_file()
    ran = cli("render", "my.toml")
    assert ran.code == 2
    assert ran.err == "epochreel: output/tiny.mp4: can't be written: permission denied\n"


def test_a_film_that_fails_leaves_nothing_and_exits_1(
    cli: Callable[..., Any],
    scene_file: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    files_in: Callable[[Path], list[str]],
) -> None:
    def fail(film: Any, path: Path, **options: Any) -> None:
        path.write_bytes(b"half")
        raise OutputError(f"{path.name}: can't be written: no space left on device")

    monkeypatch.setattr("epochreel.render.output.write_film", fail)
    scene_file()
    ran = cli("render", "my.toml", "--jobs", 1)
    assert ran.code == 1
    assert ran.out == ""
    assert ran.err.splitlines()[-1] == (
        "epochreel: my.toml: rendering tiny.mp4: tiny.mp4: can't be written: "
        "no space left on device"
    )
    assert files_in(tmp_path / "output") == []


def test_a_file_that_came_into_an_old_folder_meanwhile_is_kept(tmp_path: Path) -> None:
    frames = PurePosixPath("frames")
    old = tmp_path / "frames"
    with Targets(tmp_path) as targets:
        targets.reserve([frames])
        targets.partial(frames).mkdir()
        old.mkdir()
        (old / "notes.txt").write_text("mine", encoding="utf-8")
        with pytest.raises(OutputError, match="frames/: can't be written: .* holds 'notes.txt'"):
            targets.finish(frames)
    assert [path.name for path in tmp_path.iterdir()] == ["frames"]
    assert (old / "notes.txt").read_text(encoding="utf-8") == "mine"


def test_what_is_discarded_is_gone_and_nothing_else(tmp_path: Path) -> None:
    names = [PurePosixPath(name) for name in ("a.gif", "a.gif.gif", "ba.gif", "frames")]
    with Targets(tmp_path) as targets:
        targets.reserve(names)
        hidden = targets.partial(names[0]).parent
        (hidden / "frames").mkdir()
        for name in ("a.gif", ".a.gif.partial", "a.gif.part0", ".a.gif.part12.partial"):
            (hidden / name).write_bytes(b"half")
        for name in ("a.gif.gif", "a.gif.part1.gif", "ba.gif", "frames/00000.png"):
            (hidden / name).write_bytes(b"other")
        targets.discard(names[0])
        left = sorted(path.name for path in hidden.iterdir() if path.name != ".lock")
        assert left == ["a.gif.gif", "a.gif.part1.gif", "ba.gif", "frames"]
        targets.discard(names[3])
        assert not (hidden / "frames").exists()
        shutil.rmtree(tmp_path)
        targets.discard(names[0])
