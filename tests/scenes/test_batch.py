"""Batches: what fails hurts nothing else, what is finished stays, and all is told and logged."""

from __future__ import annotations

import gc
import re
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from threading import Lock
from typing import Any

import pytest

from epochreel.nn.errors import OutputError, RenderError
from epochreel.scenes import NullReporter, Outcome, Report, SerialExecutor, load_scenes
from epochreel.scenes.pipeline import render_scenes
from epochreel.scenes.progress import Task
from epochreel.scenes.storing import NullStore

SCENE = """
data = {{ samples = 40, seed = {seed} }}
timeline = {{ fps = 10, hold_last = 0.0 }}
models = [{{ name = "{model}", layers = [2], iterations = 4, capture = {{ every = 2 }} }}]
outputs = [{{ file = "{name}.gif", size = [64, 48] }}]
"""


@pytest.fixture
def scenes(scene_file: Callable[..., Path]) -> Callable[..., list[Path]]:
    """Write scenes of these names, each with a training of its own."""

    def write(*names: str) -> list[Path]:
        return [
            scene_file(SCENE.format(seed=number, model="M", name=name), f"term/{name}.toml")
            for number, name in enumerate(names)
        ]

    return write


@pytest.fixture
def fail(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Make the writing of a film fail, or the training of a model."""
    from epochreel.render import output
    from epochreel.scenes import tasks

    write, load = output.write_film, tasks.load_engine

    def film(name: str, error: Exception) -> None:
        def written(film: Any, path: Path, **options: Any) -> Any:
            if path.name == name:
                path.write_bytes(b"half")
                raise error
            return write(film, path, **options)

        monkeypatch.setattr(output, "write_film", written)

    def training(name: str, error: Exception) -> None:
        def loaded(engine: str) -> Any:
            def train(plan: Any, dataset: Any, on_update: Any) -> Any:
                if plan.name == name:
                    raise error
                return load(engine)(plan, dataset, on_update)

            return train

        monkeypatch.setattr(tasks, "load_engine", loaded)

    return lambda name, error: (film if name.endswith(".gif") else training)(name, error)


def run(
    paths: Sequence[Path], out: Path, *, executor: Any = None, **options: Any
) -> tuple[Report, list[Outcome]]:
    told: list[Outcome] = []
    report = render_scenes(
        load_scenes([str(path) for path in paths]),
        out,
        executor=executor or SerialExecutor(),
        reporter=options.pop("reporter", NullReporter()),
        on_outcome=told.append,
        **options,
    )
    return report, told


def statuses(report: Report) -> dict[str, str]:
    return {outcome.name.name: outcome.status for outcome in report.outcomes}


def test_one_that_fails_stops_no_other(
    cli: Callable[..., Any],
    scenes: Callable[..., list[Path]],
    fail: Callable[..., None],
    tmp_path: Path,
    films_in: Callable[[Path], list[str]],
) -> None:
    scenes("a", "b", "c")
    old = tmp_path / "output" / "b.gif"
    old.parent.mkdir()
    old.write_bytes(b"older")
    fail("b.gif", ZeroDivisionError("by zero"))
    ran = cli("render", "term", "-k", "--jobs", 1)
    assert ran.code == 1
    head, *rows, whole, gallery = ran.out.splitlines()
    assert head.split() == ["file", "size", "length", "bytes", "work"]
    assert [row.split()[:2] for row in rows] == [
        ["made", "output/a.gif"],
        ["failed", "b.gif"],
        ["made", "output/c.gif"],
    ]
    assert re.fullmatch(
        r"3 files: 2 made, 1 failed; \d+\.\d kB; \d+\.\d s of work in \d+\.\d s", whole
    )
    assert "index.html" in gallery
    said = "term/b.toml: rendering b.gif: unexpected ZeroDivisionError: by zero"
    assert ran.err.splitlines()[-1] == f"epochreel: {said}; see output/logs/b.log"
    assert "Traceback" not in ran.err
    log = (tmp_path / "output" / "logs" / "b.log").read_text("utf-8")
    assert f"b.gif: failed: {said}\n" in log
    assert "Traceback (most recent call last):" in log
    assert "raise error" in log
    assert old.read_bytes() == b"older"
    # nothing of the half file is left
    assert films_in(tmp_path / "output") == [
        "a.gif", "b.gif", "c.gif", "logs/a.log", "logs/b.log", "logs/c.log",
    ]  # fmt: skip


def test_without_keep_going_the_first_failure_ends_the_batch(
    cli: Callable[..., Any],
    scenes: Callable[..., list[Path]],
    fail: Callable[..., None],
    tmp_path: Path,
) -> None:
    scenes("a", "b", "c")
    fail("b.gif", RenderError("no"))
    ran = cli("render", "term", "--jobs", 1)
    assert ran.code == 1
    assert [line.split()[0] for line in ran.out.splitlines()[1:-2]] == ["made", "failed", "left"]
    assert "1 made, 1 failed, 1 left out" in ran.out
    assert ran.err.splitlines()[-1].startswith("epochreel: term/b.toml: rendering b.gif: no")
    assert (tmp_path / "output" / "a.gif").exists()
    assert not (tmp_path / "output" / "c.gif").exists()


def test_a_training_that_fails_fails_all_that_show_it_and_nothing_else(
    scene_file: Callable[..., Path], fail: Callable[..., None], tmp_path: Path
) -> None:
    one = scene_file(
        SCENE.format(seed=1, model="Bad", name="a").replace(
            "outputs = [", 'outputs = [{ file = "a2.gif", size = [64, 48] }, '
        ),
        "one.toml",
    )
    same = scene_file(SCENE.format(seed=1, model="Bad", name="b"), "same.toml")
    other = scene_file(SCENE.format(seed=1, model="Good", name="c"), "other.toml")
    fail("Bad", MemoryError())
    report, told = run([one, same, other], tmp_path / "out", keep_going=True)
    assert statuses(report) == {
        "a2.gif": "failed", "a.gif": "failed", "b.gif": "failed", "c.gif": "made",
    }  # fmt: skip
    assert report.errors == [f"{path}: training Bad: out of memory" for path in (one, same)]
    assert report.exit_code == 1
    assert sorted(o.name.name for o in told) == sorted(statuses(report))


def test_an_unexpected_failure_of_a_scene_on_its_own_leaves_a_log(
    cli: Callable[..., Any],
    scenes: Callable[..., list[Path]],
    fail: Callable[..., None],
    tmp_path: Path,
    films_in: Callable[[Path], list[str]],
) -> None:
    scenes("a")
    assert cli("render", "term/a.toml", "-j", 1, "--no-cache", "-o", "fine").code == 0
    assert films_in(tmp_path / "fine") == ["a.gif"]
    fail("a.gif", ValueError("two\nlines\x1b"))
    ran = cli("render", "term/a.toml", "-j", 1, "--no-cache")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.splitlines()[-1] == (
        "epochreel: term/a.toml: rendering a.gif: unexpected ValueError: two lines\\x1b; "
        "see output/logs/a.log"
    )
    log = (tmp_path / "output" / "logs" / "a.log").read_text("utf-8")
    assert "training M: done in " in log
    assert "Traceback (most recent call last):" in log
    assert "\x1b" not in log


def test_one_bad_scene_and_nothing_is_made(
    cli: Callable[..., Any], scenes: Callable[..., list[Path]], tmp_path: Path
) -> None:
    first, second, third = scenes("a", "b", "c")
    first.write_text(first.read_text().replace("layers = [2]", "layers = [0]"))
    third.write_text(third.read_text().replace("fps = 10", "fps = 0"))
    ran = cli("render", "term", "--keep-going", "--jobs", 1)
    assert (ran.code, ran.out) == (2, "")
    assert [line.split(":")[1].strip() for line in ran.err.splitlines()] == [
        "term/a.toml",
        "term/c.toml",
    ]
    assert second.exists()
    assert not (tmp_path / "output").exists()


@pytest.mark.parametrize("option", ["--keep-going=yes", "--keep-goin", "-K"])
def test_options_that_are_not_there(option: str, cli: Callable[..., Any]) -> None:
    ran = cli("render", "numpy_dark", option)
    assert (ran.code, ran.out) == (2, "")
    assert option.partition("=")[0] in ran.err
    assert "Traceback" not in ran.err


def test_help_names_the_option(cli: Callable[..., Any]) -> None:
    assert "-k, --keep-going" in cli("render", "--help").out


def test_lines_are_numbered_and_notes_are_kept_apart(
    cli: Callable[..., Any], scenes: Callable[..., list[Path]], fail: Callable[..., None]
) -> None:
    scenes("a", "b")
    fail("b.gif", OutputError("no space"))
    lines = cli("render", "term", "-k", "--jobs", 1).err.splitlines()
    assert re.fullmatch(
        r"epochreel: \[1/2\] output/a\.gif: 64×48 px, 0\.3 s, \d+\.\d kB, in \d+\.\d s", lines[0]
    )
    assert lines[1] == ("epochreel: [2/2] b.gif failed: term/b.toml: rendering b.gif: no space")
    assert len(lines) == 3
    quiet = cli("render", "term", "-k", "--jobs", 1, "--quiet").err.splitlines()
    assert quiet == ["epochreel: term/b.toml: rendering b.gif: no space; see output/logs/b.log"]


def test_logs_of_scenes_of_one_name_are_numbered(
    cli: Callable[..., Any], scene_file: Callable[..., Path], tmp_path: Path
) -> None:
    for number, folder in enumerate(("one", "two", "TWO")):
        text = SCENE.format(seed=number, model="M", name=f"{number}")
        scene_file(text, f"{folder}/Moons.toml" if number < 2 else f"{folder}/moons.toml")
    assert cli("render", "one", "two", "TWO", "--jobs", 1).code == 0
    logs = tmp_path / "output" / "logs"
    assert sorted(path.name for path in logs.iterdir()) == [
        "Moons 2.log", "Moons.log", "moons 3.log",
    ]  # fmt: skip
    assert (logs / "Moons 2.log").read_text("utf-8").startswith("two/Moons.toml, epochreel ")
    before = (logs / "Moons.log").read_text("utf-8")
    assert cli("render", "one", "two", "TWO", "--jobs", 1).code == 0
    # begun anew, not added to
    assert len((logs / "Moons.log").read_text("utf-8").splitlines()) == len(before.splitlines())


def test_logs_that_cannot_be_written_hurt_nobody(
    cli: Callable[..., Any], scenes: Callable[..., list[Path]], tmp_path: Path
) -> None:
    scenes("a", "b")
    (tmp_path / "output").mkdir()
    (tmp_path / "output" / "logs").write_text("mine")
    ran = cli("render", "term", "--jobs", 1)
    assert ran.code == 0
    told = [line for line in ran.err.splitlines() if "no more logs" in line]
    assert len(told) == 1
    assert told[0].startswith("epochreel: output/logs/")
    assert (tmp_path / "output" / "logs").read_text() == "mine"
    assert (tmp_path / "output" / "b.gif").exists()


def test_each_file_is_told_of_once_it_stands_under_its_name(
    scenes: Callable[..., list[Path]], tmp_path: Path
) -> None:
    seen: list[tuple[str, list[str]]] = []

    def look(outcome: Outcome) -> None:
        there = sorted(path.name for path in (tmp_path / "out").glob("*.gif"))
        seen.append((outcome.name.name, there))

    render_scenes(
        load_scenes([str(path) for path in scenes("a", "b")]),
        tmp_path / "out",
        executor=SerialExecutor(),
        reporter=NullReporter(),
        on_outcome=look,
    )
    assert seen == [("a.gif", ["a.gif"]), ("b.gif", ["a.gif", "b.gif"])]


def test_a_batch_holds_no_pictures(scenes: Callable[..., list[Path]], tmp_path: Path) -> None:
    report, told = run(scenes("a", "b"), tmp_path / "out")
    assert all(each.artifact and each.artifact.poster for each in told)
    assert [each.artifact.poster for each in report.outcomes if each.artifact] == [None, None]
    assert list(report.outcomes) == [each.without_poster() for each in told]


def test_who_keeps_account_may_fail(scenes: Callable[..., list[Path]], tmp_path: Path) -> None:
    notes: list[str] = []

    class Notes(NullReporter):
        def note(self, message: str) -> None:
            notes.append(message)

    def complain(outcome: Outcome) -> None:
        raise OutputError("the account is full")

    report = render_scenes(
        load_scenes([str(path) for path in scenes("a", "b")]),
        tmp_path / "out",
        executor=SerialExecutor(),
        reporter=Notes(),
        on_outcome=complain,
    )
    assert [outcome.status for outcome in report.outcomes] == ["made", "made"]
    assert notes == ["a.gif: the account is full", "b.gif: the account is full"]


def test_what_is_not_chosen_is_neither_trained_nor_told_of(
    scenes: Callable[..., list[Path]], tmp_path: Path
) -> None:
    ran: list[str] = []

    class Counting(SerialExecutor):
        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            ran.append(fn.__name__)
            return super().submit(fn, *args, **kwargs)

    report, told = run(
        scenes("a", "b"),
        tmp_path / "out",
        executor=Counting(),
        choose=lambda scene, output: "style changed" if output.file == "b.gif" else None,
    )
    assert ran == ["train_model", "make_film"]
    assert [(o.name.name, o.reason) for o in report.outcomes] == [("b.gif", "style changed")]
    assert [each.without_poster() for each in told] == list(report.outcomes)
    assert run(scenes("a"), tmp_path / "none", choose=lambda scene, output: None)[0].outcomes == []


class Shelf(NullStore):
    """Keeps recordings, weakly, and those it was given."""

    def __init__(self, kept: dict[str, Any] | None = None) -> None:
        self.given = kept or {}
        self.kept: dict[str, Any] = {}
        self.alive: list[int] = []
        self._seen: list[weakref.ref[Any]] = []

    def key(self, data: Any, model: Any, measures: Any = ()) -> str:
        return f"{data.seed}"

    def find(self, plan_key: str, *, alone: bool = False) -> Any:
        return self.given.get(plan_key)

    def keep(self, plan_key: str, recording: Any, *, alone: bool = False) -> None:
        gc.collect()  # figures are knots of references
        self._seen.append(weakref.ref(recording))
        self.alive.append(sum(ref() is not None for ref in self._seen))


def test_recordings_are_dropped_with_their_last_film(
    scenes: Callable[..., list[Path]], tmp_path: Path
) -> None:
    shelf = Shelf()
    report, _ = run(scenes(*"abcdef"), tmp_path / "out", store=shelf)
    assert len(report.artifacts) == 6
    # the one that is kept just now, and at most the film's before it that this process remembers
    assert len(shelf.alive) == 6
    assert max(shelf.alive) <= 2


def test_what_the_store_has_is_not_trained(
    scenes: Callable[..., list[Path]], tmp_path: Path
) -> None:
    paths = scenes("a", "b")

    class Keeping(Shelf):
        def keep(self, plan_key: str, recording: Any, *, alone: bool = False) -> None:
            self.kept[plan_key] = recording

    first = Keeping()
    made, _ = run(paths, tmp_path / "one", store=first)
    assert sorted(first.kept) == ["0", "1"]
    second = Keeping(first.kept)
    again, _ = run(paths, tmp_path / "two", store=second)
    assert second.kept == {}
    for one, two in zip(made.artifacts, again.artifacts, strict=True):
        assert one.path.read_bytes() == two.path.read_bytes()


def test_few_tasks_are_handed_over_at_a_time(
    scenes: Callable[..., list[Path]], tmp_path: Path
) -> None:
    class Watched(ThreadPoolExecutor):
        open, most = 0, 0

        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            def alone() -> Any:
                with lock:  # Matplotlib's settings are one for all threads
                    return fn(*args, **kwargs)

            future = super().submit(alone)
            with counting:
                self.open += 1
                self.most = max(self.most, self.open)
            future.add_done_callback(lambda done: self.close_one())
            return future

        def close_one(self) -> None:
            with counting:
                self.open -= 1

    lock, counting = Lock(), Lock()
    with Watched(2) as executor:
        report, _ = run(scenes(*"abcdefghij"), tmp_path / "out", executor=executor, jobs=2)
    assert len(report.artifacts) == 10
    assert 2 <= executor.most <= 4


class Fragile(SerialExecutor):
    """Loses the task of this name so many times."""

    def __init__(self, name: str, times: int, *, refuse: bool = False) -> None:
        self.name, self.times, self.refuse = name, times, refuse
        self.renewed = 0
        self.lost: list[Future[Any]] = []

    def submit(self, fn: Any, /, job: Any, link: Any) -> Future[Any]:  # pyright: ignore
        label = job.plan.name if hasattr(job, "plan") else job.label
        if label != self.name or not self.times:
            return super().submit(fn, job, link)
        self.times -= 1
        if self.refuse:
            raise BrokenProcessPool("gone")
        future: Future[Any] = Future()
        future.set_exception(BrokenProcessPool("gone"))
        self.lost = [future]
        return future

    def renew(self) -> list[Future[Any]]:
        self.renewed += 1
        return self.lost


@pytest.mark.parametrize("name", ["M", "a.gif"])
@pytest.mark.parametrize("refuse", [True, False])
def test_what_was_lost_once_is_done_again(
    name: str, refuse: bool, scenes: Callable[..., list[Path]], tmp_path: Path
) -> None:
    executor = Fragile(name, 1, refuse=refuse)
    report, _ = run(scenes("a", "b"), tmp_path / "out", executor=executor, keep_going=True)
    assert executor.renewed == 1
    assert statuses(report) == {"a.gif": "made", "b.gif": "made"}


def test_what_kills_its_worker_twice_fails_alone(
    scenes: Callable[..., list[Path]], tmp_path: Path
) -> None:
    executor = Fragile("a.gif", 99)
    paths = scenes("a", "b")
    report, _ = run(paths, tmp_path / "out", executor=executor, keep_going=True)
    assert executor.renewed == 2
    assert statuses(report) == {"a.gif": "failed", "b.gif": "made"}
    assert report.errors[0].startswith(
        f"{paths[0]}: rendering a.gif: a worker process was killed or ran out of memory"
    )


def test_without_keep_going_a_lost_worker_ends_the_batch(
    scenes: Callable[..., list[Path]], tmp_path: Path
) -> None:
    executor = Fragile("a.gif", 1)
    report, _ = run(scenes("a", "b"), tmp_path / "out", executor=executor)
    assert executor.renewed == 0
    assert statuses(report) == {"a.gif": "failed", "b.gif": "left out"}
    assert report.errors[0].startswith("a worker process was killed")


class Stubborn(SerialExecutor):
    """Is broken, for good."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        raise BrokenProcessPool("gone")


def test_an_executor_that_stays_broken_ends_the_batch_too(
    scenes: Callable[..., list[Path]], tmp_path: Path
) -> None:
    report, _ = run(scenes("a", "b"), tmp_path / "out", executor=Stubborn(), keep_going=True)
    assert statuses(report) == {"a.gif": "failed", "b.gif": "failed"}


def test_an_interruption_leaves_what_is_finished(
    scenes: Callable[..., list[Path]],
    cli: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    films_in: Callable[[Path], list[str]],
) -> None:
    from epochreel.render import output

    write = output.write_film

    def interrupted(film: Any, path: Path, **options: Any) -> Any:
        if path.name == "b.gif":
            raise KeyboardInterrupt
        return write(film, path, **options)

    monkeypatch.setattr(output, "write_film", interrupted)
    scenes("a", "b", "c")
    ran = cli("render", "term", "--jobs", 1, "-k")
    assert (ran.code, ran.out) == (130, "")
    assert ran.err.splitlines()[-2:] == [
        "epochreel: stopped; made by then: 1 file",
        "epochreel: interrupted; nothing half-made is left",
    ]
    assert [name for name in films_in(tmp_path / "output") if "logs" not in name] == ["a.gif"]


def test_warnings_become_notes(
    scenes: Callable[..., list[Path]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import warnings

    from epochreel.scenes import tasks

    load = tasks.load_engine

    def loaded(engine: str) -> Any:
        def train(plan: Any, dataset: Any, on_update: Any) -> Any:
            for _ in range(2):
                warnings.warn("overflow\nin exp", RuntimeWarning, stacklevel=1)
            return load(engine)(plan, dataset, on_update)

        return train

    notes: list[str] = []

    class Notes(NullReporter):
        def start(self, task: Task) -> None:
            assert task.total

        def note(self, message: str) -> None:
            notes.append(message)

    monkeypatch.setattr(tasks, "load_engine", loaded)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        run(scenes("a"), tmp_path / "out", reporter=Notes())
    assert notes == ["training M: RuntimeWarning: overflow in exp"]


def test_a_killed_process_that_makes_data_is_one_clear_line(
    cli: Callable[..., Any], scenes: Callable[..., list[Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    scenes("a", "b")
    lost: Future[Any] = Future()
    lost.set_exception(BrokenProcessPool("killed"))
    monkeypatch.setattr("epochreel.scenes.pools.PassingProcess.submit", lambda *task: lost)
    ran = cli("render", "term", "--jobs", 2)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.splitlines()[-1] == (
        "epochreel: the process that makes data was killed or ran out of memory"
    )
