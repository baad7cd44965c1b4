"""For panels that look inside a network: known parameters, and ink that remembers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from epochreel.nn import Network, ParameterRecording, make_dataset
from epochreel.nn.dataset import Dataset
from epochreel.nn.recording import FunctionRecording, Recording
from epochreel.render import Film, Timeline, load_style
from epochreel.render.panels import Panel

DATA = make_dataset("moons", samples=60, noise=0.2, seed=1)


@dataclass
class SpyInk:
    """Paints nothing; knows what it was asked for."""

    calls: dict[str, list[Any]] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        def note(*arguments: Any, **options: Any) -> None:
            self.calls.setdefault(name, []).append((arguments, options))

        return note

    @property
    def texts(self) -> list[str]:
        return [arguments[2] for arguments, _ in self.calls.get("text", [])]

    def only(self, name: str) -> tuple[Any, ...]:
        ((arguments, _),) = self.calls[name]
        return arguments


def network(
    sizes: Sequence[int], activation: str = "relu", output: str = "sigmoid", seed: int = 3
) -> Network:
    rng = np.random.default_rng(seed)
    return Network(list(sizes), activation, output, initializer="glorot_uniform", rng=rng)


def recording(
    net: Network, vectors: Sequence[np.ndarray], data: Dataset = DATA, **options: Any
) -> ParameterRecording:
    """A recording of given parameters."""
    count = len(vectors)
    return ParameterRecording(
        name="Model", dataset=data, updates=np.arange(count), epochs=np.arange(count, dtype=float),
        seconds=np.arange(count, dtype=float), unit="update", metrics={},
        architecture=net.architecture, parameters=np.stack(vectors).astype(np.float32), **options,
    )  # fmt: skip


def layerless() -> FunctionRecording:
    return FunctionRecording(
        name="Forest", dataset=DATA, updates=np.arange(3), epochs=np.arange(3.0),
        seconds=np.arange(3.0), unit="update", metrics={}, function=lambda s, x: x[:, :1],
    )  # fmt: skip


def film_of(
    found: Recording, panel: Panel, size: tuple[int, int] = (800, 600), style: str = "dark"
) -> Film:
    recordings: Mapping[str, Recording] = {"Model": found}
    return Film(
        recordings, [panel], size=size, style=load_style(style),
        timeline=Timeline.build(recordings, fps=20, hold_last_s=0.0),
    )  # fmt: skip


def painted(film: Film, index: int = -1) -> SpyInk:
    """What the only panel of a film draws at a moment."""
    ink = SpyInk()
    film._set.drawings[0].paint(ink, film.timeline.moments[index])
    return ink


def stills(film: Film) -> list[str]:
    """Words that never change."""
    with film.style.context():
        return [text.get_text() for text in film.artists(0).texts]
