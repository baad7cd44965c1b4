"""Training curves: loss and accuracy of one recording or several, over updates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.ticker import FuncFormatter, MaxNLocator

from epochreel.nn.errors import InvalidInputError
from epochreel.nn.recording import Recording
from epochreel.render.figures.sheet import PAD, Sheet, em_width, sheet
from epochreel.render.figures.words import grouped
from epochreel.render.stage import rgb
from epochreel.render.style import Color, Style

__all__ = ["curves", "named"]

_BESIDE_EMS = 30.0


def curves(
    recordings: Recording | Mapping[str, Recording],
    *,
    ax: Any = None,
    style: Style | str = "light",
    width: str = "blog",
) -> Any:
    """Draw loss and accuracy over the training: of the training split, and of the test split.

    Parameters
    ----------
    recordings : Recording, or mapping of them by name
    ax, style, width
        As in :func:`~epochreel.render.figures.architecture`.

    Returns
    -------
    matplotlib.axes.Axes
        Its ``child_axes`` are the two plots.

    Raises
    ------
    InvalidInputError
        Without recordings, or where none has metrics.
    """
    models = named(recordings)
    shown = [
        kind
        for kind in ("loss", "accuracy")
        if any(f"{split}_{kind}" in one.metrics for one in models.values() for split in _SPLITS)
    ]
    if not shown:
        raise InvalidInputError("curves: needs recordings with loss or accuracy, got none")

    def beside(across: float) -> bool:
        return len(shown) == 1 or across >= _BESIDE_EMS

    def need(across: float) -> float:
        plots = 1 if beside(across) else 2
        return 2 * PAD + _key_rows(models, across) * 1.5 + plots * 14.0

    on = sheet(ax, style, width, need)
    key = _key_rows(models, on.width) * 1.5
    columns = len(shown) if beside(on.width) else 1
    rows = len(shown) // columns
    wide = (on.width - 2 * PAD) / columns
    high = (on.height - 2 * PAD - key) / rows
    colors = on.style.series_colors(len(models))
    for place, kind in enumerate(shown):
        left = PAD + (place % columns) * wide + 3.0
        top = PAD + key + (place // columns) * high + 1.9
        on.text(left, top - 0.7, kind, weight="semibold", align="left")
        inner = on.plot(left, top, wide - 4.4, high - 4.9)
        _draw_plot(on, inner, kind, models, colors)
        unit = "epochs" if all(one.unit == "epoch" for one in models.values()) else "updates"
        on.text(left + (wide - 4.4) / 2, top + high - 2.2, unit, 0.9, on.style.muted)
    _draw_key(on, models, colors)
    return on.axes


_SPLITS = ("train", "test")


def named(recordings: Recording | Mapping[str, Recording]) -> Mapping[str, Recording]:
    """Take one recording for a mapping of one.

    Raises
    ------
    InvalidInputError
        For a mapping of none.
    """
    models = recordings if isinstance(recordings, Mapping) else {recordings.name: recordings}
    if not models:
        raise InvalidInputError("recordings: must have at least one, got none")
    return models


def _draw_plot(
    on: Sheet, inner: Any, kind: str, models: Mapping[str, Recording], colors: Sequence[Color]
) -> None:
    unit = all(one.unit == "epoch" for one in models.values())
    highest = lowest = None
    for recording, color in zip(models.values(), colors, strict=True):
        x = recording.epochs if unit else recording.updates
        for split in _SPLITS:
            values = recording.metrics.get(f"{split}_{kind}")
            if values is None:
                continue
            # as in the panel of films: training is solid, what it is judged by is dashed
            judged = split == "test" and f"train_{kind}" in recording.metrics
            inner.plot(
                x, values, color=rgb(color), linewidth=on.line * (1.7 if judged else 2.2),
                dashes=(4, 1.6) if judged else (1, 0), label=f"{recording.name} {split}",
                solid_joinstyle="round",
            )  # fmt: skip
            finite = values[np.isfinite(values)]
            if len(finite):
                highest = max(float(finite.max()), highest or 0.0)
                lowest = min(float(finite.min()), 1.0 if lowest is None else lowest)
    last = max(float((one.epochs if unit else one.updates)[-1]) for one in models.values())
    inner.set_xlim(0, last or 1)
    if kind == "accuracy":
        inner.set_ylim(min(0.5, (lowest or 0.0) - 0.02), 1.0)
    else:
        inner.set_ylim(0, 1.05 * (highest or 1.0))
    inner.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10], integer=True))
    inner.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    inner.xaxis.set_major_formatter(FuncFormatter(_whole))
    for side in ("top", "right"):
        inner.spines[side].set_visible(False)


def _whole(value: float, place: int | None = None) -> str:
    return grouped(round(value))


def _entries(models: Mapping[str, Recording]) -> list[tuple[str, str]]:
    splits = [("", "training, solid"), ("", "test, dashed")]
    both = any("test_loss" in one.metrics for one in models.values())
    heads = [(name, name) for name in models]
    return heads + (splits if both else [])


def _key_rows(models: Mapping[str, Recording], across: float) -> int:
    x, rows = 0.0, 1
    for _, words in _entries(models):
        long = 2.8 + em_width(words, 0.9)
        if x and x + long > across - 2 * PAD:
            x, rows = 0.0, rows + 1
        x += long + 0.8
    return rows


def _draw_key(on: Sheet, models: Mapping[str, Recording], colors: Sequence[Color]) -> None:
    x, y = PAD, PAD + 0.9
    for place, (model, words) in enumerate(_entries(models)):
        long = 2.8 + em_width(words, 0.9)
        if x > PAD and x + long > on.width - PAD:
            x, y = PAD, y + 1.5
        color = colors[place] if model else on.style.muted
        dashed = words.startswith("test,")
        on.path((x, x + 2.0), (y - 0.32, y - 0.32), color, line=1.7 if dashed else 2.2,
                dashed=dashed)  # fmt: skip
        on.text(x + 2.6, y, words, 0.9, on.style.ink if model else on.style.muted, align="left")
        x += long + 0.8
