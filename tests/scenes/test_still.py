"""``epochreel still``: from a scene to one picture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from threadpoolctl import threadpool_info, threadpool_limits

from epochreel.scenes import still


def test_a_still_of_a_scene(
    cli: Callable[..., Any], scene_file: Callable[..., Path], tmp_path: Path
) -> None:
    scene_file()
    ran = cli("still", "my.toml", "--at", "update:10", "-o", "a.png")
    assert ran.code == 0, ran.err
    assert ran.out == "a.png  96×72 px  at update:10\n"
    with Image.open(tmp_path / "a.png") as image:
        assert image.size == (96, 72)
        dark = image.getpixel((0, 0))
    ran = cli("still", "my.toml", "-o", "b.png", "--size", "120x90", "--style", "light")
    assert ran.code == 0, ran.err
    with Image.open(tmp_path / "b.png") as image:
        assert image.size == (120, 90)
        assert sum(image.getpixel((0, 0))) > sum(dark) + 300


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-o", "a.jpg"], "file name's ending: must be one of '.png', '.svg', '.pdf', got '.jpg'"),
        (["-o", "no/a.png"], "output: must be in a folder that is there"),
        (["-o", "a.png", "--at", "noon"], "at: must be 'first', 'last', a share"),
        (["-o", "a.png", "--at", "update:21"], "at: must be at most update:20"),
        (["-o", "a.png", "--size", "9x9"], "size: must be like '1600x1200'"),
        (["-o", "a.png", "--style", "drak"], "style: must be one of 'dark', 'light'"),
    ],
)
def test_what_cannot_be_is_one_line(
    arguments: list[str],
    words: str,
    cli: Callable[..., Any],
    scene_file: Callable[..., Path],
    files_in: Callable[[Path], list[str]],
    tmp_path: Path,
) -> None:
    scene_file()
    ran = cli("still", "my.toml", "--quiet", *arguments)
    assert ran.code == 2
    assert ran.out == ""
    (line,) = ran.err.splitlines()
    assert line.startswith(f"epochreel: {words}") or words in line
    assert files_in(tmp_path) == ["my.toml"]


def test_a_still_is_computed_on_one_thread_as_a_film_is(
    cli: Callable[..., Any], scene_file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[int] = []
    train = still.train_model

    def watched(job: Any, reporter: Any) -> Any:
        found = threadpool_info()
        threads.extend(info["num_threads"] for info in found if info["user_api"] == "blas")
        return train(job, reporter)

    monkeypatch.setattr(still, "train_model", watched)
    scene_file()
    with threadpool_limits(2, user_api="blas"):
        assert cli("still", "my.toml", "-o", "a.png").code == 0
    assert threads
    assert set(threads) == {1}
