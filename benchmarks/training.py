"""Training: the NumPy engine against the published way, other libraries, and the core's limit."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks import training_peers as peers
from benchmarks import training_published as published
from benchmarks.measuring import in_turn, machine, publish, seconds, table
from epochreel.nn import History, Network, NetworkRecorder, make_dataset, train, train_together
from epochreel.nn.optimizers import SGD, Adam, Momentum, RMSprop

SIZES = [2, 25, 50, 50, 25, 1]
ROUNDS = 5
KERAS = "Keras on JAX"


class Job(NamedTuple):
    title: str
    batch_size: int
    epochs: int  # of the whole job
    timed: int  # of each timed run
    every: int  # epochs between snapshots
    capture_runs: int
    # how many times faster, or slower, at least or at most
    against_published: float
    against_keras: float
    against_limit: float


JOBS = [
    Job("NumPy job: full batch, 10 000 iterations", 900, 10_000, 2_000, 50, 20, 2.5, 3.0, 1.8),
    Job("Keras job: batches of 32, 200 epochs", 32, 200, 200, 1, 60, 4.8, 12.0, 3.5),
]

DATA = make_dataset("moons", samples=1000, noise=0.2, seed=100)


def ours(job: Job, epochs: int, dtype: type = np.float32, callbacks: Iterable = ()) -> History:
    rng = np.random.default_rng(2)
    start = "normal" if job.batch_size >= 900 else "glorot_uniform"
    network = Network(SIZES, initializer=start, rng=rng, dtype=dtype)
    return train(
        network, DATA.x_train, DATA.y_train, optimizer=SGD(0.01), epochs=epochs,
        batch_size=job.batch_size, rng=rng, callbacks=list(callbacks),
    )  # fmt: skip


def contestants(job: Job) -> dict[str, Callable[[], object]]:
    x, y = DATA.x_train.astype(np.float32), DATA.y_train.astype(np.float32)
    others = {
        KERAS: peers.keras_on_jax(x, y, SIZES, job.batch_size),
        "PyTorch, eager": peers.torch_eager(x, y, SIZES, job.batch_size),
        "scikit-learn MLPClassifier, loss only": peers.scikit_learn(x, y, SIZES, job.batch_size),
    }
    if job.batch_size < len(x):
        others[f"{KERAS}, an epoch per call"] = peers.keras_on_jax(
            x, y, SIZES, job.batch_size, at_once=True
        )
    runs: dict[str, Callable[[], object]] = {
        "ours": lambda: ours(job, job.timed),
        "ours, float64": lambda: ours(job, job.timed, np.float64),
        "as published, float64": lambda: published.train(
            DATA.x_train, DATA.y_train, SIZES, epochs=job.timed, batch_size=job.batch_size
        ),
    }
    for name, run in others.items():
        if run is not None:
            runs[name] = lambda run=run: run(job.timed)
    return runs


def products(samples: int) -> list[tuple[int, int, int]]:
    """List the matrix products of one update: (rows, inner, columns)."""
    found = []
    for layer, (inputs, units) in enumerate(zip(SIZES, SIZES[1:], strict=False)):
        found.append((units, inputs + 1, samples))  # Z = [W; b]ᵀ [A; 1]
        found.append((inputs + 1, samples, units))  # ∂L/∂[W; b] = [A; 1] δᵀ
        if layer:
            found.append((inputs, units, samples))  # ∂L/∂A = W δ
    return found


def flops(job: Job) -> float:
    """Count the floating-point operations of the matrix products of a timed run."""
    return job.timed * sum(
        2.0 * rows * inner * columns
        for size in _batches(job)
        for rows, inner, columns in products(size)
    )


def _batches(job: Job) -> list[int]:
    samples = len(DATA.y_train)
    whole, rest = divmod(samples, min(job.batch_size, samples))
    return [min(job.batch_size, samples)] * whole + [rest] * bool(rest)


def best_rate() -> float:
    """Measure the core's best rate of float32 matrix products, in operations per second."""
    rng, best = np.random.default_rng(0), 0.0
    for size in (128, 256, 384, 512, 768):
        a, b = rng.standard_normal((2, size, size), dtype=np.float32)
        out = np.empty_like(a)
        repeats = max(3, int(1e9 / (2 * size**3)))
        for _ in range(8):
            start = time.process_time()
            for _ in range(repeats):
                np.dot(a, b, out)
            best = max(best, repeats * 2 * size**3 / (time.process_time() - start))
    return best


