from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import numpy as np
import pytest

from epochreel.nn.errors import OutputError, RenderError
from epochreel.render.writers.video import VideoWriter
from epochreel.scenes import (
    Artifact,
    NullReporter,
    SerialExecutor,
    WorkerPool,
    load_scenes,
    read_scene,
    render_scenes,
)
from epochreel.scenes.costing import useful_jobs
from epochreel.scenes.progress import Task

TINY = """
title = "Tiny"
data = { samples = 60, noise = 0.1 }
timeline = { fps = 10, hold_last = 0.2 }
models = [{ name = "Small", layers = [4], iterations = 20, capture = { every = 5 } }]
outputs = [{ file = "tiny.mp4", size = [96, 72] }]
"""
TWO = """
title = "Two"
[data]
samples = 60
[timeline]
fps = 10
hold_last = 0.3
[[models]]
name = "Left"
layers = [4]
iterations = 20
capture = { every = 5 }
[[models]]
name = "Right"
initializer = "glorot_uniform"
layers = [4]
batch_size = 16
epochs = 4
[[outputs]]
file = "two.gif"
size = [160, 120]
[[outputs]]
file = "sub/two.mp4"
size = [96, 72]
"""


class CountingExecutor(SerialExecutor):
    def __init__(self) -> None:
        self.submitted: list[str] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.submitted.append(fn.__name__)
        return super().submit(fn, *args, **kwargs)


class Notes(NullReporter):
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.tasks: dict[str, Task] = {}
        self.done: dict[str, int] = {}
        self.finished: list[str] = []
        self.notes: list[str] = []

    def start(self, task: Task) -> None:
        self.tasks[task.key] = task

    def advance(self, key: str, done: int) -> None:
        assert done >= self.done.get(key, 0)
        self.done[key] = done

    def finish(self, key: str) -> None:
        self.finished.append(key)

    def note(self, message: str) -> None:
        self.notes.append(message)


def render(
    output: Path,
    *scenes: object,
    executor: Executor | None = None,
    reporter: Any = None,
    jobs: int = 1,
    preview: bool = False,
) -> list[Artifact]:
    return render_scenes(
        load_scenes([str(scene) for scene in scenes]),
        output,
        executor=executor or SerialExecutor(),
        reporter=reporter or NullReporter(),
        jobs=jobs,
        preview=preview,
    ).artifacts


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_every_output_is_made_as_promised(
    scene_file: Callable[..., Path], tmp_path: Path, files_in: Callable[[Path], list[str]]
) -> None:
    out = tmp_path / "out"
    artifacts = render(out, scene_file(TWO))
    assert files_in(out) == ["sub/two.mp4", "two.gif"]
    gif, mp4 = artifacts
    assert (gif.path, gif.size_px) == (out / "two.gif", (160, 120))
    assert (mp4.path, mp4.size_px) == (out / "sub" / "two.mp4", (96, 72))
    # five snapshots, and 0.3 s at 10 frames a second
    assert [artifact.frames for artifact in artifacts] == [8, 8]
    assert [artifact.duration_s for artifact in artifacts] == [0.8, 0.8]
    assert [artifact.bytes for artifact in artifacts] == [
        artifact.path.stat().st_size for artifact in artifacts
    ]
    assert iio.imread(mp4.path, plugin="pyav").shape == (8, 72, 96, 3)
    assert iio.imread(gif.path, index=0).shape[:2] == (120, 160)
    assert list(gif.scores) == ["Left", "Right"]
    assert gif.split == "test"
    assert gif.notes == ()


def test_accuracies_are_those_of_the_last_snapshot(
    scene_file: Callable[..., Path], tmp_path: Path
) -> None:
    from epochreel.scenes.engines import load_engine

    path = scene_file(TWO)
    artifact = render(tmp_path / "out", path)[0]
    [scene] = load_scenes([str(path)])
    for plan in scene.plans:
        recording = load_engine("numpy")(plan, scene.dataset, lambda done: None)
        logits = recording.logits(len(recording.updates) - 1, scene.dataset.x_test)[:, 0]
        hits = (logits > 0) == (scene.dataset.y_test == 1)
        assert artifact.scores[plan.name] == pytest.approx(float(np.mean(hits)))


