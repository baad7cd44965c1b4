"""The scoreboard: which numbers it shows, which of them are best, and that they hold still."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from panel_samples import trained

from epochreel.nn.errors import InvalidInputError
from epochreel.render import Film, Timeline, load_style
from epochreel.render.panels.scoreboard import ScoreboardPanel, best_of

MODELS = ("Model", "Other", "Third")


def film(size=(800, 600), **options) -> Film:
    recordings = {name: trained(name, seed=1 + place) for place, name in enumerate(MODELS)}
    return Film(
        recordings,
        [ScoreboardPanel(models=MODELS, **options)],
        size=size,
        style=load_style("dark"),
        timeline=Timeline.build(recordings),
    )


def written(made: Film, index: int) -> list[tuple[str, float]]:
    """Words that change, and how heavy they are."""
    with made.style.context():
        figure = made.artists(index)
    return [
        (text.get_text(), text.get_fontproperties().get_file())
        for axes in figure.axes
        for text in axes.texts
    ]


def test_it_shows_what_was_measured() -> None:
    made = film(numbers=["updates", "test_accuracy", "train_loss", "parameters"])
    words = [word for word, _ in written(made, 3)]
    recordings = list(made.recordings.values())
    assert words[:3] == [str(one.updates[3]) for one in recordings]
    assert words[3:6] == [f"{one.metrics['test_accuracy'][3]:.3f}" for one in recordings]
    assert [float(word) for word in words[6:9]] == pytest.approx(
        [one.metrics["train_loss"][3] for one in recordings], abs=5e-4
    )
    # 2-8-6-1: 24 + 54 + 7
    assert words[9:] == ["85"] * 3


def test_the_best_of_a_column_is_heavier_and_has_a_disc() -> None:
    made = film(numbers=["train_loss", "updates"])
    for index in range(len(made)):
        found = written(made, index)
        losses = [one.metrics["train_loss"][index] for one in made.recordings.values()]
        heavy = [place for place, (_, file) in enumerate(found) if "SemiBold" in str(file)]
        assert heavy == [int(np.argmin(losses))]
        with made.style.context():
            figure = made.artists(index)
        discs = [line for axes in figure.axes for line in axes.lines if line.get_marker() == "o"]
        assert len(discs) == 1


@pytest.mark.parametrize(
    ("values", "better", "best"),
    [
        ([0.5, 0.9, 0.7], 1, [False, True, False]),
        ([0.5, 0.9, 0.7], -1, [True, False, False]),
        ([0.5, 0.9, 0.7], 0, [False] * 3),
        ([0.9001, 0.9, 0.7], 1, [True, True, False]),  # alike as they are read
        ([0.9, 0.9, 0.9], 1, [False] * 3),  # nobody leads
        ([np.nan, 0.9, 0.7], 1, [False, True, False]),
        ([np.nan, np.nan], 1, [False] * 2),
        ([0.9], 1, [False]),
    ],
)
def test_the_best_is_what_a_viewer_would_call_so(values, better, best) -> None:
    assert best_of([f"{value:.3f}" for value in values], values, better) == best


def test_numbers_hold_still() -> None:
    made = film(numbers=["test_accuracy", "test_loss"])
    rights = set()
    with made.style.context():
        for index in range(len(made)):
            figure = made.artists(index)
            rights.add(tuple(text.get_position() for axes in figure.axes for text in axes.texts))
    assert len(rights) == 1


def test_long_names_are_cut_where_there_is_no_room() -> None:
    recordings = {"A model with a name that nobody would read to its end" * 4: trained()}
    name = next(iter(recordings))
    recordings = {name: replace(trained(), name=name)}
    made = Film(
        recordings,
        [ScoreboardPanel(models=(name,), numbers=["test_accuracy", "train_accuracy", "test_loss"])],
        size=(400, 300),
        style=load_style("light"),
        timeline=Timeline.build(recordings),
    )
    with made.style.context():
        words = [text.get_text() for text in made.artists(0).texts]
    assert any(word.endswith("…") and word.startswith("A") for word in words)


def test_unknown_numbers_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="numbers: .*'speed'"):
        film(numbers=["speed"]).frame(0)
