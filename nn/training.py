"""How a network is trained: everything that can be asked for, checked before anything is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypedDict, cast

from numpy.typing import ArrayLike

from epochreel.nn.architecture import variable_slices
from epochreel.nn.batches import Batches, Samples, check_samples
from epochreel.nn.callbacks import CallbackLike, as_callback
from epochreel.nn.dropout import check_dropout
from epochreel.nn.early_stopping import EarlyStopping
from epochreel.nn.errors import (
    InvalidInputError,
    look_up,
    real_number,
    unknown_name,
    whole_number,
)
from epochreel.nn.history import METRICS, History
from epochreel.nn.initializers import Rng
from epochreel.nn.losses import LOSSES, Loss, make_loss
from epochreel.nn.network import Network
from epochreel.nn.optimizers import OPTIMIZERS, Optimizer
from epochreel.nn.regularization import Penalty
from epochreel.nn.run import Extras, Run

__all__ = ["Options", "prepare", "train"]


def train(
    network: Network,
    x: ArrayLike,
    y: ArrayLike,
    *,
    loss: str = "binary_crossentropy",
    optimizer: Optimizer | str = "sgd",
    epochs: int | None = None,
    iterations: int | None = None,
    batch_size: int | None = None,
    shuffle: bool = True,
    rng: Rng | None = None,
    l1: float = 0.0,
    l2: float = 0.0,
    dropout: float | Sequence[float] = 0.0,
    class_weight: Mapping[int, float] | None = None,
    sample_weight: ArrayLike | None = None,
    validation_data: tuple[ArrayLike, ArrayLike] | None = None,
    early_stopping: EarlyStopping | None = None,
    metrics: Sequence[str] = ("loss", "accuracy"),
    metrics_per: Literal["iteration", "epoch"] | None = None,
    callbacks: Sequence[CallbackLike] = (),
) -> History:
    """Train a network in place.

    Parameters
    ----------
    network : Network
    x : (samples, inputs) array
    y : (samples,) array
        The class of each sample, from 0; for hinge also −1 and 1, for the mean squared error any
        numbers, (samples,) or (samples, outputs).
    loss : str
        A name of :data:`epochreel.nn.losses.LOSSES`.
    optimizer : Optimizer or str
        ``SGD(0.01)``, or a name of :data:`epochreel.nn.optimizers.OPTIMIZERS`.
    epochs, iterations : int
        How long: passes over the samples, or updates. One of the two.
    batch_size : int or None
        Samples of an update; the last batch of an epoch may be short. ``None`` is all samples.
    shuffle : bool
        Draw a new order of the samples for each epoch of mini-batches.
    rng : numpy.random.Generator or numpy.random.RandomState
        Draws it, and what is dropped; not needed for full batches without dropout.
    l1, l2 : float
        Add l1 Σ |w| + l2 Σ w² over all weights, not biases, to the loss.
    dropout : float or sequence of float
        Probability with which a unit is left out of an update: of all hidden layers, or of each.
    class_weight : mapping, optional
        Class → factor of its samples' loss; 1 where it isn't named.
    sample_weight : (samples,) array, optional
        Factor of each sample's loss; not beside ``class_weight``.
    validation_data : (x, y), optional
        Samples to compute ``val_loss`` and ``val_accuracy`` of after each epoch.
    early_stopping : EarlyStopping, optional
        When to end before time; judged after each epoch.
    metrics : sequence of str
        What the history is to have: of ``loss``, ``accuracy``, ``gradient_norm``,
        ``update_ratio``. What isn't asked for isn't computed.
    metrics_per : "iteration" or "epoch", optional
        How often; each epoch by default, which for full batches is each iteration.
    callbacks : sequence
        :class:`Callback` objects, or functions ``callback(iteration, parameters)`` that are called
        after each update. NumPy's warnings of overflow and the like are off while they run.

    Returns
    -------
    History

    Raises
    ------
    InvalidInputError
        For anything that can't be trained on, before the network is touched.

    Notes
    -----
    The training ends early if a callback raises :class:`StopTraining`, or if parameters or the loss
    become NaN or infinite; the history says so, and that is no error. A loss that isn't finite is
    noticed only where loss or accuracy are asked for; parameters that aren't, always.
    """
    run = prepare(
        network, x, y, loss=loss, optimizer=optimizer, epochs=epochs, iterations=iterations,
        batch_size=batch_size, shuffle=shuffle, rng=rng, l1=l1, l2=l2, dropout=dropout,
        class_weight=class_weight, sample_weight=sample_weight, validation_data=validation_data,
        early_stopping=early_stopping, metrics=metrics, metrics_per=metrics_per,
    )  # fmt: skip
    return run.train([as_callback(given) for given in callbacks])


class Options(TypedDict, total=False):
    """What :func:`train` can be told that several trainings may share."""

    loss: str
    epochs: int | None
    iterations: int | None
    batch_size: int | None
    shuffle: bool
    l1: float
    l2: float
    dropout: float | Sequence[float]
    class_weight: Mapping[int, float] | None
    sample_weight: ArrayLike | None
    validation_data: tuple[ArrayLike, ArrayLike] | None
    early_stopping: EarlyStopping | None
    metrics: Sequence[str]
    metrics_per: Literal["iteration", "epoch"] | None


def prepare(
    network: Network,
    x: ArrayLike,
    y: ArrayLike,
    *,
    loss: str = "binary_crossentropy",
    optimizer: Optimizer | str = "sgd",
    epochs: int | None = None,
    iterations: int | None = None,
    batch_size: int | None = None,
    shuffle: bool = True,
    rng: Rng | None = None,
    l1: float = 0.0,
    l2: float = 0.0,
    dropout: float | Sequence[float] = 0.0,
    class_weight: Mapping[int, float] | None = None,
    sample_weight: ArrayLike | None = None,
    validation_data: tuple[ArrayLike, ArrayLike] | None = None,
    early_stopping: EarlyStopping | None = None,
    metrics: Sequence[str] = ("loss", "accuracy"),
    metrics_per: Literal["iteration", "epoch"] | None = None,
) -> Run:
    """Check everything that :func:`train` is given but its callbacks, and make a run of it."""
    last = network.architecture[-1]
    look_up("loss", loss, LOSSES)
    if isinstance(optimizer, str):
        optimizer = look_up("optimizer", optimizer, OPTIMIZERS)()
    kind = make_loss(loss, last.activation, last.output_dim)
    samples = check_samples(
        x, y, network, kind, class_weight=class_weight, sample_weight=sample_weight
    )
    if batch_size is not None:
        batch_size = whole_number("batch_size", batch_size)
    drops = check_dropout(dropout, len(network.architecture) - 1, rng)
    if not shuffle:
        rng = None
    elif rng is None and batch_size is not None and batch_size < len(samples.x):
        raise InvalidInputError("rng: must be given to shuffle mini-batches, got None")
    validation = _validation(validation_data, network, kind)
    _check_monitor(early_stopping, validation)
    extras = Extras(
        metrics=_asked(metrics),
        each_batch=_per(metrics_per) == "iteration",
        penalty=_penalty(network, l1, l2),
        validation=validation,
        early_stopping=early_stopping,
    )
    batches = Batches(network, samples, kind, batch_size, rng, drops)
    total = _total_iterations(epochs, iterations, len(batches.batches))
    to_step = optimizer.start(network.flat, variable_slices(network.architecture))
    return Run(network, batches, kind, to_step, total, extras)


def _penalty(network: Network, l1: float, l2: float) -> Penalty | None:
    l1, l2 = real_number("l1", l1), real_number("l2", l2)
    return Penalty(network.architecture, network.flat, l1, l2) if l1 or l2 else None


def _asked(metrics: Sequence[str]) -> tuple[str, ...]:
    names = [metrics] if isinstance(metrics, str) else list(metrics)
    for name in names:
        if name not in METRICS:
            raise unknown_name("metrics", name, METRICS)
    return tuple(names)


def _per(given: object) -> object:
    known = ("iteration", "epoch")
    if given is not None and given not in known:
        raise unknown_name("metrics_per", given, known)
    return given


def _validation(data: object, network: Network, loss: Loss) -> Samples | None:
    if data is None:
        return None
    if not isinstance(data, (tuple, list)) or len(cast("Sequence[object]", data)) != 2:
        raise InvalidInputError("validation_data: must be a pair (x, y)")
    x, y = cast("tuple[ArrayLike, ArrayLike]", data)
    return check_samples(x, y, network, loss, name="validation ")


def _check_monitor(early_stopping: EarlyStopping | None, validation: Samples | None) -> None:
    if early_stopping is not None and validation is None:
        monitor = early_stopping.monitor
        if monitor.startswith("val_"):
            raise InvalidInputError(
                f"early_stopping.monitor: must be 'loss' or 'accuracy' without validation_data, "
                f"got {monitor!r}"
            )


def _total_iterations(epochs: int | None, iterations: int | None, per_epoch: int) -> int:
    if (epochs is None) == (iterations is None):
        raise InvalidInputError(
            f"epochs, iterations: must be one of the two, got {epochs} and {iterations}"
        )
    if epochs is not None:
        return whole_number("epochs", epochs) * per_epoch
    return whole_number("iterations", iterations)
