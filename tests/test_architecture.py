"""The way imports run, and what a newcomer may rely on."""

from __future__ import annotations

import ast
import importlib
import tomllib
from pathlib import Path

import pytest

import epochreel.scenes

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("nn", "render", "scenes")
MODULES = sorted(path for part in PARTS for path in (ROOT / part).rglob("*.py"))
NEVER = {"nn": {"epochreel.render", "epochreel.scenes"}, "render": {"epochreel.scenes"}}
RENDER_MAY_TAKE = {"epochreel.nn.recording", "epochreel.nn.dataset", "epochreel.nn.errors"}


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names.add(node.module or "")
    return names


def part_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_one_way(path: Path) -> None:
    names = imported(path)
    forbidden = NEVER.get(part_of(path), set())
    assert not [name for name in names for start in forbidden if name.startswith(start)]
    if part_of(path) == "render":
        taken = {name for name in names if name.startswith("epochreel.nn")}
        assert taken <= RENDER_MAY_TAKE


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_stay_small(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_asserts_and_no_pyplot_in_the_product(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Assert)]
    assert "matplotlib.pyplot" not in imported(path)
    assert "pickle" not in imported(path)


@pytest.mark.parametrize("part", PARTS)
def test_public_names_exist(part: str) -> None:
    package = importlib.import_module(f"epochreel.{part}")
    assert package.__all__
    assert not [name for name in package.__all__ if not hasattr(package, name)]


@pytest.mark.parametrize(
    ("module", "table"),
    [("epochreel.render.panels", "PANELS"), ("epochreel.render.writers", "WRITERS")],
)
def test_tables_lead_somewhere(module: str, table: str) -> None:
    for where in getattr(importlib.import_module(module), table).values():
        name, _, attribute = where.partition(":")
        assert hasattr(importlib.import_module(name), attribute)


def test_every_package_is_in_the_wheel() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    declared = set(project["tool"]["setuptools"]["packages"])
    found = {
        "epochreel." + ".".join(path.parent.relative_to(ROOT).parts)
        for path in MODULES
        if path.name == "__init__.py"
    }
    assert declared == found


def test_architecture_page_names_every_module() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    missing = [
        path.name
        for path in MODULES
        if path.name != "__init__.py"
        and path.parent.name in PARTS
        and f"`{path.parent.name}/{path.name}`" not in page
        and f"`{path.name}`" not in page
    ]
    assert not missing


def test_every_public_name_is_there() -> None:
    for name in epochreel.scenes.__all__:
        assert getattr(epochreel.scenes, name).__module__.startswith("epochreel.scenes.")
    with pytest.raises(AttributeError, match="nope"):
        epochreel.scenes.nope  # pyright: ignore  # noqa: B018
