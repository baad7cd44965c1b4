"""Several networks of one architecture, trained in step: what small batches wait for, only once.

Most of an update of a small batch is the beginning of its operations, not the arithmetic. Networks
that are stacked, (networks, units, samples), begin each operation once. So four networks with four
optimisers are trained, by measurement, so many times as fast as one after the other, with batches
of 16 and 32: 2-16-16-1 1.39 and 1.32 times, 2-25-50-50-25-1 1.17 and 1.10 times. More networks gain
more; two, and full batches of 900, lose.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar, Unpack, cast

import numpy as np
from numpy.typing import ArrayLike

from epochreel.nn.activations import ACTIVATIONS, Array, share_slopes
from epochreel.nn.architecture import Architecture
from epochreel.nn.callbacks import CallbackLike, StopTraining, as_callback
from epochreel.nn.errors import InvalidInputError
from epochreel.nn.history import History, not_finite
from epochreel.nn.initializers import Rng
from epochreel.nn.losses import ToDelta
from epochreel.nn.network import Network
from epochreel.nn.optimizers import Optimizer
from epochreel.nn.run import Run
from epochreel.nn.training import Options, prepare

__all__ = ["train_together"]

LARGEST_BATCH = 64
FEWEST_NETWORKS = 3
"""Where training in step begins to pay."""

T = TypeVar("T")


def train_together(
    networks: Sequence[Network],
    x: ArrayLike,
    y: ArrayLike,
    *,
    optimizers: Sequence[Optimizer | str] | Optimizer | str = "sgd",
    rngs: Sequence[Rng] | None = None,
    callbacks: Sequence[Sequence[CallbackLike]] | None = None,
    **options: Unpack[Options],
) -> list[History]:
    """Train several networks in place, on the same samples.

    Each ends with the parameters and the history it would have had alone: to the last bit where a
    product of stacked matrices is rounded as that of each alone is, as those of the published
    network are; those of few numbers may take another way through the library, and differ in the
    last place.

    Parameters
    ----------
    networks : sequence of Network
        Of one architecture and dtype.
    x : (samples, inputs) array
    y : (samples,) array
    optimizers : Optimizer, str, or a sequence of one for each network
    rngs : sequence of Generator or RandomState, optional
        One for each network, none twice: equal seeds give equal batches.
    callbacks : sequence of sequences, optional
        Those of each network. They find its parameters in the state they are handed; the network
        that was given is written when all have ended.
    **options
        As of :func:`epochreel.nn.training.train`, the same for all.

    Returns
    -------
    list of History
        Their ``seconds`` count the time of all.

    Raises
    ------
    InvalidInputError
        For anything that can't be trained on, before any network is touched.

    Notes
    -----
    Where training in step doesn't pay, one is trained after the other: with large batches, with
    less than three networks, with dropout; and so go on the others when one has ended early.
    """
    networks, count = list(networks), len(networks)
    _check_alike(networks)
    steps = [optimizers] * count if isinstance(optimizers, (str, Optimizer)) else list(optimizers)
    draws = [None] * count if rngs is None else list(rngs)
    told: list[Sequence[CallbackLike]] = [()] * count if callbacks is None else list(callbacks)
    entries = {"optimizers": len(steps), "rngs": len(draws), "callbacks": len(told)}
    for name, length in entries.items():
        if length != count:
            raise InvalidInputError(
                f"{name}: must have one entry for each of {count} networks, got {length}"
            )
    if rngs is not None and len({id(rng) for rng in rngs}) < count:
        raise InvalidInputError("rngs: must be another generator for each network")
    hooks = [[as_callback(each) for each in given] for given in told]
    if not networks:
        return []
    flat = np.array([network.flat for network in networks])  # (networks, parameters)
    runs = [
        prepare(
            Network.from_vector(network.architecture, row), x, y,
            optimizer=optimizer, rng=rng, **options,
        )
        for network, row, optimizer, rng in zip(networks, flat, steps, draws, strict=True)
    ]  # fmt: skip
    try:
        with np.errstate(all="ignore"):
            for run, given in zip(runs, hooks, strict=True):
                _attempt(run, lambda run=run, given=given: run.begin(given))
            if _pays(runs, options):
                _go_on_together(runs, flat)
            for run in runs:
                if run.stopped is None:
                    _attempt(run, run.go_on)
            return [run.finish() for run in runs]
    finally:
        for network, row in zip(networks, flat, strict=True):
            np.copyto(network.flat, row)


def _check_alike(networks: Sequence[Network]) -> None:
    if len({id(network) for network in networks}) < len(networks):
        raise InvalidInputError("networks: must not have the same network twice")
    for index, network in enumerate(networks):
        first = networks[0]
        if (network.architecture, network.flat.dtype) != (first.architecture, first.flat.dtype):
            raise InvalidInputError(
                f"networks[{index}]: must have the architecture and dtype of networks[0]"
            )


def _pays(runs: Sequence[Run], options: Options) -> bool:
    batches = runs[0].batches
    return (
        len(runs) >= FEWEST_NETWORKS
        and batches.size <= LARGEST_BATCH
        and len(batches.batches) > 1
        and not options.get("dropout")
    )


def _attempt(run: Run, do: Callable[[], T]) -> T | None:
    """Do something that may end a run."""
    try:
        return do()
    except StopTraining as stop:
        run.stopped = str(stop)
        return None


class _Stack:
    """A :class:`epochreel.nn.network.Pass` of several networks; the same steps, a dimension more.

    Parameters
    ----------
    architecture : tuple of LayerSpec
    flat, gradient : (networks, parameters) array
    samples : int
    """

    def __init__(
        self, architecture: Architecture, flat: Array, gradient: Array, samples: int
    ) -> None:
        dtype, count, widths = flat.dtype, len(flat), [spec.output_dim for spec in architecture]
        hidden = range(len(architecture) - 1)
        w, g = _blocks(architecture, flat), _blocks(architecture, gradient)
        block = np.ones((count, sum(widths[:-1]) + len(hidden), samples), dtype)
        a = np.split(block, np.cumsum([width + 1 for width in widths[:-1]]), axis=1)
        d = [np.empty((count, width, samples), dtype) for width in widths]
        names = [spec.activation for spec in architecture]
        f = [ACTIVATIONS[names[i]](a[i][:, :-1], d[i]) for i in hidden]
        self._find_slopes = share_slopes(f, block)
        self.logits = np.empty((count, widths[-1], samples), dtype)
        self.rows = list(self.logits)
        self.delta = d[-1]  # ∂L/∂Z of the last layer
        self._up = [(_turned(w[i]), f[i].z, f[i], a[i]) for i in hidden]
        self._last = _turned(w[-1])
        self._down = [
            (a[i], d[i + 1], _turned(d[i + 1]), g[i + 1], w[i + 1][:, :-1], d[i], f[i])
            for i in reversed(hidden)
        ]
        self._first = (_turned(d[0]), g[0])

    def forward(self, x: Array) -> None:
        """Carry a batch of each, (networks, inputs + 1, samples), up to ``logits``."""
        a = x
        for block_t, z, f, a_next in self._up:
            np.matmul(block_t, a, z)
            f.forward()
            a = a_next
        np.matmul(self._last, a, self.logits)

    def backward(self, x: Array) -> None:
        """Compute the gradients, after ``forward`` and with ``delta`` written."""
        self._find_slopes()
        for a, delta, delta_t, gradient, weights, delta_below, f in self._down:
            np.matmul(a, delta_t, gradient)
            np.matmul(weights, delta, delta_below)
            f.backward()
        np.matmul(x, *self._first)


def _blocks(architecture: Architecture, rows: Array) -> list[Array]:
    blocks: list[Array] = []
    start = 0
    for spec in architecture:
        stop = start + (spec.input_dim + 1) * spec.output_dim
        shape = (len(rows), spec.input_dim + 1, spec.output_dim)
        blocks.append(rows[:, start:stop].reshape(shape))
        start = stop
    return blocks


def _turned(matrices: Array) -> Array:
    return matrices.transpose(0, 2, 1)


class _Step(NamedTuple):
    """One batch of all networks: views that stay while the samples in them are shuffled."""

    stack: _Stack
    to_delta: ToDelta
    x: Array  # (networks, inputs + 1, samples)
    y: Array  # (networks, outputs, samples)
    span: tuple[slice, slice]


def _steps(runs: Sequence[Run], flat: Array, gradient: Array) -> list[_Step]:
    """Put the samples of all side by side, and lay out each batch once."""
    batches = runs[0].batches
    outputs, samples = batches.y.shape
    x = np.empty((len(runs), samples, batches.batches[0].x.shape[0]), flat.dtype)
    y = np.empty((len(runs), outputs, samples), flat.dtype)
    for index, run in enumerate(runs):
        run.batches.move(x[index], y[index])
    stacks: dict[int, tuple[_Stack, ToDelta]] = {}
    for size in set(batches.sizes.tolist()):
        stack = _Stack(runs[0].network.architecture, flat, gradient, size)
        stacks[size] = (stack, runs[0].loss.differential(stack.logits))
    steps: list[_Step] = []
    for batch, size in zip(batches.batches, batches.sizes.tolist(), strict=True):
        part = batch.span[1]
        steps.append(_Step(*stacks[size], _turned(x[:, part]), y[:, :, part], batch.span))
    return steps


def _go_on_together(runs: Sequence[Run], flat: Array) -> None:
    """Train until all have ended, or until the end of the epoch in which one ends early."""
    gradient = np.zeros_like(flat)
    steps = _steps(runs, flat, gradient)
    weighted = runs[0].batches.weights is not None
    vector, zeros = flat.reshape(-1), np.zeros(flat.size, flat.dtype)
    begins, ends = (any(run.hooks[f"iteration_{end}"] for run in runs) for end in ("begin", "end"))
    while all(run.stopped is None and run.iteration < run.total for run in runs):
        logits = [_attempt(run, run.begin_epoch) for run in runs]
        alive = [index for index, run in enumerate(runs) if run.stopped is None]
        for stack, to_delta, x, y, span in steps[: runs[0].total - runs[0].iteration]:
            if begins:
                alive = _tell(runs, alive, "iteration_begin")
            stack.forward(x)
            to_delta(stack.logits, y, stack.delta)
            if weighted:
                for run, delta in zip(runs, stack.delta, strict=True):
                    np.multiply(delta, cast("Array", run.batches.weights)[span[1]], delta)
            stack.backward(x)
            if len(alive) < len(runs):
                gradient[[run.stopped is not None for run in runs]] = 0
            for index in alive:
                run, row = runs[index], logits[index]
                if row is not None:
                    row[span] = stack.rows[index]
                run.stepper(gradient[index])
                run.iteration += 1
            np.subtract(flat, gradient, flat)
            if vector.dot(zeros) != 0:
                alive = [index for index in alive if _is_finite(runs[index])]
            if ends:
                alive = _tell(runs, alive, "iteration_end")
        for index in alive:
            _attempt(runs[index], runs[index].end_epoch)


def _tell(runs: Sequence[Run], alive: list[int], hook: str) -> list[int]:
    """Call a hook of all; give those that go on."""
    for index in alive:
        run = runs[index]
        if run.hooks[hook]:
            _attempt(run, lambda run=run: run.call(hook))
    return [index for index in alive if runs[index].stopped is None]


def _is_finite(run: Run) -> bool:
    if np.isfinite(run.network.flat).all():
        return True
    run.stopped = not_finite(run.iteration)
    return False
