"""scikit-learn's classifiers: trained as without a recorder, and filmed as they predict."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import make_moons
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LinearRegression, LogisticRegression, Perceptron, SGDClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    PolynomialFeatures,
    RobustScaler,
    StandardScaler,
)
from sklearn.svm import SVC

from epochreel.nn import GridRecording, ParameterRecording, Recorder, load_recording
from epochreel.nn.errors import InvalidInputError
from epochreel.nn.recorders import fit_recorded, record_fitted

X, Y = make_moons(120, noise=0.2, random_state=3)
NAMES = np.array(["no", "yes"])[Y]
POINTS = np.random.default_rng(5).uniform(-1, 1.5, (40, 2)).astype(np.float32)
SMALL = {"resolution": (60, 40)}


def mlp(**options) -> MLPClassifier:
    return MLPClassifier([7, 5], **{"activation": "tanh", "random_state": 1, **options})


def probabilities(recording, snapshot: int, points=POINTS) -> np.ndarray:
    """Give a column for each class, as ``predict_proba`` does."""
    logits = recording.logits(snapshot, points).astype(np.float64)
    if recording.link == "sigmoid":
        second = 1 / (1 + np.exp(-logits))
        return np.hstack([1 - second, second])
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_an_mlp_is_its_parameters(activation: str, solver: str, tmp_path) -> None:
    path = tmp_path / "run.reel"
    model = mlp(activation=activation, solver=solver)
    assert fit_recorded(model, X, NAMES, path, epochs=6, every=2) is model
    recording = load_recording(path)
    assert isinstance(recording, ParameterRecording)
    assert recording.updates.tolist() == [2, 4, 6]
    assert recording.unit == "epoch"
    assert recording.dataset.class_names == ("no", "yes")
    np.testing.assert_array_equal(recording.dataset.y_train, Y)
    np.testing.assert_allclose(
        probabilities(recording, 2), model.predict_proba(POINTS), rtol=0, atol=1e-6
    )
    alone = mlp(activation=activation, solver=solver)
    for _ in range(6):
        alone.partial_fit(X, NAMES, classes=["no", "yes"])
    for ours, theirs in zip(model.coefs_, alone.coefs_, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert recording.metrics["train_accuracy"][-1] == model.score(X, NAMES)


@pytest.mark.parametrize(
    "scalers",
    [
        [StandardScaler()],
        [StandardScaler(with_mean=False), MinMaxScaler((-1, 2))],
        [StandardScaler(with_std=False), RobustScaler()],
        [MaxAbsScaler(), "passthrough"],
    ],
    ids=str,
)
def test_scalers_are_folded_into_an_mlp(scalers, tmp_path) -> None:
    path, wide = tmp_path / "run.reel", X * [3, 200] + [5, -80]
    model = make_pipeline(*scalers, mlp(solver="adam"))
    fit_recorded(model, wide, Y, path, epochs=5)
    recording = load_recording(path)
    assert isinstance(recording, ParameterRecording)
    points = (POINTS * [3, 200] + [5, -80]).astype(np.float32)
    np.testing.assert_allclose(
        probabilities(recording, 4, points), model.predict_proba(points), rtol=0, atol=5e-6
    )


@pytest.mark.parametrize(("size", "updates"), [("auto", [1, 2, 3]), (50, [3, 6, 9])])
def test_updates_are_those_of_the_network(size, updates: list[int], tmp_path) -> None:
    fit_recorded(mlp(batch_size=size), X, Y, tmp_path / "run.reel", epochs=3)
    recording = load_recording(tmp_path / "run.reel")
    assert (recording.updates.tolist(), recording.epochs.tolist()) == (updates, [1, 2, 3])


def test_three_classes(tmp_path) -> None:
    labels = np.where(X[:, 0] > 1, "c", NAMES)
    model = fit_recorded(mlp(), X, labels, tmp_path / "run.reel", epochs=5)
    recording = load_recording(tmp_path / "run.reel")
    assert recording.dataset.class_names == ("c", "no", "yes")
    np.testing.assert_allclose(
        probabilities(recording, 4), model.predict_proba(POINTS), rtol=0, atol=1e-6
    )


OTHERS = {
    "naive Bayes": (GaussianNB(), {"batch_size": 20}, "update", [1, 2, 3, 4, 5, 6]),
    "gradient descent": (SGDClassifier(random_state=1), {"epochs": 3}, "epoch", [120, 240, 360]),
    "with probabilities": (
        SGDClassifier(loss="log_loss", random_state=1),
        {"epochs": 4, "every": 3},
        "epoch",
        [360, 480],
    ),
    "perceptron": (Perceptron(random_state=1), {"epochs": 3}, "epoch", [120, 240, 360]),
    "forest": (RandomForestClassifier(6, random_state=1), {"every": 4}, "update", [4, 6]),
    "boosting": (GradientBoostingClassifier(n_estimators=5, random_state=1), {}, "update",
                 [1, 2, 3, 4, 5]),
    "histograms": (HistGradientBoostingClassifier(max_iter=4, random_state=1), {}, "update",
                   [1, 2, 3, 4]),
    "logistic regression": (LogisticRegression(), {"epochs": 3}, "update", [1, 2, 3]),
    "behind another step": (
        make_pipeline(PolynomialFeatures(3), SGDClassifier(loss="log_loss", random_state=1)),
        {"epochs": 2},
        "epoch",
        [120, 240],
    ),
    "a network behind another step": (
        make_pipeline(PolynomialFeatures(3), mlp()), {"epochs": 2}, "epoch", [1, 2],
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", OTHERS)
def test_others_are_their_predictions(kind: str, tmp_path) -> None:
    estimator, options, unit, updates = OTHERS[kind]
    model = fit_recorded(
        clone(estimator), X, NAMES, tmp_path / "run.reel", **options,
        test_data=(X[:50], NAMES[:50]), resolution=(201, 161), viewport=(-2, 3, -2, 2),
    )  # fmt: skip
    recording = load_recording(tmp_path / "run.reel")
    assert isinstance(recording, GridRecording)
    assert (recording.unit, recording.updates.tolist()) == (unit, updates)
    nodes = np.array([[-1.0, 0.0], [0.5, 0.4], [0.0, -0.4], [1.5, 1.0]], np.float32)  # of the grid
    if hasattr(model, "predict_proba"):
        expected = np.clip(model.predict_proba(nodes), 1e-7, 1 - 1e-7)
        found = probabilities(recording, len(updates) - 1, nodes)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    else:
        scores = recording.logits(len(updates) - 1, nodes)[:, 0]
        np.testing.assert_allclose(scores, model.decision_function(nodes), rtol=1e-4, atol=1e-4)
    assert recording.metrics["train_accuracy"][-1] == pytest.approx(model.score(X, NAMES))
    assert recording.metrics["test_accuracy"][-1] == pytest.approx(model.score(X[:50], NAMES[:50]))


def test_nothing_is_left_of_growing(tmp_path) -> None:
    """Settings are as before, and the forest is the one that ``fit`` grows at once."""
    model = RandomForestClassifier(9, random_state=4)
    before = model.get_params()
    fit_recorded(model, X, Y, tmp_path / "run.reel", every=2, **SMALL)
    assert model.get_params() == before
    alone = RandomForestClassifier(9, random_state=4).fit(X, Y)
    np.testing.assert_array_equal(model.predict_proba(POINTS), alone.predict_proba(POINTS))


def test_batches_are_those_without_a_recorder(tmp_path) -> None:
    model = fit_recorded(
        SGDClassifier(random_state=1), X, Y, tmp_path / "run.reel", epochs=2, batch_size=50,
        rng=np.random.default_rng(7), **SMALL,
    )  # fmt: skip
    alone, rng = SGDClassifier(random_state=1), np.random.default_rng(7)
    for _ in range(2):
        order = rng.permutation(120)
        for start in (0, 50, 100):
            alone.partial_fit(X[order][start : start + 50], Y[order][start : start + 50], [0, 1])
    np.testing.assert_array_equal(model.coef_, alone.coef_)
    recording = load_recording(tmp_path / "run.reel")
    np.testing.assert_allclose(recording.epochs, np.array([50, 100, 120, 170, 220, 240]) / 120)


def test_a_fitted_classifier_is_one_snapshot(tmp_path) -> None:
    model = SVC().fit(X, NAMES)
    record_fitted(model, tmp_path / "it.reel", data=(X, NAMES), name="SVM", resolution=(120, 90))
    recording = load_recording(tmp_path / "it.reel")
    assert (recording.name, len(recording)) == ("SVM", 1)
    np.testing.assert_allclose(
        recording.logits(0, X)[:, 0], model.decision_function(X), rtol=0, atol=0.02
    )
    assert recording.metrics["train_accuracy"][0] == model.score(X, NAMES)


def test_ctrl_c_ends_it(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within a call scikit-learn itself would only warn, and the next call would go on."""
    backprop, calls = MLPClassifier._backprop, []

    def interrupted(self, *arguments):
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return backprop(self, *arguments)

    monkeypatch.setattr(MLPClassifier, "_backprop", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fit_recorded(mlp(), X, Y, tmp_path / "run.reel", epochs=9, every=1)
    recording = load_recording(tmp_path / "run.reel")
    assert recording.updates.tolist() == [1, 2, 3]
    assert recording.stopped == "KeyboardInterrupt"


def test_a_recorder_of_ones_own(tmp_path) -> None:
    with Recorder(tmp_path / "run.reel", data=(X, Y), name="Mine") as recorder:
        fit_recorded(mlp(), X, Y, recorder, epochs=3)
        recorder.capture(10, **_flat(recorder))
    recording = load_recording(tmp_path / "run.reel")
    assert recording.name == "Mine"
    assert recording.updates.tolist() == [1, 2, 3, 10]


def _flat(recorder: Recorder) -> dict[str, object]:
    from epochreel.nn import Network

    network = Network([2, 7, 5, 1], "tanh", rng=np.random.default_rng(1))
    return {"parameters": network.flat, "architecture": network.architecture}


def test_a_table_gives_names(tmp_path) -> None:
    class Table:
        columns = ("width", "height")

        def __array__(self, dtype=None, copy=None):
            return np.array(X, dtype)

    fit_recorded(GaussianNB(), Table(), Y, tmp_path / "run.reel", **SMALL)
    assert load_recording(tmp_path / "run.reel").dataset.feature_names == ("width", "height")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda p: fit_recorded(LinearRegression(), X, Y, p), "estimator: must be a classifier"),
        (lambda p: fit_recorded(KNeighborsClassifier(), X, Y, p), "and use record_fitted"),
        (lambda p: fit_recorded(mlp(), X, Y, p, epochs=0), "epochs: must be a whole number ≥ 1"),
        (lambda p: fit_recorded(mlp(), X, Y, p, every=0), "every: must be a whole number ≥ 1"),
        (
            lambda p: fit_recorded(RandomForestClassifier(), X, Y, p, batch_size=5),
            "batch_size: must be left out for RandomForestClassifier",
        ),
        (
            lambda p: fit_recorded(mlp(), X, Y, p, epochs=1, test_data=(X, Y + 5)),
            "test_data: must have labels that are trained, got 6",
        ),
        (lambda p: record_fitted(SVC(), p, data=(X, Y)), "must be fitted, got a new SVC"),
        (
            lambda p: fit_recorded(GaussianNB(), np.hstack([X, X]), Y, p),
            "X: must have 2 features for a classifier that is captured by its predictions, got 4",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_is_one_line(call, words: str, tmp_path) -> None:
    with pytest.raises(InvalidInputError) as caught:
        call(tmp_path / "run.reel")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run.reel").exists()
