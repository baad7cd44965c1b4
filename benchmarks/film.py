"""Frames and files: Epochreel against a new figure for every frame, and Matplotlib's animation."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

import matplotlib
import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks import film_peers as peers
from benchmarks.measuring import in_turn, machine, publish, table
from epochreel.nn import Network, NetworkRecorder, ParameterRecording, make_dataset, train
from epochreel.nn.errors import EpochreelError
from epochreel.nn.optimizers import SGD
from epochreel.render import BoundaryPanel, Film, Timeline, load_style, open_writer, write_film
from epochreel.render.output import cuts, join_parts, write_part
from epochreel.scenes import NullReporter, WorkerPool

SIZE = (1600, 1200)
FRAMES = 200
SLOW = 8
"""Frames that the other ways draw; their rate doesn't change with more."""
ROUNDS = 5
PEER_ROUNDS = 3


def recording() -> ParameterRecording:
    """Train the Keras recipe: its field has a shape from the first epochs on."""
    dataset = make_dataset("moons", samples=1000, noise=0.2, seed=100)
    rng = np.random.default_rng(2)
    network = Network(
        [2, 25, 50, 50, 25, 1], activation="relu", initializer="glorot_uniform", rng=rng
    )
    recorder = NetworkRecorder("Benchmark", dataset, every=1, unit="epoch")
    train(
        network,
        dataset.x_train,
        dataset.y_train,
        optimizer=SGD(0.01),
        epochs=200,
        batch_size=32,
        rng=rng,
        callbacks=[recorder],
    )
    return recorder.recording()


def film(found: ParameterRecording, panels: int = 1) -> Film:
    recordings = {"Benchmark": found}
    timeline = Timeline.build(recordings, fps=20, max_frames=FRAMES)
    return Film(
        recordings, [BoundaryPanel("Benchmark")] * panels, size=SIZE, style=load_style("dark"),
        timeline=timeline,
    )  # fmt: skip


def draw(ready: Film) -> int:
    return sum(frame.repeats for frame in ready)


def encode_only(found: ParameterRecording, path: Path) -> Callable[[], None]:
    """Encode frames that were drawn before: what a file costs beside its drawing."""
    ready = film(found)
    frames = [frame.pixels.copy() for frame in ready.between(80, 120)]
    ready.palette()

    def run() -> None:
        with open_writer(path, ready) as writer:
            for pixels in frames:
                writer.write(pixels)

    return run


def part(found: ParameterRecording, path: Path, index: int, count: int) -> tuple[int, Path]:
    ready = film(found)
    target = path.with_name(f"{path.name}.part{index}")
    write_part(ready, path, cuts(ready, path, count)[index], target)
    return index, target


def on_two_cores(pool: WorkerPool, found: ParameterRecording, path: Path) -> None:
    futures = [pool.submit(part, found, path, index, 2) for index in range(2)]
    join_parts(film(found), path, [future.result()[1] for future in futures])


def ratio(times: dict[str, float], slow: str, fast: str) -> float:
    return times[slow] / SLOW / (times[fast] / FRAMES)


def main() -> None:
    matplotlib.use("agg")
    found = recording()
    snapshots = range(len(found) - SLOW, len(found))
    with tempfile.TemporaryDirectory() as name, threadpool_limits(1, user_api="blas"):
        folder = Path(name)
        one, two = film(found), film(found, panels=2)
        draw(one)
        draw(two)
        runs: dict[str, Callable[[], object]] = {
            "new figures": lambda: peers.as_published(found, snapshots, folder / "new.mp4"),
            "new figures gif": lambda: peers.as_published(found, snapshots, folder / "new.gif"),
            "draw": lambda: draw(one),
            "mp4": lambda: write_film(film(found), folder / "film.mp4"),
            "gif": lambda: write_film(film(found), folder / "film.gif"),
            "animation mp4": lambda: peers.func_animation(found, snapshots, folder / "a.mp4"),
            "animation gif": lambda: peers.func_animation(found, snapshots, folder / "a.gif"),
            "draw two": lambda: draw(two),
            "mp4 encoder": encode_only(found, folder / "encoder.mp4"),
            "gif encoder": encode_only(found, folder / "encoder.gif"),
        }
        times = in_turn(runs, rounds=PEER_ROUNDS)
        both: dict[str, list[float]] = {"mp4": [], "gif": []}
        with WorkerPool(2, NullReporter()) as pool:
            for suffix in both:
                single, joined = folder / f"one.{suffix}", folder / f"both.{suffix}"
                on_two_cores(pool, found, joined)  # both workers are ready after it
                for _ in range(ROUNDS):
                    pair = in_turn(
                        {
                            "one": lambda path=single: write_film(film(found), path),
                            "two": lambda path=joined: on_two_cores(pool, found, path),
                        },
                        rounds=1,
                    )
                    both[suffix].append(pair["one"] / pair["two"])
                if single.read_bytes() != joined.read_bytes():
                    raise EpochreelError("the parts don't make the same film")
        share = {
            suffix: times[f"{suffix} encoder"] / 40 / (times[suffix] / FRAMES) for suffix in both
        }
    rows = [
        ["drawing alone, raw frames", ratio(times, "new figures", "draw"), 45, "", 0],
        ["scene to MP4, set-up included", ratio(times, "new figures", "mp4"), 12,
         ratio(times, "animation mp4", "mp4"), 8],
        ["scene to GIF, set-up included", ratio(times, "new figures gif", "gif"), 18,
         ratio(times, "animation gif", "gif"), 15],
    ]  # fmt: skip
    others = [
        ["MP4 on two cores, against one", statistics.median(both["mp4"]), 1.6],
        ["GIF on two cores, against one", statistics.median(both["gif"]), 1.6],
        ["two boundary panels, frames/s against one", times["draw"] / times["draw two"], 0.55],
        [
            "the encoder's part of the time of an MP4, its colour conversion included",
            share["mp4"],
            0.85,
        ],
        ["the encoder's part of the time of a GIF", share["gif"], 0.85],
    ]
    text = (
        f"{FRAMES} frames of {SIZE[0]}×{SIZE[1]}, dark boundary scene from a recording, one BLAS "
        f"thread, by the clock; frames/s against the other ways', measured on {SLOW} frames in the "
        f"same run.\n{machine(['numpy', 'matplotlib', 'imageio', 'av', 'pillow'])}.\n\n"
        + table(
            ["", "a new figure per frame", "target", "FuncAnimation", "target"],
            [[row[0], *_cells(row[1], row[2]), *_cells(row[3], row[4])] for row in rows],
        )
        + "\n\n"
        + table(["", "measured", "target"], [[row[0], *_cells(row[1], row[2])] for row in others])
    )
    publish("film", "Film: frames and files", text)


def _cells(figure: float | str, target: float) -> list[str]:
    if isinstance(figure, str):
        return ["", ""]
    reached = "" if figure >= target else " **not reached**"
    digits = 1 if target >= 2 else 2
    return [f"{figure:.{digits}f} ×", f"≥ {target:g}{reached}"]
