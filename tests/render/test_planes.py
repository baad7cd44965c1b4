"""Planes through many features: there and back, what is held, and what a panel shows of it."""

from __future__ import annotations

import numpy as np
import pytest

from epochreel.nn import make_dataset
from epochreel.nn.dataset import Dataset, Viewport
from epochreel.nn.errors import InvalidInputError
from epochreel.nn.recording import FunctionRecording
from epochreel.render import Film, Timeline, load_style
from epochreel.render.panels.boundary import BoundaryPanel
from epochreel.render.planes import TwoFeatures, plane_of

NAMES = ("height", "width", "weight", "age")


def dataset() -> Dataset:
    rng = np.random.default_rng(4)
    two = rng.normal(size=(80, 2))
    mix = np.array([[1.0, 0.5, 200.0, 0.01], [0.2, -1.0, 30.0, 0.04]])
    x = two @ mix + [1.0, 2.0, 900.0, 0.5] + rng.normal(size=(80, 4)) * [0.01, 0.01, 2, 1e-4]
    y = (two[:, 0] > 0).astype(int)
    return Dataset(
        name="animals", x_train=x[:60], y_train=y[:60], x_test=x[60:], y_test=y[60:],
        viewport=Viewport(0, 1, 0, 1), feature_names=NAMES,
    )  # fmt: skip


def test_two_features_are_all_there_is() -> None:
    data = make_dataset("moons", samples=40, seed=1)
    plane = plane_of(data)
    assert plane.note is None
    assert plane.viewport == data.viewport
    points = np.random.default_rng(0).normal(size=(9, 2))
    assert plane.to_features(points) is points
    np.testing.assert_array_equal(plane.project(data.x_test), data.x_test)


def test_two_of_many_are_shown_and_the_others_held() -> None:
    data = dataset()
    plane = plane_of(data, TwoFeatures("weight", "width", {"age": 0.25}))
    found = plane.to_features(np.array([[850.0, 2.5], [910.0, 1.5]]))
    mean = data.x_train[:, 0].mean()
    np.testing.assert_allclose(found, [[mean, 2.5, 850, 0.25], [mean, 1.5, 910, 0.25]])
    np.testing.assert_allclose(plane.project(data.x_test), data.x_test[:, [2, 1]])
    assert plane.feature_names == ("weight", "width")
    assert plane.note == f"height = {mean:.3g}, age = 0.25"
    assert plane_of(data, TwoFeatures("weight", "width")).note.startswith("others at their mean")
    both = np.concatenate([data.x_train, data.x_test])[:, [2, 1]]
    view = plane.viewport
    assert view.x_min < both[:, 0].min()
    assert view.x_max > both[:, 0].max()
    assert view.y_min < both[:, 1].min()
    assert view.y_max > both[:, 1].max()


def test_two_of_two_may_change_places() -> None:
    data = make_dataset("moons", samples=40, seed=1)
    plane = plane_of(data, TwoFeatures(*data.feature_names[::-1]))
    np.testing.assert_array_equal(plane.project(data.x_test), data.x_test[:, ::-1])
    np.testing.assert_array_equal(plane.to_features(np.array([[3.0, 4.0]])), [[4.0, 3.0]])


def test_principal_components_are_scikit_learn_s() -> None:
    from sklearn.decomposition import PCA
    from sklearn.preprocessing import StandardScaler

    data = dataset()
    plane = plane_of(data, "pca")
    scaler = StandardScaler().fit(data.x_train)
    oracle = PCA(2).fit(scaler.transform(data.x_train))
    wanted = oracle.transform(scaler.transform(data.x_test))
    found = plane.project(data.x_test)
    signs = np.sign((found * wanted).sum(axis=0))
    np.testing.assert_allclose(found * signs, wanted, atol=1e-9)
    # the data are all but a plane, so that what is projected comes back
    back = plane.to_features(found)
    assert np.abs((back - data.x_test) / data.x_train.std(axis=0)).max() < 0.1
    np.testing.assert_allclose(plane.project(back), found, atol=1e-9)
    share = 100 * oracle.explained_variance_ratio_.sum()
    assert plane.note == f"plane of 2 principal components, {share:.0f} % of the variance"


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        (TwoFeatures("wieght", "width"), "plane.x: .*'wieght'.*weight"),
        (TwoFeatures("weight", "wide"), "plane.y: .*'wide'"),
        (TwoFeatures("weight", "width", {"aeg": 1.0}), "plane.at: .*'aeg'.*age"),
        (TwoFeatures("age", "age"), "plane.y: must differ from plane.x, got 'age' for both"),
    ],
)
def test_what_isn_t_there_is_refused(choice: TwoFeatures, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        plane_of(dataset(), choice)


def test_a_panel_shows_what_the_model_says_on_the_plane() -> None:
    """A linear model of four features, of which two are seen: the line is where it must be."""
    data = dataset()
    weights = np.array([3.0, 2.0, 0.02, -20.0])
    held = data.x_train.mean(axis=0)
    bias = -float(weights @ held)
    recording = FunctionRecording(
        name="Model", dataset=data, updates=np.array([0, 1]), epochs=np.array([0.0, 1.0]),
        seconds=np.array([0.0, 0.1]), unit="update", metrics={},
        function=lambda _, points: (points @ weights + bias)[:, None].astype(np.float32),
    )  # fmt: skip
    recordings = {"Model": recording}
    made = Film(
        recordings, [BoundaryPanel("Model", plane=TwoFeatures("weight", "width"), bands=2)],
        size=(800, 600), style=load_style("dark"), timeline=Timeline.build(recordings),
    )  # fmt: skip
    body, view = made.layout.slots[0].body, plane_of(data, TwoFeatures("weight", "width")).viewport
    pixels = made.frame(0).pixels[body.top : body.bottom, body.left : body.right, :3].astype(int)
    x = view.x_min + (np.arange(body.width) + 0.5) / body.width * view.width
    y = view.y_max - (np.arange(body.height) + 0.5) / body.height * view.height
    logit = 0.02 * (x - held[2]) + 2.0 * (y[:, None] - held[1])
    colors = load_style("dark").band_colors(2).astype(int)
    apart = np.abs(pixels - colors[(logit > 0).astype(int)]).max(axis=-1)
    assert (apart > 3).mean() < 0.06  # points, the line, the frame
    with made.style.context():
        words = [text.get_text() for text in made.artists(0).texts]
    assert "weight" in words
    assert "width" in words
    assert any(word.startswith("others at their mean: height = ") for word in words)
