"""Data to learn: each kind by its name, split into training and test samples."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from importlib import import_module
from inspect import signature
from math import floor, isfinite, log10
from typing import Any, NamedTuple

import numpy as np

from epochreel.nn.csv_data import read_csv
from epochreel.nn.dataset import Dataset, FloatArray, Labels, Target, Task, Viewport
from epochreel.nn.errors import InvalidInputError, look_up, unknown_name, whole_number

__all__ = ["DATASETS", "Samples", "make_dataset", "tidy_viewport"]

MOONS_VIEWPORT = Viewport(-1.5, 2.5, -1.0, 2.0)
"""The published one."""


class Samples(NamedTuple):
    """What a kind of data gives, before it is split."""

    x: FloatArray  # (samples, features)
    y: Labels  # (samples,)
    name: str
    viewport: Viewport | None = None
    feature_names: tuple[str, ...] = ("X₁", "X₂")
    class_names: tuple[str, ...] = ("class 0", "class 1")
    target: Target | None = None  # of a regression, which has no classes


def make_dataset(
    kind: str,
    *,
    test_fraction: float = 0.1,
    split_seed: int = 42,
    viewport: Viewport | None = None,
    **options: Any,
) -> Dataset:
    """Make data of a kind, and split it.

    Parameters
    ----------
    kind : str
        A name of :data:`DATASETS`.
    test_fraction : float
        At least 0 and below 1; 0 leaves no test samples.
    split_seed : int
        The split is scikit-learn's ``train_test_split(…, random_state=split_seed)``.
    viewport : Viewport, optional
        Defaults to the range of the data and a margin of 10 %, rounded outward; that of moons to
        the published one, unless more than 1 % of the samples would stand outside.
    **options
        Those of the kind: ``samples``, ``noise``, ``seed``, of blobs and spirals also ``classes``;
        of ``csv``: ``path``, ``label``, ``header``, ``task``.

    Returns
    -------
    Dataset

    Raises
    ------
    InvalidInputError
    """
    make = look_up("kind", kind, DATASETS)
    parameters = signature(make).parameters
    for option in options:
        if option not in parameters:
            raise unknown_name(kind, option, parameters)
    for name, parameter in parameters.items():
        if parameter.default is parameter.empty and name not in options:
            raise InvalidInputError(f"{kind}.{name}: must be given")
    samples = make(**options)
    x_train, x_test, y_train, y_test = _split(samples, test_fraction, split_seed)
    return Dataset(
        name=samples.name,
        x_train=x_train,
        y_train=y_train,
        x_test=x_test,
        y_test=y_test,
        feature_names=samples.feature_names,
        class_names=samples.class_names,
        target=samples.target,
        viewport=viewport or _default_viewport(samples),
    )


def moons(*, seed: int, samples: int = 1000, noise: float = 0.2) -> Samples:
    """Draw two half moons: scikit-learn's ``make_moons``."""
    _check(samples, noise, seed)
    x, y = _sklearn("datasets", "make_moons")(samples, noise=noise, random_state=seed)
    return Samples(x, y, "moons", MOONS_VIEWPORT)


def circles(*, seed: int, samples: int = 1000, noise: float = 0.1) -> Samples:
    """Draw two circles, one of half the size of the other: scikit-learn's ``make_circles``."""
    _check(samples, noise, seed)
    x, y = _sklearn("datasets", "make_circles")(samples, noise=noise, factor=0.5, random_state=seed)
    return Samples(x, y, "circles")


def blobs(*, seed: int, samples: int = 1000, noise: float = 1.0, classes: int = 2) -> Samples:
    """Draw a cloud for each class, on a circle of radius √8: scikit-learn's ``make_blobs``.

    The noise is their standard deviation. Two are around (−2, −2) and (2, 2).
    """
    _check(samples, noise, seed, classes)
    angles = np.pi * (5 / 4 + 2 * np.arange(classes) / classes)
    # two of them exactly: their samples are published
    centers = np.sqrt(8) * np.column_stack([np.cos(angles), np.sin(angles)])
    centers = np.array([[-2.0, -2.0], [2.0, 2.0]]) if classes == 2 else centers
    x, y = _sklearn("datasets", "make_blobs")(
        samples, centers=centers, cluster_std=noise, random_state=seed
    )
    return Samples(x, y, "blobs", class_names=_class_names(classes))


def xor(*, seed: int, samples: int = 1000, noise: float = 0.1) -> Samples:
    """Draw four unit squares around the origin, opposite ones alike, then normal noise."""
    _check(samples, noise, seed)
    rng = np.random.default_rng(seed)
    quadrant = np.arange(samples) % 4
    right, upper = quadrant % 2 == 1, quadrant >= 2
    x = rng.random((samples, 2)) * np.where(np.column_stack([right, upper]), 1.0, -1.0)
    x += noise * rng.standard_normal(x.shape)
    return Samples(x, (right != upper).astype(np.int64), "xor")


