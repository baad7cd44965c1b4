"""Runs that are killed at any moment, again and again: the end is as if nothing had happened."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from warm_server import WarmServer

from epochreel.scenes.film_record import read_record
from epochreel.scenes.scratch import PREFIX

KILLS = 50
MOST_ROUNDS = 60

SCENES = {
    # three files of one training, one of them in a folder of its own
    "circles": """
data = { kind = "circles", samples = 40 }
timeline = { fps = 10, hold_last = 0.2 }
models = [{ name = "Small", layers = [4], iterations = 30, capture = { every = 6 } }]
panels = [{ numbers = [], points = "none" }]
outputs = [
    { file = "circles.mp4", size = [64, 48] },
    { file = "deep/er/circles.gif", size = [64, 48] },
    { file = "circles.png", size = [64, 48] },
]
""",
    # the same training in other looks, and another beside it
    "looks": """
style = "light"
data = { kind = "circles", samples = 40 }
timeline = { fps = 10, hold_last = 0.2 }
models = [
    { name = "Renamed", layers = [4], iterations = 30, capture = { every = 6 } },
    { name = "Other", layers = [3], iterations = 30, capture = { every = 6 } },
]
panels = [{ model = "Renamed", numbers = [] }]
outputs = [{ file = "looks.webp", size = [64, 48] }, { file = "looks/", size = [64, 48] }]
""",
    "sweep": """
