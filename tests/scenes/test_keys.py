"""Keys: the same for what gives the same, another for all that matters."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from epochreel.nn.errors import SceneError
from epochreel.scenes import keys
from epochreel.scenes.keys import changed_parts, film_key, film_parts, recording_key
from epochreel.scenes.schema import Scene

BASE: dict[str, Any] = {
    "title": "One",
    "data": {"kind": "circles", "samples": 60},
    "models": [{"name": "Small", "layers": [4], "iterations": 20}],
    "outputs": [{"file": "one.mp4", "size": [96, 72]}],
}


def scene(**changes: Any) -> Scene:
    return Scene.model_validate({**BASE, **changes})


def model(**changes: Any) -> dict[str, Any]:
    return {"models": [{**BASE["models"][0], **changes}]}


def recording(it: Scene) -> str:
    return recording_key(it.data, it.models[0])


def parts(it: Scene, *, preview: bool = False) -> dict[str, str]:
    return film_parts(it, it.outputs[0], preview=preview)


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "Two"},
        {"style": "light"},
        {"colormap": "PuOr"},
        {"timeline": {"fps": 25}},
        {"panels": [{"points": "none"}]},
        {"captions": [{"text": "Here", "update": 3}]},
        {"panels": [{"kind": "boundary"}, {"kind": "confusion"}]},
        {"panels": [{}, {"title": "Again"}], "columns": 1},
        {"panels": [{}, {"title": "Again"}], "layout": {"areas": ["A A B"]}},
        {"outputs": [{"file": "two.gif", "size": [96, 72]}]},
        {"data": {**BASE["data"], "viewport": [-3, 3, -3, 3]}},
        model(name="Other"),
    ],
    ids=str,
)
def test_restyling_needs_no_training(changes: dict[str, Any]) -> None:
    assert recording(scene(**changes)) == recording(scene())
    assert film_key(parts(scene(**changes))) != film_key(parts(scene()))


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"data": {**BASE["data"], "seed": 7}}, "data"),
        ({"data": {**BASE["data"], "test_fraction": 0.2}}, "data"),
        ({"data": {**BASE["data"], "standardize": True}}, "data"),
        (model(layers=[5]), "model:Small"),
        (model(activation="tanh"), "model:Small"),
        (model(initializer="he_uniform"), "model:Small"),
        (model(engine="sklearn"), "model:Small"),
        (model(iterations=21), "training:Small"),
        (model(seed=3), "training:Small"),
        (model(optimizer={"kind": "adam"}), "training:Small"),
        (model(capture={"every": 2}), "training:Small"),
        (model(dropout=0.1), "training:Small"),
    ],
    ids=str,
)
def test_what_changes_a_training(changes: dict[str, Any], part: str) -> None:
    assert recording(scene(**changes)) != recording(scene())
    before, now = parts(scene()), parts(scene(**changes))
    assert part in {name for name in now if now[name] != before.get(name)}


def test_what_is_written_otherwise_is_the_same() -> None:
    explicit = scene(
        style="dark", data={**BASE["data"], "noise": 0.1}, panels=[{"model": "Small", "bands": 25}]
    )
    assert parts(explicit) == parts(scene())
    renamed = scene(outputs=[{"file": "b/two.mp4", "size": [96, 72]}], description="Words.")
    assert parts(renamed) == parts(scene())


def test_every_key_of_a_scene_is_in_a_part_or_not_shown() -> None:
    covered = {"models", "panels", "style", "colormap", "data", "outputs", *keys.NOT_SHOWN}
    assert set(Scene.model_fields) <= {*parts(scene()), *covered}
    two: dict[str, Any] = {"panels": [{}, {"title": "Again"}]}
    by_layout = scene(**two, layout={"areas": ["A A B"]})
    by_column = scene(**two, columns=1)
    assert changed_parts(parts(scene(**two)), parts(by_layout)) == "layout changed"
    assert changed_parts(parts(scene(**two)), parts(by_column)) == "columns changed"


def test_a_preview_is_another_file_of_the_same_training() -> None:
    assert parts(scene(), preview=True)["output"] != parts(scene())["output"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ""),
        ({"style": "light"}, "style changed"),
        ({"style": "light", "title": "Two"}, "style and title changed"),
        ({"style": "light", "title": "Two", "timeline": {"fps": 9}}, "style, title and timeline"),
        (model(optimizer={"kind": "adam"}), "training of 'Small' changed"),
        (model(layers=[5, 5]), "model 'Small' changed"),
        (
            {"models": [{**BASE["models"][0], "name": "New"}], "panels": [{"title": "Small"}]},
            "the models' names and panels changed",
        ),
        ({"data": {**BASE["data"], "noise": 0.3}}, "data changed"),
        ({"outputs": [{"file": "one.mp4", "size": [96, 96]}]}, "output changed"),
    ],
    ids=str,
)
def test_what_changed_in_words(changes: dict[str, Any], words: str) -> None:
    said = changed_parts(parts(scene()), parts(scene(**changes)))
    assert said.startswith(words)
    assert bool(said) == bool(words)


def test_csv_files_count_by_what_they_hold(tmp_path: Path) -> None:
    for folder, text in (("a", "1,2,0\n3,4,1\n"), ("b", "1,2,0\n3,4,1\n"), ("c", "1,2,0\n3,5,1\n")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "points.csv").write_text(text)

    def of(folder: str) -> Scene:
        return scene(data={"kind": "csv", "path": str(tmp_path / folder / "points.csv")})

    assert recording(of("a")) == recording(of("b")) != recording(of("c"))
    assert parts(of("a"))["data"] == parts(of("b"))["data"] != parts(of("c"))["data"]
    before, here = recording(of("a")), of("a")
    (tmp_path / "a" / "points.csv").write_text("1,2,0\n3,4,1\n5,6,1\n")
    assert recording(here) != before
    (tmp_path / "a" / "points.csv").unlink()
    with pytest.raises(SceneError, match=r"points\.csv: can't be read: no such file"):
        recording(here)


@pytest.mark.parametrize("package", ["numpy", "scikit-learn", "epochreel"])
def test_another_version_is_another_training(
    package: str, monkeypatch: pytest.MonkeyPatch, forget: Callable[[], None]
) -> None:
    before, film = recording(scene()), parts(scene())
    known = keys.version
    monkeypatch.setattr(keys, "version", lambda name: "0" if name == package else known(name))
    forget()
    assert recording(scene()) != before
    assert changed_parts(film, parts(scene())) == "Epochreel or a package it uses changed"


def test_another_drawing_package_is_another_film(
    monkeypatch: pytest.MonkeyPatch, forget: Callable[[], None]
) -> None:
    before, film = recording(scene()), parts(scene())
    known = keys.version
    monkeypatch.setattr(keys, "version", lambda name: "0" if name == "matplotlib" else known(name))
    forget()
    assert recording(scene()) == before
    assert parts(scene()) != film


@pytest.fixture
def forget() -> Any:
    caches = (keys._training_versions, keys._film_versions, keys._source_digest)  # pyright: ignore

    def clear() -> None:
        for cache in caches:
            cache.cache_clear()

    yield clear
    clear()


LOADED = """
import sys
import epochreel.scenes.MODULE
for name, module in sorted(sys.modules.items()):
    if name.startswith("epochreel."):
        print(module.__file__)