def test_without_a_test_split_the_accuracy_is_that_of_training(
    scene_file: Callable[..., Path], tmp_path: Path
) -> None:
    [artifact] = render(
        tmp_path / "out",
        scene_file(
            "[data]\nsamples = 40\ntest_fraction = 0\n[[models]]\nlayers = [2]\niterations = 5\n"
            '[[outputs]]\nfile = "x.gif"\nsize = [64, 48]'
        ),
    )
    assert artifact.split == "train"
    assert 0 <= artifact.scores["NumPy Model"] <= 1


def test_a_training_that_stands_in_two_scenes_is_made_once(
    scene_file: Callable[..., Path], tmp_path: Path
) -> None:
    first = scene_file(TWO, "first.toml")
    # left out what is the default anyway: the same training in other words
    second = scene_file(
        'style = "light"\n[data]\nsamples = 60\nnoise = 0.2\n[[models]]\nname = "Left"\n'
        'layers = [4]\niterations = 20\ncapture = { every = 5 }\nactivation = "relu"\n'
        'batch_size = "full"\n[[outputs]]\nfile = "second.gif"\nsize = [64, 48]',
        "second.toml",
    )
    executor = CountingExecutor()
    artifacts = render(tmp_path / "out", first, second, executor=executor)
    assert executor.submitted.count("train_model") == 2
    assert executor.submitted.count("make_film") == 3
    assert artifacts[2].scores["Left"] == artifacts[0].scores["Left"]


@pytest.mark.parametrize("line", ["seed = 3", "iterations = 21", 'initializer = "glorot_uniform"'])
def test_trainings_that_differ_are_both_made(
    line: str, scene_file: Callable[..., Path], tmp_path: Path
) -> None:
    text = "[data]\nsamples = 40\n[[models]]\nlayers = [2]\ncapture = {{ every = 10 }}\n{}\n"
    output = '[[outputs]]\nfile = "{}.gif"\nsize = [64, 48]'
    other = "iterations = 20\n" if "iterations" not in line else ""
    first = scene_file(text.format("iterations = 20") + output.format("a"), "a.toml")
    second = scene_file(text.format(other + line) + output.format("b"), "b.toml")
    executor = CountingExecutor()
    render(tmp_path / "out", first, second, executor=executor)
    assert executor.submitted.count("train_model") == 2


def test_the_same_scene_gives_the_same_bytes_for_any_number_of_jobs(
    scene_file: Callable[..., Path], tmp_path: Path
) -> None:
    scene = scene_file(TWO)
    render(tmp_path / "a", scene)
    render(tmp_path / "b", scene)
    with WorkerPool(2, NullReporter()) as pool:
        render(tmp_path / "c", scene, executor=pool)
    first = digests(tmp_path / "a")
    assert len(first) == 2
    assert digests(tmp_path / "b") == first
    assert digests(tmp_path / "c") == first


LONG = """
timeline = {{ fps = 10, hold_last = 8.0 }}
[data]
samples = 40
[[models]]
layers = [2]
iterations = 20
capture = {{ every = 1 }}
[[outputs]]
file = "long.{suffix}"
size = [1280, 960]
"""


@pytest.mark.parametrize("suffix", ["mp4", "gif", "apng"])
def test_a_long_film_is_made_in_parts_of_the_same_bytes(
    suffix: str,
    scene_file: Callable[..., Path],
    tmp_path: Path,
    files_in: Callable[[Path], list[str]],
) -> None:
    scene = scene_file(LONG.format(suffix=suffix))
    assert useful_jobs([read_scene(str(scene))]) == 2
    assert useful_jobs([read_scene(str(scene))], preview=True) == 1
    render(tmp_path / "whole", scene)
    executor = CountingExecutor()
    render(tmp_path / "parts", scene, executor=executor, jobs=4)
    assert executor.submitted == ["train_model", "make_part", "make_part", "join_film"]
    notes = Notes()
    with WorkerPool(2, notes) as pool:
        [artifact] = render(tmp_path / "pool", scene, executor=pool, reporter=notes, jobs=2)
    assert artifact.frames == 101
    assert {key: task.total for key, task in notes.tasks.items()} == notes.done
    assert sum(task.total for task in notes.tasks.values() if task.unit == "frame") == 101
    assert files_in(tmp_path / "pool") == [f"long.{suffix}"]
    assert digests(tmp_path / "parts") == digests(tmp_path / "pool") == digests(tmp_path / "whole")


