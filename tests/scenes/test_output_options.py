"""What a scene may ask of a file beside its name and size in pixels."""

from __future__ import annotations

from pathlib import Path

import av
import pytest

from epochreel.scenes import NullReporter, SerialExecutor, load_scenes, render_scenes
from epochreel.scenes.file_lengths import parse_length, refuse_length

SCENE = """
data = { samples = 60, noise = 0.1 }
timeline = { fps = 20, hold_last = 0.2 }
models = [{ name = "Small", layers = [4], iterations = 60, capture = { every = 5 } }]
"""


def render(tmp_path: Path, output: str) -> tuple[list, list[str]]:
    scene = tmp_path / "scene.toml"
    scene.write_text(f"{SCENE}[[outputs]]\nsize = [320, 240]\n{output}", encoding="utf-8")
    notes: list[str] = []

    class Notes(NullReporter):
        def note(self, message: str) -> None:
            notes.append(message)

    made = render_scenes(
        load_scenes([str(scene)]), tmp_path / "out", executor=SerialExecutor(), reporter=Notes()
    ).artifacts
    return made, notes


def test_a_file_that_is_made_to_fit_says_so(tmp_path: Path) -> None:
    (whole,), _ = render(tmp_path, 'file = "whole.gif"')
    allowed = whole.bytes * 6 // 10 // 1000
    (made,), notes = render(tmp_path, f'file = "x.gif"\nmax_size = "{allowed} kB"')
    assert made.bytes <= allowed * 1000
    assert made.duration_s == whole.duration_s
    assert made.notes[0].startswith(f"fits {allowed} kB: ")
    assert notes == [f"x.gif: {made.notes[0]}"]


def test_the_best_quality_reaches_the_file(tmp_path: Path) -> None:
    (made,), _ = render(tmp_path, 'file = "x.mp4"\nquality = "best"')
    with av.open(str(made.path)) as container:
        assert container.streams.video[0].codec_context.pix_fmt == "yuv444p"


@pytest.mark.parametrize(
    ("text", "length"),
    [("5 MB", 5_000_000), ("800 kB", 800_000), ("1.5 MiB", 1_572_864), ("2GB", 2_000_000_000)],
)
def test_lengths(text: str, length: int) -> None:
    assert refuse_length(text) is None
    assert parse_length(text) == length


@pytest.mark.parametrize("text", ["", "5", "5 mb", "-5 MB", "5 MB ", "1e3 kB", "٥ MB", "5 GB"])
def test_no_lengths(text: str) -> None:
    assert str(refuse_length(text)).startswith("must be ")


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("16:9", (1920, 1080)),
        ("4:3", (1600, 1200)),
        ("1:1", (1080, 1080)),
        ("9:16", (1080, 1920)),
    ],
)
def test_sizes_go_by_their_proportions(name: str, size: tuple[int, int]) -> None:
    from epochreel.scenes.output_spec import OutputSpec

    assert OutputSpec.model_validate({"file": "film.mp4", "size": name}).size == size


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("16:10", "'16:9'"),
        ([1600], "must be [width, height] in pixels"),
        (1600, "must be [width, height] in pixels"),
    ],
)
def test_other_sizes_are_refused(value: object, said: str) -> None:
    from epochreel.scenes.output_spec import OutputSpec

    with pytest.raises(ValueError, match="size") as raised:
        OutputSpec.model_validate({"file": "film.mp4", "size": value})
    assert said in str(raised.value)
