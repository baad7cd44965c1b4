"""The fit of a regression: the curve is the model, the lines are its residuals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from panel_samples import trained

from epochreel.nn.dataset import Dataset, Target, Viewport
from epochreel.nn.errors import InvalidInputError
from epochreel.nn.recording import FunctionRecording
from epochreel.render import BoundaryPanel, Film, Timeline, load_style
from epochreel.render.descent import find_plane, loss_grid
from epochreel.render.panels.confusion import ConfusionPanel
from epochreel.render.panels.fit import FitPanel
from epochreel.render.panels.hidden_units import HiddenUnitsPanel
from epochreel.render.panels.landscape import LandscapePanel
from epochreel.render.panels.network import NetworkPanel
from epochreel.render.panels.representation import RepresentationPanel
from epochreel.render.panels.surface import SurfacePanel

X = np.linspace(-3, 3, 25)[:, None]
TRUTH = np.column_stack([np.linspace(-4, 4, 81), np.sin(np.linspace(-4, 4, 81))])


def recording_of(function=None, target=None, features=1) -> FunctionRecording:
    x = np.repeat(X, features, axis=1)
    data = Dataset(
        name="waves",
        x_train=x[:20],
        y_train=np.sin(X[:20, 0]),
        x_test=x[20:],
        y_test=np.sin(X[20:, 0]),
        viewport=Viewport(-4, 4, -2, 2),
        feature_names=("x", "z")[:features],
        target=target or Target(name="height", truth=TRUTH, noise=0.3),
    )
    return FunctionRecording(
        name="Wave", dataset=data, updates=np.arange(5) * 10, epochs=np.arange(5.0),
        seconds=np.arange(5.0), unit="update", link="identity",
        metrics={
            "train_loss": np.full(5, 0.5), "train_r2": np.linspace(-20, 0.5, 5),
            "test_loss": np.full(5, 0.4), "test_r2": np.linspace(-20, 0.9, 5),
        },
        function=function or (lambda snapshot, points: snapshot / 4 * np.sin(points[:, :1])),
    )  # fmt: skip


def film_of(recording, style="dark", size=(800, 600), **options) -> Film:
    named = {recording.name: recording}
    return Film(
        named,
        [FitPanel(model=recording.name, **options)],
        size=size,
        style=load_style(style),
        timeline=Timeline.build(named, fps=10),
        title="Fit",
    )


@pytest.mark.parametrize("style", ["dark", "light"])
def test_the_curve_is_where_the_model_says(style):
    film = film_of(recording_of(), style, show_points="none", truth=False)
    body = film.layout.slots[0].body
    color = np.array(film.style.series_colors(2)[1], int)
    for index in range(len(film)):
        pixels = film.frame(index).pixels[body.top : body.bottom, body.left : body.right, :3]
        near = np.abs(pixels.astype(int) - color).max(axis=-1) < 40
        for column in np.linspace(20, body.width - 20, 9).astype(int):
            rows = np.flatnonzero(near[:, column])
            x = -4 + 8 * (column + 0.5) / body.width
            expected = (2 - index / 4 * np.sin(x)) / 4 * body.height
            assert rows.mean() == pytest.approx(expected, abs=2.0)


def artists(film, index):
    with film.style.context():
        return film.artists(index)


def test_residuals_go_from_training_points_to_the_curve():
    film = film_of(recording_of(), residuals=True)
    body = film.layout.slots[0].body
    figure = artists(film, 2)
    (lines,) = [c for axes in figure.axes for c in axes.collections if len(c.get_paths()) == 20]
    ends = np.array([path.vertices for path in lines.get_paths()])
    y = 2 - ends[..., 1] * 4 / body.height
    np.testing.assert_allclose(y[:, 0], np.sin(X[:20, 0]), atol=1e-6)
    np.testing.assert_allclose(y[:, 1], 0.5 * np.sin(X[:20, 0]), atol=1e-6)
    assert not [
        c for axes in artists(film_of(recording_of()), 2).axes for c in axes.collections
        if len(c.get_paths()) == 20
    ]  # fmt: skip


def test_the_band_is_one_deviation_of_the_noise():
    def bands(recording, **options):
        figure = artists(film_of(recording, show_points="none", **options), 0)
        return [c for axes in figure.axes for c in axes.collections]

    recording = recording_of()
    body = film_of(recording).layout.slots[0].body
    (band,) = bands(recording)
    rows = band.get_paths()[0].vertices[:, 1]
    y = 2 - rows * 4 / body.height
    assert (y.min(), y.max()) == (pytest.approx(-1.3, abs=0.01), pytest.approx(1.3, abs=0.01))
    assert not bands(recording, truth=False)
    assert not bands(recording_of(target=Target()))
    assert not bands(recording_of(target=Target(truth=TRUTH)))  # no noise is known


@pytest.mark.parametrize(
    ("show", "counts"), [("both", [20, 5]), ("train", [20]), ("test", [5]), ("none", [])]
)
def test_points_are_those_asked_for(show, counts):
    film = film_of(recording_of(), show_points=show, truth=False)
    drawn = [
        len(line.get_xdata())
        for axes in artists(film, 0).axes
        for line in axes.lines
        if line.get_marker() not in ("None", None, "")
    ]
    assert drawn == counts
    words = [text.get_text() for text in artists(film, 0).texts]
    assert ("training points" in words) == (show in ("both", "train"))
    assert ("test points" in words) == (show in ("both", "test"))


def test_numbers_and_names():
    film = film_of(recording_of())
    written = [text.get_text() for text in artists(film, len(film) - 1).texts]
    assert {"x", "height", "test R²", "0.4000"} <= set(written)
    assert "0.900" in [word.strip("\N{FIGURE SPACE}") for word in written]
    first = [text.get_text() for text in artists(film, 0).texts]
    assert "\N{MINUS SIGN}20" in [word.strip("\N{FIGURE SPACE}") for word in first]


def test_a_curve_far_outside_or_not_finite_leaves_a_gap():
    def wild(snapshot, points):
        x = points[:, :1]
        return np.where(x < 0, np.nan, np.where(x > 2, np.inf, 1e30 * x))

    film = film_of(recording_of(wild), residuals=True, truth=False)
    assert film.frame(2).pixels.shape == (600, 800, 4)
    assert artists(film, 2)


def test_a_thousand_points_are_a_sample():
    recording = recording_of()
    x = np.linspace(-3, 3, 30_000)[:, None]
    many = replace(recording.dataset, x_train=x, y_train=x[:, 0])
    film = film_of(replace(recording, dataset=many), residuals=True)
    lines = [line for axes in artists(film, 0).axes for line in axes.lines]
    assert max(len(line.get_xdata()) for line in lines) == 2000


def test_classes_and_planes_are_refused(make_recording):
    with pytest.raises(InvalidInputError, match="'fit' needs a regression, and 'Disc' learns cl"):
        _ = film_of(make_recording()).layout
    with pytest.raises(InvalidInputError, match="'fit' needs one feature, got 2 of 'Wave'"):
        _ = film_of(recording_of(features=2)).layout


@pytest.mark.parametrize(
    "panel", [BoundaryPanel, ConfusionPanel, HiddenUnitsPanel, RepresentationPanel, SurfacePanel]
)
def test_panels_of_classes_refuse_it(panel):
    recording = recording_of()
    named = {recording.name: recording}
    film = Film(
        named, [panel(model="Wave")], size=(800, 600), style=load_style("dark"),
        timeline=Timeline.build(named),
    )  # fmt: skip
    with pytest.raises(InvalidInputError, match="needs classes, and 'Wave' learns a regression"):
        _ = film.layout


def test_a_landscape_of_it_is_of_its_own_loss_and_says_so():
    recording = trained(data="sine")
    named = {recording.name: recording}
    film = Film(
        named, [LandscapePanel(models=("Model",))], size=(800, 600), style=load_style("dark"),
        timeline=Timeline.build(named),
    )  # fmt: skip
    last = len(recording) - 1
    said = [text.get_text() for text in artists(film, last).texts]
    assert any(text.endswith("; loss: mean squared error") for text in said)
    # the plane passes through the end of a single training
    x, y = recording.dataset.x_train, recording.dataset.y_train
    squares = float(np.mean((recording.logits(last, x)[:, 0] - y) ** 2))
    grid = loss_grid(recording, find_plane([recording], "pca", 0), nodes=3, least=0.0, shape=1.0)
    at_end = recording.losses(recording.vector(last)[None])
    np.testing.assert_allclose(at_end, squares, rtol=1e-5)
    assert (grid.losses >= 0).all()


def test_the_network_says_the_number_of_a_sample():
    recording = trained(data="sine")
    named = {recording.name: recording}
    film = Film(
        named, [NetworkPanel("Model", sample=2)], size=(800, 600), style=load_style("dark"),
        timeline=Timeline.build(named),
    )  # fmt: skip
    value = f"{recording.dataset.y_test[2]:.3g}".replace("-", "\N{MINUS SIGN}")
    said = [text.get_text() for text in artists(film, 0).texts]
    assert any(text.endswith(f", y = {value}") for text in said)
