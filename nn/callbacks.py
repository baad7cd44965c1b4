"""Who is told of a training as it goes: hooks, in the order of Keras's life cycle."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from time import perf_counter
from typing import Protocol, TypeAlias

from epochreel.nn.activations import Array
from epochreel.nn.errors import InvalidInputError
from epochreel.nn.network import Network

__all__ = [
    "Callback",
    "CallbackLike",
    "NamedParameters",
    "Progress",
    "StopTraining",
    "TrainingState",
    "as_callback",
    "overridden",
]


class TrainingState(Protocol):
    """What hooks are handed: a read-only view of a running training, always up to date."""

    @property
    def iteration(self) -> int:
        """Updates done; while one is made, those before it."""
        ...

    @property
    def epoch(self) -> float:
        """Epochs done: iteration / iterations_per_epoch."""
        ...

    @property
    def total_iterations(self) -> int:
        """Updates of the whole training."""
        ...

    @property
    def iterations_per_epoch(self) -> int:
        """Batches of an epoch."""
        ...

    @property
    def seconds(self) -> float:
        """Time since the training began."""
        ...

    @property
    def parameters(self) -> Array:
        """All parameters, (parameters,); read-only memory of the network, so copy what you keep."""
        ...

    @property
    def network(self) -> Network:
        """The network that is trained."""
        ...

    @property
    def stopped(self) -> str | None:
        """Why the training ended early, in ``on_train_end``."""
        ...


class StopTraining(Exception):  # noqa: N818 -- a request, not an error
    """Raise it in a hook to end the training normally.

    Parameters
    ----------
    reason : str
        Found in :attr:`History.stopped` afterwards.
    """


class Callback:
    """Does nothing at any time; override what you need. Only overridden hooks are called.

    The order is: train begin, then for each epoch: epoch begin, for each batch iteration begin and
    end, epoch end; train end. An update that makes the parameters NaN or infinite ends the
    training, and its iteration end isn't called; nor is the epoch end of an epoch that isn't
    finished. Train end is called unless a hook raises something other than :class:`StopTraining`.
    """

    def on_train_begin(self, state: TrainingState) -> None:
        """Before anything, the network being untrained."""

    def on_train_end(self, state: TrainingState) -> None:
        """After everything."""

    def on_epoch_begin(self, state: TrainingState) -> None:
        """Before the first batch of an epoch."""

    def on_epoch_end(self, state: TrainingState) -> None:
        """After the last batch of an epoch."""

    def on_iteration_begin(self, state: TrainingState) -> None:
        """Before an update."""

    def on_iteration_end(self, state: TrainingState) -> None:
        """After an update."""


class NamedParameters(Mapping[str, Array]):
    """The parameters of a running training as ``{"W1": (units, inputs), "b1": (units,), …}``.

    Each access copies, so an array stays what it was; ``dict(parameters)`` keeps them all.
    """

    def __init__(self, network: Network) -> None:
        self._views = network.views()

    def __getitem__(self, name: str) -> Array:
        """Copy one array."""
        return self._views[name].copy()

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self._views)

    def __len__(self) -> int:
        """Count the arrays."""
        return len(self._views)


class Progress(Callback):
    """Reports how far a training is, at most about 20 times a second, and at its begin and end.

    Parameters
    ----------
    report : callable
        ``report(iterations_done, total_iterations)``; may raise to end the training.
    interval_s : float
        Time between two reports.
    """

    def __init__(self, report: Callable[[int, int], None], *, interval_s: float = 0.05) -> None:
        self._report = report
        self._interval_s = interval_s
        self._due = 0.0

    def on_train_begin(self, state: TrainingState) -> None:
        """Report 0."""
        self._tell(state)

    def on_iteration_end(self, state: TrainingState) -> None:
        """Report if it is time to."""
        if perf_counter() >= self._due:
            self._tell(state)

    def on_train_end(self, state: TrainingState) -> None:
        """Report the last iteration."""
        self._tell(state)

    def _tell(self, state: TrainingState) -> None:
        self._report(state.iteration, state.total_iterations)
        self._due = perf_counter() + self._interval_s


class _Function(Callback):
    """A plain callable, called after each update."""

    def __init__(self, function: Callable[[int, Mapping[str, Array]], object]) -> None:
        self._function = function

    def on_train_begin(self, state: TrainingState) -> None:
        self._parameters = NamedParameters(state.network)

    def on_iteration_end(self, state: TrainingState) -> None:
        self._function(state.iteration, self._parameters)


CallbackLike: TypeAlias = Callback | Callable[[int, Mapping[str, Array]], object]
"""A callback, or a function ``callback(iteration, parameters)`` to be called after each update."""


def as_callback(given: object) -> Callback:
    """Make a callback of what was given for one.

    Raises
    ------
    InvalidInputError
        For what is neither a :class:`Callback` nor callable.
    """
    if isinstance(given, Callback):
        return given
    if callable(given):
        return _Function(given)
    raise InvalidInputError(
        f"callbacks: must be Callback objects or functions (iteration, parameters), got {given!r}"
    )


def overridden(callbacks: Iterable[Callback], hook: str) -> list[Callable[[TrainingState], None]]:
    """Collect one hook of all callbacks, leaving out those that do nothing."""
    nothing = getattr(Callback, hook)
    hooks = [getattr(callback, hook) for callback in callbacks]
    return [bound for bound in hooks if getattr(bound, "__func__", None) is not nothing]
