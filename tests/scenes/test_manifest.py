from __future__ import annotations

import json
import os
import re
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from film_records import film_record, put_film

from epochreel.nn.errors import InvalidInputError, OutputError
from epochreel.scenes import whole_files
from epochreel.scenes.film_record import sidecar_path
from epochreel.scenes.manifest import collect_films
from epochreel.scenes.showing import show_films

DOCS = Path(__file__).resolve().parents[2] / "docs"


def paths(folder: Path) -> list[list[str]]:
    return [[film.path for film in scene.films] for scene in collect_films(folder).scenes]


def other(name: str, **more: Any) -> dict[str, Any]:
    scene = film_record().scene
    changes = {"id": "0" + "".join(filter(str.isalnum, name)), "name": name, **more}
    return {"scene": scene.model_copy(update=changes)}


def test_runs_add_up_and_what_is_gone_is_dropped(tmp_path: Path) -> None:
    put_film(tmp_path, "b-10.mp4", **other("b-10"))
    put_film(tmp_path, "b-2.mp4", **other("b-2"))
    put_film(tmp_path, "sub/deep/a.mp4")
    assert paths(tmp_path) == [["sub/deep/a.mp4"], ["b-2.mp4"], ["b-10.mp4"]]
    (tmp_path / "b-2.mp4").unlink()
    assert paths(tmp_path) == [["sub/deep/a.mp4"], ["b-10.mp4"]]
    # below the folder, so is its path
    assert paths(tmp_path / "sub") == [["deep/a.mp4"]]


def test_files_of_one_scene_are_together_the_best_to_show_first(tmp_path: Path) -> None:
    put_film(tmp_path, "a-preview.mp4", preview=True)
    put_film(tmp_path, "a.gif", media_type="image/gif")
    put_film(tmp_path, "a.pdf", kind="still")
    put_film(tmp_path, "frames/", kind="frames")
    put_film(tmp_path, "a.mp4")
    assert paths(tmp_path) == [["a.mp4", "a.gif", "a.pdf", "frames/", "a-preview.mp4"]]


def test_a_scene_that_went_otherwise_is_another_entry(tmp_path: Path) -> None:
    put_film(tmp_path, "a.mp4")
    put_film(tmp_path, "a.gif", versions={"numpy": "3"})
    scenes = collect_films(tmp_path).scenes
    assert [scene.id for scene in scenes] == ["1", "1-2"]


def test_what_is_no_film_of_ours_is_passed_over(tmp_path: Path) -> None:
    put_film(tmp_path, ".hidden/a.mp4")
    put_film(tmp_path, "a.mp4")
    (tmp_path / "a.mp4.json").write_text('{"format": "another"}', encoding="utf-8")
    (tmp_path / "package.json").write_text("{}", encoding="utf-8")
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    put_film(outside, "b.mp4")
    (tmp_path / "link").symlink_to(outside, target_is_directory=True)
    assert paths(tmp_path) == []


def test_a_file_that_has_changed_since_is_left_out_and_told(tmp_path: Path) -> None:
    put_film(tmp_path, "a.mp4")
    (tmp_path / "a.mp4").write_bytes(b"other")
    collection = collect_films(tmp_path)
    assert collection.scenes == ()
    assert collection.notes == (
        "'a.mp4' has changed since it was made; it is left out of the gallery",
    )


def test_a_copy_shows_the_same(tmp_path: Path) -> None:
    put_film(tmp_path / "one", "x/a.mp4", poster="x/a.mp4.poster.png")
    # without its times
    shutil.copytree(tmp_path / "one", tmp_path / "two", copy_function=shutil.copy)
    assert collect_films(tmp_path / "two").manifest() == collect_films(tmp_path / "one").manifest()
    [film] = collect_films(tmp_path / "two" / "x").films
    assert (film.path, film.poster) == ("a.mp4", "a.mp4.poster.png")
    assert 'src="a.mp4"' in film.snippets.html


def test_a_poster_that_is_gone_or_elsewhere_is_not_shown(tmp_path: Path) -> None:
    put_film(tmp_path, "a.mp4", poster="a.mp4.poster.png")
    (tmp_path / "a.mp4.poster.png").unlink()
    [film] = collect_films(tmp_path).films
    assert film.poster is None
    (tmp_path / "secret.png").write_bytes(b"")
    put_film(tmp_path, "a.mp4", poster="../secret.png", content=b"new")
    [film] = collect_films(tmp_path).films
    assert film.poster is None


def keys_of(value: Any) -> set[str]:
    if isinstance(value, list):
        return {key for entry in value for key in keys_of(entry)}
    if not isinstance(value, dict):
        return set()
    inner = {key for name, entry in value.items() if name not in FREE for key in keys_of(entry)}
    return {*value, *inner}


FREE = ("versions", "document", "first", "last")
"""Their keys are names that differ."""


def test_the_page_about_the_manifest_names_every_key(tmp_path: Path) -> None:
    put_film(tmp_path, "a.mp4", **other("a", document={"x": 1}))
    manifest = json.loads(collect_films(tmp_path).manifest())
    sidecar = json.loads(sidecar_path(tmp_path / "a.mp4").read_text(encoding="utf-8"))
    page = (DOCS / "manifest.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([a-z0-9_]+)`", page))
    assert keys_of(manifest) - named == set()
    assert keys_of(sidecar) - named == set()


