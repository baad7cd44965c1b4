"""The two ready-made scenes, made for real, decoded again and held against the trained networks."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import accuracy_score, log_loss

from epochreel.nn.recording import ParameterRecording
from epochreel.render import Film
from epochreel.render.numerals import format_metric
from epochreel.render.palette import MOST_COLORS
from epochreel.render.text import NumberSlot
from epochreel.scenes.building import build_film
from epochreel.scenes.cli import main
from epochreel.scenes.executors import SerialExecutor
from epochreel.scenes.preparing import PreparedScene, load_scenes
from epochreel.scenes.progress import NullReporter
from epochreel.scenes.tasks import TrainingJob, train_model

SCENES = ("numpy_dark", "keras_style_side_by_side")
SNAPSHOTS = 201  # the untrained network and 200 more


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("output")
    assert main(["render", *SCENES, "-o", str(folder), "--quiet", "--jobs", "2"]) == 0
    return folder


@pytest.fixture(scope="module")
def scenes() -> dict[str, PreparedScene]:
    return dict(zip(SCENES, load_scenes(SCENES), strict=True))


@pytest.fixture(scope="module")
def recordings(scenes: dict[str, PreparedScene]) -> dict[str, ParameterRecording]:
    """Train once more in this process, as an executor with one worker does."""
    scene = scenes["keras_style_side_by_side"]
    found: dict[str, ParameterRecording] = {}
    with SerialExecutor() as executor:
        for number, plan in enumerate(scene.plans):
            job = TrainingJob(str(number), plan, scene.dataset)
            recording = executor.submit(train_model, job, NullReporter()).result()
            assert isinstance(recording, ParameterRecording)
            found[plan.name] = recording
    return found


def film_of(name: str, scenes, recordings, size: tuple[int, int]) -> Film:
    scene = scenes[name].file.scene
    output = next(output for output in scene.outputs if output.size == size)
    mine = {model.name: recordings[model.name] for model in scene.models}
    return build_film(scene, mine, output)


def probability(recording: ParameterRecording, snapshot: int, places: np.ndarray) -> np.ndarray:
    """Evaluate the saved parameters by the book, in float64 and with none of nn's code."""
    parameters = recording.network(snapshot).parameters()
    layers = len(parameters) // 2
    a = places.T.astype(np.float64)
    for layer in range(1, layers + 1):
        weights, bias = parameters[f"W{layer}"], parameters[f"b{layer}"]
        z = weights.astype(np.float64) @ a + bias.astype(np.float64)[:, None]
        a = np.maximum(z, 0) if layer < layers else 1 / (1 + np.exp(-z))
    return a[0]


