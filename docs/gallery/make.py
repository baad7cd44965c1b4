"""Draws the pictures of this folder and writes its page, by `make gallery`.

Every picture is a still that `epochreel render` or `epochreel figures` makes: of each kind of panel
the first, a middle and the last moment in both styles, from the ready-made scene in which it has
least beside it; of each figure both styles; of each ready-made scene its last moment. Scenes made
for that, trainings and stills stay in build/gallery/ and the cache, so a second run draws only what
changed.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops

from epochreel.render.figures import FIGURES
from epochreel.render.looks import STYLES
from epochreel.render.panels import PANELS
from epochreel.scenes.cli import main as epochreel
from epochreel.scenes.engines import PACKAGES
from epochreel.scenes.library import ready_made
from epochreel.scenes.toml_text import to_toml

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = ROOT / "build" / "gallery"
STILLS = BUILD / "stills"

PANEL_SIZE = (480, 360)
SCENE_WIDTH = 800
MOMENTS = {"first": "first", "middle": "0.5", "last": "last"}
GAP = 6

SUFFIX = ".webp"
BETWEEN = (127, 127, 127)
SHORT = 40
"""Characters; of a shorter sentence the next one is taken, too."""

INTRODUCTION = """# Gallery

Every kind of panel, every figure and every ready-made scene, drawn by `make gallery`. Panels are
shown at the first, a middle and the last moment of a film, one below the other, dark at the left
and light at the right; figures are dark above and light below; scenes are shown at their last
moment. [panels.md](../panels.md)
and [figures.md](../figures.md) say more of panels and of figures."""

Document = dict[str, Any]


def documents() -> dict[str, Document]:
    """Read all scenes: those that are ready-made, and those that stand here for want of one."""
    own = {path.stem: path for path in sorted(HERE.glob("*.toml"))}
    paths = ready_made() | own
    return {name: tomllib.loads(path.read_text(encoding="utf-8")) for name, path in paths.items()}


def panels_of(scene: Document) -> list[Document]:
    """List a scene's panels, each with its kind; without any it shows the boundary."""
    return [{"kind": "boundary"} | panel for panel in scene.get("panels", [{}])]


def scene_of(kind: str, scenes: Mapping[str, Document]) -> str:
    """Choose the scene that shows a kind of panel with least beside it."""

    def beside(name: str) -> tuple[int, int, int, str]:
        found = panels_of(scenes[name])
        others = sum(panel["kind"] != kind for panel in found)
        return len(scenes[name]["models"]), others, len(found), name

    shown = [name for name, scene in scenes.items() if kind in map(_kind, panels_of(scene))]
    if not shown:
        raise SystemExit(f"gallery: no ready-made scene has a panel of kind {kind!r}")
    return min(shown, key=beside)


def _kind(panel: Document) -> str:
    return panel["kind"]


def missing_packages(scene: Document) -> list[str]:
    """Name the packages that a scene needs and that aren't installed."""
    engines = {model.get("engine", "numpy") for model in scene["models"]}
    needed = {PACKAGES[engine][0] for engine in engines if engine in PACKAGES}
    return sorted(package for package in needed if find_spec(package) is None)


def panel_scene(kind: str, scene: Document, style: str) -> Document:
    """Leave of a scene one panel alone, as stills of three moments."""
    panel = next(panel for panel in panels_of(scene) if panel["kind"] == kind)
    shown = panel.get("models") or ([panel["model"]] if "model" in panel else [])
    models = [model for model in scene["models"] if not shown or model.get("name") in shown]
    left = {
        key: value
        for key, value in scene.items()
        if key not in ("layout", "columns", "captions", "panels", "outputs", "models")
    }
    stills = [
        {"file": f"{kind}-{style}-{moment}.png", "size": list(PANEL_SIZE), "at": at}
        for moment, at in MOMENTS.items()
    ]
    return left | {"style": style, "models": models, "panels": [panel], "outputs": stills}


