from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from batches import SCENE
from epochreel.scenes.cli import main

TINY = """
title = "Tiny"
data = { samples = 60, noise = 0.1 }
timeline = { fps = 10, hold_last = 0.2 }
models = [{ name = "Small", layers = [4], iterations = 20, capture = { every = 5 } }]
outputs = [{ file = "tiny.mp4", size = [96, 72] }]
"""


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


Cli = Callable[..., Ran]


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cli:
    """Run the command line in this process, in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> Ran:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return run


@pytest.fixture
def shell(tmp_path: Path) -> Cli:
    """Run the command line in a process of its own, as a user does."""

    def run(*arguments: object, check_code: int | None = None) -> Ran:
        done = subprocess.run(
            [sys.executable, "-c", RUN_MAIN, *map(str, arguments)],
            cwd=tmp_path,
            capture_output=True,
            encoding="utf-8",
            env=os.environ | {"PYTHONIOENCODING": "utf-8"},
            timeout=60,
            check=False,
        )
        if check_code is not None:
            assert done.returncode == check_code, done.stderr
        return Ran(done.returncode, done.stdout, done.stderr)

    return run


RUN_MAIN = "import sys; from epochreel.scenes.cli import main; sys.exit(main())"


@pytest.fixture
def scene_file(tmp_path: Path) -> Callable[..., Path]:
    """Write a scene file."""

    def write(text: str = TINY, name: str = "my.toml") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write


def files_in(folder: Path) -> list[str]:
    """All files below a folder, hidden ones too."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


def films_in(folder: Path) -> list[str]:
    """The same without what stands beside films to tell of them."""
    about = (".json", ".poster.png", ".html")
    return [name for name in files_in(folder) if not name.endswith(about)]


@pytest.fixture(name="films_in")
def films_in_fixture() -> Callable[[Path], list[str]]:
    return films_in


@pytest.fixture(name="files_in")
def files_in_fixture() -> Callable[[Path], list[str]]:
    return files_in


def check_refusal(ran: Ran, where: str, words: list[str]) -> None:
    """Expect one line that starts so and holds these words, and nothing else."""
    assert ran.code == 2, ran
    assert ran.out == ""
    assert "Traceback" not in ran.err
    lines = ran.err.splitlines()
    assert len(lines) == 1, ran.err
    assert lines[0].startswith(f"epochreel: {where}"), lines[0]
    assert lines[0].isprintable()
    for word in words:
        assert word in lines[0], (word, lines[0])
    for leak in ("pydantic", "Input should", "type=", "Traceback", "validation error"):
        assert leak not in lines[0]


@pytest.fixture(name="check_refusal")
def check_refusal_fixture() -> Callable[..., None]:
    return check_refusal


@pytest.fixture
def refuses(cli: Cli, scene_file: Callable[..., Path]) -> Callable[..., None]:
    """Expect a scene to be refused at a line and a key."""

    def check(text: str, line: int | None, key: str, words: list[str]) -> None:
        scene_file(text)
        place = f":{line}" if line else ""
        check_refusal(cli("check", "my.toml"), f"my.toml{place}: {key}: ", words)

    return check


@pytest.fixture
def scenes(scene_file: Callable[..., Path]) -> Callable[..., list[Path]]:
    """Write scenes of these names, each with a training of its own."""

    def write(*names: str) -> list[Path]:
        return [
            scene_file(SCENE.format(seed=number, model="M", name=name), f"term/{name}.toml")
            for number, name in enumerate(names)
        ]

    return write


@pytest.fixture
def fail(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Make the writing of a film fail, or the training of a model."""
    from epochreel.render import output
    from epochreel.scenes import tasks

    write, load = output.write_film, tasks.load_engine

    def film(name: str, error: Exception) -> None:
        def written(film: Any, path: Path, **options: Any) -> Any:
            if path.name == name:
                path.write_bytes(b"half")
                raise error
            return write(film, path, **options)

        monkeypatch.setattr(output, "write_film", written)

    def training(name: str, error: Exception) -> None:
        def loaded(engine: str) -> Any:
            def train(plan: Any, dataset: Any, on_update: Any) -> Any:
                if plan.name == name:
                    raise error
                return load(engine)(plan, dataset, on_update)

            return train

        monkeypatch.setattr(tasks, "load_engine", loaded)

    return lambda name, error: (film if name.endswith(".gif") else training)(name, error)
