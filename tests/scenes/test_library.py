"""The ready-made scenes: valid, listed with what they need, and clear about what is missing."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from epochreel.scenes import engine_limits
from epochreel.scenes.engines import PACKAGES
from epochreel.scenes.library import ready_made
from epochreel.scenes.loading import read_scene
from epochreel.scenes.schema import Scene

SCENES = sorted(ready_made())


def needed(scene: Scene) -> list[str]:
    return [model.engine for model in scene.models if model.engine in PACKAGES]


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_limits, "find_spec", lambda module: None)


@pytest.fixture
def all_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_limits, "find_spec", lambda module: "found")


@pytest.mark.parametrize("name", SCENES)
def test_a_ready_made_scene_is_right_where_its_packages_are(
    name: str, cli: Callable[..., Any], all_installed: None
) -> None:
    ran = cli("check", name)
    assert ran.code == 0, ran.err
    scene = read_scene(name).scene
    assert scene.title
    assert scene.description
    if name == "talk_blog_paper":  # many files, in a folder of their own
        assert {Path(output.file).parts[0] for output in scene.outputs} == {"rings"}
    else:
        assert [Path(output.file).stem for output in scene.outputs] == [name, name]


@pytest.mark.parametrize("command", ["check", "render", "compare"])
@pytest.mark.parametrize("name", SCENES)
def test_a_missing_package_is_a_line_with_the_command_that_installs_it(
    name: str, command: str, cli: Callable[..., Any], nothing_installed: None,
    files_in: Callable[[Path], list[str]], tmp_path: Path,
) -> None:  # fmt: skip
    engines = needed(read_scene(name).scene)
    if not engines:
        assert cli("check", name).code == 0
        return
    ran = cli(command, name)
    assert ran.code == 2
    assert ran.out == ""
    lines = ran.err.splitlines()
    assert len(lines) == len(engines)
    for line, engine in zip(lines, engines, strict=True):
        assert re.search(rf"{name}:\d+: models\[\d\]\.engine: '{engine}' needs ", line)
        assert line.endswith(f"pip install 'epochreel[{engine}]'")
    assert files_in(tmp_path) == []


def test_what_make_animation_renders_needs_nothing_more() -> None:
    makefile = (Path(__file__).parents[2] / "Makefile").read_text(encoding="utf-8")
    found = re.search(r"^animation:.*\n\t.* render (.*) -o ", makefile, re.MULTILINE)
    assert found
    names = found.group(1).split()
    assert names == ["numpy_dark", "keras_style_side_by_side"]
    assert not any(needed(read_scene(name).scene) for name in names)


def test_the_list_says_what_a_scene_needs(cli: Callable[..., Any], nothing_installed: None) -> None:
    ran = cli("list")
    assert ran.code == 0
    ready, _, rest = ran.out.partition("\n\n")
    for name in SCENES:
        (line,) = [line for line in ready.splitlines() if line.split()[0] == name]
        engines = needed(read_scene(name).scene)
        assert ("needs" in line) == bool(engines)
        if engines:
            assert line.endswith(f"pip install 'epochreel[{','.join(engines)}]'")
    (torch,) = [line for line in rest.splitlines() if line.split()[:1] == ["torch"]]
    assert torch.endswith("needs PyTorch; pip install 'epochreel[torch]'")