"""
NO_MATTER = {"__init__", "limits", "messages", "values", "model_spec", "progress", "filenames"}
"""What a training imports of scenes, but can't be changed by: bounds, words, progress.

Of a model's table all values are in the key themselves, of an output's name none is used.
"""


@pytest.mark.parametrize("module", ["numpy_engine", "sklearn_engine", "engines", "planning"])
def test_all_that_a_training_imports_is_in_its_key(module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED.replace("MODULE", module)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ},
    )
    loaded = {Path(line).resolve() for line in done.stdout.split()}
    digested = {
        path.resolve()
        for part, folder in keys._folders().items()  # pyright: ignore[reportPrivateUsage]
        for pattern in ("nn/**/*.py", *keys.TRAINING_SOURCES)
        if pattern.startswith(f"{part}/")
        for path in folder.glob(pattern.removeprefix(f"{part}/"))
    }
    assert len(digested) > 40
    assert {path.stem for path in loaded - digested} <= NO_MATTER


def test_what_a_panel_wants_recorded_is_part_of_the_key() -> None:
    asking = scene(panels=[{"kind": "curves", "metric": "gradient_norm"}])
    assert asking.measures_of("Small") == ("gradient_norm",)
    asked = recording_key(asking.data, asking.models[0], asking.measures_of("Small"))
    assert asked != recording(scene())
    usual = scene(panels=[{"kind": "curves", "metric": "loss"}])
    assert usual.measures_of("Small") == ()
