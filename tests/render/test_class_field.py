"""The boundary of many classes, against each pixel by itself: colours, borders, crosses."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from epochreel.nn import Network, NetworkRecorder, make_dataset, train
from epochreel.nn.dataset import Dataset, Viewport
from epochreel.nn.optimizers import Adam
from epochreel.nn.recording import FunctionRecording, ParameterRecording
from epochreel.render import Film, Timeline, load_style
from epochreel.render.class_colors import class_palette, mixed_colors, responses
from epochreel.render.class_field import ClassPainter, find_borders, sample_classes
from epochreel.render.field import NodeGrid
from epochreel.render.looks import STYLES
from epochreel.render.palette import PaletteMap
from epochreel.render.panels.boundary import BoundaryPanel
from epochreel.render.panels.samples import choose_samples

VIEW = Viewport(-4.0, 4.0, -3.0, 3.0)
SIZE = (320, 240)


@cache
def trained(classes: int = 3) -> ParameterRecording:
    data, rng = make_dataset("spirals", samples=90 * classes, seed=7, classes=classes), seeded()
    network = Network([2, 16, 16, classes], rng=rng, initializer="glorot_uniform",
                      output_activation="softmax")  # fmt: skip
    recorder = NetworkRecorder("Model", data, every=40, loss="categorical_crossentropy")
    train(
        network, data.x_train, data.y_train, optimizer=Adam(0.02), iterations=160, rng=rng,
        loss="categorical_crossentropy", callbacks=[recorder],
    )  # fmt: skip
    return recorder.recording()


def seeded() -> np.random.Generator:
    return np.random.default_rng(3)


def centres(width: int, height: int, view: Viewport = VIEW) -> np.ndarray:
    x = view.x_min + (np.arange(width) + 0.5) / width * view.width
    y = view.y_max - (np.arange(height) + 0.5) / height * view.height
    return np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2).astype(np.float32)


def srgb_mix(colors: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mix in OKLab, in the plainest way: (pixels, classes) weights → (pixels, 3) of 0..255."""
    share = colors / 255
    light = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    to_cones = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
    cones = weights @ np.cbrt(light @ to_cones.T)
    mixed = np.clip(cones**3 @ np.linalg.inv(to_cones).T, 0, 1)
    dark = mixed <= 0.0031308
    return 255 * np.where(dark, 12.92 * mixed, 1.055 * mixed ** (1 / 2.4) - 0.055)


