"""README does what it says: its examples are run as they stand."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from epochreel.nn import load_recording
from epochreel.scenes.cli import main

README = (Path(__file__).resolve().parents[1] / "README.md").read_text(encoding="utf-8")


def block(language: str, section: str = "") -> str:
    text = README.partition(f"\n## {section}\n")[2] if section else README
    found = re.search(rf"```{language}\n(.*?)```", text, re.DOTALL)
    assert found, f"README has no {language} example"
    return found.group(1)


def test_the_python_example_makes_its_film(tmp_path: Path) -> None:
    script = tmp_path / "example.py"
    script.write_text(block("python", "In Python"), encoding="utf-8")
    subprocess.run(
        [sys.executable, "-W", "error", script.name], cwd=tmp_path, check=True, env=os.environ
    )
    with Image.open(tmp_path / "spirals.gif") as film:
        assert film.size == (800, 600)
        assert film.n_frames > 50


def test_a_training_of_ones_own_is_filmed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    section = README.partition("## Films of your own training")[2]
    code, commands = re.findall(r"```(?:python)?\n(.*?)```", section, re.DOTALL)[:2]
    exec(code, {})
    recording = load_recording("run.reel")
    assert len(recording) == 100
    assert recording.metrics["train_accuracy"][-1] > 0.8
    info, film = commands.splitlines()[:2]
    assert main(info.split()[1:]) == 0
    assert "snapshots" in capsys.readouterr().out
    assert main([*film.split()[1:], "--preview"]) == 0
    assert (tmp_path / "run-preview.mp4").stat().st_size > 10_000


def test_five_lines_make_a_film_and_a_typo_is_answered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scene = tmp_path / "my_film.toml"
    scene.write_text(block("toml"), encoding="utf-8")
    assert len(block("toml").splitlines()) == 5
    assert main(["check", str(scene)]) == 0
    capsys.readouterr()
    scene.write_text(block("toml").replace("kind", "knd"), encoding="utf-8")
    assert main(["check", str(scene)]) == 2
    promised = re.search(r"data\.knd: unknown key; did you mean 'kind'\?", README)
    assert promised
    assert promised.group(0) in capsys.readouterr().err


def test_pictures_are_there_and_light() -> None:
    pictures = re.findall(r'<img src="([^"]+)"', README)
    assert pictures
    sizes = [(Path(__file__).resolve().parents[1] / name).stat().st_size for name in pictures]
    assert sum(sizes) <= 1.5e6
