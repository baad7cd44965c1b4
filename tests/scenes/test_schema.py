from __future__ import annotations

from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from epochreel.nn.capture import SPACINGS
from epochreel.nn.optimizers import OPTIMIZERS
from epochreel.scenes.building import plan_film
from epochreel.scenes.data_spec import DATA_KINDS, CsvData, GeneratedData, MoonsData
from epochreel.scenes.library import STARTER, ready_made
from epochreel.scenes.loading import parse_scene, read_scene
from epochreel.scenes.messages import dotted
from epochreel.scenes.problems import problems_of
from epochreel.scenes.schema import Scene

LEAKS = ("pydantic", "Input should", "type=", "Value error", "validation error", "Extra inputs")


def parse(text: str) -> Scene:
    return parse_scene(text, path=Path("two_moons.toml")).scene


def test_an_empty_file_is_the_published_scene() -> None:
    scene = parse("")
    assert scene.style == "dark"
    assert scene.colormap == "Spectral"
    assert scene.data == MoonsData(
        samples=1000, noise=0.2, seed=100, test_fraction=0.1, split_seed=42
    )
    assert [model.name for model in scene.models] == ["NumPy Model"]
    assert [(output.file, output.size) for output in scene.outputs] == [
        ("two_moons.mp4", (1600, 1200))
    ]
    assert [panel.model for panel in scene.shown] == ["NumPy Model"]
    assert plan_film(scene.timeline, {"NumPy Model": 7}).fps == 20


def test_the_shape_of_the_design_is_accepted() -> None:
    text = ready_made()["numpy_dark"].read_text(encoding="utf-8")
    scene = parse(text)
    assert [output.file for output in scene.outputs] == ["numpy_dark.mp4", "numpy_dark.gif"]
    assert [output.size for output in scene.outputs] == [(1600, 1200), (800, 600)]
    assert scene.data.viewport == (-1.5, 2.5, -1.0, 2.0)


def test_both_ready_made_scenes_hold_the_same_numpy_training() -> None:
    left = read_scene("numpy_dark").scene
    both = read_scene("keras_style_side_by_side").scene
    assert both.style == "light"
    assert left.data == both.data
    assert left.models[0] == both.models[0]
    keras = both.models[1]
    assert (keras.name, keras.initializer, keras.batch_size, keras.epochs) == (
        "Keras recipe",
        "glorot_uniform",
        32,
        200,
    )
    assert [panel.model for panel in both.shown] == ["NumPy Model", "Keras recipe"]


def test_the_starter_is_valid_with_and_without_its_comments() -> None:
    text = STARTER.read_text(encoding="utf-8")
    assert parse(text).title == "My first film"
    lines = [line for line in text.splitlines() if " = " in line and line.startswith("# ")]
    optional = [line.removeprefix("# ") for line in lines]
    assert len(optional) >= 7
    panel = "\n".join(["[[panels]]", *(x for x in optional if x.startswith(("model ", "points ")))])
    viewport = next(x for x in optional if x.startswith("viewport"))
    assert parse(text + panel).panels[0].points == "train"
    assert parse(f"[data]\n{viewport}").data.viewport == (-1.5, 2.5, -1.0, 2.0)


def test_whole_numbers_serve_where_fractions_may_stand() -> None:
    scene = parse("[data]\nnoise = 0\n[timeline]\nhold_last = 3")
    assert scene.data.model_dump()["noise"] == 0.0
    assert scene.timeline.hold_last == 3.0


@pytest.mark.parametrize("kind", [kind for kind in DATA_KINDS if kind != "csv"])
def test_every_kind_of_data_has_defaults(kind: str) -> None:
    data = parse(f'[data]\nkind = "{kind}"').data
    assert data.kind == kind
    assert data.test_fraction == (0.2 if kind == "iris" else 0.1)  # of 150, 15 would be few


def test_a_csv_path_starts_at_the_scene(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "points.csv").write_text("1,2,x\n", encoding="utf-8")
    text = '[data]\nkind = "csv"\npath = "data/points.csv"'
    data = parse_scene(text, path=tmp_path / "my.toml").scene.data
    assert isinstance(data, CsvData)
    assert Path(data.path) == tmp_path / "data" / "points.csv"


def test_bands_may_be_smooth() -> None:
    scene = parse('[[panels]]\nbands = "smooth"\n[[panels]]\nbands = 256')
    assert [panel.bands for panel in scene.shown] == ["smooth", 256]