def slow_field(logits: np.ndarray, colors: np.ndarray, bands: int) -> np.ndarray:
    """Colour every pixel by its own softmax: (pixels, classes) → (pixels, 3)."""
    shares = np.exp(logits.astype(float) - logits.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    own, lead = np.arange(len(shares)), shares.argmax(axis=1)
    probability = shares[own, lead]
    band = np.minimum((probability * bands).astype(int), bands - 1)
    shown = np.maximum((band + 0.5) / bands, 1 / logits.shape[1])
    shown[band == bands - 1] = 1.0
    shares *= ((1 - shown) / np.maximum(1 - probability, 1e-30))[:, None]
    shares[own, lead] = shown
    return srgb_mix(colors.astype(float), shares)


@pytest.mark.parametrize("classes", [3, 5, 10])
@pytest.mark.parametrize("snapshot", [0, 1, 4])
def test_every_pixel_has_the_colour_of_its_own_softmax(classes: int, snapshot: int) -> None:
    recording, (width, height), bands = trained(classes), (640, 480), 25
    colors = class_palette(classes)
    grid = NodeGrid(width, height, VIEW, 4)

    def predict(places: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(recording.logits(snapshot, places).T)

    box = np.zeros((height, width, 4), np.uint8)
    ClassPainter(grid, colors, bands).paint(sample_classes(grid, predict, bands), box)
    wanted = slow_field(recording.logits(snapshot, centres(width, height)), colors, bands)
    apart = np.abs(box[:, :, :3].reshape(-1, 3) - wanted).max(axis=1)
    assert (box[:, :, 3] == 255).all()
    # at an edge of a band a pixel may have the next one's colour; nowhere is it another class's
    assert (apart > 2).mean() < 0.03
    assert (apart > 10).mean() < 0.002
    assert apart.mean() < 0.7


def test_painting_again_over_another_moment_gives_the_same() -> None:
    recording, (width, height) = trained(), SIZE
    grid = NodeGrid(width, height, VIEW, 4)
    painter = ClassPainter(grid, class_palette(3), 25)

    def painted(used: ClassPainter, snapshot: int) -> np.ndarray:
        box = np.zeros((height, width, 4), np.uint8)
        nodes = sample_classes(
            grid, lambda places: np.ascontiguousarray(recording.logits(snapshot, places).T), 25
        )
        used.paint(nodes, box)
        return box

    first = painted(painter, 4)
    painted(painter, 0)
    np.testing.assert_array_equal(painted(painter, 4), first)
    np.testing.assert_array_equal(painted(ClassPainter(grid, class_palette(3), 25), 4), first)


@pytest.mark.parametrize("classes", [3, 5])
def test_every_border_is_where_the_two_greatest_logits_are_equal(classes: int) -> None:
    recording, (width, height) = trained(classes), SIZE
    grid = NodeGrid(width, height, VIEW, 4)

    def predict(places: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(recording.logits(4, places).T)

    pieces = find_borders(grid, sample_classes(grid, predict, 25), predict)
    # each pixel beside another class's is near a piece
    own = recording.logits(4, centres(width, height)).argmax(axis=1).reshape(height, width)
    across = np.argwhere(own[:, 1:] != own[:, :-1])[:, ::-1] + [1.0, 0.5]
    along = np.argwhere(own[1:] != own[:-1])[:, ::-1] + [0.5, 1.0]
    edges = np.concatenate([across, along])
    assert len(edges) > 100
    start, step = pieces[:, 0], pieces[:, 1] - pieces[:, 0]
    to = edges[:, None] - start
    share = np.clip((to * step).sum(-1) / np.maximum((step**2).sum(-1), 1e-12), 0, 1)
    distance = np.linalg.norm(to - share[..., None] * step, axis=-1).min(axis=1)
    assert np.quantile(distance, 0.99) < 0.8
    assert distance.max() < 5  # at the tip of a sliver that is thinner than the nodes are apart
    # and each piece is on a border: beside it, two classes are all but equal
    middles = pieces.mean(axis=1)
    places = grid.places(middles[:, 0], middles[:, 1])
    best = np.sort(recording.logits(4, places), axis=1)
    slope = np.sort(recording.logits(4, places + np.float32(0.025)), axis=1)
    nearly = (best[:, -1] - best[:, -2]) <= 2 * np.abs(slope - best).max(axis=1) + 0.05
    assert nearly.mean() > 0.98


def test_a_border_is_traced_once() -> None:
    recording, (width, height) = trained(), SIZE
    grid = NodeGrid(width, height, VIEW, 4)

    def predict(places: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(recording.logits(4, places).T)

    pieces = find_borders(grid, sample_classes(grid, predict, 25), predict)
    traced = np.linalg.norm(pieces[:, 1] - pieces[:, 0], axis=1).sum()
    finer = recording.logits(4, centres(2 * width, 2 * height)).argmax(axis=1)
    finer = finer.reshape(2 * height, 2 * width)
    steps = (finer[:, 1:] != finer[:, :-1]).sum() + (finer[1:] != finer[:-1]).sum()
    # stairs are 4/π times as long as a line of any direction
    assert traced == pytest.approx(steps / 2 * np.pi / 4, rel=0.08)


def three_halves(points: np.ndarray) -> np.ndarray:
    x, y = points.T
    return np.column_stack([x, y, -x - y]).astype(np.float32) * 3


def recording_of(function, dataset: Dataset) -> FunctionRecording:
    return FunctionRecording(
        name="Model",
        dataset=dataset,
        updates=np.array([0, 1]),
        epochs=np.array([0.0, 1.0]),
        seconds=np.array([0.0, 0.1]),
        unit="update",
        metrics={},
        link="softmax",
        function=lambda snapshot, points: function(points) * (1 if snapshot else -1),
    )


def dataset(classes: int = 3) -> Dataset:
    angles = np.linspace(0, 2 * np.pi, 30, endpoint=False) + 0.05
    x = 2 * np.column_stack([np.cos(angles), np.sin(angles)])
    y = three_halves(x).argmax(axis=1) % classes
    return Dataset(
        name="ring", x_train=x, y_train=y, x_test=1.3 * x[:7], y_test=y[:7], viewport=VIEW,
        class_names=tuple(f"class {index}" for index in range(classes)),
    )  # fmt: skip


def film(panel: BoundaryPanel, recording, size=(800, 600), style: str = "dark") -> Film:
    recordings = {"Model": recording}
    return Film(
        recordings,
        [panel],
        size=size,
        style=load_style(style),
        timeline=Timeline.build(recordings),
    )


def test_two_outputs_are_drawn_as_the_field_of_one() -> None:
    data = dataset(2)
    one = recording_of(lambda points: points[:, :1] * np.float32(2), data)
    two = recording_of(
        lambda points: (
            np.column_stack([5 - points[:, 0], 5 + points[:, 0]]).astype(np.float32) * np.float32(1)
        ),
        data,
    )
    # 2x = (5 + x) − (5 − x)
    panel = BoundaryPanel("Model", numbers=())
    frames = [film(panel, recording).frame(1).pixels.astype(int) for recording in (one, two)]
    assert (np.abs(frames[0] - frames[1]) > 8).mean() < 1e-3


def test_crosses_stand_on_the_samples_that_are_mistaken_and_only_there() -> None:
    data = dataset()
    recording = recording_of(three_halves, data)
    marked = film(BoundaryPanel("Model", mark_errors=True), recording)
    plain = film(BoundaryPanel("Model"), recording)
    body = marked.layout.slots[0].body
    assert marked.layout.slots[0].body == plain.layout.slots[0].body

    def changed(index: int) -> np.ndarray:
        pair = [made.frame(index).pixels.astype(int) for made in (marked, plain)]
        box = np.s_[body.top : body.bottom, body.left : body.right]
        return np.abs(pair[0] - pair[1])[box].max(axis=-1) > 40

    assert not changed(1).any()  # all are right
    crossed = changed(0)
    wrong = (-three_halves(data.x_test)).argmax(axis=1) != data.y_test
    assert wrong.any()
    for point in data.x_test[wrong]:
        column = int((point[0] - VIEW.x_min) / VIEW.width * body.width)
        row = int((VIEW.y_max - point[1]) / VIEW.height * body.height)
        assert crossed[row - 3 : row + 4, column - 3 : column + 4].sum() > 5
        crossed[row - 12 : row + 13, column - 12 : column + 13] = False
    assert not crossed.any()


def test_vectors_have_as_many_crosses() -> None:
    recording = recording_of(three_halves, dataset())
    made = film(BoundaryPanel("Model", mark_errors=True, show_points="both"), recording)
    data = recording.dataset
    train, test = (
        int(((-three_halves(x)).argmax(axis=1) != y).sum())
        for x, y in ((data.x_train, data.y_train), (data.x_test, data.y_test))
    )
    with made.style.context():
        figure = made.artists(0)
    patches = [patch for axes in figure.axes for patch in axes.patches]
    strokes = [
        (int((path.codes == path.MOVETO).sum()), patch.get_linewidth())
        for patch in patches
        if (path := patch.get_path()).codes is not None
    ]
    # of either split a halo and a core, those of training points thinner
    (*_, small_halo, small_core, large_halo, large_core) = strokes
    assert [small_halo[0], small_core[0]] == [2 * train] * 2
    assert [large_halo[0], large_core[0]] == [2 * test] * 2
    assert small_halo[1] < large_halo[1]
    assert small_core[1] < large_core[1]


def test_both_splits_are_drawn_and_the_test_points_lead() -> None:
    data = dataset()
    groups = choose_samples(data, "both")
    assert [(len(group.y), group.lesser) for group in groups] == [(30, True), (7, False)]
    made = film(BoundaryPanel("Model", show_points="both"), recording_of(three_halves, data))
    with made.style.context():
        figure = made.artists(0)
    drawn = [marks for axes in figure.axes for marks in axes.collections]
    sizes = {float(marks.get_sizes()[0]) for marks in drawn if len(marks.get_sizes())}
    counts = sum(len(marks.get_offsets()) for marks in drawn)
    assert counts == 37
    assert max(sizes) > 2 * min(sizes)
    words = [text.get_text() for text in figure.texts]
    assert "test points, small: training points" in words


def test_classes_can_be_told_apart_also_without_red_or_green() -> None:
    """Least distances in OKLab × 100, where 2 is a just noticeable difference."""
    # Source: G. M. Machado et al., A physiologically-based model for simulation of color vision
    # deficiency (2009), severity 1.
    views = {
        "all cones": np.eye(3),
        "protan": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                            [-0.003882, -0.048116, 1.051998]]),
        "deutan": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                            [-0.011820, 0.042940, 0.968881]]),
    }  # fmt: skip
    share = class_palette(10) / 255
    light = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    to_lab = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    to_cones = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
    for name, seen in views.items():
        lab = np.cbrt(np.clip(light @ seen.T, 0, 1) @ to_cones.T) @ to_lab.T
        apart = 100 * np.linalg.norm(lab[:, None] - lab, axis=-1)
        for count, least in ((3, 10), (5, 8), (10, 3)):
            pairs = apart[:count, :count][~np.eye(count, dtype=bool)]
            assert pairs.min() > least, (name, count, pairs.min())


def test_a_mixture_of_one_colour_is_that_colour() -> None:
    colors = class_palette(10)
    pure = mixed_colors(np.eye(10, dtype=np.float32), responses(colors))
    assert np.abs(pure[:, :3].astype(int) - colors).max() <= 1


@pytest.mark.parametrize("style", STYLES)
def test_one_palette_holds_the_colours_of_a_film(style: str) -> None:
    made = film(BoundaryPanel("Model"), trained(), style=style)
    palette = made.palette()
    mapper = PaletteMap(palette)
    for index in (0, len(made) // 2, len(made) - 1):
        frame = made.frame(index).pixels
        shown = palette[mapper.indices(frame)].astype(int)
        apart = np.abs(shown - frame[:, :, :3]).max(axis=-1)
        assert (apart <= 8).mean() > 0.97, index
        assert np.quantile(apart, 0.999) < 32
