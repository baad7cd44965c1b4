"""Scene files that can't be read, or not together, and what is said then."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from epochreel.nn.errors import SceneError
from epochreel.scenes import load_scenes


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a = ", 1, "not valid TOML"),
        ("a = 1\nb = [1,\n", 2, "at the end of the file"),
        ("[data]\n[data]", 2, "cannot declare 'data' twice"),
        ("a = 1\na = 2", 2, "not valid TOML"),
        ("title = drak", 1, "not valid TOML"),
        ("x = " + "[" * 5000, None, "nested too deeply"),
        ("x = " + "9" * 5000, None, "too many digits"),
        ("x = 1\n\ny = 'a\x07b'", 3, "not valid TOML"),
    ],
)
def test_bad_toml(
    check_refusal: Callable[..., None],
    text: str,
    line: int | None,
    words: str,
    cli: Callable[..., Any],
    scene_file: Callable[..., Path],
) -> None:
    scene_file(text)
    place = f":{line}" if line else ""
    check_refusal(cli("render", "my.toml"), f"my.toml{place}: ", [words])


def test_bytes_that_are_no_text(
    check_refusal: Callable[..., None], cli: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "my.toml").write_bytes(b"a = 1\n# caf\xe9\n")
    check_refusal(cli("check", "my.toml"), "my.toml:2: ", ["UTF-8"])


def test_a_file_that_is_too_large(
    check_refusal: Callable[..., None], cli: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "my.toml").write_bytes(b"# \n" * 400_000)
    check_refusal(cli("check", "my.toml"), "my.toml: ", ["at most 1000 kB"])


def test_a_folder(
    check_refusal: Callable[..., None], cli: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "my.toml").mkdir()
    check_refusal(cli("check", "my.toml"), "my.toml: ", ["folder"])


def test_a_device(check_refusal: Callable[..., None], cli: Callable[..., Any]) -> None:
    check_refusal(cli("check", "/dev/null"), "/dev/null: ", ["not a regular file"])


def test_a_file_that_may_not_be_read(
    check_refusal: Callable[..., None],
    cli: Callable[..., Any],
    scene_file: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = scene_file("")
    original = Path.open

    # permissions don't bind the superuser, who may run the tests
    def refuse(self: Path, *arguments: Any, **options: Any) -> Any:
        if self.name == path.name:
            raise PermissionError(13, "Permission denied")
        return original(self, *arguments, **options)

    monkeypatch.setattr(Path, "open", refuse)
    check_refusal(cli("check", "my.toml"), "my.toml: ", ["can't be read: permission denied"])


def test_no_such_file_names_the_nearest(
    check_refusal: Callable[..., None], cli: Callable[..., Any], scene_file: Callable[..., Path]
) -> None:
    scene_file("", "moons.toml")
    check_refusal(cli("check", "mons.toml"), "mons.toml: ", ["did you mean 'moons.toml'"])
    check_refusal(cli("check", "numpy_drak"), "numpy_drak: ", ["did you mean 'numpy_dark'"])
    check_refusal(cli("check", "x\0y"), "x\\x00y: ", ["no such file"])
    check_refusal(cli("check", "x" * 5000), "xxx", ["no such file"])


def test_all_problems_of_all_files_at_once(
    cli: Callable[..., Any], scene_file: Callable[..., Path]
) -> None:
    scene_file("title = 5\n[timeline]\nfps = 0\n[data]\nnosie = 1", "a.toml")
    scene_file("x = ", "b.toml")
    scene_file('[data]\nkind = "csv"\npath = "bad.csv"', "c.toml")
    scene_file(name="good.toml")
    (scene_file("").parent / "bad.csv").write_text("1,2,x\n" * 30, encoding="utf-8")
    ran = cli("render", "a.toml", "b.toml", "c.toml", "good.toml", "nope.toml")
    assert ran.code == 2
    starts = [line.split(": ")[1] for line in ran.err.splitlines()]
    assert starts == ["nope.toml", "a.toml:1", "a.toml:3", "a.toml:5", "b.toml:1", "c.toml:3"]
    assert not Path("output").exists()


def test_two_scenes_that_make_one_file(
    check_refusal: Callable[..., None], cli: Callable[..., Any], scene_file: Callable[..., Path]
) -> None:
    scene_file('[[outputs]]\nfile = "x.gif"', "a.toml")
    scene_file('[[outputs]]\nfile = "X.GIF"', "b.toml")
    check_refusal(
        cli("check", "a.toml", "b.toml"), "b.toml:2: outputs[0].file: ", ["a.toml makes too"]
    )
    assert cli("check", "a.toml", "./a.toml").code == 0


def test_a_scene_whose_name_makes_no_file_name(
    check_refusal: Callable[..., None], cli: Callable[..., Any], scene_file: Callable[..., Path]
) -> None:
    scene_file("", "con.toml")
    check_refusal(cli("check", "con.toml"), "con.toml: outputs[0].file: ", ["device name"])


def test_refusal_in_a_process_of_its_own(
    check_refusal: Callable[..., None], shell: Callable[..., Any], scene_file: Callable[..., Path]
) -> None:
    scene_file("[data]\nnosie = 0.2")
    check_refusal(shell("render", "my.toml"), "my.toml:2: data.nosie: unknown key", [])


def test_problems_are_told_by_the_library_too(scene_file: Callable[..., Path]) -> None:
    with pytest.raises(SceneError) as caught:
        load_scenes([str(scene_file("x = 1\ny = 2"))])
    assert len(caught.value.problems) == 2
