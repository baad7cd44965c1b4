"""The representation: what it shows, and what it and the landscape refuse alike."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from conftest import RecordingMaker
from panel_samples import trained
from solo import bottleneck, film, lines, texts

from epochreel.nn.errors import InvalidInputError
from epochreel.render.panels import Panel
from epochreel.render.panels.landscape import LandscapePanel
from epochreel.render.panels.representation import RepresentationPanel
from epochreel.render.stage import rgb


@pytest.mark.parametrize("outputs", [1, 2])
def test_points_are_the_two_units_and_the_line_is_where_the_logit_is_zero(outputs: int) -> None:
    recording = bottleneck([2, 5, 2, outputs])
    ready = film({"Model": recording}, RepresentationPanel("Model"), "light")
    index = len(ready) - 1
    snapshot = ready.timeline.moments[index].snapshots["Model"]
    drawing = ready._set.drawings[0]
    view, body = drawing._space.view, drawing._body
    shown = lines(ready, index)
    data = recording.dataset
    hidden = recording.activations(snapshot, data.x_test)[-2]
    expected = np.column_stack([
        (hidden[:, 0] - view.x_min) / view.width * body.width,
        (view.y_max - hidden[:, 1]) / view.height * body.height,
    ])  # fmt: skip
    marked = [line for line in shown if line.get_linestyle() == "None"]
    for kind, line in enumerate(marked):
        np.testing.assert_allclose(line.get_xydata(), expected[data.y_test == kind], atol=1e-3)
    (parting,) = [line for line in shown if line.get_linestyle() != "None"]
    ends = parting.get_xydata()
    units = np.column_stack([
        view.x_min + ends[:, 0] / body.width * view.width,
        view.y_max - ends[:, 1] / body.height * view.height,
    ])  # fmt: skip
    weights, biases = recording.layers(snapshot)[-1]
    logits = units @ weights.T.astype(float) + biases
    if outputs == 2:
        logits = logits[:, 1] - logits[:, 0]
    np.testing.assert_allclose(logits, 0, atol=1e-5)


def test_both_sides_are_tinted_with_their_class() -> None:
    recording = bottleneck([2, 5, 2, 1])
    ready = film({"Model": recording}, RepresentationPanel("Model"), size=(800, 600))
    index = len(ready) - 1
    snapshot = ready.timeline.moments[index].snapshots["Model"]
    space = ready._set.drawings[0]._space
    body = ready.layout.slots[0].body
    normal, offset = space.line(snapshot)
    pixels = ready.frame(index).pixels
    colors = ready.style.class_colors(2) / 255
    ground = np.array(rgb(ready.style.ground))
    for x, y, row, column in (
        (space.view.x_min, space.view.y_max, body.top + 3, body.left + 3),
        (space.view.x_max, space.view.y_min, body.bottom - 4, body.right - 4),
    ):
        kind = int(np.array([x, y]) @ normal + offset > 0)
        expected = 255 * (ground + 0.2 * (colors[kind] - ground))
        np.testing.assert_allclose(pixels[row, column, :3], expected, atol=2)


def test_of_more_units_there_are_components_and_no_line() -> None:
    recording = bottleneck([2, 7, 1])
    ready = film({"Model": recording}, RepresentationPanel("Model"), size=(800, 600))
    drawing = ready._set.drawings[0]
    assert drawing._space.line(1.0) is None
    written = texts(ready)
    assert {"PC 1", "PC 2"} <= set(written)
    final = recording.activations(len(recording) - 1, recording.dataset.x_test)[-2].astype(float)
    values = np.linalg.svd(final - final.mean(0), compute_uv=False) ** 2
    share = int(100 * values[:2].sum() / values.sum())
    assert f"last hidden layer: {share} % of the variance of 7 units" in written


def test_all_points_are_in_sight_all_the_time() -> None:
    recording = bottleneck([2, 7, 1], snapshots=12)
    ready = film({"Model": recording}, RepresentationPanel("Model"))
    drawing = ready._set.drawings[0]
    for snapshot in range(len(recording)):
        places = drawing._pixels(drawing._space.places(snapshot, recording.dataset.x_test))
        assert (places > 0).all()
        assert (places < [drawing._body.width, drawing._body.height]).all()


def test_more_than_two_classes_have_points_but_no_line() -> None:
    recording = bottleneck([2, 5, 2, 3], classes=3)
    ready = film({"Model": recording}, RepresentationPanel("Model"))
    shown = lines(ready, len(ready) - 1)
    assert len(shown) == 3
    assert {line.get_marker() for line in shown} == {"o", "D", "^"}


def test_trails_lead_to_the_points() -> None:
    recording = bottleneck([2, 7, 1], snapshots=12)
    plain = film({"Model": recording}, RepresentationPanel("Model"))
    trailing = film({"Model": recording}, RepresentationPanel("Model", trails=True))
    assert len(lines(trailing, 0)) == len(lines(plain, 0)), "nothing came before the first"
    shown = lines(trailing, 6)
    assert len(shown) == len(lines(plain, 6)) + 2
    trail = shown[0].get_xydata().reshape(-1, 7, 2)
    np.testing.assert_allclose(trail[:, 5], shown[2].get_xydata(), atol=1e-6)


@pytest.mark.parametrize(("layers", "units"), [([2, 1], 0), ([2, 4, 1, 1], 1)])
def test_less_than_a_plane_is_refused(layers: list[int], units: int) -> None:
    with pytest.raises(InvalidInputError) as caught:
        film({"Model": bottleneck(layers)}, RepresentationPanel("Model")).frame(0)
    assert str(caught.value) == (
        "panels: 'representation' needs a last hidden layer of 2 units or more, "
        f"'Model' has {units}"
    )


@pytest.mark.parametrize("kind", ["landscape", "representation"])
def test_a_recording_without_layers_is_refused(kind: str, make_recording: RecordingMaker) -> None:
    panel = LandscapePanel(("Disc",)) if kind == "landscape" else RepresentationPanel("Disc")
    with pytest.raises(InvalidInputError) as caught:
        film({"Disc": make_recording()}, panel).frame(0)
    assert str(caught.value) == (
        f"panels: '{kind}' needs the layers of 'Disc', which its recording doesn't have"
    )


@pytest.mark.parametrize("panel", [LandscapePanel(("A",)), RepresentationPanel("A")])
def test_a_recording_without_samples_is_refused(panel: Panel) -> None:
    recording = trained("A", seed=1)
    data = recording.dataset
    bare = replace(
        data, x_train=data.x_train[:0], y_train=data.y_train[:0], x_test=data.x_test[:0],
        y_test=data.y_test[:0],
    )  # fmt: skip
    with pytest.raises(InvalidInputError, match="which the recording of 'A' doesn't have"):
        film({"A": replace(recording, dataset=bare)}, panel).frame(0)
