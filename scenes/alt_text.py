"""What a film shows, in words: the text in its place for those who can't see it, and a caption."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from epochreel.scenes.film_record import DataRecord, ModelRecord
from epochreel.scenes.messages import count

if TYPE_CHECKING:
    from epochreel.scenes.panel_specs import PanelSpecBase

__all__ = ["alt_text", "caption", "data_words", "panel_words", "percent"]

_NAMED = 6
"""So many models are named one by one; of more, the best and the worst."""

_DATA = {
    "moons": "two interleaving half moons",
    "circles": "two rings, one inside the other",
    "xor": "four quadrants, opposite ones alike",
    "sine": "a noisy sine",
}
_COUNTED = {"blobs": "clouds", "spirals": "interleaving spirals"}
_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_UNTITLED = re.compile(r"[.!?…][\"'”’)]*$")


_PANELS = {
    "boundary": "class probabilities as coloured regions of the plane",
    "confusion": "the confusion matrix",
    "curves": "curves of the {metric}",
    "fit": "a curve that bends to the points",
    "hidden_units": "what each hidden unit makes of every point of the plane",
    "landscape": "the loss as a landscape and the way through it",
    "network": "the network as units joined by a line for each weight",
    "representation": "the points as the last hidden layer places them",
    "scoreboard": "a table of numbers",
    "surface": "the class probability as a surface over the plane",
    "weights": "all weights layer by layer",
}
"""What stands in a panel of each kind."""

_METRICS = {"r2": "R²"}
_TOGETHER = {"curves", "landscape", "scoreboard"}
"""Kinds that draw all models in one panel."""


def panel_words(panels: Sequence[PanelSpecBase]) -> list[str]:
    """Say what stands in some panels, each thing once, in their order."""
    words: dict[str, None] = {}
    for panel in panels:
        metric = str(getattr(panel, "metric", ""))
        said = _METRICS.get(metric, metric.replace("_", " "))
        words[_PANELS[panel.kind].format(metric=said)] = None
    return list(words)


def alt_text(
    kind: str,
    data: DataRecord,
    models: Sequence[ModelRecord],
    *,
    split: str,
    at: str | None = None,
    panels: Sequence[PanelSpecBase] = (),
) -> str:
    """Say what happens in a file: what is learned, by which models, how well in the end.

    Parameters
    ----------
    kind : "film", "still" or "frames"
    data : DataRecord
    models : sequence of ModelRecord
    split : "test" or "train"
        What accuracies are said of.
    at : str, optional
        Which moment a still shows.
    panels : sequence of PanelSpecBase
        What is drawn; when left out, what is where a scene has no panels.

    Returns
    -------
    str
        Two or three sentences.
    """
    points = count(data.train_samples, "point")
    kinds = {panel.kind for panel in panels} or {"boundary" if data.classes else "fit"}
    task = f"{_learners(models, apart=not kinds <= _TOGETHER)} from {points} of {data_words(data)}"
    if kinds == {"fit"}:
        shows = "A curve bends to the points."
    elif kinds == {"boundary"}:
        whose = "its class probabilities" if len(models) == 1 else "the class probabilities of each"
        shows = f"Coloured regions show {whose} over the plane, a line where they are even."
    else:
        shows = f"In it: {_listed(panel_words(panels))}."
    return f"{_OPENINGS[kind]} {task}. {shows} {_outcome(models, split, at)}"


_OPENINGS = {"film": "Animation of", "still": "Picture of", "frames": "Frames of an animation of"}


def caption(
    name: str,
    title: str | None,
    description: str | None,
    data: DataRecord,
    models: Sequence[ModelRecord],
    *,
    split: str,
) -> str:
    """Write what stands below a film: its title, then its description, or what came out.

    Parameters
    ----------
    name : str
        Of the scene; it stands for a title that isn't there.
    title, description : str or None
        The scene's own words.
    data, models, split
        As for :func:`alt_text`.
    """
    head = _sentence(" ".join((title or name).split()))
    if description and description.strip():
        return f"{head} {_sentence(' '.join(description.split()))}"
    words = data_words(data)
    return f"{head} Data: {words}. {_outcome(models, split, None)}"


def data_words(data: DataRecord) -> str:
    """Name the data as one would in a sentence."""
    if data.kind in _COUNTED:
        return f"{_number(data.classes)} {_COUNTED[data.kind]}"
    if data.kind in _DATA:
        return _DATA[data.kind]
    if not data.classes:
        return f"'{data.name}', a regression"
    return f"'{data.name}', {_number(data.classes)} classes"


def percent(share: float) -> str:
    """Write a share of 1 in percent, with one digit after the point."""
    return f"{100 * share:.1f} %"


def _number(number: int) -> str:
    return _NUMBERS[number] if number < len(_NUMBERS) else str(number)


def _listed(words: Sequence[str]) -> str:
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def _learners(models: Sequence[ModelRecord], *, apart: bool) -> str:
    if len(models) == 1:
        return "a neural network learning"
    beside = " side by side" if apart else ""
    names = f", {_listed([model.name for model in models])}," if len(models) <= _NAMED else ""
    return f"{_number(len(models))} neural networks{beside}{names} learning"


def _outcome(models: Sequence[ModelRecord], split: str, at: str | None) -> str:
    """Say how it ends; of a still, which moment it shows as well."""
    if any(model.determination(split) is not None for model in models):
        return _of_regressions(models, split, at)
    where = "test accuracy" if split == "test" else "training accuracy"
    known = [(model, value) for model in models if (value := model.accuracy(split)) is not None]
    moment = "" if at is None else _moment(at)
    if not known:
        return f"{moment}No accuracy was measured."
    if len(models) == 1:
        return moment + _of_one(*known[0], split, where, started=at is None)
    if len(models) <= _NAMED:
        values = _listed([f"{percent(value)} ({model.name})" for model, value in known])
        return f"{moment}The {where} at the end is {values}.{_stopped(models)}"
    worst, best = (choose(known, key=lambda pair: pair[1]) for choose in (min, max))
    return (
        f"{moment}The {where} at the end is between {percent(worst[1])} ({worst[0].name}) and "
        f"{percent(best[1])} ({best[0].name}).{_stopped(models)}"
    )


def _of_regressions(models: Sequence[ModelRecord], split: str, at: str | None) -> str:
    where = "test R²" if split == "test" else "training R²"
    found = [(model, model.determination(split)) for model in models]
    values = [
        f"{value:.3f}" + f" ({model.name})" * (len(models) > 1)
        for model, value in found
        if value is not None
    ]
    moment = "" if at is None else _moment(at)
    return f"{moment}The {where} at the end is {_listed(values)}.{_stopped(models)}"


def _of_one(model: ModelRecord, value: float, split: str, where: str, *, started: bool) -> str:
    length = count(model.updates, "update")
    before = model.first.get(f"{split}_accuracy")
    if started and before is not None:
        one, other = percent(before), percent(value)
        goes = f"goes from {one} to {other}" if one != other else f"stays at {one}"
        went = f"Over {length} its {where} {goes}."
    else:
        went = f"After {length} its {where} is {percent(value)}."
    return went + _stopped([model])


def _stopped(models: Sequence[ModelRecord]) -> str:
    names = [model.name for model in models if model.stopped is not None]
    if not names:
        return ""
    if len(models) == 1:
        return " The training stopped early."
    return f" The training of {_listed(names)} stopped early."


def _moment(at: str) -> str:
    if at == "last":
        return ""
    words = {"first": "the start of the training"}.get(at)
    unit, _, number = at.partition(":")
    if words is None and number and unit in {"update", "epoch"}:
        words = f"{unit} {number.strip()}"
    if words is None:
        share = at.replace(".", "", 1).isdigit()
        words = f"{percent(float(at))} of the film" if share else f"the moment of '{at}'"
    return f"It shows {words}. "


def _sentence(text: str) -> str:
    return text if _UNTITLED.search(text) else f"{text}."