def test_any_executor_serves(scene_file: Callable[..., Path], tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as threads:
        assert len(render(tmp_path / "out", scene_file(), executor=threads)) == 1


def test_workers_report_home(scene_file: Callable[..., Path], tmp_path: Path) -> None:
    notes = Notes()
    with WorkerPool(1, notes) as pool:
        render(tmp_path / "out", scene_file(), executor=pool)
    assert [task.label for task in notes.tasks.values()] == [
        "training Small",
        "rendering tiny.mp4",
    ]
    assert {key: task.total for key, task in notes.tasks.items()} == notes.done
    assert notes.finished == list(notes.tasks)


def test_this_process_reports_the_same(scene_file: Callable[..., Path], tmp_path: Path) -> None:
    notes = Notes()
    render(tmp_path / "out", scene_file(), reporter=notes)
    assert (
        {key: task.total for key, task in notes.tasks.items()}
        == notes.done
        == {
            "training 0": 20,
            "film tiny.mp4": 7,
        }
    )


def test_a_preview_is_small_short_and_says_so(
    scene_file: Callable[..., Path], tmp_path: Path
) -> None:
    text = (
        "[data]\nsamples = 40\n[timeline]\nfps = 10\nhold_last = 0\n"
        "[[models]]\nlayers = [2]\niterations = 100\ncapture = { every = 1 }\n"
        '[[outputs]]\nfile = "big.mp4"\nsize = [1000, 500]\n'
        '[[outputs]]\nfile = "sub/small.gif"\nsize = [64, 48]'
    )
    big, small = render(tmp_path / "out", scene_file(text), preview=True)
    assert (big.path.name, big.size_px, big.frames) == ("big-preview.mp4", (480, 240), 40)
    assert small.path == tmp_path / "out" / "sub" / "small-preview.gif"
    assert (small.size_px, small.frames) == ((64, 48), 40)


def test_a_training_that_diverges_is_told_and_filmed(
    scene_file: Callable[..., Path], tmp_path: Path
) -> None:
    scene = scene_file(
        "[data]\nsamples = 40\n[timeline]\nfps = 10\nhold_last = 0\n"
        '[[models]]\nname = "Wild"\nlayers = [8, 8]\niterations = 400\ncapture = { every = 1 }\n'
        "activation = 'linear'\noptimizer = { learning_rate = 1e3 }\n"
        '[[outputs]]\nfile = "wild.gif"\nsize = [64, 48]'
    )
    notes = Notes()
    [artifact] = render(tmp_path / "out", scene, reporter=notes)
    assert len(notes.notes) == 1
    assert notes.notes[0].startswith("model 'Wild' stopped: ")
    assert notes.notes[0].endswith("; the film shows up to there")
    assert artifact.notes == tuple(notes.notes)
    assert 1 <= artifact.frames < 401
    assert artifact.path.stat().st_size > 0


@pytest.mark.parametrize("name", ["tiny.mp4", "tiny.pdf"])  # either has a poster
def test_signs_that_the_font_lacks_are_told_once(
    name: str, scene_file: Callable[..., Path], tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    notes = Notes()
    warnings.simplefilter("default")
    scene = TINY.replace("Tiny", "日本 moons 日").replace("tiny.mp4", name)
    render(tmp_path / "out", scene_file(scene), reporter=notes)
    assert notes.notes == [f"{name}: the font lacks 日 本; boxes stand for them"]
    assert len(recwarn) == 0


def test_an_encoder_that_fails_is_one_clear_line_and_others_stay(
    cli: Callable[..., Any],
    scene_file: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    films_in: Callable[[Path], list[str]],
) -> None:
    first = '{ file = "larger-first.gif", size = [128, 96] }, '
    scene_file(TINY.replace("outputs = [", f"outputs = [{first}"))
    encode = VideoWriter.pieces

    def broken(writer: VideoWriter, frame: Any, repeats: int) -> Any:
        if writer.count > 2:
            raise RenderError("libx264: the encoder failed: generic error in an external library")
        return encode(writer, frame, repeats)

    with monkeypatch.context() as patch:
        patch.setattr(VideoWriter, "pieces", broken)
        ran = cli("render", "my.toml", "--jobs", 1)
    assert ran.code == 1
    assert ran.err.splitlines()[-1] == (
        "epochreel: my.toml: rendering tiny.mp4: libx264: the encoder failed: "
        "generic error in an external library"
    )
    assert films_in(tmp_path / "output") == ["larger-first.gif"]
    assert cli("render", "my.toml", "--jobs", 1).code == 0
    assert films_in(tmp_path / "output") == ["larger-first.gif", "tiny.mp4"]


def test_an_old_file_stays_until_the_new_one_is_whole(
    scene_file: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "out" / "tiny.mp4"
    old.parent.mkdir()
    old.write_bytes(b"old")

    def fail(film: Any, path: Path, **options: Any) -> None:
        raise OutputError("no")

    with monkeypatch.context() as patch:
        patch.setattr("epochreel.render.output.write_film", fail)
        assert render(old.parent, scene_file()) == []
    assert old.read_bytes() == b"old"
    render(old.parent, scene_file())
    assert old.read_bytes() != b"old"


@pytest.mark.parametrize("jobs", [1, 2])
def test_work_goes_on_when_nobody_listens(
    jobs: int, scene_file: Callable[..., Path], tmp_path: Path
) -> None:
    class Deaf(NullReporter):
        def start(self, task: Task) -> None:
            raise BrokenPipeError

        def advance(self, key: str, done: int) -> None:
            raise ValueError("I/O operation on closed file")

    executor = SerialExecutor() if jobs == 1 else WorkerPool(jobs, Deaf())
    with executor:
        [artifact] = render(tmp_path / "out", scene_file(), executor=executor, reporter=Deaf())
    assert artifact.path.exists()


@pytest.mark.parametrize(("standardize", "least", "most"), [(True, 0.95, 1.0), (False, 0.0, 0.8)])
def test_own_data_trains_in_whatever_unit_it_comes(
    scene_file: Callable[..., Path],
    tmp_path: Path,
    standardize: bool,
    least: float,
    most: float,
) -> None:
    rng = np.random.default_rng(5)
    label = np.arange(200) % 2
    angle = rng.uniform(0, 2 * np.pi, 200)
    radius = np.where(label, 1.0, 0.4) + rng.normal(0, 0.04, 200)
    height = 170 + 20 * radius * np.cos(angle)
    income = 3e4 + 9e3 * radius * np.sin(angle)
    text = "".join(f"{height[k]:.3f},{income[k]:.2f},{'ab'[label[k]]}\n" for k in range(200))
    (tmp_path / "people.csv").write_text("height,income,kind\n" + text, encoding="utf-8")
    scene = scene_file(f"""
        [data]
        kind = "csv"
        path = "people.csv"
        standardize = {str(standardize).lower()}
        [[models]]
        layers = [16, 16]
        epochs = 150
        batch_size = 8
        optimizer = {{ kind = "sgd", learning_rate = 0.1 }}
        [[outputs]]
        file = "people.gif"
        size = [160, 120]
        """)
    (made,) = render(tmp_path / "out", scene)
    assert least <= made.scores["NumPy Model"] <= most


@pytest.mark.parametrize(("event", "comes"), [("loss >= 0", True), ("loss <= -1", False)])
def test_check_counts_the_frames_that_captions_hold(
    cli: Callable[..., Any],
    scene_file: Callable[..., Path],
    tmp_path: Path,
    event: str,
    comes: bool,
) -> None:
    # 0.7 s without captions; 0.5 s at an update and 0.2 s at an epoch come, 1 s past the end never
    # does; 1.5 s of the film is there only once the event has held it for 0.4 s
    when = (
        "update = 10\nhold = 0.5", "epoch = 20\nhold = 0.2", "update = 21\nhold = 1",
        "epoch = 20.5\nhold = 1", f"event = '{event}'\nhold = 0.4", "time = 1.5\nhold = 0.3",
    )  # fmt: skip
    captions = "".join(f'[[captions]]\ntext = "{index}"\n{at}\n' for index, at in enumerate(when))
    scene = scene_file(TINY + captions)
    out = cli("check", scene).out
    assert "14 frames at 10 fps, 1.4 s; 2.1 s if all events come\n" in out
    [artifact] = render(tmp_path / "out", scene)
    assert artifact.frames == (21 if comes else 14)


def test_a_hold_that_never_comes_is_told(scene_file: Callable[..., Path], tmp_path: Path) -> None:
    notes = Notes()
    held = TINY.replace("hold_last = 0.2", "hold_last = 0, holds = [{ at = 21, seconds = 1 }]")
    [artifact] = render(tmp_path / "out", scene_file(held), reporter=notes)
    said = "timeline.holds[0]: update 21 never comes; the last frame is held"
    assert notes.notes == [f"tiny.mp4: {said}"]
    assert artifact.notes == (said,)
    assert artifact.frames == 15
