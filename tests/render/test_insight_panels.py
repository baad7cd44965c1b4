"""Surface, landscape and representation: what they show, what they refuse."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from conftest import RecordingMaker
from panel_samples import trained

from epochreel.nn import Network, NetworkRecorder, make_dataset, train
from epochreel.nn.errors import InvalidInputError
from epochreel.nn.optimizers import Adam
from epochreel.nn.recording import ParameterRecording, Recording
from epochreel.render import Film, Timeline, load_style
from epochreel.render.descent import find_plane
from epochreel.render.panels import Panel
from epochreel.render.panels.landscape import LandscapePanel
from epochreel.render.panels.representation import RepresentationPanel
from epochreel.render.panels.surface import SurfacePanel
from epochreel.render.solid import walls_shown
from epochreel.render.stage import rgb


def film(
    recordings: Mapping[str, Recording], panel: Panel, style: str = "dark",
    size: tuple[int, int] = (400, 300), **timing: Any,
) -> Film:  # fmt: skip
    timeline = Timeline.build(recordings, **timing)
    return Film(recordings, [panel], size=size, style=load_style(style), timeline=timeline)


def texts(ready: Film, index: int = 0) -> list[str]:
    with ready.style.context():
        figure = ready.artists(index)
    written = [*figure.texts, *(text for axes in figure.axes for text in axes.texts)]
    return [text.get_text() for text in written if text.get_text().strip()]


def lines(ready: Film, index: int) -> list[Any]:
    """What the drawing has painted with lines and markers, as artists."""
    with ready.style.context():
        return list(ready.artists(index).axes[-1].lines)


def bottleneck(layers: list[int], classes: int = 2, snapshots: int = 4) -> ParameterRecording:
    kind = "moons" if classes == 2 else "blobs"
    extra = {} if classes == 2 else {"classes": classes}
    data, rng = make_dataset(kind, samples=90, seed=3, **extra), np.random.default_rng(0)
    several = layers[-1] > 1
    network = Network(
        layers, activation="tanh", output_activation="softmax" if several else "sigmoid",
        initializer="glorot_uniform", rng=rng,
    )  # fmt: skip
    loss = "categorical_crossentropy" if several else "binary_crossentropy"
    recorder = NetworkRecorder("Model", data, every=10, loss=loss)
    train(
        network, data.x_train, data.y_train, optimizer=Adam(0.05), iterations=10 * snapshots,
        rng=rng, callbacks=[recorder], loss=loss,
    )  # fmt: skip
    return recorder.recording()


# surface


def constant(snapshot: int, points: np.ndarray) -> np.ndarray:
    return np.full((len(points), 1), 0.3, np.float32)


def test_a_still_camera_holds_still_and_a_turning_one_turns(make_recording: RecordingMaker) -> None:
    recordings = {"Disc": make_recording(function=constant)}
    still = film(recordings, SurfacePanel("Disc", turn=0.0))
    body = still.layout.slots[0].body

    def plot(ready: Film, index: int) -> np.ndarray:
        pixels = ready.frame(index).pixels
        return pixels[body.top : body.bottom, body.left : body.right].copy()

    np.testing.assert_array_equal(plot(still, 0), plot(still, len(still) - 1))
    turning = film(recordings, SurfacePanel("Disc", turn=40.0))
    first, last = plot(turning, 0), plot(turning, len(turning) - 1)
    assert (first != last).any(axis=-1).mean() > 0.1
    there = film(recordings, SurfacePanel("Disc", azimuth=10.0, turn=0.0))
    scale = turning._set.drawings[0]._camera, there._set.drawings[0]._camera
    assert scale[0].azimuth - 20.0 == scale[1].azimuth


def test_walls_and_names_fade_where_they_change_sides(make_recording: RecordingMaker) -> None:
    def shown(azimuth: float, turn: float) -> list[float]:
        places = np.linspace(azimuth - turn / 2, azimuth + turn / 2, 181)
        return [walls_shown(place, azimuth - turn / 2, azimuth + turn / 2) for place in places]

    assert set(shown(30.0, 40.0)) == {1.0}
    assert set(shown(90.0, 0.0)) == {1.0}  # held still, nothing changes sides
    assert set(shown(110.0, 40.0)) == {1.0}  # it only sets out there
    crossing = shown(95.0, 60.0)
    assert crossing[0] == crossing[-1] == 1.0
    assert min(crossing) < 0.05
    assert max(np.abs(np.diff(crossing))) < 0.05, "it must not jump"
    around = np.array(shown(45.0, 360.0))
    assert ((around[1:-1] < around[:-2]) & (around[1:-1] <= around[2:])).sum() == 4
    near = shown(89.0, 4.0)
    assert near[0] == near[-1] == 1.0


def test_names_have_gone_when_a_wall_is_edge_on(make_recording: RecordingMaker) -> None:
    recordings = {"Disc": make_recording(function=constant)}
    panel = SurfacePanel("Disc", azimuth=90.0, turn=40.0, show_points="none")
    ready = film(recordings, panel, fps=10, frames=41)
    middle, last = 20, 40
    assert len(ready) == last + 1
    body = ready.layout.slots[0].body
    ground = np.array(rgb(ready.style.ground)) * 255

    def written(index: int) -> int:
        pixels = ready.frame(index).pixels[body.top : body.bottom, body.left : body.right, :3]
        corner = pixels[-body.height // 8 :]  # beneath the box, where only names stand
        return int((np.abs(corner - ground).max(axis=-1) > 60).sum())

    assert written(last) > 20
    assert written(middle) < written(last) / 4


def test_a_surface_has_the_colours_of_its_heights(make_recording: RecordingMaker) -> None:
    recordings = {"Disc": make_recording(function=constant)}
    ready = film(recordings, SurfacePanel("Disc", bands=5, show_points="none", turn=0.0))
    body = ready.layout.slots[0].body
    pixels = ready.frame(0).pixels[body.top : body.bottom, body.left : body.right, :3]
    middle = pixels[body.height // 2 - 8 : body.height // 2, body.width // 2].astype(float)
    expected = ready.style.band_colors(5)[2].astype(float)  # 1 / (1 + e^-0.3) = 0.57
    cosine = middle @ expected / np.linalg.norm(middle, axis=1) / np.linalg.norm(expected)
    assert (cosine > 0.999).all()


def test_a_surface_stands_on_labelled_axes(make_recording: RecordingMaker) -> None:
    ready = film({"Disc": make_recording()}, SurfacePanel("Disc"), size=(800, 600))
    written = texts(ready)
    assert {"X₁", "X₂", "0", "0.5", "1"} <= set(written)
    assert "height: probability of class 1; stems: each point's error" in written
    assert not [text for text in texts(film({"Disc": make_recording()},
        SurfacePanel("Disc", show_points="none"))) if "stems" in text]  # fmt: skip


def test_points_stand_at_their_class_and_stems_end_on_the_surface(
    make_recording: RecordingMaker,
) -> None:
    recordings = {"Disc": make_recording(function=constant)}
    ready = film(recordings, SurfacePanel("Disc", turn=0.0))
    drawing = ready._set.drawings[0]
    data = recordings["Disc"].dataset
    drawn = {group.height: len(group.x) for group in drawing._points}
    assert drawn == {0.0: int((data.y_test == 0).sum()), 1.0: int((data.y_test == 1).sum())}
    height = 1 / (1 + np.exp(-0.3))
    shown = lines(ready, 0)
    camera = drawing._camera
    view = data.viewport
    one = data.x_test[data.y_test == 1]
    x = 2 * (one[:, 0] - view.x_min) / view.width - 1
    y = 2 * (one[:, 1] - view.y_min) / view.height - 1
    foot = camera.project(x, y, np.full(len(x), height))
    top = camera.project(x, y, np.ones(len(x)))
    places = np.concatenate([line.get_xydata() for line in shown])
    for expected in (*foot, *top):
        assert np.nanmin(np.abs(places - expected).sum(axis=1)) < 1e-3


def test_what_is_no_number_leaves_a_hole(make_recording: RecordingMaker) -> None:
    def half(snapshot: int, points: np.ndarray) -> np.ndarray:
        return np.where(points[:, :1] > 0.5, np.nan, 1.0 + snapshot).astype(np.float32)

    ready = film({"Disc": make_recording(function=half)}, SurfacePanel("Disc"))
    nothing = film(
        {"Disc": make_recording(function=lambda s, p: np.full((len(p), 1), np.nan, np.float32))},
        SurfacePanel("Disc"),
    )
    whole = film({"Disc": make_recording(function=constant)}, SurfacePanel("Disc"))
    painted = [
        (ready.frame(0).pixels != nothing.frame(0).pixels).any(axis=-1).sum()
        for ready in (ready, whole)
    ]
    assert 0.2 * painted[1] < painted[0] < 0.8 * painted[1]


def test_a_surface_of_three_classes_is_refused() -> None:
    recordings = {"Model": bottleneck([2, 6, 3], classes=3)}
    with pytest.raises(InvalidInputError, match=r"^panels: 'surface' needs two classes, .* has 3$"):
        film(recordings, SurfacePanel("Model")).frame(0)


# landscape


def test_the_heads_are_where_the_projection_says() -> None:
    recordings: dict[str, Recording] = {"A": trained("A", seed=1), "B": trained("B", seed=2)}
    ready = film(recordings, LandscapePanel(("A", "B")), frames=10)
    plane = find_plane(list(recordings.values()), "pca", 0)
    drawing = ready._set.drawings[0]
    rect = drawing._rect
    for index in (0, 4, 9):
        heads = [line for line in lines(ready, index) if line.get_marker() == "o"][-2:]
        for path, head, (_, places, _) in zip(plane.paths, heads, drawing._paths, strict=True):
            at = ready.timeline.moments[index].snapshots["A"]
            whole = min(int(at), len(path) - 2)
            expected = path[whole] + (at - whole) * (path[whole + 1] - path[whole])
            # from pixels back into the plane: places are an affine picture of the path
            design = np.column_stack([places, np.ones(len(places))])
            affine = np.linalg.lstsq(design, path, rcond=None)[0]
            found = np.append(head.get_xydata()[0], 1) @ affine
            np.testing.assert_allclose(found, expected, atol=1e-6)
            assert 0 < head.get_xydata()[0][0] < rect.width


def test_a_path_grows_and_nothing_else_moves() -> None:
    recordings = {"A": trained("A", seed=1)}
    ready = film(recordings, LandscapePanel(("A",)), frames=8)
    lengths = [max(len(line.get_xydata()) for line in lines(ready, index)) for index in range(8)]
    assert lengths == sorted(lengths)
    assert lengths[0] == 1
    assert lengths[-1] == len(recordings["A"])
    assert texts(ready, 0) == [
        text.replace("00120", "00000") for text in texts(ready, 7)
    ]  # but for the counter


def test_it_says_how_much_of_the_paths_lies_in_the_plane() -> None:
    recordings: dict[str, Recording] = {"A": trained("A", seed=1), "B": trained("B", seed=2)}
    both = find_plane(list(recordings.values()), "pca", 0).explained
    one = find_plane([recordings["A"]], "pca", 0).explained
    said = f"{int(100 * both)} % of the paths' variance in this plane"
    assert said in texts(film(recordings, LandscapePanel(("A", "B")), size=(800, 600)))
    said = f"{int(100 * one)} % of the path's variance in this plane"
    assert said in texts(film(recordings, LandscapePanel(("A",)), size=(800, 600)))
    random = texts(film(recordings, LandscapePanel(("A",), directions="random"), size=(800, 600)))
    assert any(text.endswith("variance in this plane of random directions") for text in random)
    assert {"d₁", "d₂"} <= set(random)


def test_a_thinned_training_set_is_told() -> None:
    data = make_dataset("moons", samples=6000, seed=5)
    recordings = {"A": replace(trained("A", seed=1), dataset=data)}
    count = len(data.y_train)
    written = texts(film(recordings, LandscapePanel(("A",)), size=(1200, 900)))
    assert any(text.endswith(f"loss of 2000 of {count} training points") for text in written)


def test_where_the_loss_is_no_number_the_ground_is_hatched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = film({"A": trained("A", seed=1)}, LandscapePanel(("A",)))
    before = whole.frame(0).pixels.copy()
    own = ParameterRecording.losses

    def partly(self: ParameterRecording, vectors: Any, *, most: int | None = None) -> Any:
        found = own(self, vectors, most=most)
        found[: len(found) // 2] = np.nan
        return found

    monkeypatch.setattr(ParameterRecording, "losses", partly)
    holed = film({"A": trained("A", seed=1)}, LandscapePanel(("A",)))
    body = whole.layout.slots[0].body
    left = (slice(body.top, body.bottom), slice(body.left, body.left + body.width // 3))
    ground = np.array(whole.style.ground)
    shares = [
        (np.abs(pixels[left][..., :3].astype(int) - ground).max(-1) <= 2).mean()
        for pixels in (before, holed.frame(0).pixels)
    ]
    assert shares[0] < 0.05
    assert 0.4 < shares[1] < 0.95, "plain ground with a hatch on it"
    monkeypatch.setattr(
        ParameterRecording, "losses",
        lambda self, vectors, *, most=None: np.full(len(vectors), np.inf),
    )  # fmt: skip
    assert film({"A": trained("A", seed=1)}, LandscapePanel(("A",))).frame(0).pixels.any()


def others(recording: ParameterRecording) -> dict[str, Recording]:
    data = make_dataset("circles", samples=120, seed=1)
    return {"A": recording, "B": replace(recording, dataset=data)}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: {"A": trained("A", seed=1), "B": bottleneck([2, 3, 1])},
            "panels: 'landscape' needs models of one architecture, 'B' isn't built as 'A'",
        ),
        (
            lambda: others(trained("A", seed=1)),
            "panels: 'landscape' needs models of the same data, 'B' learned from others than 'A'",
        ),
    ],
)
def test_models_without_a_landscape_in_common_are_refused(
    make: Callable[[], dict[str, Recording]], message: str
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        film(make(), LandscapePanel(("A", "B"))).frame(0)
    assert str(caught.value) == message


def test_no_models_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="needs at least one model, got none"):
        film({"A": trained("A", seed=1)}, LandscapePanel(())).frame(0)


# representation


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