def spirals(*, seed: int, samples: int = 1000, noise: float = 0.1, classes: int = 2) -> Samples:
    """Draw an arm of one and a half turns for each class, to a radius of 3, then normal noise."""
    _check(samples, noise, seed, classes)
    rng = np.random.default_rng(seed)
    y = np.arange(samples) % classes
    along = np.sqrt(rng.random(samples))  # evenly dense along the arm
    angle = 3 * np.pi * along + 2 * np.pi * y / classes
    x = 3 * along[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    x += noise * rng.standard_normal(x.shape)
    return Samples(x, y, "spirals", class_names=_class_names(classes))


def iris() -> Samples:
    """Take Fisher's 150 irises: four lengths in centimetres, three species.

    Source: R. A. Fisher, The use of multiple measurements in taxonomic problems (1936), as
    scikit-learn has it.
    """
    found = _sklearn("datasets", "load_iris")()
    names = tuple(str(name).removesuffix(" (cm)") for name in found["feature_names"])
    species = tuple(map(str, found["target_names"]))
    x, y = np.asarray(found["data"], np.float64), np.asarray(found["target"], np.int64)
    return Samples(x, y, "iris", None, names, species)


def sine(*, seed: int, samples: int = 200, noise: float = 0.2) -> Samples:
    """Draw x evenly from −π to π, and y = sin x and normal noise: a regression."""
    _check(samples, noise, seed)
    rng = np.random.default_rng(seed)
    x = np.pi * rng.uniform(-1, 1, samples)
    y = np.sin(x) + noise * rng.standard_normal(samples)
    along = np.linspace(-2 * np.pi, 2 * np.pi, 801)
    target = Target(name="y", truth=np.column_stack([along, np.sin(along)]), noise=noise)
    return Samples(x[:, None], y, "sine", None, ("x",), (), target)


def csv(
    *,
    path: str,
    label: str | None = None,
    header: bool | None = None,
    task: Task = "classification",
) -> Samples:
    """Read numeric columns and a label; see :func:`epochreel.nn.csv_data.read_csv`."""
    table = read_csv(path, label=label, header=header, task=task)
    if task == "regression":
        names = table.feature_names or ("x",)
        target = Target(name=table.label_name or "y")
        return Samples(table.x, table.y, table.name, None, names, (), target)
    names = table.feature_names or _numbered(table.x.shape[1])
    return Samples(table.x, table.y, table.name, None, names, table.class_names)


def _sklearn(module: str, function: str) -> Callable[..., Any]:
    """Import when it is used: that takes a second, and a film from a file doesn't need it."""
    # a tenth of that second would go into looking for garbage
    collects = gc.isenabled()
    gc.disable()
    try:
        return getattr(import_module(f"sklearn.{module}"), function)
    finally:
        if collects:
            gc.enable()


def _numbered(features: int) -> tuple[str, ...]:
    """Name features that have no name: X₁, X₂, …."""
    lowered = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
    return tuple("X" + str(index + 1).translate(lowered) for index in range(features))


def _class_names(classes: int) -> tuple[str, ...]:
    return tuple(f"class {number}" for number in range(classes))


def _check(samples: int, noise: float, seed: int, classes: int = 2) -> None:
    whole_number("classes", classes, 2)
    whole_number("samples", samples, classes)
    whole_number("seed", seed, 0)
    if not (isfinite(noise) and noise >= 0):
        raise InvalidInputError(f"noise: must be finite and ≥ 0, got {noise!r}")


def _split(
    samples: Samples, test_fraction: float, seed: int
) -> tuple[FloatArray, FloatArray, Labels, Labels]:
    if not 0 <= test_fraction < 1:
        raise InvalidInputError(f"test_fraction: must be ≥ 0 and < 1, got {test_fraction!r}")
    whole_number("split_seed", seed, 0)
    x, y = samples.x, samples.y
    if test_fraction == 0:
        return x, x[:0], y, y[:0]
    try:
        parts = _sklearn("model_selection", "train_test_split")(
            x, y, test_size=test_fraction, random_state=seed
        )
    except ValueError:
        parts = None
    if parts is None or len(np.unique(parts[2])) < len(samples.class_names):
        of_each = "" if samples.target is not None else " of each class"
        raise InvalidInputError(
            f"test_fraction: must leave training samples{of_each}, got {test_fraction:g} of "
            f"{len(y)} samples"
        )
    x_train, x_test, y_train, y_test = parts
    return x_train, x_test, y_train, y_test


def _default_viewport(samples: Samples) -> Viewport:
    x, own = samples.x, samples.viewport
    if samples.target is not None:
        x = np.column_stack([x[:, 0], samples.y])  # the target takes the second feature's place
    if own is not None:
        low, high = (own.x_min, own.y_min), (own.x_max, own.y_max)
        if np.mean(((x < low) | (x > high)).any(axis=1)) <= 0.01:
            return own
    return tidy_viewport(x)


def tidy_viewport(x: FloatArray) -> Viewport:
    """Take the range of samples in their first and last feature and a margin of 10 %, rounded."""
    x_min, x_max = _tidy_range(float(x[:, 0].min()), float(x[:, 0].max()))
    y_min, y_max = _tidy_range(float(x[:, -1].min()), float(x[:, -1].max()))
    return Viewport(x_min, x_max, y_min, y_max)


def _tidy_range(low: float, high: float) -> tuple[float, float]:
    """Add a tenth of the range at each end, then go out to multiples of 1, 2 or 5 · 10ⁿ."""
    # a column that is constant, or nearly, gets a width that can still be drawn
    extent = max(high - low, 1e-6 * max(abs(low), abs(high)))
    extent = extent if extent > 1e-300 else 1.0  # less than that has no logarithm further down
    low, high = low - 0.1 * extent, high + 0.1 * extent
    decade = 10.0 ** floor(log10(extent / 20))
    step = next(decade * factor for factor in (1, 2, 5, 10) if decade * factor >= extent / 20)
    digits = max(0, -floor(log10(step)))
    return (
        round(floor(low / step) * step, digits),
        round(-floor(-high / step) * step, digits),
    )


DATASETS: Mapping[str, Callable[..., Samples]] = {
    "moons": moons,
    "circles": circles,
    "blobs": blobs,
    "xor": xor,
    "spirals": spirals,
    "iris": iris,
    "sine": sine,
    "csv": csv,
}
"""Name → function; its keywords are the kind's options."""
