"""The film strip: moments of a training side by side, each a small picture of the boundary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from epochreel.nn.dataset import Viewport
from epochreel.nn.errors import InvalidInputError, whole_number
from epochreel.nn.recording import Recording, reached
from epochreel.render.figures.learning import named
from epochreel.render.figures.sheet import PAD, WIDTHS, Sheet, em_width, sheet
from epochreel.render.figures.words import grouped
from epochreel.render.panels.class_points import MARKERS, class_fills
from epochreel.render.predicting import margin, split_of
from epochreel.render.stage import rgb
from epochreel.render.style import Style

__all__ = ["moments_of", "strip"]

_LEAST_EMS = 9.5
_GAP = 0.8
_WORDS = 2.9
_FIELD_PX = 320
_NODES = 161
_BANDS = 25
_MOST_POINTS = 150


def strip(
    recordings: Recording | Mapping[str, Recording],
    *,
    moments: int = 6,
    snapshots: Sequence[int] | None = None,
    columns: int | None = None,
    ax: Any = None,
    style: Style | str = "light",
    width: str = "blog",
) -> Any:
    """Draw moments of a training in a row, or in a grid where a row has no room for them.

    Parameters
    ----------
    recordings : Recording, or mapping of them by name
        Each has rows of its own.
    moments : int
        How many: from the first snapshot to the last, denser where the loss falls.
    snapshots : sequence of int, optional
        Which snapshots, instead.
    columns : int, optional
        As many as have room when left out.
    ax, style, width
        As in :func:`~epochreel.render.figures.architecture`.

    Returns
    -------
    matplotlib.axes.Axes
        Its ``child_axes`` are the pictures.

    Raises
    ------
    InvalidInputError
        For moments that there aren't, or data of other than two features.
    """
    models = named(recordings)
    for recording in models.values():
        if recording.dataset.features != 2:
            raise InvalidInputError(
                f"strip: needs data of 2 features, got {recording.dataset.features}"
            )
    chosen = {
        name: moments_of(one, moments) if snapshots is None else _checked(one, snapshots)
        for name, one in models.items()
    }
    most = max(map(len, chosen.values()))
    view = next(iter(models.values())).dataset.viewport
    ratio = view.height / view.width
    if columns is not None:
        whole_number("columns", columns)
    heads = 1.7 if len(models) > 1 else 0.0

    def columns_at(across: float) -> int:
        if columns is not None:
            return columns
        return -(-most // -(-most // max(1, int((across - 2 * PAD) / _LEAST_EMS))))

    def rows_at(count: int) -> int:
        return sum(-(-len(each) // count) for each in chosen.values())

    def need(across: float) -> float:
        if ax is not None or WIDTHS.get(width, WIDTHS["blog"]).ratio:
            return 10.0  # the height is given, and pictures are as large as it lets them
        wide = (across - 2 * PAD + _GAP) / columns_at(across) - _GAP
        rows = rows_at(columns_at(across)) * (wide * ratio + _WORDS)
        return 2 * PAD + len(models) * heads + rows - 0.6

    on = sheet(ax, style, width, need)
    high = on.height - 2 * PAD - len(models) * heads + 0.6

    def size_with(count: int) -> float:
        by_width = (on.width - 2 * PAD + _GAP) / count - _GAP
        return min(by_width, (high / rows_at(count) - _WORDS) / ratio)

    across = max([columns] if columns else range(1, most + 1), key=size_with)
    wide = size_with(across)
    filled = rows_at(across) * (wide * ratio + _WORDS) - 0.6 + len(models) * heads
    y = max(PAD, (on.height - filled) / 2)
    left = max(PAD, (on.width - across * (wide + _GAP) + _GAP) / 2)
    longest = max(
        em_width(_reached(one, snapshot), 0.85) for name, one in models.items()
        for snapshot in chosen[name]
    )  # fmt: skip
    told = next(
        (form for form in ("accuracy {:.3f}", "{:.3f}")
         if longest + em_width(form.format(0), 0.85) + 0.5 <= wide),
        "",
    )  # fmt: skip
    for name, recording in models.items():
        if heads:
            on.text(left, y + 0.9, name, weight="semibold", align="left")
            y += heads
        for start in range(0, len(chosen[name]), across):
            for place, snapshot in enumerate(chosen[name][start : start + across]):
                x = left + place * (wide + _GAP)
                _draw_moment(on, recording, snapshot, (x, y), (wide, wide * ratio))
                _write_moment(on, recording, snapshot, (x, y + wide * ratio + 1.1), wide, told)
            y += wide * ratio + _WORDS
    return on.axes


def moments_of(recording: Recording, count: int) -> list[int]:
    """Choose snapshots from the first to the last, evenly in how far the loss has fallen.

    Half of the way counts by snapshots and half by the loss, so that a training that is done early
    isn't shown six times alike, nor a slow one twice.
    """
    whole_number("moments", count)
    last = len(recording) - 1
    if count == 1 or last == 0:
        return [last]
    even = np.linspace(0, 1, last + 1)
    loss = recording.metrics.get("train_loss", np.zeros(last + 1))
    falls = np.abs(np.diff(np.where(np.isfinite(loss), loss, 0.0)))
    way = np.concatenate([[0.0], np.cumsum(falls)])
    way = even if way[-1] <= 0 else 0.5 * even + 0.5 * way / way[-1]
    places = np.interp(np.linspace(0, 1, min(count, last + 1)), way, np.arange(last + 1))
    return list(dict.fromkeys(np.rint(places).astype(int).tolist()))


def _checked(recording: Recording, snapshots: Sequence[int]) -> list[int]:
    last = len(recording) - 1
    chosen = [last + 1 + one if one < 0 else one for one in snapshots]
    if not chosen or not all(0 <= one <= last for one in chosen):
        raise InvalidInputError(f"snapshots: must be from 0 to {last}, got {list(snapshots)}")
    return chosen


def _draw_moment(
    on: Sheet, recording: Recording, snapshot: int, place: tuple[float, float],
    size: tuple[float, float],
) -> None:  # fmt: skip
    (x, y), (wide, high) = place, size
    view = recording.dataset.viewport
    inner = on.plot(x, y, wide, high)
    inner.set_xticks([])
    inner.set_yticks([])
    inner.grid(False)
    inner.set_xlim(view.x_min, view.x_max)
    inner.set_ylim(view.y_min, view.y_max)
    _draw_field(on, inner, recording, snapshot, view)
    _draw_points(on, inner, recording, wide)


def _reached(recording: Recording, snapshot: int) -> str:
    unit = recording.unit
    done = reached(recording.epochs if unit == "epoch" else recording.updates, snapshot)
    return f"{unit} {grouped(done)}"


def _write_moment(
    on: Sheet, recording: Recording, snapshot: int, place: tuple[float, float], wide: float,
    told: str,
) -> None:  # fmt: skip
    """Write how far the training is, and the accuracy where all have room for it."""
    x, y = place
    on.text(x, y, _reached(recording, snapshot), 0.85, align="left")
    _, _, split = split_of(recording.dataset)
    accuracy = recording.metrics.get(f"{split}_accuracy")
    if accuracy is not None:
        written = told.format(accuracy[snapshot])
        on.text(x + wide, y, written, 0.85, on.style.muted, align="right")


def _draw_field(on: Sheet, inner: Any, recording: Recording, snapshot: int, view: Viewport) -> None:
    xs = np.linspace(view.x_min, view.x_max, _NODES)
    ys = np.linspace(view.y_min, view.y_max, _NODES)
    grid = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)
    with np.errstate(all="ignore"):  # what overflows is shown as it is
        logits = recording.logits(snapshot, grid)
    if logits.shape[1] <= 2:
        shown = margin(logits).reshape(_NODES, _NODES).astype(float)
        pixels, edges = _colored(on.style, shown), [shown]
    else:
        pixels, edges = _blended(on.style, logits.astype(float))
    inner.imshow(
        pixels, extent=(view.x_min, view.x_max, view.y_min, view.y_max), origin="lower",
        aspect="auto", interpolation="none", zorder=0.5,
    )  # fmt: skip
    for edge in edges:
        if np.isfinite(edge).all() and edge.min() < 0 < edge.max():
            for color, line in ((on.style.halo, 3.2), (on.style.isoline, 1.6)):
                inner.contour(
                    xs, ys, edge, levels=[0.0], colors=[rgb(color)], linewidths=line * on.line,
                    zorder=1,
                )  # fmt: skip


def _colored(style: Style, logits: npt.NDArray[np.float64]) -> npt.NDArray[np.uint8]:
    """Colour interpolated logits in bands of probability, as films do."""
    fine = _finer(logits)
    with np.errstate(all="ignore"):
        probability = 1 / (1 + np.exp(-fine))
    band = np.nan_to_num(probability * _BANDS, nan=_BANDS / 2).astype(int)
    return style.band_colors(_BANDS)[np.clip(band, 0, _BANDS - 1)]


def _finer(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Interpolate between the nodes of a grid, linearly in both directions."""
    places = np.linspace(0, len(values) - 1, _FIELD_PX)
    low = np.minimum(places.astype(int), len(values) - 2)
    share = places - low
    rows = values[low] * (1 - share)[:, None] + values[low + 1] * share[:, None]
    return rows[:, low] * (1 - share) + rows[:, low + 1] * share


