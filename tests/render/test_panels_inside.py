"""What the three panels that look inside stand: any network, any numbers, any size of frame."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from inside import DATA, film_of, network, recording, stills
from matplotlib.backends.backend_agg import FigureCanvasAgg

from epochreel.render.panels import Panel
from epochreel.render.panels.hidden_units import HiddenUnitsPanel
from epochreel.render.panels.network import NetworkPanel
from epochreel.render.panels.weights import WeightsPanel
from epochreel.render.text import points

PANELS: dict[str, Panel] = {
    "network": NetworkPanel("Model"),
    "network, a sample": NetworkPanel("Model", sample=0, numbers=True),
    "hidden_units": HiddenUnitsPanel("Model"),
    "weights": WeightsPanel("Model"),
    "matrix": WeightsPanel("Model", view="matrix"),
}

THREE = replace(
    DATA, class_names=("early", "late", "never"), y_train=np.arange(len(DATA.y_train)) % 3,
    y_test=np.arange(len(DATA.y_test)) % 3,
)  # fmt: skip


def written(figure: Any) -> list[Any]:
    texts = [*figure.texts, *(text for axes in figure.axes for text in axes.texts)]
    return [text for text in texts if text.get_text().strip()]


@pytest.mark.parametrize("size", [(800, 600), (480, 480), (960, 300)])
@pytest.mark.parametrize("sizes", [[2, 1], [2, 25, 50, 50, 25, 1], [2, 9, 9, 9, 9, 9, 9, 3]])
@pytest.mark.parametrize("name", PANELS)
def test_words_are_whole_legible_and_apart(
    name: str, sizes: list[int], size: tuple[int, int]
) -> None:
    net = network(sizes, "relu", "sigmoid" if sizes[-1] == 1 else "softmax")
    net.flat[:] *= 2
    data = DATA if sizes[-1] == 1 else THREE
    film = film_of(recording(net, [net.flat] * 2, data), PANELS[name], size)
    with film.style.context():
        figure = film.artists(1)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        boxes: list[tuple[str, Any]] = []
        for text in written(figure):
            box = text.get_window_extent(canvas.get_renderer())
            boxes.append((text.get_text(), box.padded(-2)))
            assert box.x0 >= -1, text.get_text()
            assert box.x1 <= size[0] + 1, text.get_text()
            assert box.y0 >= -1, text.get_text()
            assert text.get_fontsize() >= points(0.016 * min(size)) - 0.01, text.get_text()
    clashes = [
        (one, other)
        for index, (one, box) in enumerate(boxes)
        for other, second in boxes[index + 1 :]
        if box.overlaps(second)
    ]
    assert not clashes


@pytest.mark.parametrize("style", ["dark", "light"])
@pytest.mark.parametrize("name", PANELS)
def test_vectors_show_what_the_film_shows(name: str, style: str) -> None:
    net = network([2, 12, 5, 1])
    film = film_of(recording(net, [net.flat * 0.5, net.flat]), PANELS[name], style=style)
    painted = film.frame(1).pixels[:, :, :3].astype(int)
    with film.style.context():
        canvas = FigureCanvasAgg(film.artists(1))
        canvas.draw()
        drawn = np.asarray(canvas.buffer_rgba())[:, :, :3].astype(int)
    assert (np.abs(painted - drawn).max(axis=-1) > 96).mean() < 0.02


@pytest.mark.parametrize("factor", [0.0, 1e-30, 1e30])
@pytest.mark.parametrize("activation", ["relu", "tanh", "linear"])
@pytest.mark.parametrize("name", PANELS)
def test_any_numbers_can_be_drawn(name: str, activation: str, factor: float) -> None:
    """Nothing, next to nothing, and what overflows on its way through."""
    net = network([2, 6, 5, 1], activation)
    film = film_of(
        recording(net, [net.flat * 0.5 * factor, net.flat * factor]), PANELS[name], (320, 240)
    )
    assert (film.frame(1).pixels[:, :, 3] == 255).all()


@pytest.mark.parametrize("name", PANELS)
def test_one_snapshot_is_enough(name: str) -> None:
    net = network([2, 6, 5, 1])
    film = film_of(recording(net, [net.flat]), PANELS[name])
    body = film.layout.slots[0].body
    shown = film.frame(0).pixels[body.top : body.bottom, body.left : body.right, :3]
    assert (shown != film.style.ground).any(axis=-1).mean() > 0.02


def test_outputs_have_the_names_of_the_classes() -> None:
    net = network([2, 6, 3], "relu", "softmax")
    found = recording(net, [net.flat] * 2, THREE, link="softmax")
    assert set(THREE.class_names) <= set(stills(film_of(found, PANELS["network"])))


def test_many_inputs_are_abridged_and_named() -> None:
    names = tuple(f"gene {index}" for index in range(30))
    wide = replace(
        DATA, x_train=np.tile(DATA.x_train, 15), x_test=np.tile(DATA.x_test, 15),
        feature_names=names,
    )  # fmt: skip
    net = network([30, 6, 1])
    words = stills(film_of(recording(net, [net.flat] * 2, wide), NetworkPanel("Model", sample=2)))
    assert "8 of 30" in words
    assert len(set(names) & set(words)) == 8
    assert any("of 30 features" in word for word in words)
