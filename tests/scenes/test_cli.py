from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from epochreel.render import COLORMAPS, FORMATS, PANELS, STILLS, STYLES
from epochreel.scenes.data_spec import DATA_KINDS
from epochreel.scenes.library import STARTER, ready_made

ESCAPE = "\x1b"


@pytest.mark.parametrize("command", ["", "render", "still", "compare", "check", "list", "new"])
def test_help_has_examples_and_goes_to_stdout(command: str, cli: Callable[..., Any]) -> None:
    ran = cli(*command.split(), "--help")
    assert ran.code == 0
    assert ran.err == ""
    assert "Usage: epochreel" in ran.out
    assert f"  epochreel {command}" in ran.out.partition("Examples:")[2]
    assert ESCAPE not in ran.out


def test_version(cli: Callable[..., Any]) -> None:
    pyproject = Path(__file__).parents[2] / "pyproject.toml"
    version = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]["version"]
    assert cli("--version").out == f"epochreel {version}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["render"],
        ["render", "numpy_dark", "-o", ""],
        ["check"],
        ["rendr", "x"],
        ["render", "x", "--jobs", "0"],
        ["list", "--nope"],
    ],
)
def test_usage_errors_are_2_and_go_to_stderr(arguments: list[str], cli: Callable[..., Any]) -> None:
    ran = cli(*arguments)
    assert ran.code == 2
    assert ran.out == ""
    assert "Error: " in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("arguments", "allowed"),
    # Typer itself reads a command's arguments with pydantic
    [("--help", set[str]()), ("--version", set[str]()), ("render --help", {"pydantic"})],
)
def test_help_and_version_load_nothing_heavy(
    arguments: str, allowed: set[str], tmp_path: Path
) -> None:
    code = (
        "import sys; from epochreel.scenes.cli import main\n"
        "code = main()\n"
        "heavy = {'numpy', 'matplotlib', 'sklearn', 'pydantic', 'av', 'imageio', 'PIL', 'tqdm'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
        "sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments.split()],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.returncode == 0
    assert set(ast.literal_eval(done.stderr.splitlines()[-1])) <= allowed


def test_check_says_what_would_be_made(
    cli: Callable[..., Any], scene_file: Callable[..., Path], tmp_path: Path
) -> None:
    scene_file(name="my.toml")
    ran = cli("check", "my.toml", "numpy_dark")
    assert ran.code == 0
    assert ran.err == ""
    mine, _, ready = ran.out.partition("numpy_dark: ")
    assert mine.startswith("my.toml: Tiny\n")
    assert "54 training samples, 6 for testing" in mine
    assert "2-4-1, 17 parameters, full batch, 20 updates, 5 snapshots" in mine
    # 5 snapshots, the last of them 0.2 s longer at 10 frames a second
    assert "tiny.mp4  96×72 px, 7 frames at 10 fps, 0.7 s" in mine
    assert "2-25-50-50-25-1, 5226 parameters, full batch, 10 000 updates, 201 snapshots" in ready
    assert "numpy_dark.gif  800×600 px, 241 frames at 20 fps, 12.1 s" in ready
    assert [path.name for path in tmp_path.iterdir()] == ["my.toml"]


def test_check_of_batches(cli: Callable[..., Any]) -> None:
    ran = cli("check", "keras_style_side_by_side")
    assert "batches of 32, 200 epochs = 5800 updates, 201 snapshots" in ran.out


def test_list_names_everything_there_is(cli: Callable[..., Any]) -> None:
    ran = cli("list")
    assert ran.code == 0
    names = {line.split()[0] for line in ran.out.splitlines() if line.startswith("  ")}
    for table in (ready_made(), STYLES, COLORMAPS, PANELS, DATA_KINDS, FORMATS, STILLS):
        assert set(table) <= names
    assert "NumPy from scratch" in ran.out


def test_new_writes_a_scene_that_is_valid(cli: Callable[..., Any], tmp_path: Path) -> None:
    ran = cli("new", "my.toml")
    assert ran.code == 0
    assert "my.toml" in ran.out
    written = (tmp_path / "my.toml").read_text(encoding="utf-8")
    assert written == STARTER.read_text(encoding="utf-8")
    assert cli("check", "my.toml").code == 0


def test_new_replaces_nothing_unless_told_to(cli: Callable[..., Any], tmp_path: Path) -> None:
    mine = tmp_path / "my.toml"
    mine.write_text("mine", encoding="utf-8")
    ran = cli("new", "my.toml")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "epochreel: my.toml: is already there; --force replaces it\n"
    assert mine.read_text(encoding="utf-8") == "mine"
    assert cli("new", "my.toml", "--force").code == 0
    assert mine.read_text(encoding="utf-8") != "mine"


@pytest.mark.parametrize("name", ["no/such/folder.toml", ".", "x" * 300])
def test_new_where_nothing_can_be_written(name: str, cli: Callable[..., Any]) -> None:
    ran = cli("new", name, "--force")
    assert (ran.code, ran.out) == (2, "")
    assert len(ran.err.splitlines()) == 1
    assert "can't be written" in ran.err


def test_a_reader_that_has_enough_is_no_error(tmp_path: Path) -> None:
    """``epochreel list | head -0``: the pipe is closed before anything is written."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from epochreel.scenes.cli import main; sys.exit(main())",
            "list",
        ],
        cwd=tmp_path,
        stdout=writer,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    os.close(writer)
    assert done.stderr == ""
    assert done.returncode == 0


def test_an_encoding_without_our_signs_is_survived(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from epochreel.scenes.cli import main; sys.exit(main())",
            "check",
            "numpy_dark",
        ],
        cwd=tmp_path,
        capture_output=True,
        encoding="ascii",
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "1600\\xd71200 px" in done.stdout


def test_a_file_in_the_folder_goes_before_a_ready_made_scene(
    cli: Callable[..., Any], scene_file: Callable[..., Path], tmp_path: Path
) -> None:
    assert "NumPy from scratch" in cli("check", "numpy_dark").out
    (tmp_path / "numpy_dark").mkdir()
    assert "NumPy from scratch" in cli("check", "numpy_dark").out
    (tmp_path / "numpy_dark").rmdir()
    scene_file('title = "Mine"', "numpy_dark")
    assert "Mine" in cli("check", "numpy_dark").out


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interruption_that_turned_into_another_error_is_still_one(
    number: signal.Signals,
    code: int,
    cli: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """C code that is interrupted, in an import for instance, may raise anything."""

    def fail(arguments: list[str], **options: Any) -> None:
        try:
            signal.raise_signal(number)
        except BaseException:
            raise ImportError("initialization failed") from None

    before = [signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)]
    monkeypatch.setattr("epochreel.scenes.preparing.load_scenes", fail)
    ran = cli("check", "numpy_dark")
    assert (ran.code, ran.out) == (code, "")
    assert ran.err == "epochreel: interrupted; nothing half-made is left\n"
    assert before == [signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)]


def test_a_mistake_of_the_program_is_not_hidden(
    cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(arguments: list[str], **options: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("epochreel.scenes.preparing.load_scenes", fail)
    with pytest.raises(ZeroDivisionError):
        cli("check", "numpy_dark")
