"""Gradients that are too long."""

from __future__ import annotations

import numpy as np
import pytest

from epochreel.nn.architecture import architecture_from_sizes, parameter_count, variable_slices
from epochreel.nn.clipping import make_clip
from epochreel.nn.network import Network
from epochreel.nn.optimizers import SGD
from epochreel.nn.training import train

ARCHITECTURE = architecture_from_sizes([2, 3, 1], "relu", "sigmoid")
VARIABLES = variable_slices(ARCHITECTURE)


def clipped(gradient, **bounds):
    given = {"clip_norm": None, "global_clip_norm": None, "clip_value": None, **bounds}
    result = gradient.copy()
    clip = make_clip(**given, variables=VARIABLES)
    assert clip is not None
    clip(result)
    return result


@pytest.fixture(params=[np.float32, np.float64])
def gradient(request):
    return (
        np.random.default_rng(1).normal(0, 3, parameter_count(ARCHITECTURE)).astype(request.param)
    )


def test_the_slices_are_the_networks_own_arrays():
    network = Network([2, 3, 1], rng=np.random.default_rng(0))
    assert VARIABLES[0].start == 0
    assert VARIABLES[-1].stop == network.parameter_count
    for part, view in zip(VARIABLES, network.views().values(), strict=True):
        np.testing.assert_array_equal(network.flat[part], view.T.ravel())


def test_each_variable_is_shortened_alone(gradient):
    gradient[VARIABLES[1]] *= 0.01  # short enough already
    result = clipped(gradient, clip_norm=2.0)
    for part in VARIABLES:
        norm = np.linalg.norm(gradient[part])
        np.testing.assert_allclose(result[part], gradient[part] * min(1, 2 / norm), rtol=1e-6)
    np.testing.assert_array_equal(result[VARIABLES[1]], gradient[VARIABLES[1]])


def test_all_are_shortened_together(gradient):
    result = clipped(gradient, global_clip_norm=2.0)
    np.testing.assert_allclose(result, gradient * 2 / np.linalg.norm(gradient), rtol=1e-6)
    np.testing.assert_array_equal(clipped(gradient, global_clip_norm=1e3), gradient)


def test_each_number_is_bounded(gradient):
    np.testing.assert_array_equal(
        clipped(gradient, clip_value=2.0), np.clip(gradient, -2, 2).astype(gradient.dtype)
    )


def test_without_bounds_there_is_nothing_to_do():
    assert make_clip(None, None, None, VARIABLES) is None


@pytest.mark.parametrize("bound", ["clip_norm", "global_clip_norm"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e30])
def test_a_norm_that_is_not_finite_becomes_nan(bound, bad, gradient):
    gradient = gradient.astype(np.float32)
    gradient[0] = bad
    with np.errstate(all="ignore"):
        result = clipped(gradient, **{bound: 1.0})
    assert np.isnan(result[0])


def test_zeros_stay_zeros():
    zeros = np.zeros(parameter_count(ARCHITECTURE), np.float32)
    with np.errstate(all="raise"):
        for bound in ("clip_norm", "global_clip_norm", "clip_value"):
            np.testing.assert_array_equal(clipped(zeros, **{bound: 1.0}), zeros)


@pytest.mark.parametrize(
    ("bound", "longest"), [("clip_norm", 1e-3 * 4**0.5), ("global_clip_norm", 1e-3)]
)
def test_a_training_takes_no_longer_steps(bound, longest, moons):
    network = Network([2, 3, 1], initializer="glorot_uniform", rng=np.random.default_rng(1))
    seen = [network.flat.copy()]
    train(
        network, moons.x_train, moons.y_train, optimizer=SGD(1.0, **{bound: 1e-3}), iterations=20,
        callbacks=[lambda iteration, parameters: seen.append(network.flat.copy())],
    )  # fmt: skip
    lengths = np.linalg.norm(np.diff(np.array(seen, np.float64), axis=0), axis=1)
    assert lengths.max() <= longest * 1.001
    assert lengths.min() >= 1e-3 * 0.99
    for part in VARIABLES if bound == "clip_norm" else ():
        assert np.linalg.norm(np.diff(np.array(seen)[:, part], axis=0), axis=1).max() <= 1.001e-3
