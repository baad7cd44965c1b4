"""A run from within: which tasks are handed over, what is kept, and what a lost executor costs."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from threading import Lock
from typing import Any

import pytest

from batches import run, statuses
from epochreel.scenes import SerialExecutor
from epochreel.scenes.storing import NullStore


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
