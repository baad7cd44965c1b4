"""Colours of a real, short film in its GIF: near to the frames', and still where these are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from epochreel.nn.dataset import Dataset
from epochreel.nn.network import Network
from epochreel.nn.optimizers import SGD
from epochreel.nn.recorder import NetworkRecorder
from epochreel.nn.recording import ParameterRecording
from epochreel.nn.training import train
from epochreel.render import BoundaryPanel, Film, Timeline, load_style, write_film


@pytest.fixture(scope="module")
def recording(dataset: Dataset) -> ParameterRecording:
    network = Network([2, 16, 16, 1], rng=np.random.default_rng(3))
    recorder = NetworkRecorder("Disc", dataset, every=50)
    train(
        network, dataset.x_train, dataset.y_train, optimizer=SGD(0.3), epochs=400,
        callbacks=[recorder], rng=np.random.default_rng(3),
    )  # fmt: skip
    return recorder.recording()


def psnr(ours: np.ndarray, theirs: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / max(np.mean((ours.astype(float) - theirs) ** 2), 1e-9)))


def decoded(path: Path) -> list[np.ndarray]:
    with Image.open(path) as image:
        frames = []
        for index in range(image.n_frames):
            image.seek(index)
            frames.append(np.asarray(image.convert("RGB")))
        return frames


@pytest.mark.parametrize("style", ["dark", "light"])
@pytest.mark.parametrize(("bands", "least_db"), [(25, 48.0), ("smooth", 35.0)])
def test_a_gif_keeps_the_colours_and_does_not_flicker(
    recording: ParameterRecording, tmp_path: Path, style: str, bands: int | str, least_db: float
) -> None:
    film = Film(
        {"Disc": recording},
        [BoundaryPanel("Disc", bands=bands)],
        size=(400, 300),
        style=load_style(style),
        timeline=Timeline.build({"Disc": recording}),
        title="A disc",
    )
    path = tmp_path / "disc.gif"
    write_film(film, path)
    shown = decoded(path)
    made = [film.frame(index).pixels[:, :, :3] for index in range(len(film))]
    assert len(shown) == len(made) == 9
    assert min(psnr(a, b) for a, b in zip(shown, made, strict=True)) >= least_db
    moved = 0
    for before, after, was, now in zip(made, made[1:], shown, shown[1:], strict=False):
        still = (before == after).all(axis=-1)
        assert still.mean() > 0.3
        np.testing.assert_array_equal(now[still], was[still])
        moved += int((now != was).any(axis=-1).sum())
    assert moved > 1000


def test_smooth_has_no_steps_that_bands_have(recording: ParameterRecording) -> None:
    def colors(bands: int | str) -> int:
        film = Film(
            {"Disc": recording},
            [BoundaryPanel("Disc", bands=bands, show_points="none")],
            size=(400, 300),
            style=load_style("dark"),
            timeline=Timeline.build({"Disc": recording}),
        )
        body = film.layout.slots[0].body
        plot = film.frame(len(film) - 1).pixels[body.top : body.bottom, body.left : body.right]
        counts = np.unique(plot.reshape(-1, 4), axis=0, return_counts=True)[1]
        return int((counts > 20).sum())

    few, many = colors(25), colors("smooth")
    assert few <= 40
    assert many > 150