def capture_cost(job: Job) -> float:
    """Find what a recorder adds to a training, as a share of it."""
    unit = "update" if job.batch_size >= len(DATA.y_train) else "epoch"
    epochs = min(job.timed, 500)
    times: dict[bool, list[float]] = {True: [], False: []}
    for turn in range(job.capture_runs):
        for recorded in (True, False) if turn % 2 else (False, True):
            hooks = (
                [NetworkRecorder("Benchmark", DATA, every=job.every, unit=unit)] if recorded else []
            )
            run = lambda hooks=hooks: ours(job, epochs, callbacks=hooks)  # noqa: E731
            times[recorded].append(seconds(run, time.process_time))
    ratios = [one / other for one, other in zip(times[True], times[False], strict=True)]
    return statistics.median(ratios) - 1


def keras_build(job: Job) -> float:
    """Time the making of a Keras model until it is compiled, in seconds."""
    x, y = DATA.x_train.astype(np.float32), DATA.y_train.astype(np.float32)
    return statistics.median(
        seconds(lambda: peers.keras_on_jax(x, y, SIZES, job.batch_size), time.process_time)
        for _ in range(3)
    )


def keras_on_all_cores() -> list[float] | None:
    """Find how many times as long Keras takes when nothing is tied to a core, by the clock.

    In a process of its own, since the threads of JAX keep the cores they began with.
    """
    found = subprocess.run(
        [sys.executable, "-m", "benchmarks.training", "all-cores"], capture_output=True, check=True
    )
    return json.loads(found.stdout.splitlines()[-1])


def on_all_cores() -> list[float] | None:
    x, y = DATA.x_train.astype(np.float32), DATA.y_train.astype(np.float32)
    ratios = []
    for job in JOBS:
        run = peers.keras_on_jax(x, y, SIZES, job.batch_size)
        if run is None:
            return None
        epochs = min(job.timed, 1_000)
        with threadpool_limits(1):
            times = in_turn(
                {"keras": lambda: run(epochs), "ours": lambda: ours(job, epochs)},  # noqa: B023
                rounds=ROUNDS,
            )
        ratios.append(times["keras"] / times["ours"])
    return ratios


def measure(job: Job) -> tuple[str, list[list[str]]]:
    runs = contestants(job)
    runs["ours"]()
    rates = [best_rate()]
    times = in_turn(runs, rounds=ROUNDS, clock=time.process_time)
    rates.append(best_rate())
    limit = flops(job) / max(rates)
    own = times["ours"]
    full = {
        "ours": ours(job, job.epochs).accuracy[-1],
        "ours, float64": ours(job, job.epochs, np.float64).accuracy[-1],
    }
    if KERAS in times:
        scale = job.epochs / job.timed
        times[f"{KERAS}, its compiling included"] = times[KERAS] + keras_build(job) / scale
    rows = [
        [name, f"{found / own:.2f}", f"{full[name]:.3f}" if name in full else ""]
        for name, found in sorted(times.items(), key=lambda item: item[1])
    ]
    rows.insert(0, ["the core's limit", f"{limit / own:.2f}", ""])
    ratio = times["as published, float64"] / own
    checks = [_check("× as fast as the published way", ratio, "≥", job.against_published)]
    for name, found in times.items():
        if name.startswith(KERAS) and "call" not in name:
            checks.append(_check(f"× as fast as {name}", found / own, "≥", job.against_keras))
    checks.append(_check("× the core's limit", own / limit, "≤", job.against_limit))
    every = "50 iterations" if job.every > 1 else "epoch"
    cost = 100 * capture_cost(job)
    checks.append(_check(f"% longer with a snapshot every {every}", cost, "≤", 1.0))
    share = "" if job.timed == job.epochs else f", timed over {job.timed} of them"
    head = f"## {job.title}{share}\n\n"
    return head + table(["", "time, ours = 1", "accuracy of the whole job"], rows), checks


