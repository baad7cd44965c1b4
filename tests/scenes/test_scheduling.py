"""Which task goes next: films first, long scenes first, timed trainings alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from epochreel.nn.recording import FunctionRecording
from epochreel.scenes import load_scenes
from epochreel.scenes.pipeline import everything, plan_films
from epochreel.scenes.scheduling import MOST_HELD, Film, Schedule, Training, Work
from epochreel.scenes.storing import NullStore

MODEL = '{{ name = "{}", layers = [{}], iterations = {}, capture = {{ every = 10 }} }}'


@pytest.fixture
def films(scene_file: Callable[..., Path]) -> Callable[..., list[Film]]:
    """Plan scenes, each given as its models (name, units, iterations) and whether it is timed."""

    def write(*scenes: tuple[list[tuple[str, int, int]], bool]) -> list[Film]:
        paths = []
        for number, (models, timed) in enumerate(scenes):
            numbers = '["seconds"]' if timed else '["test_loss"]'
            panels = ", ".join(
                f'{{ model = "{name}", numbers = {numbers} }}' for name, _, _ in models
            )
            listed = ", ".join(MODEL.format(*model) for model in models)
            text = (
                f"data = {{ samples = 40 }}\nmodels = [{listed}]\n"
                f'panels = [{panels}]\noutputs = [{{ file = "{number}.gif", size = [64, 48] }}]\n'
            )
            paths.append(str(scene_file(text, f"{number}.toml")))
        return plan_films(load_scenes(paths), False, everything, NullStore())

    return write


def played(schedule: Schedule, workers: int = 1) -> tuple[list[str], list[int], list[set[str]]]:
    """Do all that is scheduled; give names in order, recordings held, and what ran together."""
    names: list[str] = []
    held: list[int] = []
    together: list[set[str]] = []
    running: list[Work] = []

    def name(work: Any) -> str:
        return work.plan.name if isinstance(work, Training) else str(work.name)

    while True:
        while len(running) < workers:
            work = schedule.next(running)
            if work is None:
                break
            running.append(work)
            names.append(name(work))
        if not running:
            return names, held, together
        together.append({name(work) for work in running})
        work = running.pop(0)
        if isinstance(work, Training):
            schedule.trained(work, _recording(work), len(running))
            held.append(len(schedule.recordings))
        else:
            assert isinstance(work, Film)
            schedule.over(work)


def _recording(work: Training) -> Any:
    return FunctionRecording.__new__(FunctionRecording)


def nothing(training: Training) -> None:
    return None


def test_a_film_is_made_before_the_next_training(films: Callable[..., list[Film]]) -> None:
    scenes = [([(name, 2, 100)], False) for name in "ABCD"]
    names, held, _ = played(Schedule(films(*scenes), 1, nothing))
    assert names == ["A", "0.gif", "B", "1.gif", "C", "2.gif", "D", "3.gif"]
    assert held == [1, 1, 1, 1]


def test_the_longest_scene_is_first_and_its_models_stay_together(
    films: Callable[..., list[Film]],
) -> None:
    short, long = [("a", 2, 100), ("b", 2, 100_000)], [("c", 2, 100_000), ("d", 8, 100_000)]
    names, _, _ = played(Schedule(films((short, False), (long, False)), 1, nothing))
    assert names == ["d", "c", "1.gif", "b", "a", "0.gif"]


def test_timed_trainings_are_alone_and_wait_for_films_every_so_often(
    films: Callable[..., list[Film]],
) -> None:
    timed = [([(f"T{number}", 2, 100)], True) for number in range(2 * MOST_HELD + 3)]
    others = [([("X", 2, 900_000)], False)]
    names, held, together = played(Schedule(films(*others, *timed), 4, nothing), workers=8)
    for company in together:
        assert len(company) == 1 or not any(name.startswith("T") for name in company), company
    assert max(held) == MOST_HELD
    assert sorted(names) == sorted(set(names))
    assert len(names) == 2 * len(timed) + 2
    # what isn't timed waits until nothing is any more
    assert names.index("X") > names.index(f"T{len(timed) - 1}")


def test_films_of_several_timed_models_come_to_an_end(films: Callable[..., list[Film]]) -> None:
    many = [(f"T{number}", 2, 100) for number in range(8)]
    wide = [([(f"{name}x{scene}", *more) for name, *more in many], True) for scene in range(4)]
    names, held, _ = played(Schedule(films(*wide), 2, nothing), workers=4)
    assert len(names) == 8 * 4 + 4
    assert max(held) <= MOST_HELD + 8


def test_what_was_found_is_not_trained(films: Callable[..., list[Film]]) -> None:
    planned = films(([("A", 2, 100)], False), ([("B", 2, 100)], True), ([("C", 2, 100)], False))
    found = lambda training: None if training.plan.name == "C" else _recording(training)  # noqa: E731
    names, _, _ = played(Schedule(planned, 1, found))
    assert sorted(names) == ["0.gif", "1.gif", "2.gif", "C"]


def test_what_nobody_needs_any_more_is_not_trained(films: Callable[..., list[Film]]) -> None:
    [film, other] = films(([("A", 2, 100), ("B", 2, 100)], False), ([("C", 2, 100)], False))
    schedule = Schedule([film, other], 1, nothing)
    first = schedule.next([])
    assert isinstance(first, Training)
    schedule.over(film)
    schedule.trained(first, _recording(first), 0)
    assert schedule.recordings == {}
    schedule.before_all([film, first])
    assert played(schedule)[0] == ["C", "1.gif"]
