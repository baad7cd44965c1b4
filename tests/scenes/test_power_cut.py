"""What a power cut could leave: no name on the disk before the contents behind it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SCENE = """
data = { kind = "circles", samples = 40 }
timeline = { fps = 10, hold_last = 0.2 }
models = [{ layers = [4], iterations = 20, capture = { every = 5 } }]
panels = [{ numbers = [] }]
outputs = [{ file = "FILE", size = [64, 48] }]
"""


class Disk:
    """Remembers which files were brought to the disk before they got which names."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.synced: set[int] = set()
        self.named: list[tuple[Path, bool]] = []
        self.folders: list[Path] = []
        self._fsync = os.fsync
        monkeypatch.setattr(os, "fsync", self.fsync)
        for name in ("replace", "rename"):
            monkeypatch.setattr(os, name, self._moving(getattr(os, name)))

    def fsync(self, descriptor: int) -> None:
        self._fsync(descriptor)
        self.synced.add(os.fstat(descriptor).st_ino)

    def _moving(self, move: Callable[..., Any]) -> Callable[..., None]:
        def moved(source: str | Path, target: str | Path) -> None:
            files = [Path(source), *Path(source).glob("*")]
            safe = all(path.stat().st_ino in self.synced for path in files)
            move(source, target)
            # folders that are brought to the disk from now on know the new name
            self.synced.discard(Path(target).parent.stat().st_ino)
            self.named.append((Path(target), safe))

        return moved


@pytest.mark.parametrize(
    "name",
    ["a.mp4", "a.webm", "a.gif", "a.webp", "a.apng", "a.png", "a.svg", "a.pdf", "a/", "deep/a.gif"],
)
def test_contents_are_on_the_disk_before_their_name(
    name: str,
    cli: Callable[..., Any],
    scene_file: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scene_file(SCENE.replace("FILE", name))
    disk = Disk(monkeypatch)
    ran = cli("render", "my.toml", "-o", "out", "--jobs", 1)
    assert ran.code == 0, ran.err
    target = Path("out", name)
    final = [(path, safe) for path, safe in disk.named if path.parent == target.parent]
    names = [path.name for path, _ in final]
    # the file first, and what says that it is whole after it
    assert names[0] == target.name
    assert any(other.endswith(".json") for other in names[1:])
    assert all(safe for _, safe in final), final
    assert (tmp_path / target).parent.stat().st_ino in disk.synced
