"""A second run makes what changed, and nothing else; told in the words of ``--dry-run``."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from epochreel.scenes import tasks
from epochreel.scenes.film_record import read_record

ONE = """
title = "One"
data = { kind = "circles", samples = 40 }
timeline = { fps = 10, hold_last = 0.2 }
models = [{ name = "Small", layers = [4], iterations = 20, capture = { every = 5 } }]
panels = [{ numbers = [] }]
outputs = [{ file = "one.gif", size = [64, 48] }, { file = "one.png", size = [64, 48] }]
"""
TWO = """
data = { kind = "xor", samples = 40 }
timeline = { fps = 10, hold_last = 0.2 }
panels = [{ numbers = [] }]
models = [{ name = "Adam", layers = [3], iterations = 10, optimizer = { kind = "adam" } }]
outputs = [{ file = "two/", size = [64, 48] }]
"""

Cli = Callable[..., Any]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "scenes").mkdir()
    (tmp_path / "scenes" / "one.toml").write_text(ONE)
    (tmp_path / "scenes" / "two.toml").write_text(TWO)
    return tmp_path


@dataclass(frozen=True)
class Run:
    """What a run said, and how many models it has trained."""

    out: str
    err: str
    trained: int


@pytest.fixture
def render(cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    trainings: list[str] = []

    def load_engine(name: str) -> Any:
        trainings.append(name)
        return original(name)

    original = tasks.load_engine
    monkeypatch.setattr(tasks, "load_engine", load_engine)

    def run(*more: object) -> Run:
        trainings.clear()
        ran = cli("render", "scenes", "-o", "out", "--jobs", 1, *more)
        assert ran.code == 0, ran.err
        return Run(ran.out, ran.err, len(trainings))

    return run


def change(folder: Path, old: str, new: str, name: str = "one") -> None:
    path = folder / "scenes" / f"{name}.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def trained(ran: Run) -> int:
    return ran.trained


def filmed(ran: Run) -> list[str]:
    lines = [line.split() for line in ran.out.splitlines()]
    return sorted(words[1].removeprefix("out/") for words in lines if words[0] == "made")


def dry(render: Cli) -> dict[str, str]:
    lines = render("--dry-run").out.splitlines()[:-1]
    return {line.split("  ")[0].strip(): " ".join(line.split()[1:]) for line in lines}


def times(folder: Path) -> dict[str, int]:
    out = folder / "out"
    return {str(path): path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}


def test_an_unchanged_second_run_touches_nothing(render: Cli, folder: Path) -> None:
    first = render()
    assert trained(first) == 2
    assert filmed(first) == ["one.gif", "one.png", "two/"]
    before = times(folder)
    second = render()
    assert second.err == ""
    assert [line[:10] for line in second.out.splitlines()[1:-2]] == ["up to date"] * 3
    assert second.trained == 0
    assert times(folder) == before


def test_a_dry_run_sees_an_output_folder_that_can_be_none(folder: Path, cli: Cli) -> None:
    (folder / "a file").write_bytes(b"mine")
    for arguments in (["--dry-run"], []):
        ran = cli("render", "scenes", "-o", "a file/out", "-j", 1, *arguments)
        assert (ran.code, ran.out) == (2, "")
        for line in ran.err.splitlines():
            assert line.startswith("epochreel: a file/out")
            assert line.endswith(": can't be written: a part of its path is a file, not a folder")


def test_a_dry_run_touches_nothing(render: Cli, folder: Path, cli: Cli) -> None:
    cache = Path(os.environ["EPOCHREEL_CACHE"])
    shutil.rmtree(cache)
    ran = render("--dry-run")
    assert ran.out.splitlines() == [
        "one.gif  new  trains Small",
        "one.png  new  trains Small",
        "two/     new  trains Adam",
        "3 of 3 files would be made",
    ]
    assert not (folder / "out").exists()
    assert not cache.exists()
    render()
    before = times(folder) | {str(path): path.stat().st_mtime_ns for path in cache.rglob("*")}
    assert set(dry(render).values()) == {"up to date"}
    assert render("--dry-run").out.splitlines()[-1] == "0 of 3 files would be made"
    render("--dry-run", "--set", "style=light")
    after = times(folder) | {str(path): path.stat().st_mtime_ns for path in cache.rglob("*")}
    assert after == before


def test_a_dry_run_refuses_what_a_run_would(cli: Cli, folder: Path) -> None:
    change(folder, "fps = 10", "fps = 0")
    change(folder, "samples = 40", 'samples = "many"', "two")
    dry_run, run = (cli("render", "scenes", "-o", "out", *more) for more in (["--dry-run"], []))
    assert dry_run.code == run.code == 2
    assert dry_run.err == run.err
    assert len(run.err.splitlines()) == 2
    assert not (folder / "out").exists()


@pytest.mark.parametrize(
    ("old", "new", "reason", "made", "trainings"),
    [
        ('title = "One"', 'title = "Uno"', "title changed", ["one.gif", "one.png"], 0),
        ('title = "One"', 'style = "light"', "style and title changed", ["one.gif", "one.png"], 0),
        ("fps = 10", "fps = 5", "timeline changed", ["one.gif", "one.png"], 0),
        ("numbers = []", 'points = "none"', "panels changed", ["one.gif", "one.png"], 0),
        ('name = "Small"', 'name = "Tiny"', "the models' names", ["one.gif", "one.png"], 0),
        ("samples = 40", "samples = 50", "data changed", ["one.gif", "one.png"], 1),
        (
            "samples = 40",
            "samples = 40, viewport = [-2, 2, -2, 2]",
            "data changed",
            ["one.gif", "one.png"],
            0,
        ),
        (
            "iterations = 20",
            "iterations = 25",
            "training of 'Small' changed",
            ["one.gif", "one.png"],
            1,
        ),
        ("layers = [4]", "layers = [5]", "model 'Small' changed", ["one.gif", "one.png"], 1),
        ('"one.png", size = [64', '"one.png", size = [72', "output changed", ["one.png"], 0),
        ('title = "One"', '# words\ntitle = "One"', "", [], 0),
    ],
)
def test_what_a_change_costs(
    old: str, new: str, reason: str, made: list[str], trainings: int, render: Cli, folder: Path
) -> None:
    render()
    shutil.rmtree(folder / "out" / "logs")
    change(folder, old, new)
    reasons = dry(render)
    for name, words in reasons.items():
        assert words.startswith(reason if name in made else "up to date"), name
    again = render()
    assert filmed(again) == made
    assert trained(again) == trainings
    log = folder / "out" / "logs" / "one.log"
    kept = "training Small: an earlier run has its recording"
    if made and not trainings and "name" not in reason:
        assert kept in log.read_text()
    assert set(dry(render).values()) == {"up to date"}


def test_a_new_comment_is_in_the_gallery_without_a_new_film(render: Cli, folder: Path) -> None:
    change(folder, "one.png", "one.svg")
    render()
    before = times(folder)
    posters = {name: Path(name).read_bytes() for name in before if name.endswith(".poster.png")}
    change(folder, 'title = "One"', '# remarkable\ntitle = "One"\ndescription = "So fine."')
    render("--dry-run")
    assert times(folder) == before
    assert filmed(render()) == []
    record = read_record(folder / "out" / "one.gif.json")
    assert record is not None
    assert "# remarkable" in record.scene.source
    assert "So fine." in record.caption
    assert "remarkable" in (folder / "out" / "index.html").read_text()
    assert {name: Path(name).read_bytes() for name in posters} == posters
    assert set(dry(render).values()) == {"up to date"}
    settled = times(folder)
    render()
    assert times(folder) == settled


def test_what_the_cache_gives_films_the_same(render: Cli, folder: Path) -> None:
    render("--no-cache")
    shutil.move(folder / "out", folder / "trained")
    render()
    shutil.rmtree(folder / "out")
    again = render()
    assert trained(again) == 0
    for path in (folder / "trained").rglob("*.[gp][in][fg]"):
        name = path.relative_to(folder / "trained")
        assert (folder / "out" / name).read_bytes() == path.read_bytes(), name


def test_a_renamed_model_is_shown_by_its_new_name(render: Cli, folder: Path) -> None:
    render()
    change(folder, 'name = "Small"', 'name = "Other"')
    change(folder, "samples = 40", "samples = 40, viewport = [-2, 2, -2, 2]")
    from_cache = render()
    assert trained(from_cache) == 0
    film = (folder / "out" / "one.gif").read_bytes()
    render("--force")
    assert (folder / "out" / "one.gif").read_bytes() == film


def test_force_makes_all_anew(render: Cli, folder: Path) -> None:
    render()
    before = times(folder)
    assert set(words.partition(" ")[0] for words in dry_forced(render)) == {"forced"}
    forced = render("--force")
    assert trained(forced) == 2
    assert filmed(forced) == ["one.gif", "one.png", "two/"]
    films = [name for name in before if name.endswith((".gif", ".png"))]
    assert all(times(folder)[name] > before[name] for name in films)
    assert set(dry(render).values()) == {"up to date"}


def dry_forced(render: Cli) -> list[str]:
    lines = render("--dry-run", "--force").out.splitlines()[:-1]
    assert all("trains" in line for line in lines)
    return [" ".join(line.split()[1:]) for line in lines]


def test_without_the_cache_all_is_trained_and_nothing_kept(render: Cli, folder: Path) -> None:
    cache = Path(os.environ["EPOCHREEL_CACHE"])
    assert trained(render("--no-cache")) == 2
    assert list(cache.iterdir()) == []
    assert render("--no-cache").err == ""  # films are up to date all the same
    assert trained(render("--no-cache", "--set", "style=light")) == 2


@pytest.mark.parametrize(
    ("spoil", "name", "reason"),
    [
        (lambda path: path.unlink(), "one.gif", "new"),
        (lambda path: path.write_bytes(path.read_bytes() + b"\0"), "one.gif", "file changed"),
        (lambda path: path.write_bytes(b"0" * path.stat().st_size), "one.gif", "file changed"),
        (lambda path: path.unlink(), "one.gif.json", "not known how it was made"),
        (lambda path: path.write_text("{"), "one.gif.json", "not known how it was made"),
        (lambda path: path.unlink(), "two/00000.png", "file changed"),
        (lambda path: shutil.copy(path, path.with_name("00099.png")), "two/00000.png", "file"),
    ],
)
def test_a_file_that_isn_t_as_it_was_made(
    spoil: Callable[[Path], object], name: str, reason: str, render: Cli, folder: Path
) -> None:
    render()
    spoil(folder / "out" / name)
    of = "two/" if name.startswith("two") else "one.gif"
    reasons = dry(render)
    assert reasons.pop(of).startswith(reason)
    assert set(reasons.values()) == {"up to date"}
    again = render()
    assert filmed(again) == [of]
    assert trained(again) == 0
    assert set(dry(render).values()) == {"up to date"}


def test_a_copied_folder_is_still_up_to_date(render: Cli, folder: Path) -> None:
    render()
    for path in (folder / "out").rglob("*.gif"):
        os.utime(path)  # as copying does; what it holds counts
    assert set(dry(render).values()) == {"up to date"}


def test_another_run_into_the_same_folder_keeps_its_previews(render: Cli) -> None:
    render()
    preview = render("--preview")
    assert trained(preview) == 0  # the training is the same
    assert len(filmed(preview)) == 3
    assert render("--preview").err == ""
    assert render().err == ""


def test_one_training_serves_models_of_other_names(render: Cli, folder: Path) -> None:
    (folder / "scenes" / "three.toml").write_text(
        ONE.replace('"Small"', '"Alike"').replace("one.", "three.")
    )
    ran = render()
    assert trained(ran) == 2
    assert len(filmed(ran)) == 5
    model = ONE.split("models = [")[1].split("]\npanels")[0]
    both = ONE.replace(model, model + ", " + model.replace("Small", "Same"))
    both = both.replace("{ numbers = [] }", '{ model = "Small" }, { model = "Same" }')
    (folder / "scenes" / "four.toml").write_text(both.replace("one.", "four."))
    ran = render("--force", "--no-cache")
    assert trained(ran) == 2
    assert len(filmed(ran)) == 7


def test_what_a_killed_run_left_goes_even_when_nothing_is_made(render: Cli, folder: Path) -> None:
    render()
    left = folder / "out" / ".epochreel-dead"
    left.mkdir()
    (left / ".lock").touch()
    (left / "one.gif").write_bytes(b"half")
    render("--dry-run")
    assert left.is_dir()
    assert render().trained == 0
    assert not left.exists()


SECONDS = 'panels = [{ numbers = ["seconds"] }]'


def test_seconds_are_never_those_of_a_training_among_others(render: Cli, folder: Path) -> None:
    render()
    change(folder, "panels = [{ numbers = [] }]", SECONDS)
    assert trained(render()) == 1  # measured beside others, it isn't good enough
    first = (folder / "out" / "one.gif").read_bytes()
    change(folder, 'title = "One"', 'title = "Uno"')
    assert trained(render()) == 0  # these seconds are its own
    change(folder, 'title = "Uno"', 'title = "One"')
    assert trained(render()) == 0
    assert (folder / "out" / "one.gif").read_bytes() == first
    cache = Path(os.environ["EPOCHREEL_CACHE"])
    entries = {path: path.stat().st_mtime_ns for path in cache.rglob("*.reel")}
    assert len(entries) == 3
    # the other way round it serves: leave only the one that was trained alone
    newest = max(entries, key=lambda path: entries[path])
    for path in entries:
        if path != newest:
            path.unlink()
    change(folder, SECONDS, "panels = [{ numbers = [] }]")
    assert trained(render()) == 0


def test_damaged_entries_are_trained_anew(render: Cli, folder: Path) -> None:
    render()
    entries = list(Path(os.environ["EPOCHREEL_CACHE"]).rglob("*.reel"))
    assert len(entries) == 2
    for path in entries:
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.unlink()
        path.write_bytes(content)
    before = (folder / "out" / "one.gif").read_bytes()
    shutil.rmtree(folder / "out")
    assert trained(render()) == 2
    assert (folder / "out" / "one.gif").read_bytes() == before
    shutil.rmtree(folder / "out")
    assert trained(render()) == 0


def test_a_cache_that_can_t_be_written_is_a_note(
    render: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "file").touch()
    monkeypatch.setenv("EPOCHREEL_CACHE", str(folder / "file"))
    notes = [line for line in render().err.splitlines() if "can't be kept" in line]
    assert len(notes) == 1
    assert "not a directory" in notes[0]


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_cache_may_vanish_meanwhile(
    jobs: int, cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from epochreel.scenes import keeping

    def keep(cache: Any, key: str, path: Path) -> None:
        original(cache, key, path)
        shutil.rmtree(cache.folder)

    original = keeping.RecordingCache.keep
    monkeypatch.setattr(keeping.RecordingCache, "keep", keep)
    ran = cli("render", "scenes", "-o", "out", "--jobs", jobs)
    assert ran.code == 0, ran.err


def test_a_bad_limit_is_told_before_anything(
    cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch, check_refusal: Callable[..., None]
) -> None:
    monkeypatch.setenv("EPOCHREEL_CACHE_SIZE", "7 apples")
    ran = cli("render", "scenes", "-o", "out")
    check_refusal(ran, "EPOCHREEL_CACHE_SIZE: ", ["'7 apples'"])
    assert not (folder / "out").exists()


UNCHANGED = """
import sys
from epochreel.scenes.cli import main
code = main(["render", "scenes", "-o", "out"])
heavy = ("matplotlib", "scipy", "sklearn", "PIL", "av", "imageio")
print([name for name in heavy if name in sys.modules], file=sys.stderr)
sys.exit(code)
"""


def test_an_unchanged_run_loads_nothing_heavy_and_starts_nobody(render: Cli, folder: Path) -> None:
    render()
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", UNCHANGED],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr.splitlines()[-1] == "[]"
    assert "multiprocessing.popen" not in done.stderr