def whole_scene(name: str, scene: Document) -> Document:
    """Leave of a scene's outputs one still, of the last moment."""
    first = scene["outputs"][0].get("size", "4:3")
    width, height = map(int, first.split(":")) if isinstance(first, str) else first
    size = [SCENE_WIDTH, 2 * round(SCENE_WIDTH * height / width / 2)]
    return scene | {"outputs": [{"file": f"scene-{name}.png", "size": size}]}


def write_scenes(scenes: Mapping[str, Document]) -> Iterator[Path]:
    """Write the scenes of which stills are made; those that lack a package are left out, aloud."""
    folder = BUILD / "scenes"
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.toml"):
        path.unlink()
    wanted: dict[str, Document] = {}
    for name in ready_made():
        lacking = missing_packages(scenes[name])
        if lacking:
            print(f"gallery: {name} keeps its picture, as it needs {', '.join(lacking)}")
        else:
            wanted[f"scene-{name}"] = whole_scene(name, scenes[name])
    for kind in PANELS:
        for style in STYLES:
            scene = scenes[scene_of(kind, scenes)]
            wanted[f"panel-{kind}-{style}"] = panel_scene(kind, scene, style)
    for name, document in wanted.items():
        path = folder / f"{name}.toml"
        path.write_text(to_toml(document), encoding="utf-8")
        yield path


def run(*arguments: str) -> None:
    """Run a command of Epochreel."""
    code = epochreel(list(arguments))
    if code:
        sys.exit(code)


def draw_stills(scenes: Mapping[str, Document]) -> None:
    """Make all stills that aren't up to date."""
    paths = [str(path) for path in write_scenes(scenes)]
    run("render", *paths, "-o", str(STILLS), "--jobs", "2", "--no-gallery", "--quiet")


def assembled(rows: Sequence[Sequence[Path]]) -> Image.Image:
    """Put pictures into rows, with a thin line of grey between them."""
    pictures = [[Image.open(path).convert("RGB") for path in row] for row in rows]
    width = max(sum(one.width + GAP for one in row) for row in pictures) - GAP
    height = sum(max(one.height for one in row) + GAP for row in pictures) - GAP
    sheet = Image.new("RGB", (width, height), BETWEEN)
    top = 0
    for row in pictures:
        left = 0
        for picture in row:
            sheet.paste(picture, (left, top))
            left += picture.width + GAP
        top += max(picture.height for picture in row) + GAP
    return sheet


def save(picture: Image.Image, name: str) -> None:
    """Write a picture as it was drawn; one that looks as before keeps its bytes."""
    path = HERE / f"{name}{SUFFIX}"
    if path.exists():
        with Image.open(path) as before:
            if before.size == picture.size and not _differ(before.convert("RGB"), picture):
                return
    # a palette takes half the room, but gives two of four thin lines the same colour
    picture.save(path, lossless=True, quality=70, method=4)


def _differ(one: Image.Image, other: Image.Image) -> bool:
    return ImageChops.difference(one, other).getbbox() is not None


def assemble(scenes: Mapping[str, Document]) -> None:
    """Make the pictures of this folder from the stills."""
    for kind in PANELS:
        # two columns: three would be too small to read where the page is shown
        rows = [[STILLS / f"{kind}-{style}-{moment}.png" for style in STYLES] for moment in MOMENTS]
        save(assembled(rows), f"panel-{kind}")
    for name in ready_made():
        if not missing_packages(scenes[name]):
            save(assembled([[STILLS / f"scene-{name}.png"]]), f"scene-{name}")


