"""Two files that can't stand side by side are refused before anything is made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SCENE = """
data = {{ samples = 40 }}
models = [{{ layers = [2], iterations = 4, capture = {{ every = 2 }} }}]
[[outputs]]
file = "{}"
size = [64, 48]
"""
SWEEP = '\n[sweep]\nname = "v{data.seed}"\nvalues = { "data.seed" = [1, 2] }\n'


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        ("x.gif", "x.gif", ["must differ", "'x.gif' which a.toml makes too"]),
        ("x.gif", "X.GIF", ["must differ", "which a.toml makes too"]),
        ("x/y.gif", "X/Y.gif", ["must differ"]),
        ("frames/", "frames/x.gif", ["can't be in 'frames'", "a.toml makes"]),
        ("x.gif", "x.gif/y.gif", ["can't be in 'x.gif'", "a.toml makes"]),
        ("x.gif", "x.gif.json/y.gif", ["can't be in 'x.gif.json'", "says what 'x.gif' is"]),
        ("x.gif", "X.gif.JSON/z/y.gif", ["says what 'x.gif' is"]),
        ("a/x.gif", "a/x.gif.json/y.gif", ["can't be in 'a/x.gif.json'"]),
    ],
)
def test_files_of_two_scenes(
    first: str,
    second: str,
    words: list[str],
    cli: Callable[..., Any],
    scene_file: Callable[..., Path],
    check_refusal: Callable[..., None],
    tmp_path: Path,
) -> None:
    scene_file(SCENE.format(first), "a.toml")
    scene_file(SCENE.format(second), "b.toml")
    ran = cli("render", "a.toml", "b.toml", "--jobs", 1)
    check_refusal(ran, "b.toml:5: outputs[0].file: ", words)
    assert not (tmp_path / "output").exists()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("logs/", ["can't be 'logs/', where logs are written"]),
        ("Logs/", ["where logs are written"]),
        ("manifest.json/x.gif", ["can't be in 'manifest.json'"]),
        ("index.html/x.gif", ["can't be in 'index.html'", "gallery"]),
    ],
)
def test_names_that_are_ours(
    name: str,
    words: list[str],
    cli: Callable[..., Any],
    scene_file: Callable[..., Path],
    check_refusal: Callable[..., None],
) -> None:
    scene_file(SCENE.format(name), "a.toml")
    check_refusal(cli("check", "a.toml"), "a.toml:5: outputs[0].file: ", words)


def test_a_sidecar_in_the_way_of_its_own_scene(
    cli: Callable[..., Any], scene_file: Callable[..., Path], check_refusal: Callable[..., None]
) -> None:
    more = '[[outputs]]\nfile = "x.gif.json/y.gif"\nsize = [64, 48]\n'
    scene_file(SCENE.format("x.gif") + more, "a.toml")
    check_refusal(cli("check", "a.toml"), "a.toml:8: outputs[1].file: ", ["'x.gif.json'"])


def test_a_name_like_ours_is_fine(cli: Callable[..., Any], scene_file: Callable[..., Path]) -> None:
    scene_file(SCENE.format("logs/x.gif"), "a.toml")
    scene_file(SCENE.format("x.json/y.gif"), "b.toml")
    assert cli("check", "a.toml", "b.toml").code == 0


def test_a_variant_and_a_scene(
    cli: Callable[..., Any], scene_file: Callable[..., Path], check_refusal: Callable[..., None]
) -> None:
    scene_file(SCENE.format("x.gif") + SWEEP, "a.toml")
    scene_file(SCENE.format("x-v2.gif"), "b.toml")
    ran = cli("check", "a.toml", "b.toml")
    check_refusal(ran, "b.toml:5: outputs[0].file: ", ["'x-v2.gif' which a.toml (v2) makes too"])