def test_panels_take_the_only_model() -> None:
    scene = parse('[[models]]\nname = "A"\n[[panels]]\nbands = 5\n[[panels]]\npoints = "none"')
    assert [(panel.model, panel.bands) for panel in scene.shown] == [("A", 5), ("A", 25)]


def test_without_panels_there_is_one_for_each_model() -> None:
    scene = parse('[[models]]\nname = "A"\n[[models]]\nname = "B"')
    assert [panel.model for panel in scene.shown] == ["A", "B"]


def test_a_scene_can_not_be_changed() -> None:
    scene = parse("")
    with pytest.raises(ValidationError):
        scene.title = "x"  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(ValidationError):
        scene.models[0].seed = 5  # pyright: ignore[reportAttributeAccessIssue]
    assert hash(scene) == hash(parse(""))


def test_no_scene_can_name_code() -> None:
    """Names are looked up in tables; what looks like a place in code is refused like any other."""
    for text in (
        '[[models]]\nengine = "os:system"',
        '[[panels]]\nkind = "epochreel.render.panels.boundary:BoundaryPanel"',
        "[data]\nkind = \"__import__('os')\"",
        '[[models]]\nactivation = "__class__"',
    ):
        with pytest.raises(Exception, match="must be"):
            parse(text)


KEYS = [
    "title", "description", "style", "colormap", "data", "models", "panels", "captions", "timeline",
    "outputs", "text", "event", "update", "epoch", "time", "hold", "fade", "duration",
    "kind", "samples", "noise", "seed", "test_fraction", "split_seed", "viewport", "path", "label",
    "header", "name", "engine", "layers", "architecture", "activation", "initializer", "optimizer",
    "learning_rate", "batch_size", "iterations", "epochs", "capture", "every", "unit", "model",
    "bands", "points", "fps", "hold_first", "hold_last", "max_frames", "file", "size", "input_dim",
    "output_dim", "loss", "schedule", "momentum", "beta_1", "clip_norm", "decay_steps", "values",
    "boundaries", "warm_up_steps", "regularization", "l2", "dropout", "early_stopping", "patience",
    "monitor", "updates", "count", "spacing", "classes", "<moons>", "__class__", "model_config", "",
]  # fmt: skip
DRAWN = [kind for kind, spec in DATA_KINDS.items() if issubclass(spec, GeneratedData)]
WORDS = ["dark", "moons", "csv", "sgd", "relu", "full", "boundary", "x.gif", "../x.gif", "epoch"]

leaves = st.one_of(
    st.integers(),
    st.integers(-2, 70),
    st.just(10**400),
    st.floats(),
    st.booleans(),
    st.text(max_size=8),
    st.sampled_from(WORDS),
    st.just(date(2020, 1, 1)),
    st.just(datetime(2020, 1, 1)),
    st.just(time(1)),
)
keys = st.sampled_from(KEYS) | st.text(max_size=5)
anything = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)
tables = st.dictionaries(keys, anything, max_size=5)
near_scenes = st.fixed_dictionaries(
    {},
    optional={
        "title": anything,
        "style": anything,
        "data": tables | anything,
        "models": st.lists(tables, max_size=3) | anything,
        "panels": st.lists(tables, max_size=3) | anything,
        "captions": st.lists(tables, max_size=3) | anything,
        "timeline": tables | anything,
        "outputs": st.lists(tables, max_size=3) | anything,
    },
)


@given(st.one_of(near_scenes, st.dictionaries(keys, anything, max_size=4)))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_document_is_accepted_or_refused_in_our_own_words(document: dict[str, Any]) -> None:
    try:
        Scene.model_validate(document, context={"stem": "film"})
    except ValidationError as error:
        problems = problems_of(error)
        assert problems
        for path, text in problems:
            line = f"{dotted(path)}: {text}"
            assert line.isprintable(), line
            assert not any(leak in line for leak in LEAKS), line
            assert "unknown key" in text or text.startswith(("must ", "can't ", "no such")), line
            assert len(line) < 1000


def whole(least: int, most: int) -> st.SearchStrategy[int]:
    return st.integers(least, most)


def fraction(least: float, most: float) -> st.SearchStrategy[float]:
    return st.floats(least, most, allow_nan=False)


