"""What a film holds while it is made."""

from __future__ import annotations

import weakref
from pathlib import Path

import numpy as np
import pytest

from epochreel.render import BoundaryPanel, Film, Timeline, load_style, open_writer
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
