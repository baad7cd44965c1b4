"""A scene with lists of values is several scenes, each checked on its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from epochreel.nn.errors import SceneError
from epochreel.scenes import limits
from epochreel.scenes.loading import SceneFile, parse_scene, parse_scenes

BASE = """title = "Base"
[data]
samples = 60
[[models]]
layers = [4]
iterations = 20
[models.optimizer]
learning_rate = 0.1
[[outputs]]
file = "film.gif"
size = [96, 72]
"""


def swept(sweep: str, base: str = BASE) -> list[SceneFile]:
    return parse_scenes(f"{base}[sweep]\n{sweep}", path=Path("my.toml"))


def refused(sweep: str, base: str = BASE) -> tuple[str, ...]:
    with pytest.raises(SceneError) as caught:
        swept(sweep, base)
    return caught.value.problems


def test_a_grid_has_all_combinations_and_the_last_key_changes_fastest() -> None:
    files = swept(
        "[sweep.values]\n'models[0].optimizer.learning_rate' = [0.1, 0.5]\n"
        "'models.0.seed' = [1, 2, 3]"
    )
    made = [
        (file.scene.models[0].optimizer.learning_rate, file.scene.models[0].seed) for file in files
    ]
    assert made == [(0.1, 1), (0.1, 2), (0.1, 3), (0.5, 1), (0.5, 2), (0.5, 3)]
    assert [file.name for file in files][::5] == ["my-0.1-1", "my-0.5-3"]
    assert [file.scene.outputs[0].file for file in files][::5] == [
        "film-my-0.1-1.gif",
        "film-my-0.5-3.gif",
    ]
    # what isn't swept is the file's
    assert {file.scene.title for file in files} == {"Base"}
    assert files[5].label == "my.toml (my-0.5-3)"
    assert "sweep" not in files[0].document
    assert files[3].document["models"][0]["seed"] == 1


def test_a_zip_takes_one_place_after_the_other() -> None:
    files = swept(
        "mode = 'zip'\nname = '{stem}-{number:02d}-lr{models[0].optimizer.learning_rate:.2f}'\n"
        "[sweep.values]\ntitle = ['One', 'Two']\n"
        "'models[0].optimizer.learning_rate' = [1, 0.25]"
    )
    assert [(file.name, file.scene.title) for file in files] == [
        ("my-01-lr1.00", "One"),
        ("my-02-lr0.25", "Two"),
    ]


def test_a_dotted_key_needs_no_quotes_where_toml_needs_none() -> None:
    files = swept("[sweep.values]\ntimeline.fps = [10, 20]\nstyle = ['dark', 'light']")
    assert [(file.scene.timeline.fps, file.scene.style) for file in files] == [
        (10, "dark"),
        (10, "light"),
        (20, "dark"),
        (20, "light"),
    ]


def test_tables_and_arrays_are_values_too() -> None:
    files = swept(
        "[sweep.values]\n'models[0].layers' = [[8], [4, 4]]\n"
        "'models[0].optimizer' = [{ kind = 'adam' }, { kind = 'sgd', momentum = 0.9 }]"
    )
    assert [file.scene.models[0].layers for file in files] == [(8,), (8,), (4, 4), (4, 4)]
    assert [file.name for file in files] == [
        "my-8-adam",
        "my-8-sgd-0.9",
        "my-4x4-adam",
        "my-4x4-sgd-0.9",
    ]
    # the table is replaced, not mixed with the file's
    assert files[0].scene.models[0].optimizer.learning_rate != 0.1


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("film.gif", "film-my-7.gif"),
        ("my.gif", "my-7.gif"),
        ("term/{name}/small.mp4", "term/my-7/small.mp4"),
        ("frames/", "frames-my-7/"),
        ("sub/frames/", "sub/frames-my-7/"),
    ],
)
def test_files_are_named_after_their_variant(file: str, expected: str) -> None:
    [made] = swept("values = { 'models[0].seed' = [7] }", BASE.replace("film.gif", file))
    assert made.scene.outputs[0].file == expected


def test_a_scene_without_outputs_makes_one_film_a_variant() -> None:
    files = swept("values = { 'models[0].seed' = [7, 8] }", "[data]\nsamples = 60\n")
    assert [file.scene.outputs[0].file for file in files] == ["my-7.mp4", "my-8.mp4"]
    assert [file.scene.models[0].seed for file in files] == [7, 8]


def test_a_name_stands_for_the_scenes_own_without_a_sweep() -> None:
    scene = parse_scene(BASE.replace("film.gif", "{name}.gif"), path=Path("my.toml"))
    assert scene.scene.outputs[0].file == "my.gif"


@pytest.mark.parametrize(
    ("sweep", "line", "words"),
    [
        ("mode = 'all'\nvalues = { title = ['a'] }", 13, ["sweep.mode", "'grid', 'zip'"]),
        ("mod = 'zip'\nvalues = { title = ['a'] }", 13, ["sweep.mod", "did you mean 'mode'?"]),
        ("mode = 'zip'", 12, ["sweep.values: must be given"]),
        ("values = 3", 13, ["sweep.values: must be a table, got 3"]),
        ("[sweep.values]", 13, ["at least 1 key"]),
        ("[sweep.values]\ntitle = 'a'", 14, ["sweep.values.title", "must be an array of values"]),
        ("[sweep.values]\ntitle = []", 14, ["at least 1 value"]),
        ("[sweep.values]\n'models[x]' = [1]", 14, ["must be a key such as"]),
        ("[sweep.values]\n'sweep.mode' = [1]", 14, ["can't be swept"]),
        (
            "[sweep.values]\n'models[0].seed' = [1]\n'models.0.seed' = [2]",
            15,
            ["must not be swept twice, got 'models[0].seed' too"],
        ),
        ("[sweep.values]\n'models[2].seed' = [1]", 14, ["models has only 1 entry; the first is 0"]),
        ("[sweep.values]\n'title.x' = [1]", 14, ["title isn't a table, it is 'Base'"]),
        (
            "mode = 'zip'\n[sweep.values]\ntitle = ['a', 'b']\n'models[0].seed' = [1]",
            16,
            ["must be as long as title", "2 values, got 1"],
        ),
        (
            "name = '{stem}-{seed}'\n[sweep.values]\n'models[0].seed' = [1, 2]",
            13,
            ["{stem}, {number}, {models[0].seed}", "got '{seed}'"],
        ),
        (
            "name = '{number:>9999999999}'\n[sweep.values]\n'models[0].seed' = [1, 2]",
            13,
            ["must write numbers like {number:03d}"],
        ),
        ("name = 'x'\n[sweep.values]\nstyle = ['dark', 'light']", 13, ["variants 1 and 2", "'x'"]),
        ("name = '../{style}'\n[sweep.values]\nstyle = ['dark']", 13, ["can't hold '..'"]),
        ("name = 'a/{style}'\n[sweep.values]\nstyle = ['dark']", 13, ["must not hold '/'"]),
    ],
)
def test_what_is_wrong_with_a_sweep_has_its_line(sweep: str, line: int, words: list[str]) -> None:
    [problem] = refused(sweep)
    assert problem.startswith(f"my.toml:{line}: sweep"), problem
    for word in words:
        assert word in problem


def test_variants_are_bounded_before_any_is_made() -> None:
    many = list(range(200))
    [problem] = refused(
        f"[sweep.values]\n'models[0].seed' = {many}\n'data.seed' = {many}\ntimeline.fps = {many}"
    )
    assert f"at most {limits.MAX_VARIANTS:,}".replace(",", " ") in problem
    assert problem.endswith("got 8000000")


def test_a_wrong_value_is_told_at_its_own_line_and_which_variants_have_it() -> None:
    problems = refused(
        "[sweep.values]\n'models[0].seed' = [\n1,\n-1,\n]\nstyle = ['dark', 'light', 'drak']"
    )
    assert len(problems) == 2
    assert problems[0].startswith("my.toml:18: style: must be one of")
    assert problems[0].endswith("got 'drak'; did you mean 'dark'? (variant my-1-drak and 1 more)")
    assert problems[1] == (
        "my.toml:16: models[0].seed: must be ≥ 0, got -1 (variant my--1-dark and 2 more)"
    )


def test_what_all_variants_have_wrong_is_told_once() -> None:
    problems = refused(
        "values = { 'models[0].seed' = [1, 2, 3] }", BASE.replace("samples = 60", "samples = -1")
    )
    assert len(problems) == 1
    assert problems[0].startswith("my.toml:3: data.samples: must be")
    assert "variant" not in problems[0]


def test_one_scene_is_wanted_where_a_command_takes_one(
    cli: Callable[..., Any], scene_file: Callable[..., Path], check_refusal: Callable[..., None]
) -> None:
    scene_file(f"{BASE}[sweep]\nvalues = {{ 'models[0].seed' = [1, 2] }}")
    ran = cli("still", "my.toml", "-o", "x.png")
    check_refusal(ran, "my.toml:12: sweep: ", ["is for 'render' and 'check', got 2 variants"])


def test_check_shows_each_variant(cli: Callable[..., Any], scene_file: Callable[..., Path]) -> None:
    scene_file(f"{BASE}[sweep]\nvalues = {{ 'models[0].seed' = [1, 2] }}")
    ran = cli("check", "my.toml")
    assert ran.code == 0
    heads = [line for line in ran.out.splitlines() if not line.startswith(" ")]
    assert heads == ["my.toml (my-1): Base", "my.toml (my-2): Base"]


def test_a_document_stays_as_it_is() -> None:
    from epochreel.scenes.overriding import set_value

    document: Mapping[str, Any] = {"models": [{"seed": 1}], "title": "x"}
    made = set_value(document, ("models", 0, "seed"), 2)
    assert document == {"models": [{"seed": 1}], "title": "x"}
    assert made == {"models": [{"seed": 2}], "title": "x"}
