"""Which scenes a command works on, and what is set in them from outside."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from epochreel.nn.errors import InvalidInputError, SceneError
from epochreel.scenes.gathering import find_scenes, read_scenes
from epochreel.scenes.overriding import parse_setting, settings_of

NAMES = ["b.toml", "a.toml", "term/moons_1.toml", "term/deep/moons_2.toml"]


@pytest.fixture
def folder(
    scene_file: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    for name in NAMES:
        scene_file("[data]\nsamples = 60\n", name)
    (tmp_path / "notes.txt").write_text("no scene", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        (".", ["a.toml", "b.toml"]),
        ("term", ["term/moons_1.toml"]),
        ("**/moons_*.toml", ["term/deep/moons_2.toml", "term/moons_1.toml"]),
        ("?.toml", ["a.toml", "b.toml"]),
        ("a.toml", ["a.toml"]),
    ],
)
def test_folders_and_patterns_stand_for_their_files(
    argument: str, expected: list[str], folder: Path
) -> None:
    assert [path.as_posix() for path, _ in find_scenes(argument)] == expected


def test_a_file_with_a_pattern_for_a_name_is_that_file(
    folder: Path, scene_file: Callable[..., Path]
) -> None:
    scene_file("[data]\nsamples = 60\n", "x[1].toml")
    assert [shown for _, shown in find_scenes("x[1].toml")] == ["x[1].toml"]


def test_hidden_files_of_a_folder_are_no_scenes(folder: Path) -> None:
    (folder / ".#a.toml").symlink_to("me@host.1:2")  # an editor's lock
    (folder / "._a.toml").write_bytes(b"\0\5\x16\7\0")  # another system's notes
    assert [path.name for path, _ in find_scenes(".")] == ["a.toml", "b.toml"]


def test_a_folder_that_can_not_be_read_is_not_called_empty(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("epochreel.scenes.gathering.os.listdir", refuse)
    with pytest.raises(SceneError) as caught:
        find_scenes("term")
    assert caught.value.problems == ("term: can't be read: permission denied",)


def test_all_settings_that_are_none_are_told_at_once() -> None:
    with pytest.raises(SceneError) as caught:
        settings_of(["a=1", "=50", "b", "title=["])
    assert len(caught.value.problems) == 3


def test_a_file_counts_once_and_arguments_keep_their_order(folder: Path) -> None:
    files, problems = read_scenes(["term", "b.toml", ".", "numpy_dark"])
    assert [file.shown for file in files] == [
        str(Path("term", "moons_1.toml")),
        "b.toml",
        "a.toml",
        "numpy_dark",
    ]
    assert problems == []


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["empty"], "empty: is a folder without scene files, *.toml"),
        (
            [""],
            "SCENE: must be a file, a folder, a pattern or a ready-made scene, got ''",
        ),
        (["x*.toml"], "x*.toml: no file is called so"),
        (["term/moon.toml"], "term/moon.toml: no such file; did you mean 'moons_1.toml'?"),
        ([".", "--only", "moon"], "--only: must be like the name of a scene, got 'moon'"),
    ],
)
def test_nothing_found_is_said(
    arguments: list[str], line: str, folder: Path, cli: Callable[..., Any]
) -> None:
    (folder / "empty").mkdir()
    ran = cli("check", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.splitlines() == [f"epochreel: {line}"]


def test_only_takes_files_or_variants_and_leaves_alone_what_is_wrong_elsewhere(
    folder: Path, scene_file: Callable[..., Path]
) -> None:
    scene_file("[sweep]\nvalues = { 'models[0].seed' = [1, 2] }", "s.toml")
    scene_file("nonsense = 1", "wrong.toml")
    files, problems = read_scenes(["."], only=["s-2", "a*"])
    assert ([file.name for file in files], problems) == (["a", "s-2"], [])
    files, problems = read_scenes(["."], only=["s"])
    assert [file.name for file in files] == ["s-1", "s-2"]
    _, problems = read_scenes(["."], only=["w*"])
    assert len(problems) == 1


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        ("timeline.fps=25", ("timeline", "fps"), 25),
        ("style=light", ("style",), "light"),
        ('style = "light"', ("style",), "light"),
        ("title=Two moons = one film", ("title",), "Two moons = one film"),
        ("models[0].seed=3", ("models", 0, "seed"), 3),
        (
            "models.0.optimizer.learning_rate=1e-3",
            ("models", 0, "optimizer", "learning_rate"),
            1e-3,
        ),
        ("models[0].layers=[8, 8]", ("models", 0, "layers"), [8, 8]),
        ("data={ kind = 'circles' }", ("data",), {"kind": "circles"}),
        ("data.standardize=true", ("data", "standardize"), True),
        ("title=1\nb = 2", ("title",), "1\nb = 2"),
        ("title=", ("title",), ""),
    ],
)
def test_settings_are_toml_and_words_need_no_quotes(
    text: str, path: tuple[str | int, ...], value: object
) -> None:
    setting = parse_setting(text)
    assert (setting.path, setting.value) == (path, value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("timeline.fps", "--set: must be KEY=VALUE such as timeline.fps=25, got 'timeline.fps'"),
        ("=3", "must be a key such as 'models[0].optimizer.learning_rate', got ''"),
        ("a..b=3", "must be a key such as"),
        ("0.seed=3", "must be a key such as"),
        ("models[x]=3", "must be a key such as"),
        ("models[0].layers=[8", "must be a TOML value, got '[8'"),
    ],
)
def test_what_is_no_setting_is_refused(text: str, words: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_setting(text)
    assert words in str(caught.value)


def test_settings_take_the_place_of_what_the_file_says(folder: Path) -> None:
    settings = settings_of(["timeline.fps=25", "models[0].seed=3", "outputs[0].size=[96, 72]"])
    [file], problems = read_scenes(["a.toml"], settings=settings)
    assert problems == []
    scene = file.scene
    assert (scene.timeline.fps, scene.models[0].seed, scene.data.test_fraction) == (25, 3, 0.1)
    assert (scene.outputs[0].file, scene.outputs[0].size) == ("a.mp4", (96, 72))


@pytest.mark.parametrize(
    ("setting", "line"),
    [
        ("timeline.fsp=25", "timeline.fsp: unknown key; did you mean 'fps'? (allowed: fps"),
        ("timeline.fps=fast", "timeline.fps: must be a whole number, got 'fast'"),
        ("models[0].layers=[1, 0]", "models[0].layers[1]: must be ≥ 1"),
        ("models[1].seed=3", "models[1].seed: models has only 0 entries"),
        ("style.x=3", "style: must be text in quotes, got a table"),
    ],
)
def test_a_wrong_setting_is_told_as_if_it_stood_in_the_file(
    setting: str, line: str, folder: Path, cli: Callable[..., Any]
) -> None:
    ran = cli("check", "a.toml", "--set", setting)
    assert (ran.code, ran.out) == (2, "")
    [told] = ran.err.splitlines()
    assert told.startswith(f"epochreel: a.toml: --set {line}"), told


def test_what_all_files_say_of_a_setting_is_told_once(
    folder: Path, cli: Callable[..., Any]
) -> None:
    ran = cli("check", ".", "term", "--set", "timeline.fps=0")
    assert ran.err.splitlines() == ["epochreel: --set timeline.fps: must be ≥ 1, got 0"]


def test_a_swept_key_cant_be_set_too(
    folder: Path, cli: Callable[..., Any], scene_file: Callable[..., Path]
) -> None:
    scene_file("[sweep]\nvalues = { 'models[0].seed' = [1, 2] }", "s.toml")
    ran = cli("check", "s.toml", "--set", "models.0.seed=3")
    assert ran.code == 2
    assert ran.err.splitlines() == [
        "epochreel: s.toml: --set models[0].seed: is a key of the [sweep], which gives its values"
    ]
