from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from film_records import film_record

from epochreel.nn.errors import OutputError
from epochreel.scenes.film_record import (
    Fingerprint,
    poster_name,
    read_record,
    sidecar_path,
    write_atomically,
    write_record,
)


@pytest.mark.parametrize(
    ("path", "sidecar"),
    [("sub/a.mp4", "sub/a.mp4.json"), ("a.PNG", "a.PNG.json"), ("x/b/", "x/b.frames.json")],
)
def test_a_record_is_read_as_it_was_written(path: str, sidecar: str, tmp_path: Path) -> None:
    (tmp_path / path).parent.mkdir(exist_ok=True)
    written = film_record(path)
    place = write_record(written, tmp_path)
    assert place == tmp_path / sidecar == sidecar_path(tmp_path / path)
    assert read_record(place) == written
    # nothing but the sidecar stays
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == [place]
    assert [file.name for file in place.parent.iterdir()] == [place.name]


def test_the_poster_stands_beside_its_film() -> None:
    assert poster_name(Path("sub/a.mp4")) == "a.mp4.poster.png"


def damaged(text: str) -> list[str]:
    other = json.loads(text)
    later = {**other, "version": 2}
    unmarked = {key: value for key, value in other.items() if key != "format"}
    wrong = {**other, "width": "wide"}
    return ["", "null", "[]", text[:-40], *map(json.dumps, (later, unmarked, wrong))]


@pytest.mark.parametrize("index", range(7))
def test_what_is_no_sidecar_is_none(index: int, tmp_path: Path) -> None:
    place = write_record(film_record("a.mp4"), tmp_path)
    place.write_text(damaged(place.read_text(encoding="utf-8"))[index], encoding="utf-8")
    assert read_record(place) is None


def test_bytes_that_are_no_text_are_none(tmp_path: Path) -> None:
    (tmp_path / "a.mp4.json").write_bytes(b"\xff\xfe\x00{")
    assert read_record(tmp_path / "a.mp4.json") is None
    assert read_record(tmp_path / "b.mp4.json") is None
    assert read_record(tmp_path) is None


def test_keys_of_a_later_writer_are_passed_over(tmp_path: Path) -> None:
    place = write_record(film_record("a.mp4"), tmp_path)
    place.write_text(place.read_text(encoding="utf-8").replace("{", '{"new": 1,', 1))
    assert read_record(place) == film_record("a.mp4")


def test_a_file_is_known_again(tmp_path: Path) -> None:
    file = tmp_path / "a.mp4"
    file.write_bytes(b"abc")
    print_ = Fingerprint.of(file)
    assert print_.bytes == 3
    assert print_.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert print_.matches(file)
    # touched, but the same
    os.utime(file, ns=(1, 1))
    assert print_.matches(file)
    file.write_bytes(b"abd")
    assert not print_.matches(file)
    file.write_bytes(b"abcd")
    assert not print_.matches(file)
    file.unlink()
    assert not print_.matches(file)


def test_a_folder_is_known_again(tmp_path: Path) -> None:
    folder = tmp_path / "frames"
    folder.mkdir()
    (folder / "00000.png").write_bytes(b"one")
    os.link(folder / "00000.png", folder / "00001.png")
    print_ = Fingerprint.of(folder)
    assert print_.bytes == 3
    assert print_.matches(folder)
    for change in (
        lambda: (folder / "00001.png").rename(folder / "00002.png"),
        lambda: (folder / "00002.png").unlink(),
    ):
        change()
        assert not print_.matches(folder)


@pytest.mark.parametrize("fails", ["replace", "fsync"])
def test_an_older_file_stays_when_writing_fails(
    fails: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files_in: Callable[..., list[str]]
) -> None:
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    place = tmp_path / "a.json"
    write_atomically(place, b"old")
    monkeypatch.setattr(os, fails, full)
    with pytest.raises(OutputError, match=r"a\.json: can't be written: no space left on device"):
        write_atomically(place, b"new")
    assert place.read_bytes() == b"old"
    assert files_in(tmp_path) == ["a.json"]