def test_the_same_films_are_not_written_again(tmp_path: Path) -> None:
    put_film(tmp_path, "a.mp4")
    assert show_films(tmp_path) == []
    for name in ("manifest.json", "index.html"):
        os.utime(tmp_path / name, ns=(1, 1))
    assert show_films(tmp_path) == []
    assert {(tmp_path / n).stat().st_mtime_ns for n in ("manifest.json", "index.html")} == {1}
    (tmp_path / "a.mp4").unlink()
    show_films(tmp_path)
    assert json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))["scenes"] == []


def test_files_of_somebody_else_stay(tmp_path: Path) -> None:
    put_film(tmp_path, "a.mp4")
    (tmp_path / "index.html").write_text("<h1>Mine</h1>", encoding="utf-8")
    (tmp_path / "manifest.json").mkdir()
    notes = show_films(tmp_path)
    assert [note.split(": ")[1] for note in notes] == [
        "isn't Epochreel's, so it is left as it is"
    ] * 2
    assert (tmp_path / "index.html").read_text(encoding="utf-8") == "<h1>Mine</h1>"


def test_an_older_manifest_stays_when_the_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files_in: Callable[[Path], list[str]]
) -> None:
    put_film(tmp_path, "a.mp4")
    show_films(tmp_path)
    before = (tmp_path / "manifest.json").read_bytes()
    put_film(tmp_path, "b.mp4")
    kept = files_in(tmp_path)

    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(whole_files.os, "fsync", full)
    with pytest.raises(OutputError, match="no space left"):
        show_films(tmp_path)
    assert (tmp_path / "manifest.json").read_bytes() == before
    assert files_in(tmp_path) == kept


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="nowhere: must be a folder that is there"):
        show_films(tmp_path / "nowhere")


SWEPT = """
title = "Tiny"
description = "As small as can be."
data = { samples = 60, noise = 0.1 }
timeline = { fps = 10, hold_last = 0.2 }
models = [{ name = "Small", layers = [4], iterations = 20, capture = { every = 5 } }]
[[outputs]]
file = "sub/tiny.mp4"
size = [96, 72]
[[outputs]]
file = "tiny.svg"
size = [96, 72]
[[outputs]]
file = "end.pdf"
size = [96, 72]
[[outputs]]
file = "frames/"
size = [96, 72]
[sweep]
values.style = ["dark", "light"]
"""


def test_a_batch_leaves_all_of_it(
    cli: Callable[..., Any], scene_file: Callable[..., Path], tmp_path: Path
) -> None:
    scene_file(SWEPT)
    ran = cli("render", "my.toml", "--jobs", 1)
    assert ran.code == 0, ran.err
    folder = tmp_path / "output"
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    dark, light = manifest["scenes"]
    assert [scene["style"] for scene in (dark, light)] == ["dark", "light"]
    assert dark["variant"] != light["variant"]
    assert dark["source"] == SWEPT
    assert dark["path"] == "my.toml"
    assert tomllib.loads(dark["resolved"]) == dark["document"]
    assert "sweep" not in dark["document"]
    assert light["document"]["style"] == "light"
    assert {"epochreel", "numpy", "matplotlib", "python"} <= set(dark["versions"])
    [model] = dark["models"]
    assert (model["layers"], model["updates"], model["seed"]) == ([2, 4, 1], 20, 2)
    assert 0 <= model["last"]["test_accuracy"] <= 1
    assert dark["data"]["seed"] == 100
    film = next(file for file in dark["files"] if file["path"].endswith(".mp4"))
    assert (film["width"], film["height"], film["frames"]) == (96, 72, 7)
    assert film["duration_s"] == pytest.approx(0.7)
    assert film["bytes"] == (folder / film["path"]).stat().st_size
    assert film["caption"] == "Tiny. As small as can be."
    assert "20 updates" in film["alt"]
    assert [file["kind"] for file in dark["files"]] == ["film", "still", "still", "frames"]
    # each has a picture that is there
    for file in (*dark["files"], *light["files"]):
        assert (folder / file["poster"]).is_file()
        assert re.fullmatch(r"[0-9a-f]{64}", file["sha256"])
    assert (folder / "index.html").is_file()


def test_without_a_gallery_sidecars_stay(
    cli: Callable[..., Any], scene_file: Callable[..., Path], tmp_path: Path
) -> None:
    scene_file()
    assert cli("render", "my.toml", "--jobs", 1, "--no-gallery").code == 0
    folder = tmp_path / "output"
    names = {path.name for path in folder.iterdir() if path.is_file()}
    assert names == {"tiny.mp4", "tiny.mp4.json", "tiny.mp4.poster.png"}
    ran = cli("gallery", "output")
    assert (ran.code, ran.out, ran.err) == (0, f"{Path('output', 'index.html')}\n", "")
    assert {"index.html", "manifest.json"} <= {path.name for path in folder.iterdir()}


def test_gallery_of_nothing(cli: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    ran = cli("gallery", "empty")
    assert ran.code == 2
    assert ran.err == (
        "epochreel: empty: must hold films that 'epochreel render' has made, found none\n"
    )
    assert cli("gallery", "nowhere").code == 2
    assert list((tmp_path / "empty").iterdir()) == []