def decoded_mp4(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [
            frame.to_ndarray(format="rgb24", src_colorspace="ITU709")
            for index, frame in enumerate(container.decode(video=0))
            if index in (0, 100, 240)
        ]


def decoded_gif(path: Path) -> list[np.ndarray]:
    with Image.open(path) as image:
        frames = []
        for index in (0, 100, image.n_frames - 1):
            image.seek(index)
            frames.append(np.asarray(image.convert("RGB")))
        return frames


def test_both_models_reach_95_percent(recordings) -> None:
    for recording in recordings.values():
        data = recording.dataset
        predicted = probability(recording, len(recording) - 1, data.x_test) > 0.5
        assert accuracy_score(data.y_test, predicted) >= 0.95


def test_numbers_shown_are_those_of_the_saved_parameters(recordings) -> None:
    for recording in recordings.values():
        data = recording.dataset
        for snapshot in (0, 60, len(recording) - 1):
            p = probability(recording, snapshot, data.x_test)
            shown = recording.metrics["test_accuracy"][snapshot]
            assert shown == accuracy_score(data.y_test, p > 0.5)
            loss = recording.metrics["test_loss"][snapshot]
            assert loss == pytest.approx(log_loss(data.y_test, p), rel=2e-5)


@pytest.mark.parametrize("name", SCENES)
def test_last_frame_shows_the_numbers(name: str, scenes, recordings) -> None:
    film = film_of(name, scenes, recordings, (1600, 1200))
    pixels = film.frame(len(film) - 1).pixels[..., :3]
    style, scale = film.style, film.layout.scale
    for slot, panel in zip(film.layout.slots, film.panels, strict=True):
        recording = recordings[panel.models[0]]
        p = probability(recording, len(recording) - 1, recording.dataset.x_test)
        loss = log_loss(recording.dataset.y_test, p)
        size = scale.body if slot.strip is None else scale.title
        stamp = NumberSlot.create(0, size, size, "semibold", style.ink, style.ground)
        text = format_metric(loss)
        blank = np.full((round(1.4 * size), stamp.width(text), 4), (*style.ground, 255), np.uint8)
        stamp.draw(blank, text)
        expected = blank[..., :3]
        rows = np.flatnonzero((expected != style.ground).any(axis=(1, 2)))
        expected = expected[rows[0] : rows[-1] + 1]
        area = pixels[slot.cell.top : slot.cell.bottom, slot.cell.left : slot.cell.right + 4]
        windows = np.lib.stride_tricks.sliding_window_view(area, expected.shape)[:, :, 0]
        first = windows[..., expected.shape[0] // 2, :, :]
        near = np.argwhere((first == expected[expected.shape[0] // 2]).all(axis=(2, 3)))
        assert any((windows[row, column] == expected).all() for row, column in near), text


@pytest.mark.parametrize("name", SCENES)
def test_files_are_as_promised(name: str, made: Path) -> None:
    with av.open(str(made / f"{name}.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height) == (1600, 1200)
        assert stream.frames == SNAPSHOTS + 40
        assert float(stream.duration * stream.time_base) == pytest.approx(12.05, abs=0.001)
    with Image.open(made / f"{name}.gif") as image:
        assert image.size == (800, 600)
        assert image.info["loop"] == 0
        total, last = 0, 0
        for index in range(image.n_frames):
            image.seek(index)
            last = image.info["duration"]
            total += last
        assert total == 12050
        assert last >= 2000


@pytest.mark.parametrize("name", SCENES)
@pytest.mark.parametrize("suffix", [".mp4", ".gif"])
def test_decoded_fields_have_the_networks_own_colours(
    name: str, suffix: str, made: Path, scenes, recordings
) -> None:
    size = (1600, 1200) if suffix == ".mp4" else (800, 600)
    film = film_of(name, scenes, recordings, size)
    decode = decoded_mp4 if suffix == ".mp4" else decoded_gif
    colors = film.style.band_colors(25).astype(int)
    for pixels, snapshot in zip(decode(made / f"{name}{suffix}"), (0, 100, 200), strict=True):
        for slot, panel in zip(film.layout.slots, film.panels, strict=True):
            body, recording = slot.body, recordings[panel.models[0]]
            view = recording.dataset.viewport
            rows, columns = np.mgrid[0.15:0.85:23j, 0.11:0.89:29j]
            rows, columns = rows * body.height, columns * body.width
            x = view.x_min + (np.floor(columns) + 0.5) / body.width * view.width
            y = view.y_max - (np.floor(rows) + 0.5) / body.height * view.height
            places = np.column_stack([x.ravel(), y.ravel()])
            to_px = np.array([body.width / view.width, body.height / view.height])
            level = 25 * probability(recording, snapshot, places)
            # well inside a band: a video's colours are those of 2×2 pixels, and its edges soft
            clear = np.ones(len(places), bool)
            for across in np.array([[-4, -4], [-4, 4], [4, -4], [4, 4]]):
                beside = 25 * probability(recording, snapshot, places + across / to_px)
                clear &= beside.astype(int) == level.astype(int)
            # points, their rings, the line and the grid lie over the field
            points = recording.dataset.x_test
            away = np.abs((places[:, None] - points[None]) * to_px).max(axis=2).min(axis=1)
            clear &= (away > 0.02 * min(size)) & (np.abs(level - 12.5) > 0.5)
            clear &= (np.abs(places - np.rint(places)) * to_px > 4).all(axis=1)
            shown = pixels[
                body.top + rows.astype(int).ravel(), body.left + columns.astype(int).ravel()
            ].astype(int)
            wanted = colors[np.minimum(level.astype(int), 24)]
            error = np.abs(shown - wanted)[clear].max(axis=1)
            assert clear.sum() > 50 or not snapshot
            assert error.max(initial=0) <= (12 if suffix == ".mp4" else 0)


def as_players_show(frame: av.VideoFrame) -> np.ndarray:
    """Turn 4:2:0 into RGB by the book: colours amid four pixels and interpolated, BT.709."""
    y, u, v = (
        np.frombuffer(plane, np.uint8)
        .reshape(plane.height, -1)[:, : plane.width]
        .astype(np.float32)
        for plane in frame.planes
    )

    def doubled(rows: np.ndarray) -> np.ndarray:
        padded = np.pad(rows, ((1, 1), (0, 0)), mode="edge")
        pairs = [padded[1:-1] * 3 + padded[:-2], padded[1:-1] * 3 + padded[2:]]
        return np.stack(pairs, axis=1).reshape(-1, rows.shape[1]) / 4

    y = (y - 16) * 255 / 219
    u, v = ((doubled(doubled(plane).T).T - 128) * 255 / 224 for plane in (u, v))
    # ITU-R BT.709, item 3.2: weights of red and blue in luma are 0.2126 and 0.0722
    red, blue = y + 1.5748 * v, y + 1.8556 * u
    green = (y - 0.2126 * red - 0.0722 * blue) / 0.7152
    return np.clip(np.rint(np.stack([red, green, blue], axis=-1)), 0, 255)


def test_the_video_is_as_its_frames_to_40_db(made: Path, scenes, recordings) -> None:
    film = film_of("numpy_dark", scenes, recordings, (1600, 1200))
    moments, found = (20, 100, 190), []
    with av.open(str(made / "numpy_dark.mp4")) as container:
        for index, frame in enumerate(container.decode(video=0)):
            if index in moments:
                difference = as_players_show(frame) - film.frame(index).pixels[:, :, :3]
                found.append(10 * np.log10(255**2 / np.mean(difference**2)))
    assert len(found) == 3
    assert min(found) >= 40, found


def test_the_untrained_numpy_network_is_almost_one_colour(made: Path, scenes, recordings) -> None:
    film = film_of("numpy_dark", scenes, recordings, (800, 600))
    body = film.layout.slots[0].body
    field = decoded_gif(made / "numpy_dark.gif")[0][
        body.top + 4 : body.bottom - 4, body.left + 4 : body.right - 4
    ].reshape(-1, 3)
    middle = film.style.band_colors(25)[12]
    assert (field == middle).all(axis=1).mean() > 0.9  # the rest are the test points


def test_films_use_one_palette(scenes, recordings) -> None:
    for name in SCENES:
        assert len(film_of(name, scenes, recordings, (800, 600)).palette()) <= MOST_COLORS