def race() -> list[list[str]]:
    """Train an SGD, a momentum, an RMSprop and an Adam at once, and one after the other."""
    optimizers = [SGD(0.01), Momentum(0.01), RMSprop(), Adam()]
    count, checks = len(optimizers), []
    for sizes, batch_size, epochs in (
        (SIZES, 32, 40),
        (SIZES, 16, 20),
        ([2, 16, 16, 1], 32, 40),
        ([2, 16, 16, 1], 16, 20),
    ):

        def start(sizes=sizes):
            rngs = [np.random.default_rng(seed) for seed in range(count)]
            return [Network(sizes, initializer="glorot_uniform", rng=rng) for rng in rngs], rngs

        def together(batch_size=batch_size, epochs=epochs, start=start):
            networks, rngs = start()
            train_together(
                networks, DATA.x_train, DATA.y_train, optimizers=optimizers, rngs=rngs,
                epochs=epochs, batch_size=batch_size,
            )  # fmt: skip

        def in_order(batch_size=batch_size, epochs=epochs, start=start):
            for network, rng, optimizer in zip(*start(), optimizers, strict=True):
                train(
                    network, DATA.x_train, DATA.y_train, optimizer=optimizer, rng=rng,
                    epochs=epochs, batch_size=batch_size,
                )  # fmt: skip

        times = in_turn(
            {"together": together, "in order": in_order}, rounds=9, clock=time.process_time
        )
        name = "-".join(map(str, sizes))
        what = f"× as fast at once as one after the other, {name}, batches of {batch_size}"
        checks.append(["race of 4", *_check(what, times["in order"] / times["together"], "≥", 1.3)])
    return checks


def _check(what: str, figure: float, sign: str, target: float) -> list[str]:
    reached = figure >= target if sign == "≥" else figure <= target
    return [what, f"{figure:.2f}", f"{sign} {target:g}", "yes" if reached else "**no**"]


def one_core() -> str:
    """Stay on one core, also with all threads that others start from here on."""
    try:
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    except AttributeError:
        return "not tied to a core, which this system doesn't allow"
    return "tied to one core"


def main() -> None:
    ratios = keras_on_all_cores()
    tied = one_core()
    with threadpool_limits(1):
        results = [measure(job) for job in JOBS]
        races = race()
    checks = []
    for index, (job, (_, found)) in enumerate(zip(JOBS, results, strict=True)):
        if ratios is not None:
            what = f"× as fast as {KERAS}, each as it runs by itself, on all cores"
            found.insert(2, _check(what, ratios[index], "≥", job.against_keras))
        checks += [[job.title.split(":")[0], *row] for row in found]
    packages, missing = ["numpy", "scikit-learn"], []
    for name in ("keras", "jax", "torch"):
        try:
            version(name)
            packages.append(name)
        except PackageNotFoundError:
            missing.append(name)
    note = ""
    if missing:
        names = " ".join(missing)
        note = f"\nNot installed, so left out: `pip install -c constraints.txt {names}` adds it.\n"
    text = (
        "The network 2-25-50-50-25-1 with ReLU on 900 samples of moons, learning rate 0.01; "
        f"float32 unless said, {tied}, one BLAS thread.\n"
        f"Processor time, so that what else runs doesn't count: medians of {ROUNDS} runs in turn; "
        f"what is compiled is compiled before, unless said.\n{machine(packages)}.\n{note}\n"
        "The core's limit is the job's matrix products at the best rate of any float32 product "
        "measured here (`np.dot` of 128² to 768²).\n\n"
        + "\n\n".join(page for page, _ in results)
        + "\n\n## Against what was to be reached\n\n"
        + table(["job", "", "measured", "target", "reached"], checks + races)
    )
    publish("training", "Training", text)


if __name__ == "__main__":
    if sys.argv[1:] == ["all-cores"]:
        print(json.dumps(on_all_cores()))
    else:
        main()
