"""The blueprint of a training step: forward, loss, backward and update, every array with its shape.

Lanes from top to bottom: activations go right, parameters, their gradients, and deltas that come
back left. Beneath, the memory of it all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from epochreel.nn.errors import InvalidInputError
from epochreel.render.figures.arrays import StepShapes
from epochreel.render.figures.sheet import PAD, Sheet, abridge, accents, em_width, sheet
from epochreel.render.figures.steps_of import Step, steps_of, tight
from epochreel.render.figures.words import activation_name, byte_words, grouped, subscript
from epochreel.render.style import Color, Style

__all__ = ["blueprint", "layers_shown"]

_COLUMN = 4.35
_GUTTER = 1.7
_LANES = {"forward": 4.0, "parameters": 4.9, "gradient": 4.9, "backward": 2.9}
_GAP = 1.15
_HEAD = 4.1
_DIM = 0.2
_LINE = 1.12
_MEMORY_WORDS = {
    "parameters": "parameters",
    "gradient": "gradient",
    "optimizer": "optimiser",
    "batch": "batch",
    "activations": "activations",
    "deltas": "deltas",
    "scratch": "scratch",
}


@dataclass(frozen=True)
class _Light:
    """Which arrays are there by now, and which are at work; everything, where none is at work."""

    known: frozenset[str]
    now: frozenset[str]
    used: frozenset[str]
    all: bool

    def alpha(self, key: str) -> float:
        return 1.0 if self.all or key in self.known else _DIM

    def fill(self, key: str) -> float:
        if key in self.now:
            return 0.55
        return 0.28 if key in self.used else 0.12 if self.alpha(key) == 1 else 0.03


def blueprint(
    step: StepShapes,
    *,
    at: int | None = None,
    ax: Any = None,
    style: Style | str = "light",
    width: str = "blog",
) -> Any:
    """Draw what one training step computes, with the shape of every array and their memory.

    Parameters
    ----------
    step : StepArrays
        Made by :func:`epochreel.nn.step_arrays.step_arrays`.
    at : int, optional
        Light up what is computed by so many steps, from 0; see
        :func:`~epochreel.render.figures.steps_of.steps_of`. Everything is shown when left out.
    ax, style, width
        As in :func:`~epochreel.render.figures.architecture`.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InvalidInputError
        For a step that there isn't.
    """
    on = sheet(ax, style, width, _need)
    most = layers_shown(on.width)
    steps = steps_of(step, most)
    if at is not None and not 0 <= at < len(steps):
        raise InvalidInputError(f"at: must be from 0 to {len(steps) - 1}, got {at}")
    light = _light(steps, at)
    _draw_head(on, step, None if at is None else steps[at])
    tops = _tops(on.height, _need(on.width))
    shown = abridge(len(step.layers), most)
    pitch = (on.width - 2 * PAD - _GUTTER) / (len(shown) + 2)
    xs = [PAD + _GUTTER + (index + 0.5) * pitch for index in range(len(shown) + 2)]
    for lane, top in tops.items():
        on.text(PAD + 0.75, top + _LANES[lane] / 2, lane, 0.8, on.style.muted, rotation=90)
    _draw_arrows(on, xs, pitch, tops, shown, light)
    _draw_ends(on, step, xs, pitch, tops, light)
    for x, index in zip(xs[1:-1], shown, strict=True):
        if index is None:
            for lane, top in tops.items():
                on.dots(x, top + _LANES[lane] / 2, on.style.muted, upright=False)
        else:
            _draw_layer(on, step, index, x, pitch, tops, light)
    _draw_memory(on, step, tops["backward"] + _LANES["backward"] + 1.5)
    return on.axes


def layers_shown(width: float) -> int:
    """Count the layers that have room beside the batch and the loss, at a width in ems."""
    return max(3, int((width - 2 * PAD - _GUTTER) / _COLUMN) - 2)


def _need(width: float) -> float:
    lanes = sum(_LANES.values()) + (len(_LANES) - 1) * _GAP
    return PAD + _HEAD + lanes + 1.5 + (4.4 if width < 45 else 3.1) + PAD


def _tops(height: float, need: float) -> dict[str, float]:
    """Where each lane begins; what is left of the height goes between them."""
    spare = max(0.0, height - need)
    gap = _GAP + spare / (len(_LANES) + 1)
    tops: dict[str, float] = {}
    top = PAD + _HEAD
    for lane, high in _LANES.items():
        tops[lane] = top
        top += high + gap
    return tops


def _light(steps: Sequence[Step], at: int | None) -> _Light:
    given = {key for one in steps for key in one.used if key[0] in "Wb"}
    if at is None:
        return _Light(frozenset(), frozenset(), frozenset(), True)
    known = given.union(*(one.lit for one in steps[: at + 1]))
    return _Light(frozenset(known), steps[at].lit, steps[at].used, False)


def _draw_head(on: Sheet, step: StepShapes, now: Step | None) -> None:
    first, second = PAD + 0.85, PAD + 2.35
    if now is not None:
        on.text(PAD, first, now.head, 1.1, weight="semibold", align="left")
        size = min(1.0, (on.width - 2 * PAD) / em_width(now.formula))
        on.text(PAD, second, now.formula, size, align="left")
        on.text(on.width - PAD, first, now.shapes, 0.9, on.style.muted, align="right")
        return
    sizes = [step.layers[0].inputs[0], *(layer.outputs[0] for layer in step.layers)]
    on.text(PAD, first, "One training step", 1.1, weight="semibold", align="left")
    samples = f"batch of {grouped(step.samples)} samples"
    on.text(on.width - PAD, first, samples, 0.9, on.style.muted, align="right")
    words = "-".join(map(str, sizes if len(sizes) < 9 else [*sizes[:4], "…", *sizes[-4:]]))
    total = sum(layer.parameters for layer in step.layers)
    text = f"{words} network, {grouped(total)} parameters, {step.optimizer}"
    on.text(PAD, second, text, 0.9, on.style.muted, align="left")


def _cell(
    on: Sheet, x: float, top: float, width: float, height: float, lines: Sequence[str],
    color: Color, light: _Light, key: str, note: str = "",
) -> None:  # fmt: skip
    """Draw one array, or two: names in bold, shapes beneath them, then a note."""
    alpha = light.alpha(key)
    on.box(
        x - width / 2, top, width, height, face=color, edge=color, face_alpha=light.fill(key),
        alpha=1.0 if alpha == 1 else 0.45, line=2.4 if key in light.now else 1.0, round_by=0.25,
        label=key,
    )  # fmt: skip
    rows = [*lines, note] if note else lines
    y = top + (height - len(rows) * _LINE) / 2 + 0.83
    for index, line in enumerate(rows):
        name = index % 2 == 0 and index < len(lines)
        size = min(0.95 if name else 0.8, 0.8 * (width - 0.3) / em_width(line, 0.8))
        on.text(
            x, y, line, size, on.style.ink if index < len(lines) else on.style.muted,
            weight="semibold" if name else "normal", alpha=max(alpha, 0.35),
        )  # fmt: skip
        y += _LINE


def _draw_layer(
    on: Sheet, step: StepShapes, index: int, x: float, pitch: float, tops: dict[str, float],
    light: _Light,
) -> None:  # fmt: skip
    forward, backward = accents(on.style)
    layer, n, number = step.layers[index], subscript(index + 1), index + 1
    last = number == len(step.layers)
    wide = pitch - 0.85
    name = "Z" if last else "A"
    of = "sums" if last else activation_name(layer.activation)
    _cell(on, x, tops["forward"], wide, _LANES["forward"],
          [f"{name}{n}", tight(layer.outputs)], forward, light, f"{name}{number}", of)  # fmt: skip
    w, b = tight(layer.weights), tight(layer.biases)
    _cell(on, x, tops["parameters"], wide, _LANES["parameters"],
          [f"W{n}", w, f"b{n}", b], on.style.muted, light, f"W{number}")  # fmt: skip
    _cell(on, x, tops["gradient"], wide, _LANES["gradient"],
          [f"∂W{n}", w, f"∂b{n}", b], backward, light, f"dW{number}")  # fmt: skip
    _cell(on, x, tops["backward"], wide, _LANES["backward"],
          [f"δ{n}", tight(layer.deltas)], backward, light, f"d{number}")  # fmt: skip


def _draw_ends(
    on: Sheet, step: StepShapes, xs: Sequence[float], pitch: float, tops: dict[str, float],
    light: _Light,
) -> None:  # fmt: skip
    _, backward = accents(on.style)
    wide, high = pitch - 0.85, _LANES["forward"]
    _cell(on, xs[0], tops["forward"], wide, high, ["X", tight(step.layers[0].inputs)],
          on.style.muted, light, "X", "batch")  # fmt: skip
    _cell(on, xs[-1], tops["forward"], wide, high, ["loss", "1"],
          backward, light, "loss", "of Z, Y")  # fmt: skip
    lit = light.all or "update" in light.now
    color = on.style.ink if lit else on.style.muted
    y = tops["gradient"] - (tops["gradient"] - tops["parameters"] - _LANES["parameters"]) / 2 + 0.3
    on.text(xs[1] - 0.7, y, "update", 0.85, color, align="right", alpha=1.0 if lit else 0.5)


def _draw_arrows(
    on: Sheet, xs: Sequence[float], pitch: float, tops: dict[str, float],
    shown: Sequence[int | None], light: _Light,
) -> None:  # fmt: skip
    forward, backward = accents(on.style)
    half = (pitch - 0.85) / 2
    above = tops["forward"] + _LANES["forward"] / 2
    below = tops["backward"] + _LANES["backward"] / 2
    last = max(index for index in shown if index is not None)
    ahead = [None, *shown, None]
    for place in range(len(xs) - 1):
        index = ahead[place + 1]
        key = "loss" if place == len(xs) - 2 else "" if index is None else _name(index, last)
        alpha = light.alpha(key) if key else 0.6
        on.arrow((xs[place] + half, above), (xs[place + 1] - half, above), forward, alpha=alpha)
    for place in range(1, len(xs) - 2):
        index = shown[place - 1]
        alpha = 0.6 if index is None else light.alpha(f"d{index + 1}")
        on.arrow((xs[place + 1] - half, below), (xs[place] + half, below), backward, alpha=alpha)
    alpha = light.alpha(f"d{last + 1}")
    down = tops["forward"] + _LANES["forward"]
    on.path((xs[-1], xs[-1]), (down, below), backward, line=1.4, alpha=alpha)
    on.arrow((xs[-1], below), (xs[-2] + half, below), backward, alpha=alpha)
    for x, index in zip(xs[1:-1], shown, strict=True):
        if index is not None:
            _draw_upright(on, x, tops, index, _name(index, last), light)


def _name(index: int, last: int) -> str:
    return f"{'Z' if index == last else 'A'}{index + 1}"


def _draw_upright(
    on: Sheet, x: float, tops: dict[str, float], index: int, name: str, light: _Light
) -> None:
    """Draw what goes from lane to lane at one layer: parameters up, deltas up, the update up."""
    forward, backward = accents(on.style)
    ends = {lane: (top, top + _LANES[lane]) for lane, top in tops.items()}
    on.arrow((x, ends["parameters"][0]), (x, ends["forward"][1]), forward, alpha=light.alpha(name))
    on.arrow((x, ends["backward"][0]), (x, ends["gradient"][1]), backward,
             alpha=light.alpha(f"dW{index + 1}"))  # fmt: skip
    lit = light.all or "update" in light.now
    on.arrow((x, ends["gradient"][0]), (x, ends["parameters"][1]),
             on.style.ink if lit else on.style.muted, alpha=1.0 if lit else _DIM)  # fmt: skip


def _memory_colors(style: Style) -> dict[str, tuple[Color, float]]:
    forward, backward = accents(style)
    return {
        "parameters": (style.ink, 0.75),
        "gradient": (backward, 0.9),
        "optimizer": (style.ink, 0.4),
        "batch": (forward, 0.3),
        "activations": (forward, 0.9),
        "deltas": (backward, 0.5),
        "scratch": (style.muted, 0.25),
    }


def _draw_memory(on: Sheet, step: StepShapes, top: float) -> None:
    """Draw a bar of all bytes, and what each part is."""
    total = sum(step.memory.values())
    left, wide = PAD, on.width - 2 * PAD
    on.text(left, top + 0.2, "memory", 0.9, weight="semibold", align="left")
    words = f"{byte_words(total)}, {step.dtype}"
    on.text(left + wide, top + 0.2, words, 0.9, on.style.muted, align="right")
    colors, x = _memory_colors(on.style), left
    for name, count in step.memory.items():
        color, strength = colors[name]
        part = wide * count / total if total else 0.0
        if part:
            on.box(x, top + 0.65, part, 0.8, face=color, face_alpha=strength,
                   label=f"memory {name}: {count} B")  # fmt: skip
        x += part
    x, y = left, top + 2.55
    for name, count in step.memory.items():
        if not count:
            continue
        color, strength = colors[name]
        text = f"{_MEMORY_WORDS[name]} {byte_words(count)}"
        long = 0.85 + em_width(text, 0.8)
        if x > left and x + long > left + wide:
            x, y = left, y + 1.25
        on.box(x, y - 0.58, 0.6, 0.6, face=color, face_alpha=strength)
        on.text(x + 0.85, y, text, 0.8, on.style.muted, align="left")
        x += long + 1.1
