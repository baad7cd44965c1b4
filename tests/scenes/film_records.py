"""Records of films that nobody made, for tests of what is written about films."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from epochreel.scenes.film_record import (
    DataRecord,
    FilmRecord,
    Fingerprint,
    ModelRecord,
    SceneRecord,
    Snippets,
    write_record,
)


def film_record(path: str = "sub/a.mp4", **changes: Any) -> FilmRecord:
    """Make a record of a file that needn't be there."""
    values: dict[str, Any] = {
        "path": path,
        "kind": "film",
        "media_type": "video/mp4",
        "scene": SceneRecord(
            id="1", name="a", path="a.toml", source="", style="dark", colormap="PuOr"
        ),
        "data": DataRecord(
            kind="moons", name="moons", train_samples=9, test_samples=1, classes=2, split_seed=42
        ),
        "models": (
            ModelRecord(
                name="Ünï 日本",
                engine="numpy",
                layers=(2, 1),
                updates=10,
                epochs=10.0,
                snapshots=3,
                first={"test_accuracy": 0.5, "test_loss": None},
                last={"test_accuracy": 0.9, "test_loss": 0.25},
            ),
        ),
        "split": "test",
        "key": "k",
        "parts": {"style": "s"},
        "file": Fingerprint(bytes=1, mtime_ns=2, sha256="3"),
        "width": 4,
        "height": 3,
        "duration_s": 0.5,
        "frames": 5,
        "alt": "alt",
        "caption": "caption",
        "snippets": Snippets(html="", markdown="", latex=""),
    }
    return FilmRecord(**(values | changes))


def put_film(folder: Path, path: str, content: bytes = b"film", **changes: Any) -> FilmRecord:
    """Put a file that stands for a film into a folder, with its sidecar and perhaps its poster."""
    place = folder / path
    if path.endswith("/"):
        place.mkdir(parents=True, exist_ok=True)
        (place / "00000.png").write_bytes(content)
    else:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    poster = changes.get("poster")
    if poster and not (folder / poster).exists():
        (folder / poster).write_bytes(b"picture")
    record = film_record(path, file=Fingerprint.of(place), **changes)
    write_record(record, folder)
    return record
