"""Fields that are not a number, infinite or constant in places."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from epochreel.nn.architecture import LayerSpec
from epochreel.nn.dataset import Dataset
from epochreel.nn.recording import ParameterRecording, Recording
from epochreel.render import BoundaryPanel, Film, Timeline, load_style

DARK = load_style("dark")
COLORS = DARK.band_colors(25)


def plot_of(recording: Recording, size: tuple[int, int] = (400, 300), **options) -> np.ndarray:
    """Pixels of the plot at the last moment, RGB, without points."""
    film = Film(
        {"Model": recording},
        [BoundaryPanel("Model", show_points="none", **options)],
        size=size,
        style=DARK,
        timeline=Timeline.build({"Model": recording}),
    )
    body = film.layout.slots[0].body
    pixels = film.frame(len(film) - 1).pixels
    assert (pixels[..., 3] == 255).all()
    return pixels[body.top : body.bottom, body.left : body.right, :3]


def only_colors(plot: np.ndarray) -> set[tuple[int, ...]]:
    """Colours away from the spines."""
    inner = plot[4:-4, 4:-4].reshape(-1, 3)
    return {tuple(color) for color in np.unique(inner, axis=0).tolist()}


def by_x(left: float, right: float) -> Callable[[int, np.ndarray], np.ndarray]:
    """One logit left of the plane's middle (0.5), another right of it."""

    def function(snapshot: int, points: np.ndarray) -> np.ndarray:
        return np.where(points[:, :1] < 0.5, left, right)

    return function


def is_hatch(plot: np.ndarray) -> np.ndarray:
    pair = np.asarray([DARK.ground, DARK.muted])
    return (plot[:, :, None] == pair).all(axis=-1).any(axis=-1)


@pytest.mark.parametrize("bands", [25, "smooth"])
@pytest.mark.parametrize("other", [4.0, -4.0, np.inf])
def test_where_the_logit_is_nan_the_plot_is_hatched(make_recording, other, bands) -> None:
    plot = plot_of(make_recording("Model", function=by_x(np.nan, other)), bands=bands)
    hatched = is_hatch(plot)
    height, width = hatched.shape
    words = np.s_[height - 24 :]
    assert hatched[4 : height - 30, 4 : width // 2 - 8].all()
    assert not hatched[4 : height - 30, width // 2 + 8 :].any()
    # both colours are there, in stripes at 45°
    muted = (plot == np.asarray(DARK.muted)).all(axis=-1)[10:60, 10:60]
    assert 0.05 < muted.mean() < 0.6
    np.testing.assert_array_equal(muted[1:, :-1], muted[:-1, 1:])
    # and the words for it
    assert (plot[words, : width // 2] != np.asarray(DARK.ground)).any()
    levels = 256 if bands == "smooth" else bands
    level = min(int(levels / (1 + np.exp(-other))), levels - 1)
    beyond = plot[height // 2, width // 2 + 12 : -4]
    np.testing.assert_array_equal(
        beyond, np.broadcast_to(DARK.band_colors(levels)[level], beyond.shape)
    )


def test_the_edge_of_a_hatch_is_no_boundary(make_recording) -> None:
    """NaN left of 0.5, class 1 up to 1.5, class 0 beyond: the only line is at 1.5."""

    def function(snapshot: int, points: np.ndarray) -> np.ndarray:
        x = points[:, :1]
        return np.where(x < 0.5, np.nan, 8 * (1.5 - x))

    plot = plot_of(make_recording("Model", function=function))
    height, width = plot.shape[:2]
    dark = (plot == np.asarray(DARK.isoline)).all(axis=-1)[4 : height - 30]
    columns = np.flatnonzero(dark.any(axis=0))
    assert len(columns)
    assert np.abs(columns + 0.5 - 0.75 * width).max() <= 2
    halo = (plot == np.asarray(DARK.halo)).all(axis=-1)[4 : height - 30]
    assert not halo[:, : width // 2 + 30].any()


def test_all_nan_is_all_hatch(make_recording) -> None:
    plot = plot_of(make_recording("Model", function=by_x(np.nan, np.nan)))
    assert is_hatch(plot)[4:-30, 4:-4].all()


def test_a_hatch_goes_when_the_numbers_come_back(make_recording) -> None:
    def function(snapshot: int, points: np.ndarray) -> np.ndarray:
        return np.full((len(points), 1), np.nan if snapshot < 5 else 9.0)

    assert only_colors(plot_of(make_recording("Model", function=function))) == {tuple(COLORS[24])}


def test_infinite_logits_are_probabilities_of_0_and_1(make_recording) -> None:
    plot = plot_of(make_recording("Model", function=by_x(-np.inf, np.inf)))
    width = plot.shape[1]
    assert only_colors(plot[:, : width // 2 - 8]) == {tuple(COLORS[0])}
    assert only_colors(plot[:, width // 2 + 8 :]) == {tuple(COLORS[24])}
    dark = (plot == np.asarray(DARK.isoline)).all(axis=-1)
    columns = np.flatnonzero(dark[20:-20].any(axis=0))
    assert len(columns)
    assert abs(columns.mean() - width / 2) <= 2  # the line stands where the change is


@pytest.mark.parametrize(
    ("logit", "band"), [(-np.inf, 0), (-1e38, 0), (-200, 0), (0, 12), (200, 24), (np.inf, 24)]
)
@pytest.mark.parametrize("size", [(400, 300), (64, 48)])
def test_a_constant_field_is_one_colour(make_recording, logit, band, size) -> None:
    plot = plot_of(make_recording("Model", function=by_x(logit, logit)), size)
    assert only_colors(plot) == {tuple(COLORS[band])}


def test_a_network_that_overflows_is_filmed(dataset: Dataset) -> None:
    """Weights of 1e30 twice: logits are ±inf, and inf - inf, NaN, beside it."""
    architecture = (LayerSpec(2, 2, "relu"), LayerSpec(2, 1, "sigmoid"))
    # X₁ and -X₁ through ReLU, then inf · relu(X₁) - inf · relu(-X₁)
    first = np.array([[1e30, -1e30], [0, 0], [0, 0]], np.float32)
    second = np.array([[1e30], [-1e30], [0]], np.float32)
    recording = ParameterRecording(
        name="Model",
        dataset=dataset,
        updates=np.array([0]),
        epochs=np.array([0.0]),
        seconds=np.array([0.0]),
        unit="update",
        metrics={
            name: np.array([np.nan])
            for name in ("train_loss", "train_accuracy", "test_loss", "test_accuracy")
        },
        architecture=architecture,
        parameters=np.concatenate([first.ravel(), second.ravel()])[None],
    )
    plot = plot_of(recording)
    assert tuple(plot[100, 20]) == tuple(COLORS[0])
    assert tuple(plot[100, -20]) == tuple(COLORS[24])
