"""Features of any unit: standardised for the training, the data's own in the recording."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import StandardScaler

from epochreel.nn import SGD, Dataset, Network, NetworkRecorder, Viewport, train
from epochreel.nn.recording import ParameterRecording
from epochreel.nn.scaling import Scaling


def people(mean: tuple[float, float], scale: tuple[float, float]) -> Dataset:
    rng = np.random.default_rng(3)
    y = np.arange(120) % 2
    x = (rng.normal(size=(120, 2)) * 0.5 + y[:, None]) * scale + mean
    return Dataset(
        name="people",
        x_train=x[:90],
        y_train=y[:90],
        x_test=x[90:],
        y_test=y[90:],
        viewport=Viewport(x[:, 0].min(), x[:, 0].max(), x[:, 1].min(), x[:, 1].max()),
    )


def trained(dataset: Dataset) -> ParameterRecording:
    rng = np.random.default_rng(1)
    network = Network([2, 8, 8, 1], initializer="glorot_uniform", rng=rng)
    recorder = NetworkRecorder("people", dataset, every=5, unit="epoch")
    train(
        network,
        dataset.x_train,
        dataset.y_train,
        optimizer=SGD(0.05),
        epochs=20,
        batch_size=16,
        rng=rng,
        callbacks=[recorder],
    )
    return recorder.recording()


def test_it_is_scikit_learn_s_scaler() -> None:
    dataset = people((170, 62), (8, 9))
    scaled = Scaling.of(dataset.x_train).apply(dataset)
    oracle = StandardScaler().fit(dataset.x_train)
    np.testing.assert_allclose(scaled.x_train, oracle.transform(dataset.x_train), atol=1e-12)
    np.testing.assert_allclose(scaled.x_test, oracle.transform(dataset.x_test), atol=1e-12)


@given(
    mean=st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)),
    scale=st.tuples(st.floats(1, 1e4), st.floats(1, 1e4)),
)
@settings(max_examples=15, deadline=None)
def test_folded_recordings_predict_what_the_training_had(
    mean: tuple[float, float], scale: tuple[float, float]
) -> None:
    dataset = people(mean, scale)
    scaling = Scaling.of(dataset.x_train)
    scaled = scaling.apply(dataset)
    recording = trained(scaled)
    folded = scaling.undo(recording, dataset)
    assert folded.dataset is dataset
    for snapshot in range(len(recording)):
        np.testing.assert_allclose(
            folded.logits(snapshot, dataset.x_test),
            recording.logits(snapshot, scaled.x_test),
            atol=2e-3,
        )


def test_a_feature_that_never_changes_stays_finite() -> None:
    dataset = people((5, 62), (1, 9))
    x = dataset.x_train.copy()
    x[:, 0] = 5.0
    scaling = Scaling.of(x)
    assert scaling.scale[0] == 1.0
    assert scaling.mean[0] == pytest.approx(5.0)
