"""The ready-made scene of several outputs makes every one of them from one training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import imageio.v3 as iio
import numpy as np
from PIL import Image


def test_one_training_many_files(
    cli: Callable[..., Any], films_in: Callable[[Path], list[str]], tmp_path: Path
) -> None:
    ran = cli("render", "talk_blog_paper", "--preview", "--jobs", 1)
    assert ran.code == 0, ran.err
    folder = tmp_path / "output" / "rings"
    frames = sorted((folder / "frames-preview").iterdir())
    assert [name for name in films_in(folder) if not name.startswith("frames-preview/")] == [
        "blog-preview.gif",
        "end-preview.svg",
        "nine_of_ten-preview.pdf",
        "start-preview.pdf",
        "talk-preview.mp4",
    ]
    assert ran.err.count("epochreel: training ") == 1
    assert len(ran.out.splitlines()) == 6
    assert "test accuracy 1.000" in ran.out
    # 40 frames, a second of the caption, two of the end
    film = iio.imread(folder / "talk-preview.mp4", plugin="pyav")
    assert film.shape == (100, 270, 480, 3)
    assert [path.name for path in frames] == [f"{number:05d}.png" for number in range(100)]
    with Image.open(folder / "blog-preview.gif") as image:
        assert image.size == (480, 360)
    assert (folder / "blog-preview.gif").stat().st_size <= 1_000_000
    first, last = (np.asarray(Image.open(path)) for path in (frames[0], frames[-1]))
    assert first.shape == (360, 480, 3)
    assert np.abs(first.astype(int) - last).mean() > 5
    for name in ("start", "nine_of_ten"):
        assert (folder / f"{name}-preview.pdf").read_bytes().startswith(b"%PDF-")
    ElementTree.parse(folder / "end-preview.svg")
    words = (folder / "end-preview.svg").read_text(encoding="utf-8")
    assert "<!-- 00060 -->" in words
