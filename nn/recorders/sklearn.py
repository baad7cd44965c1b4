"""Recorded trainings of scikit-learn's classifiers, which have no callbacks."""

from __future__ import annotations

import warnings
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from importlib import import_module
from os import PathLike
from time import monotonic
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from epochreel.nn.dense_stack import NotDense, fold
from epochreel.nn.errors import InvalidInputError, whole_number
from epochreel.nn.recorders.base import Recorder
from epochreel.nn.recorders.sklearn_layers import estimator_steps, read_estimator

__all__ = ["fit_recorded", "interruptible", "record_fitted"]

sklearn: Any = import_module("sklearn")
import_module("sklearn.neural_network")

SNAPSHOTS = 200
"""About so many are kept of a training where nothing is said."""

Moment: TypeAlias = tuple[int, float]
"""Updates and epochs done."""


def fit_recorded(
    estimator: Any,
    X: Any,  # noqa: N803 -- as everywhere in scikit-learn
    y: ArrayLike,
    recorder: str | PathLike[str] | Recorder,
    *,
    epochs: int | None = None,
    batch_size: int | None = None,
    every: int | None = None,
    rng: np.random.Generator | None = None,
    test_data: tuple[Any, ArrayLike] | None = None,
    **options: Any,
) -> Any:
    """Fit a classifier step by step, and record it into a file from which films are made.

    What can be trained by ``partial_fit`` is: with all samples an epoch, or with batches. Else what
    has a ``warm_start`` grows: forests and boosting by trees, others by iterations. Of a pipeline
    the steps before the last are fitted first. An ``MLPClassifier``, also behind a scaler, is kept
    as its parameters; of any other, its predictions over the viewport.

    Parameters
    ----------
    estimator : classifier or Pipeline
        Fitted in place.
    X : (samples, features) array
    y : (samples,) array
        Labels of any type.
    recorder : path-like or Recorder
        The file, ``run.reel``; or a recorder of your own, which stays open.
    epochs : int, optional
        How often all samples are gone through; trees, or iterations, for what grows. By default the
        estimator's own ``n_estimators`` or ``max_iter``, or else 1.
    batch_size : int, optional
        Samples of one ``partial_fit``, shuffled each epoch; by default all, in their order.
    every : int, optional
        A snapshot is kept every so many epochs, batches, trees or iterations, and of the last; by
        default so that there are about 200.
    rng : numpy.random.Generator, optional
        Shuffles the batches; by default one seeded with 0.
    test_data : (X, y), optional
        Further samples to measure on.
    **options
        ``name``, ``feature_names``, ``viewport``, ``resolution`` and others of
        :class:`epochreel.nn.recorders.Recorder`, for a file.

    Returns
    -------
    classifier or Pipeline
        The estimator; the same as after these steps without a recorder, to the last bit.

    Raises
    ------
    InvalidInputError
        For what can't be trained step by step, or can't be filmed.

    Notes
    -----
    The first snapshot is that of the first step: before, these estimators can't predict.
    """
    last = _last(estimator)
    x, labels = np.asarray(X), np.asarray(y)
    classes = np.unique(labels)
    way = _way(last)
    total = _total(last, way, epochs)
    if batch_size is not None:
        whole_number("batch_size", batch_size)
        if way != "partial_fit":
            raise InvalidInputError(
                f"batch_size: must be left out for {type(last).__name__}, which has no partial_fit"
            )
    if hasattr(X, "columns"):
        options = {"feature_names": tuple(map(str, X.columns)), **options}
    unit = "epoch" if way == "partial_fit" and batch_size is None else "update"
    options = {"unit": unit, "name": type(last).__name__, **options}
    data = {"data": (x, labels), "test_data": test_data}
    with _opened(recorder, estimator, classes, **data, **options) as open_recorder, interruptible():
        per_epoch = 1 if batch_size is None else -(-len(x) // batch_size)
        usual = max(1, round(total * per_epoch / SNAPSHOTS))
        keep = usual if every is None else whole_number("every", every)
        open_recorder.begin()
        x = _transformed(estimator, x, labels)
        if way == "partial_fit":
            order = rng or np.random.default_rng(0)
            moments = _partial_fits(last, x, labels, classes, total, batch_size, order)
        else:
            moments = _warm_starts(last, x, labels, way, total, keep)
        moment, kept = (0, 0.0), True
        for count, moment in enumerate(moments, 1):
            # what grows has grown by as much as lies between two snapshots
            kept = way != "partial_fit" or count % keep == 0
            if kept:
                _capture(open_recorder, estimator, moment)
        if not kept:
            _capture(open_recorder, estimator, moment)
    return estimator


def record_fitted(
    estimator: Any,
    recorder: str | PathLike[str] | Recorder,
    *,
    data: tuple[Any, ArrayLike] | None = None,
    test_data: tuple[Any, ArrayLike] | None = None,
    **options: Any,
) -> None:
    """Record a classifier that is fitted already, as the one snapshot that a still shows.

    Parameters
    ----------
    estimator : classifier or Pipeline
        With ``predict_proba`` or ``decision_function``.
    recorder : path-like or Recorder
    data, test_data : (X, y), optional
        Samples to show and to measure on; without them ``viewport`` must be given.
    **options
        As of :func:`fit_recorded`.

    Raises
    ------
    InvalidInputError
    """
    last = _last(estimator)
    if not hasattr(estimator, "classes_"):
        raise InvalidInputError(f"estimator: must be fitted, got a new {type(last).__name__}")
    classes = np.asarray(estimator.classes_)
    options = {"name": type(last).__name__, "data": data, "test_data": test_data, **options}
    with _opened(recorder, estimator, classes, **options) as open_recorder:
        _capture(open_recorder, estimator, (1, 1.0))


@contextmanager
def interruptible() -> Generator[None]:
    """Let Ctrl-C end a training: scikit-learn's networks only warn of it, and train on.

    Raises
    ------
    KeyboardInterrupt
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "Training interrupted", UserWarning)
        try:
            yield
        except UserWarning as err:
            if not str(err).startswith("Training interrupted"):
                raise
            raise KeyboardInterrupt from err


def _last(estimator: Any) -> Any:
    """Find what is trained, in a pipeline or not."""
    if not sklearn.base.is_classifier(estimator):
        raise InvalidInputError(f"estimator: must be a classifier, got {type(estimator).__name__}")
    return estimator_steps(estimator)[-1]


def _way(last: Any) -> str:
    """Name the method, or the parameter, by which an estimator is trained step by step."""
    if hasattr(last, "partial_fit"):
        return "partial_fit"
    parameters = last.get_params(deep=False)
    for name in ("n_estimators", "max_iter"):
        if "warm_start" in parameters and name in parameters:
            return name
    raise InvalidInputError(
        f"estimator: must have partial_fit or warm_start to be fitted step by step, "
        f"got {type(last).__name__}; fit it, and use record_fitted"
    )


def _total(last: Any, way: str, epochs: int | None) -> int:
    if epochs is not None:
        return whole_number("epochs", epochs)
    parameters = last.get_params(deep=False)
    return int(parameters.get("max_iter" if way == "partial_fit" else way) or 1)


def _opened(
    recorder: str | PathLike[str] | Recorder, estimator: Any, classes: NDArray[Any], **options: Any
) -> AbstractContextManager[Recorder]:
    """Make a recorder for a path; one that was given is left as it is."""
    if isinstance(recorder, Recorder):
        return nullcontext(recorder)
    by_scores = not hasattr(estimator, "predict_proba")
    if by_scores and not hasattr(estimator, "decision_function"):
        raise InvalidInputError(
            f"estimator: must have predict_proba or decision_function, "
            f"got {type(_last(estimator)).__name__}"
        )
    for name in ("data", "test_data"):
        if options.get(name) is not None:
            options[name] = _encoded(name, options[name], classes)
    options["provenance"] = {"scikit-learn": sklearn.__version__, **options.get("provenance", {})}
    options.setdefault("class_names", tuple(map(str, classes.tolist())))
    return Recorder(recorder, outputs="logits" if by_scores else "probabilities", **options)


def _encoded(
    name: str, pair: tuple[Any, ArrayLike], classes: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Replace the labels of some samples by their place among the classes."""
    x, labels = np.asarray(pair[0]), np.asarray(pair[1])
    unknown = labels[~np.isin(labels, classes)]
    if len(unknown):
        raise InvalidInputError(f"{name}: must have labels that are trained, got {unknown[0]!s}")
    return x, np.searchsorted(classes, labels)


def _transformed(estimator: Any, x: NDArray[Any], y: NDArray[Any]) -> Any:
    """Fit the steps of a pipeline before its last."""
    for step in estimator_steps(estimator)[:-1]:
        x = step.fit_transform(x, y)
    return x


def _partial_fits(
    last: Any,
    x: Any,
    y: NDArray[Any],
    classes: NDArray[Any],
    epochs: int,
    batch_size: int | None,
    rng: np.random.Generator,
) -> Iterator[Moment]:
    update = 0
    for epoch in range(epochs):
        if batch_size is None:
            last.partial_fit(x, y, classes=classes)
            update += _updates(last, len(y))
            yield update, epoch + 1.0
            continue
        order = rng.permutation(len(y))
        for start in range(0, len(y), batch_size):
            chosen = order[start : start + batch_size]
            last.partial_fit(x[chosen], y[chosen], classes=classes)
            update += _updates(last, len(chosen))
            yield update, epoch + min(start + batch_size, len(y)) / len(y)


def _updates(last: Any, samples: int) -> int:
    """Count the updates that one ``partial_fit`` makes."""
    if isinstance(last, sklearn.neural_network.MLPClassifier):
        size = 200 if last.batch_size == "auto" else last.batch_size
        return -(-samples // size)
    # those of stochastic gradient descent make one for each sample, others learn from all at once
    return samples if hasattr(last, "t_") else 1


def _warm_starts(
    last: Any, x: Any, y: NDArray[Any], parameter: str, total: int, step: int
) -> Iterator[Moment]:
    """Grow by ``step`` at a time; by one at a time it would only take longer."""
    before = last.get_params(deep=False)
    # what grows trees is told how many in all, what iterates how many more
    trees = parameter == "n_estimators" or type(last).__name__.startswith("Hist")
    last.set_params(warm_start=True)
    done = 0
    try:
        while done < total:
            more = min(step, total - done)
            last.set_params(**{parameter: done + more if trees else more})
            with warnings.catch_warnings():  # a part of a training hasn't converged, of course
                warnings.simplefilter("ignore", sklearn.exceptions.ConvergenceWarning)
                last.fit(x, y)
            here = _trees(last) if trees else done + int(np.max(last.n_iter_))
            if here == done:
                return
            yield here, float(here)
            if here < done + more:  # it has converged, or stopped early
                return
            done = here
    finally:
        last.set_params(**{name: before[name] for name in ("warm_start", parameter)})


def _trees(last: Any) -> int:
    return len(last.estimators_) if hasattr(last, "estimators_") else int(last.n_iter_)


def _capture(recorder: Recorder, estimator: Any, moment: Moment) -> None:
    """Keep a snapshot: parameters where they say all, else predictions."""
    update, epoch = moment
    entered = monotonic()
    try:
        snapshot: dict[str, Any] = fold(read_estimator(estimator))._asdict()
    except NotDense:
        snapshot = {"predict": partial(_predict, estimator)}
    recorder.overhead_s += monotonic() - entered
    recorder.capture(update, epoch=epoch, **snapshot)


def _predict(estimator: Any, points: NDArray[np.float32]) -> NDArray[Any]:
    """Give probabilities, or else scores, of class 1 of two or of each of more."""
    features = getattr(estimator, "n_features_in_", 2)
    if features != 2:
        raise InvalidInputError(
            f"X: must have 2 features for a classifier that is captured by its predictions, "
            f"got {features}"
        )
    if hasattr(estimator, "predict_proba"):
        shares: NDArray[Any] = estimator.predict_proba(points)
        return shares[:, 1] if shares.shape[1] == 2 else shares
    return estimator.decision_function(points)