SCHEDULES = [
    {"kind": "constant"},
    {"kind": "step", "decay_steps": 5},
    {"kind": "exponential", "decay_steps": 5, "decay_rate": 0.5, "warm_up_steps": 3},
    {"kind": "cosine", "alpha": 0.1, "warm_up_steps": 10, "warm_up_start": 0.001},
]
names = st.text("abcXYZ é0_-", min_size=1, max_size=20).filter(lambda text: bool(text.strip()))
generated = st.fixed_dictionaries(
    {"kind": st.sampled_from(DRAWN)},
    optional={
        "samples": whole(10, 1_000_000),
        "noise": fraction(0, 100),
        "seed": whole(0, 2**32 - 1),
        "test_fraction": fraction(0, 0.9),
        "viewport": st.just([-1, 1, -2.5, 2]),
    },
)
models = st.fixed_dictionaries(
    {"name": names},
    optional={
        "layers": st.lists(whole(1, 4096), max_size=64),
        "activation": st.sampled_from(["relu", "tanh"]),
        "initializer": st.sampled_from(["normal", "zeros"]),
        "optimizer": st.fixed_dictionaries(
            {"kind": st.sampled_from(list(OPTIMIZERS))},
            optional={
                "learning_rate": fraction(0, 10),
                "weight_decay": fraction(0, 1),
                "clip_norm": fraction(0.1, 10),
                "schedule": st.sampled_from(SCHEDULES),
            },
        ),
        "loss": st.sampled_from(["binary_crossentropy", "mean_squared_error", "hinge"]),
        "regularization": st.fixed_dictionaries(
            {}, optional={"l1": fraction(0, 1), "l2": fraction(0, 1)}
        ),
        "dropout": fraction(0, 0.9),
        "early_stopping": st.fixed_dictionaries(
            {"patience": whole(0, 100)}, optional={"min_delta": fraction(0, 1)}
        ),
        "batch_size": whole(1, 1000) | st.just("full"),
        "epochs": whole(1, 10_000),
        "capture": st.fixed_dictionaries(
            {}, optional={"every": whole(1, 100), "unit": st.sampled_from(["update", "epoch"])}
        )
        | st.fixed_dictionaries(
            {"count": whole(2, 500)}, optional={"spacing": st.sampled_from(SPACINGS)}
        )
        | st.fixed_dictionaries({"updates": st.sets(whole(0, 900)).map(sorted)}),
        "seed": whole(0, 2**32 - 1),
    },
)
outputs = st.fixed_dictionaries(
    {"file": st.from_regex(r"[a-m]{1,4}(/[n-z]{1,4})?\.(mp4|gif)", fullmatch=True)},
    optional={"size": st.tuples(whole(16, 3840), whole(16, 2160)).map(list)},
)
scenes = st.fixed_dictionaries(
    {},
    optional={
        "title": names,
        "description": names,
        "style": st.sampled_from(["dark", "light"]),
        "data": generated,
        "models": st.lists(models, min_size=1, max_size=4, unique_by=lambda model: model["name"]),
        "timeline": st.fixed_dictionaries(
            {}, optional={"fps": whole(1, 60), "hold_last": fraction(0, 600)}
        ),
        "outputs": st.lists(
            outputs, min_size=1, max_size=4, unique_by=lambda output: output["file"]
        ),
    },
)


@given(scenes)
@settings(deadline=None)
def test_a_valid_scene_is_accepted_and_comes_round(document: dict[str, Any]) -> None:
    scene = Scene.model_validate(document, context={"stem": "film"})
    again = Scene.model_validate(scene.model_dump(exclude_none=True))
    assert again == scene
    assert hash(again) == hash(scene)


def test_every_key_of_time_reaches_the_film() -> None:
    timeline = parse(
        '[timeline]\nframes = 30\nduration = 3\npace = "log"\nalign = "seconds"\n'
        'easing = "smooth"\n'
        "tween = false\nhold_last = 0.5\n"
        'holds = [{ at = 500, seconds = 1.5 }, { at = 1, unit = "second", seconds = 1 }]'
    ).timeline
    film = plan_film(timeline, {"NumPy Model": 201})
    assert (film.fps, film.pace, film.align) == (10, "log", "seconds")
    assert (len(film.moments), film.frame_count) == (30, 30 + 5 + 15 + 10)
    assert film.moments[10].repeats == 11
    assert all(float(moment.snapshots["NumPy Model"]).is_integer() for moment in film.moments)
    preview = plan_film(timeline.model_copy(update={"frames": 300, "fps": 10, "duration": None}),
                        {"NumPy Model": 201}, preview=True)  # fmt: skip
    assert len(preview.moments) == 40
