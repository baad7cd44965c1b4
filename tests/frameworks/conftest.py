"""Real Keras 3 beside the network: run by ``make test-frameworks``, never by ``make test``."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
import pytest

from epochreel.nn.dataset import Dataset
from epochreel.nn.datasets import make_dataset
from epochreel.nn.network import Network

BACKENDS = ("jax", "torch")


def pytest_configure(config: pytest.Config) -> None:
    if keras.backend.backend() not in BACKENDS:
        raise pytest.UsageError(
            f"tests/frameworks: needs KERAS_BACKEND={' or '.join(BACKENDS)}; make test-frameworks"
        )
    # the one warning that Keras itself gives here, about how it hands its arrays to NumPy 2
    config.addinivalue_line(
        "filterwarnings",
        "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning",
    )


class Twin:
    """A Keras model that starts as a network does."""

    def __init__(self, network: Network, **layer_options) -> None:
        layers = [
            keras.layers.Dense(spec.output_dim, activation=spec.activation, **layer_options)
            for spec in network.architecture
        ]
        self.model = keras.Sequential([keras.Input((network.architecture[0].input_dim,)), *layers])
        self.model.set_weights(self._of(network))

    @staticmethod
    def _of(network: Network) -> list[np.ndarray]:
        return [
            values.T if name.startswith("W") else values
            for name, values in network.parameters().items()
        ]

    def train(
        self,
        x: np.ndarray,
        y: np.ndarray,
        orders: Sequence[np.ndarray],
        *,
        loss: object = "binary_crossentropy",
        optimizer: object = "sgd",
        batch_size: int = 32,
        **fit_options,
    ) -> None:
        """Train through its own ``fit``, one epoch for each order of the samples."""
        self.model.compile(optimizer=optimizer, loss=loss)
        if len(x) % batch_size == 0:  # then no batch spans two epochs, and one call will do
            orders = [np.concatenate(orders)]
        for order in orders:
            self.model.fit(
                x[order].astype(np.float32), y[order].astype(np.float32),
                batch_size=batch_size, shuffle=False, verbose=0, **fit_options,
            )  # fmt: skip

    def distance(self, network: Network) -> float:
        """Find the greatest difference between any two of the same weights."""
        pairs = zip(self._of(network), self.model.get_weights(), strict=True)
        return max(float(np.abs(ours - theirs).max()) for ours, theirs in pairs)


@pytest.fixture(scope="session")
def twin() -> type[Twin]:
    return Twin


@pytest.fixture(scope="session")
def moons() -> Dataset:
    return make_dataset("moons", samples=1000, noise=0.2, seed=100)


@pytest.fixture(scope="session")
def orders():
    """Draw the orders of some epochs as training does from the same seed."""

    def draw(seed: int, samples: int, epochs: int) -> list[np.ndarray]:
        rng = np.random.default_rng(seed)
        return [rng.permutation(samples) for _ in range(epochs)]

    return draw