def draw_figures() -> None:
    """Draw all figures of the scene that they are of when none is named."""
    from epochreel.render.figures.saving import save_figure
    from epochreel.render.style import load_style
    from epochreel.scenes.comparison_output import bar_table
    from epochreel.scenes.figure_data import FigureData
    from epochreel.scenes.figuring import draw
    from epochreel.scenes.preparing import load_scene
    from epochreel.scenes.progress import NullReporter
    from epochreel.scenes.recorded_comparison import read_comparison

    class Recorded(FigureData):
        """With seconds that were measured once, or the picture would differ each time."""

        @property
        def table(self) -> Any:  # pyright: ignore
            comparison, circumstances = read_comparison()
            table = bar_table(comparison)
            return replace(table, note=f"{table.note}; {circumstances.words}")

    data = Recorded(load_scene("numpy_dark"), None, NullReporter())
    for style in STYLES:
        folder = BUILD / "figures" / style
        folder.mkdir(parents=True, exist_ok=True)
        look = load_style(style)
        for name in FIGURES:
            with look.context():
                figure = draw(name, data, style=look, width="blog").figure
            save_figure(figure, folder / f"{name}.png", look)
    for name in FIGURES:
        rows = [[BUILD / "figures" / style / f"{name}.png"] for style in STYLES]
        save(assembled(rows), f"figure-{name}")


def picture_names() -> list[str]:
    """List the pictures of this folder, without their suffix."""
    return [
        *(f"panel-{kind}" for kind in PANELS),
        *(f"figure-{name}" for name in FIGURES),
        *(f"scene-{name}" for name in ready_made()),
    ]


def explained_figure(name: str) -> str:
    """Take what a figure shows from the table of the page of figures."""
    page = (ROOT / "docs" / "figures.md").read_text(encoding="utf-8")
    found = re.search(rf"^\| `{name}` \| (.+) \|$", page, re.MULTILINE)
    if found is None:
        raise SystemExit(f"gallery: docs/figures.md has no line about {name!r}")
    return f"{found[1][0].upper()}{found[1][1:]}."


def explained(kind: str) -> str:
    """Take what a kind of panel shows from the page of panels: the start of its section."""
    page = (ROOT / "docs" / "panels.md").read_text(encoding="utf-8")
    section = page.partition(f"\n## `{kind}`\n")[2].lstrip().partition("\n\n")[0]
    if not section:
        raise SystemExit(f"gallery: docs/panels.md has no section about {kind!r}")
    sentences = re.split(r"(?<=[.!?])\s+", " ".join(section.split()))
    return sentences[0] if len(sentences[0]) >= SHORT else " ".join(sentences[:2])


def command(name: str) -> str:
    """Say how a scene is rendered, with a link to it."""
    if name in ready_made():
        return f"[`{name}`](../../scenes/library/{name}.toml): `epochreel render {name}`"
    return f"[`{name}`]({name}.toml): `epochreel render docs/gallery/{name}.toml`"


def page(scenes: Mapping[str, Document]) -> str:
    """Write the page that shows all of it."""
    parts = [INTRODUCTION, "## Panels"]
    for kind in PANELS:
        text, scene = explained(kind), scene_of(kind, scenes)
        parts += [
            f"### `{kind}`",
            text,
            f"![{kind}](panel-{kind}{SUFFIX})",
            f"From {command(scene)}",
        ]
    parts.append("## Figures")
    for name in FIGURES:
        parts += [f"### `{name}`", explained_figure(name), f"![{name}](figure-{name}{SUFFIX})"]
        parts.append(f"`epochreel figures {name}`")
    parts.append("## Scenes")
    for name in ready_made():
        scene = scenes[name]
        text = scene.get("description") or scene["title"]
        parts += [f"### `{name}`", text, f"![{scene['title']}](scene-{name}{SUFFIX})"]
        parts.append(f"From {command(name)}")
    return "\n\n".join(parts) + "\n"


def main() -> None:
    """Draw everything anew that changed, and remove what isn't there any more."""
    scenes = documents()
    draw_stills(scenes)
    assemble(scenes)
    draw_figures()
    for picture in HERE.glob(f"*{SUFFIX}"):
        if picture.stem not in picture_names():
            picture.unlink()
    (HERE / "README.md").write_text(page(scenes), encoding="utf-8")


if __name__ == "__main__":
    main()