data = { kind = "xor", samples = 40 }
timeline = { fps = 10, hold_last = 0.2 }
models = [{ layers = [3], iterations = 20, capture = { every = 5 } }]
panels = [{ numbers = [] }]
outputs = [{ file = "sweep.apng", size = [64, 48] }]
[sweep.values]
"models[0].seed" = [1, 2, 3]
""",
}


@dataclass
class Batch:
    """What is rendered here, and how it looks when nobody disturbs it."""

    server: WarmServer
    folder: Path
    films: dict[str, bytes]
    seconds: float

    def arguments(self, out: Path, jobs: int, *more: str) -> list[object]:
        return ["render", "scenes", "-o", out, "--jobs", jobs, "--quiet", *more]

    def check_whole(self, out: Path) -> None:
        """Every file that has its final name has its final bytes."""
        for name, content in films(out).items():
            assert content == self.films[name], name

    def check_complete(self, out: Path, cache: Path) -> None:
        assert films(out) == self.films
        assert hidden(out) == []
        assert [path for path in cache.rglob("*") if path.name.endswith(".partial")] == []
        assert len(recorded(out)) == len(self.films) - len(frames(self.films)) + 1


def films(out: Path) -> dict[str, bytes]:
    """Contents of all finished films, stills and frames."""
    names = (".mp4", ".gif", ".png", ".webp", ".apng")
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.suffix in names
        and not path.name.endswith(".poster.png")
        and not is_hidden(path, out)
        and path.is_file()
    }


def is_hidden(path: Path, out: Path) -> bool:
    return any(part.startswith(PREFIX) for part in path.relative_to(out).parts)


def frames(found: dict[str, bytes]) -> list[str]:
    return [name for name in found if name.startswith("looks/")]


def hidden(out: Path) -> list[Path]:
    return [path for path in out.rglob("*") if path.name.startswith(".")]


def recorded(out: Path) -> dict[str, int]:
    """Number of each file or folder that is finished and recorded."""
    found: dict[str, int] = {}
    for path in out.rglob("*.json"):
        record = None if is_hidden(path, out) else read_record(path)
        if record is not None and record.file.matches(out / record.path):
            found[record.path] = (out / record.path).stat().st_ino
    return found


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Batch]:
    folder = tmp_path_factory.mktemp("killed")
    (folder / "scenes").mkdir()
    for name, text in SCENES.items():
        (folder / "scenes" / f"{name}.toml").write_text(text)
    with WarmServer(folder, {"EPOCHREEL_CACHE": str(folder / "cache0")}) as server:
        batch = Batch(server, folder, {}, 0.0)
        assert server.warm_up(batch.arguments(folder / "warm", 1)) == 0
        began = time.perf_counter()
        pid = server.start(batch.arguments(folder / "calm", 1, "--no-cache"))
        assert server.wait(pid) == 0, (folder / "err.txt").read_text()
        batch.seconds = time.perf_counter() - began
        batch.films = films(folder / "calm")
        assert len(batch.films) - len(frames(batch.films)) == 7
        assert batch.films == films(folder / "warm")
        yield batch


def disturb(batch: Batch, out: Path, cache: Path, jobs: int, after_s: float) -> bool:
    """Kill a run after a while; say whether it still ran."""
    done = recorded(out)
    arguments = batch.arguments(out, jobs)
    code = batch.server.run_and_kill(arguments, after_s, EPOCHREEL_CACHE=str(cache))
    assert code in (0, -signal.SIGKILL), (batch.folder / "err.txt").read_text()
    batch.check_whole(out)
    # what was finished wasn't made again
    now = recorded(out)
    assert {name: now.get(name) for name in done} == done
    return code != 0


def test_fifty_kills_of_everything(batch: Batch) -> None:
    rng = random.Random(6)
    kills = rounds = 0
    while kills < KILLS:
        rounds += 1
        assert rounds < MOST_ROUNDS
        out, cache = batch.folder / f"out{rounds}", batch.folder / f"cache{rounds}"
        while disturb(batch, out, cache, 1, rng.uniform(0.0, batch.seconds)):
            kills += 1
        batch.check_complete(out, cache)
        shutil.rmtree(out)
        shutil.rmtree(cache)
    assert rounds > 3  # each ended well


def test_kills_of_everything_with_workers(batch: Batch) -> None:
    rng = random.Random(7)
    out, cache = batch.folder / "out", batch.folder / "cache"
    # workers need a while before they work
    kills = sum(disturb(batch, out, cache, 2, rng.uniform(0.5, 2.5)) for _ in range(4))
    assert kills > 0
    assert batch.server.wait(batch.server.start(batch.arguments(out, 2))) == 0
    batch.check_complete(out, batch.folder / "cache0")


@pytest.mark.parametrize("more", [(), ("--keep-going",)])
def test_kills_of_single_workers(batch: Batch, more: tuple[str, ...]) -> None:
    rng = random.Random(8)
    out = batch.folder / f"out-workers{len(more)}"
    env = {"EPOCHREEL_CACHE": str(batch.folder / f"cache-workers{len(more)}")}
    pid = batch.server.start(batch.arguments(out, 2, *more), **env)
    kills = 0
    deadline = time.monotonic() + 30
    while kills < 1 + 2 * len(more) and time.monotonic() < deadline:
        workers = workers_of(pid)
        if workers and any(out.glob(f"{PREFIX}*/*.reel")):
            os.kill(rng.choice(workers), signal.SIGKILL)
            kills += 1
        time.sleep(rng.uniform(0.0, 0.2))
        if not Path("/proc", str(pid), "cmdline").read_bytes():
            break  # it has ended, and waits to be asked how
    code = batch.server.wait(pid)
    assert code in (0, 1), (batch.folder / "err.txt").read_text()
    assert kills > 0
    assert "Traceback" not in (batch.folder / "err.txt").read_text()
    batch.check_whole(out)
    done = recorded(out)
    assert batch.server.wait(batch.server.start(batch.arguments(out, 1), **env)) == 0
    batch.check_complete(out, batch.folder / "cache0")
    now = recorded(out)
    assert {name: now.get(name) for name in done} == done


def workers_of(leader: int) -> list[int]:
    """Find what the process that forks workers has forked, in a run's group."""
    parents: dict[int, int] = {}
    servers: list[int] = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            status = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(status[2]) == leader and status[0] != "Z":
                parents[int(folder.name)] = int(status[1])
                if b"multiprocessing.forkserver" in (folder / "cmdline").read_bytes():
                    servers.append(int(folder.name))
        except OSError:
            continue
    first = [pid for pid in servers if parents[pid] == leader]
    return [pid for pid, parent in parents.items() if parent in first]