def _blended(
    style: Style, logits: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.uint8], list[npt.NDArray[np.float64]]]:
    """Blend the colours of several classes by their probabilities; the border of each class."""
    classes = logits.shape[1]
    with np.errstate(all="ignore"):
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
    shares = np.nan_to_num(shares, nan=1 / classes)
    colors = shares @ style.class_colors(classes)
    pixels = np.rint(colors).astype(np.uint8).reshape(_NODES, _NODES, 3)
    edges: list[npt.NDArray[np.float64]] = []
    for kind in range(classes):
        others = np.delete(logits, kind, axis=1).max(axis=1)
        edges.append((logits[:, kind] - others).reshape(_NODES, _NODES))
    return pixels, edges


def _draw_points(on: Sheet, inner: Any, recording: Recording, wide: float) -> None:
    data = recording.dataset
    x, y, _ = split_of(data)
    if len(y) > _MOST_POINTS:
        chosen = np.linspace(0, len(y) - 1, _MOST_POINTS).astype(np.intp)
        x, y = x[chosen], y[chosen]
    fills = class_fills(on.style, data.classes)
    size = min(0.6, 0.032 * wide) * on.em
    for kind in range(data.classes):
        rows = y == kind
        inner.scatter(
            x[rows, 0], x[rows, 1], s=size**2, marker=MARKERS[kind % len(MARKERS)],
            color=[rgb(fills[kind])], edgecolors=[rgb(on.style.isoline)],
            linewidths=0.6 * on.line, zorder=3,
        )  # fmt: skip
