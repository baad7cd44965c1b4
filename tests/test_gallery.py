"""The gallery in docs/ shows all there is, and is as small as promised."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image

from epochreel.render.figures import FIGURES
from epochreel.render.panels import PANELS
from epochreel.scenes.library import ready_made

GALLERY = Path(__file__).resolve().parents[1] / "docs" / "gallery"
PAGE = (GALLERY / "README.md").read_text(encoding="utf-8")
SHOWN = [
    *(("panel", kind) for kind in PANELS),
    *(("figure", name) for name in FIGURES),
    *(("scene", name) for name in ready_made()),
]


@pytest.fixture(scope="module")
def make() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_gallery", GALLERY / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("part", "name"), SHOWN)
def test_everything_is_shown(part: str, name: str) -> None:
    assert f"\n### `{name}`\n" in PAGE
    assert f"({part}-{name}.webp)" in PAGE
    with Image.open(GALLERY / f"{part}-{name}.webp") as picture:
        assert picture.width >= 720


def test_the_page_is_as_its_script_writes_it(make: ModuleType) -> None:
    assert make.page(make.documents()) == PAGE


def test_pictures_are_those_of_the_page() -> None:
    linked = set(re.findall(r"!\[[^]]+\]\(([^)]+)\)", PAGE))
    assert linked == {path.name for path in GALLERY.glob("*.webp")}


def test_links_lead_somewhere() -> None:
    targets = re.findall(r"\]\(([^)]+)\)", PAGE)
    assert len(targets) > len(SHOWN)
    assert [target for target in targets if not (GALLERY / target).exists()] == []


def test_the_folder_is_small() -> None:
    files = [
        path for path in GALLERY.rglob("*") if path.is_file() and "__pycache__" not in str(path)
    ]
    assert sum(path.stat().st_size for path in files) <= 4_000_000


def test_no_path_of_a_machine() -> None:
    for path in (path for path in GALLERY.iterdir() if path.suffix in {".md", ".toml", ".py"}):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"(?:file:|\]\(|src=[\"']|[\"'`])/(?:\w+/)", text), path.name


@pytest.mark.parametrize("kind", PANELS)
def test_a_panel_comes_from_the_scene_with_least_beside_it(make: ModuleType, kind: str) -> None:
    scenes = make.documents()
    chosen = scenes[make.scene_of(kind, scenes)]
    assert kind in [panel["kind"] for panel in make.panels_of(chosen)]
    for scene in scenes.values():
        if kind in [panel["kind"] for panel in make.panels_of(scene)]:
            assert len(chosen["models"]) <= len(scene["models"])


def test_a_kind_without_a_scene_is_told(make: ModuleType) -> None:
    with pytest.raises(SystemExit, match="'sculpture'"):
        make.scene_of("sculpture", make.documents())
    with pytest.raises(SystemExit, match="'sculpture'"):
        make.explained("sculpture")


def test_scenes_that_lack_a_package_are_named(
    make: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(make, "find_spec", lambda name: None)
    scenes = make.documents()
    assert make.missing_packages(scenes["frameworks"]) == ["keras", "torch"]
    assert make.missing_packages(scenes["numpy_dark"]) == []
