"""The two ways to install: the wheel in a clean environment, and the editable one. Real ones."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = ["nn", "render", "scenes", "pyproject.toml", "README.md", "LICENSE"]


def run(*command: object, cwd: Path) -> str:
    # neither the tests' own paths nor their installation may be seen
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        capture_output=True,
        encoding="utf-8",
        env=env | {"PYTHONUTF8": "1"},
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def pip(*arguments: object, cwd: Path, python: Path | None = None) -> None:
    # a setuptools that is new enough is used as it is; only an older one makes pip fetch another
    setuptools = int(version("setuptools").split(".")[0])
    build = ["--no-build-isolation"] if setuptools >= 77 else []
    target = ["--python", python] if python else []
    run(
        sys.executable, "-m", "pip", "--disable-pip-version-check", *target, *arguments,
        "--no-deps", *build, cwd=cwd,
    )  # fmt: skip


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy, because building writes beside the sources."""
    folder = tmp_path_factory.mktemp("source")
    for name in SOURCES:
        origin = ROOT / name
        if origin.is_dir():
            shutil.copytree(
                origin, folder / name, ignore=shutil.ignore_patterns("__pycache__", ".*")
            )
        else:
            shutil.copy(origin, folder / name)
    return folder


@pytest.fixture
def clean_environment(tmp_path: Path) -> Callable[[], tuple[Path, Path]]:
    """Make an environment that has the dependencies of the tests' own, but not Epochreel."""

    def make() -> tuple[Path, Path]:
        home = tmp_path / "venv"
        venv.create(home, with_pip=False, symlinks=os.name != "nt")
        scripts = home / ("Scripts" if os.name == "nt" else "bin")
        packages = Path(
            sysconfig.get_path("purelib", "venv", {"base": str(home), "platbase": str(home)})
        )
        assert packages.is_dir()
        for number, key in enumerate(("purelib", "platlib")):
            # a .pth is read line by line, and those of the folder it names are not read in turn:
            # so the tests' editable installation of Epochreel stays out of it
            (packages / f"dependencies{number}.pth").write_text(
                sysconfig.get_path(key) + "\n", encoding="utf-8"
            )
        return scripts, packages

    return make


def test_the_wheel_renders_a_ready_made_scene_by_name(
    source: Path, clean_environment: Callable[[], tuple[Path, Path]], tmp_path: Path
) -> None:
    pip("wheel", source, "-w", tmp_path / "dist", cwd=tmp_path)
    [wheel] = (tmp_path / "dist").glob("epochreel-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    tops = {name.split("/")[0] for name in names}
    assert len(tops) == 2
    assert "epochreel" in tops
    for name in (
        "epochreel/scenes/library/numpy_dark.toml",
        "epochreel/scenes/library/keras_style_side_by_side.toml",
        "epochreel/scenes/starter.toml",
        "epochreel/scenes/py.typed",
        "epochreel/render/styles/dark.mplstyle",
        "epochreel/render/fonts/IBMPlexSans-Regular.ttf",
    ):
        assert name in names

    scripts, packages = clean_environment()
    python = scripts / "python"
    # what the tests' own environment has of that name is seen, and not to be touched
    pip("install", "--ignore-installed", wheel, cwd=tmp_path, python=python)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    where = run(
        python, "-c", "import epochreel.scenes.cli as c; print(c.__file__)", cwd=elsewhere
    ).strip()
    assert Path(where).is_relative_to(packages)
    out = run(scripts / "epochreel", "render", "numpy_dark", "--preview", cwd=elsewhere)
    assert [line.split()[0] for line in out.splitlines()] == [
        "output/numpy_dark-preview.mp4",
        "output/numpy_dark-preview.gif",
    ]
    for line in out.splitlines():
        assert "480×360 px" in line
        assert float(line.split()[-1]) >= 0.95
        assert (elsewhere / line.split()[0]).stat().st_size > 1000


def test_the_editable_installation_follows_the_sources(
    source: Path, clean_environment: Callable[[], tuple[Path, Path]], tmp_path: Path
) -> None:
    scripts, packages = clean_environment()
    python = scripts / "python"
    pip("install", "--ignore-installed", "--editable", source, cwd=tmp_path, python=python)
    assert not (packages / "epochreel").exists()
    starter = source / "scenes" / "starter.toml"
    changed = starter.read_text(encoding="utf-8").replace("My first film", "Changed")
    starter.write_text(changed, encoding="utf-8")
    run(scripts / "epochreel", "new", "my.toml", cwd=tmp_path)
    assert "my.toml: Changed" in run(scripts / "epochreel", "check", "my.toml", cwd=tmp_path)
    assert "numpy_dark" in run(scripts / "epochreel", "list", cwd=tmp_path)
