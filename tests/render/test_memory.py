"""What a film holds while it is made."""

from __future__ import annotations

import gc
import os
import weakref
from pathlib import Path

import numpy as np
import pytest

from epochreel.render import BoundaryPanel, Film, Timeline, load_style, open_writer, write_film
from epochreel.render.writers.mp4 import Mp4Writer


def test_an_encoder_is_let_go_before_the_next_is_made(
    make_recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recordings = {"Disc": make_recording()}
    film = Film(
        recordings, [BoundaryPanel("Disc")], size=(64, 48), style=load_style("dark"),
        timeline=Timeline.build(recordings, fps=5, frames=16),
    )  # fmt: skip
    made: list[weakref.ref[object]] = []
    still_there: list[int] = []
    make = Mp4Writer.encoder

    def encoder(self: Mp4Writer, start: int, before: np.ndarray | None = None) -> object:
        still_there.append(sum(reference() is not None for reference in made))
        encoder = make(self, start, before)
        made.append(weakref.ref(encoder))
        return encoder

    monkeypatch.setattr(Mp4Writer, "encoder", encoder)
    with open_writer(tmp_path / "film.mp4", film) as writer:
        for frame in film:
            writer.write(frame.pixels, frame.repeats)
    assert still_there == [0, 0, 0, 0]


def held_bytes() -> int:
    """Memory of this process, what C libraries have of it included."""
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize("suffix", ["mp4", "gif"])
def test_a_long_film_holds_no_more_than_a_short_one(
    suffix: str, make_recording, tmp_path: Path
) -> None:
    recordings = {"Disc": make_recording()}
    film = Film(
        recordings, [BoundaryPanel("Disc")], size=(160, 120), style=load_style("dark"),
        timeline=Timeline.build(recordings, fps=50, frames=1200),
    )  # fmt: skip
    held: list[int] = []
    write_film(film, tmp_path / f"film.{suffix}", on_frame=lambda _: held.append(held_bytes()))
    assert len(held) == 1200
    # all frames together, had they been kept, would be 90 MB
    assert max(held) <= 1.1 * max(held[:200])


@pytest.mark.parametrize("suffix", ["mp4", "webm", "gif", "webp", "apng"])
def test_a_film_is_let_go_as_soon_as_it_is_written(
    suffix: str, make_recording, tmp_path: Path
) -> None:
    recordings = {"Disc": make_recording()}
    film = Film(
        recordings, [BoundaryPanel("Disc")], size=(64, 48), style=load_style("dark"),
        timeline=Timeline.build(recordings, fps=5, frames=8),
    )  # fmt: skip
    there = weakref.ref(film)
    gc.collect()
    gc.disable()  # a batch can't wait for Python to look for rings
    try:
        write_film(film, tmp_path / f"film.{suffix}")
        del film
        assert there() is None
    finally:
        gc.enable()
