"""A real scheduler and real workers: the same bytes as here, whatever happens on the way."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from distributed import Client

from epochreel.nn.errors import InvalidInputError, RenderError
from epochreel.scenes import SerialExecutor, load_scenes, render_scenes
from epochreel.scenes.cluster import open_cluster
from epochreel.scenes.executors import GRACE_S

BLIND = """
# a worker of another machine, which doesn't see the folder of the films
from epochreel.scenes import cluster_worker
cluster_worker.TOKEN = ".on-another-machine"
"""
OLD = """
from epochreel.scenes import cluster_worker
here = dict(cluster_worker.versions())
cluster_worker.versions = lambda: here | CHANGED
"""


def come(cluster: Any, count: int) -> None:
    with Client(cluster.address, set_as_default=False) as client:
        client.wait_for_workers(count, timeout=25)


def render(folder: Path, output: Path, where: str, listening: Any, jobs: int = 2) -> None:
    scenes = load_scenes([str(folder)])
    with open_cluster(where, jobs=jobs, reporter=listening) as executor:
        report = render_scenes(scenes, output, executor=executor, reporter=listening, jobs=jobs)
    if report.failed:
        raise RenderError(*report.errors)


def render_here(folder: Path, output: Path) -> None:
    scenes = load_scenes([str(folder)])
    with SerialExecutor() as executor:
        from epochreel.scenes import NullReporter

        render_scenes(scenes, output, executor=executor, reporter=NullReporter())


@pytest.mark.parametrize("preload", ["", BLIND], ids=["shared", "wire"])
def test_the_bytes_are_those_of_a_local_run(
    preload: str, cluster: Any, write_scenes: Any, films_in: Any, tmp_path: Path, listening: Any
) -> None:
    scenes = write_scenes(2)
    folder_scene = scenes / "frames.toml"
    folder_scene.write_text(
        (scenes / "scene0.toml").read_text().replace("film0.mp4", "sub/frames/")
    )
    cluster.add(preload)
    come(cluster, 1)
    render(scenes, tmp_path / "far", cluster.address, listening)
    render_here(scenes, tmp_path / "near")
    near = films_in(tmp_path / "near")
    assert len(near) > 3
    assert films_in(tmp_path / "far") == near
    assert [path for path in (tmp_path / "far").rglob(".*")] == []
    assert listening.notes == []
    assert "rendering film0.mp4" in listening.started


def test_a_lost_workers_tasks_run_again(
    cluster: Any, write_scenes: Any, films_in: Any, tmp_path: Path, listening: Any
) -> None:
    scenes = write_scenes(8, suffix="gif")
    # one sees the folder and one doesn't; the one that is killed has work at any moment
    victim = cluster.add()
    cluster.add(BLIND)
    come(cluster, 2)
    killed: list[float] = []

    def kill() -> None:
        rendering = [label for label in listening.started if label.startswith("rendering")]
        if len(rendering) == 4 and not killed:
            killed.append(time.monotonic())
            victim.send_signal(signal.SIGKILL)

    listening.on_start = kill
    render(scenes, tmp_path / "far", cluster.address, listening, jobs=4)
    assert killed
    assert [note for note in listening.notes if note.endswith("was lost; its tasks run again")]
    render_here(scenes, tmp_path / "near")
    assert films_in(tmp_path / "far") == films_in(tmp_path / "near")


def test_a_cluster_of_this_machine(
    write_scenes: Any, films_in: Any, tmp_path: Path, listening: Any
) -> None:
    scenes = write_scenes(3)
    render(scenes, tmp_path / "far", "auto", listening)
    render_here(scenes, tmp_path / "near")
    assert films_in(tmp_path / "far") == films_in(tmp_path / "near")
    assert listening.notes == []


def test_workers_of_this_machine_do_not_watch_themselves(listening: Any) -> None:
    def watch_s() -> tuple[bool, str]:
        import dask

        settings = ("worker.profile.enabled", "admin.tick.interval")
        enabled, tick = (dask.config.get(f"distributed.{setting}") for setting in settings)
        return enabled, tick

    before = watch_s()
    with open_cluster("auto", jobs=1, reporter=listening) as executor:
        executor.settle()
        (there,) = executor._client.run(watch_s).values()
    assert there == (False, "1s")
    assert watch_s() == before


def test_a_task_that_kills_its_workers_is_told(
    cluster: Any, write_scenes: Any, tmp_path: Path, listening: Any
) -> None:
    cluster.stop()
    (cluster.folder / "scheduler.json").unlink()
    cluster.environment["DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES"] = "0"
    cluster.start()
    cluster.add(
        "import os\nfrom epochreel.scenes import cluster_worker\n"
        "cluster_worker._make_film = lambda *_: os._exit(9)\n"
    )
    come(cluster, 1)
    with pytest.raises(RenderError, match=r"rendering film0\.mp4: 1 worker got lost over it"):
        render(write_scenes(1), tmp_path / "far", cluster.address, listening)
    assert not list((tmp_path / "far").iterdir())


@pytest.mark.parametrize("wait", [True, False], ids=["there already", "comes later"])
def test_another_version_is_told(
    wait: bool, cluster: Any, write_scenes: Any, tmp_path: Path, listening: Any
) -> None:
    def add() -> None:
        cluster.add(OLD.replace("CHANGED", "{'epochreel': '0.0.9'}"))

    if wait:
        add()
        come(cluster, 1)
    else:  # no sooner than it is said that tasks wait for one
        listening.on_note = add
    words = r"worker tcp://127.0.0.1:\d+: has Epochreel 0.0.9, this is .*; install the same on both"
    with pytest.raises(InvalidInputError if wait else RenderError, match=words):
        render(write_scenes(1), tmp_path / "far", cluster.address, listening)
    assert not wait or not (tmp_path / "far").exists()


def test_another_numpy_is_a_note(
    cluster: Any, write_scenes: Any, tmp_path: Path, listening: Any
) -> None:
    cluster.add(OLD.replace("CHANGED", "{'numpy': '1.0'}"), "--nthreads", "2")
    come(cluster, 1)
    render(write_scenes(1), tmp_path / "far", cluster.address, listening)
    assert len(listening.notes) == 2
    assert listening.notes[0].startswith("workers have numpy 1.0, here ")
    assert "start workers with --nthreads 1" in listening.notes[1]


def test_a_worker_without_epochreel_is_told(
    cluster: Any, write_scenes: Any, tmp_path: Path, listening: Any
) -> None:
    cluster.add(
        "import sys\n"
        "for name in [name for name in sys.modules if name.startswith('epochreel')]:\n"
        "    del sys.modules[name]\n"
        "sys.modules['epochreel'] = None\n"
    )
    come(cluster, 1)
    with pytest.raises(InvalidInputError, match=r"worker tcp://.*: lacks Epochreel; pip install"):
        render(write_scenes(1), tmp_path / "far", cluster.address, listening)


def test_what_is_too_large_for_the_wire_is_refused(
    cluster: Any, write_scenes: Any, tmp_path: Path, listening: Any
) -> None:
    cluster.add(f"{BLIND}cluster_worker.WIRE_BYTES = 1000\n")
    come(cluster, 1)
    with pytest.raises(RenderError, match=r"film0\.mp4: is larger than the .* shares with this"):
        render(write_scenes(1), tmp_path / "far", cluster.address, listening)
    assert not list((tmp_path / "far").iterdir())


def test_a_lost_scheduler_is_told(
    cluster: Any, write_scenes: Any, tmp_path: Path, listening: Any
) -> None:
    cluster.add()
    come(cluster, 1)
    listening.on_start = lambda: cluster.scheduler.kill()
    with pytest.raises(RenderError, match=r"the scheduler at tcp://.* was lost; what is finished"):
        render(write_scenes(3, updates=200_000), tmp_path / "far", cluster.address, listening)
    assert not list((tmp_path / "far").iterdir())


@pytest.mark.parametrize("silent", [False, True], ids=["nobody there", "never answers"])
def test_an_unreachable_scheduler_is_told(silent: bool, epochreel: Any, write_scenes: Any) -> None:
    write_scenes(1)
    began = time.monotonic()
    with socket.socket() as here:
        here.bind(("127.0.0.1", 0))
        if silent:
            here.listen()
        where = f"tcp://127.0.0.1:{here.getsockname()[1]}"
        told = epochreel("render", "scenes", "--cluster", where)
        assert told.end() == 2
    # 6 s on a machine that does nothing else; Python and Dask have to be loaded as well
    assert time.monotonic() - began < 20
    assert told.err.splitlines() == [
        f"epochreel: --cluster: no scheduler answers at {where}; start one there, or see whether a "
        "firewall is between"
    ]


def test_ctrl_c_ends_what_runs(
    cluster: Any, epochreel: Any, write_scenes: Callable[..., Path], tmp_path: Path
) -> None:
    cluster.add()
    come(cluster, 1)
    write_scenes(2, updates=3_000_000)
    told = epochreel("render", "scenes", "-o", "far", "--cluster", cluster.address)
    with Client(cluster.address, set_as_default=False) as client:
        wait_until(lambda: executing(client))
        told.interrupt()
        assert told.end() == 130
        assert told.err.splitlines()[-1] == "epochreel: interrupted; nothing half-made is left"
        assert [path.name for path in (tmp_path / "far").iterdir()] == ["logs"]
        wait_until(lambda: not executing(client), GRACE_S)


def test_the_command_line_says_what_it_made(
    cluster: Any, epochreel: Any, write_scenes: Callable[..., Path], tmp_path: Path
) -> None:
    write_scenes(2)
    told = epochreel("render", "scenes", "-o", "far", "--cluster", cluster.address)
    with Client(cluster.address, set_as_default=False) as client:
        wait_until(lambda: clients(client) >= 3)  # one is the scheduler's own
    cluster.add()
    assert told.end() == 0
    assert "film0.mp4" in told.out
    assert f"epochreel: {cluster.address} has no worker yet; tasks wait for the first" in told.err
    assert (tmp_path / "far" / "film1.mp4").stat().st_size > 1000
    assert "Warning" not in told.err
    assert "Traceback" not in told.err


def clients(client: Client) -> int:
    def count(dask_scheduler: Any) -> int:  # in here, so that it is sent as it stands
        return len(dask_scheduler.clients)

    return client.run_on_scheduler(count)


def test_recordings_are_kept_for_other_runs(
    cluster: Any,
    epochreel: Any,
    write_scenes: Callable[..., Path],
    films_in: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("EPOCHREEL_CACHE", str(tmp_path / "kept"))
    cluster.add(BLIND)
    come(cluster, 1)
    write_scenes(1)
    first = epochreel("render", "scenes", "-o", "far", "--cluster", cluster.address)
    assert first.end() == 0
    assert len(list((tmp_path / "kept").rglob("*.reel"))) == 1
    restyled = epochreel(
        "render", "scenes", "-o", "far", "--cluster", cluster.address, "--set", "style=light"
    )
    assert restyled.end() == 0
    assert "rendering film0.mp4" in restyled.err
    assert "training" not in restyled.err
    near = epochreel("render", "scenes", "-o", "near", "--no-cache", "--set", "style=light")
    assert near.end() == 0
    assert films_in(tmp_path / "far") == films_in(tmp_path / "near")


def executing(client: Client) -> bool:
    def count(dask_worker: Any) -> int:
        return dask_worker.state.executing_count

    return any(client.run(count).values())


def wait_until(what: Callable[[], object], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
