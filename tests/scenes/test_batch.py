"""Batches: what fails hurts nothing else, what is finished stays, and all is told and logged."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import pytest

from batches import SCENE, run, statuses
from epochreel.nn.errors import OutputError, RenderError
from epochreel.scenes import NullReporter, Outcome, SerialExecutor, load_scenes
from epochreel.scenes.pipeline import render_scenes
from epochreel.scenes.pools import PassingProcess
from epochreel.scenes.progress import Task
from epochreel.scenes.running import Run
from epochreel.scenes.scheduling import Film


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
    monkeypatch.setattr("epochreel.scenes.pools.PassingProcess.submit", lambda *_, **options: lost)
    ran = cli("render", "term", "--jobs", 2)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.splitlines()[-1] == (
        "epochreel: term/a.toml: the process that makes data was killed or ran out of memory"
    )


def test_data_are_made_once_more_after_their_process_was_killed(
    cli: Callable[..., Any],
    scenes: Callable[..., list[Path]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    scenes("a", "b")
    lost: Future[Any] = Future()
    lost.set_exception(BrokenProcessPool("killed"))
    submit, asked = PassingProcess.submit, []

    def once(self: PassingProcess, *task: Any, **options: Any) -> Future[Any]:
        asked.append(task)
        return lost if len(asked) == 1 else submit(self, *task, **options)

    monkeypatch.setattr(PassingProcess, "submit", once)
    assert cli("render", "term", "--jobs", 2).code == 0
    assert len(asked) == 3
    assert (tmp_path / "output" / "a.gif").is_file()


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_output_folder_that_goes_meanwhile_is_a_line_for_each_file(
    jobs: int, cli: Callable[..., Any], scenes: Callable[..., list[Path]], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    scenes("a", "b", "c")
    submit = Run._submit

    def remove(self: Run, work: Any) -> Any:
        if isinstance(work, Film):
            shutil.rmtree(tmp_path / "output", ignore_errors=True)
        return submit(self, work)

    monkeypatch.setattr(Run, "_submit", remove)
    ran = cli("render", "term", "-k", "--jobs", jobs, "--no-gallery")
    assert ran.code == 1
    assert "Traceback" not in ran.err
    failed = [line for line in ran.out.splitlines() if line.startswith("failed")]
    assert [line.split()[1] for line in failed] == ["a.gif", "b.gif", "c.gif"]
    for name in ("a", "b", "c"):
        told = f"epochreel: term/{name}.toml: rendering {name}.gif: output/{name}.gif: can't be"
        assert [line for line in ran.err.splitlines() if line.startswith(told)]


def test_a_scene_on_its_own_leaves_no_log_of_an_earlier_batch(
    cli: Callable[..., Any], scenes: Callable[..., list[Path]], tmp_path: Path
) -> None:
    scenes("a", "b")
    assert cli("render", "term", "-j", 1).code == 0
    assert cli("render", "term/a.toml", "-j", 1, "--force").code == 0
    assert sorted(path.name for path in (tmp_path / "output" / "logs").iterdir()) == ["b.log"]
