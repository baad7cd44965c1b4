"""The cache of recordings: what comes out is what went in, or nothing."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from epochreel.nn.errors import InvalidInputError
from epochreel.nn.recording import ParameterRecording
from epochreel.nn.recording_file import load_recording, save_recording
from epochreel.scenes import cache as cache_module
from epochreel.scenes.building import build_dataset
from epochreel.scenes.cache import RecordingCache, Usage, cache_folder, cache_limit, seal
from epochreel.scenes.data_spec import CirclesData
from epochreel.scenes.model_spec import ModelSpec
from epochreel.scenes.numpy_engine import train_model
from epochreel.scenes.planning import plan_training

KEY, OTHER = "a" * 64, "b" * 64


@pytest.fixture(scope="module")
def recording() -> ParameterRecording:
    dataset = build_dataset(CirclesData(samples=40))
    plan = plan_training(ModelSpec(layers=(3,), iterations=6), len(dataset.y_train))
    return train_model(plan, dataset, lambda done: None)


@pytest.fixture
def sealed(recording: ParameterRecording, tmp_path: Path) -> Callable[..., Path]:
    """Write a recording's file as a worker leaves it."""

    def write(key: str = KEY, name: str = "work.reel") -> Path:
        path = tmp_path / name
        save_recording(recording, path)
        seal(path, key)
        return path

    return write


@pytest.fixture
def cache(tmp_path: Path) -> RecordingCache:
    return RecordingCache(tmp_path / "cache")


def entry(cache: RecordingCache, key: str = KEY) -> Path:
    return cache.folder / "recordings" / f"{key}.reel"


def test_what_can_not_be_removed_stays_and_hurts_nobody(
    cache: RecordingCache,
    sealed: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Somebody else's, in a folder that many share."""
    path = sealed()
    size = path.stat().st_size
    cache.keep(OTHER, path)
    (cache.folder / "recordings" / "dir.reel").mkdir()
    unlink = Path.unlink

    def refuse(self: Path, missing_ok: bool = False) -> None:
        if self == entry(cache, OTHER):
            raise PermissionError(errno.EPERM, "Operation not permitted")
        unlink(self, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", refuse)
    notes: list[str] = []
    small = RecordingCache(cache.folder, int(1.5 * size), notes.append)
    small.keep(KEY, path)
    assert notes == []
    assert small.usage() == Usage(1, size)
    assert small.has(OTHER)
    small.keep(KEY, path)
    assert small.clear() == Usage(0, 0)
    assert small.has(OTHER)


def test_a_pipe_under_a_key_is_no_recording(cache: RecordingCache, tmp_path: Path) -> None:
    (cache.folder / "recordings").mkdir(parents=True)
    os.mkfifo(entry(cache))
    assert cache.take(KEY, tmp_path / "taken.reel") is None


def test_what_is_kept_is_found_again(
    cache: RecordingCache,
    recording: ParameterRecording,
    sealed: Callable[..., Path],
    tmp_path: Path,
) -> None:
    assert cache.take(KEY, tmp_path / "taken.reel") is None
    assert not cache.folder.exists()  # looking makes nothing
    path = sealed()
    cache.keep(KEY, path)
    path.unlink()
    assert cache.has(KEY)
    assert not cache.has(OTHER)
    taken = cache.take(KEY, tmp_path / "taken.reel")
    assert isinstance(taken, ParameterRecording)
    np.testing.assert_array_equal(np.array(taken.parameters), np.array(recording.parameters))
    np.testing.assert_array_equal(taken.dataset.x_train, recording.dataset.x_train)
    assert (cache.folder / "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172789f")


def test_an_entry_is_a_recording_for_everybody(
    cache: RecordingCache, sealed: Callable[..., Path]
) -> None:
    cache.keep(KEY, sealed())
    assert len(load_recording(entry(cache))) == 7


def test_what_is_taken_outlives_the_cache(
    cache: RecordingCache,
    recording: ParameterRecording,
    sealed: Callable[..., Path],
    tmp_path: Path,
) -> None:
    cache.keep(KEY, sealed())
    taken = cache.take(KEY, tmp_path / "taken.reel")
    shutil.rmtree(cache.folder)
    assert taken is not None
    points = np.zeros((1, 2))
    np.testing.assert_array_equal(taken.logits(3, points), recording.logits(3, points))
    cache.keep(KEY, tmp_path / "taken.reel")  # and it is made again when there is something
    assert cache.has(KEY)


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


def halve(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def empty(path: Path) -> None:
    os.truncate(path, 0)


def append(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\0")


def another_program_s(path: Path) -> None:
    path.write_bytes(b"not a recording of anything")


def another_key_s(path: Path) -> None:
    path.unlink()
    shutil.copyfile(path.with_name(f"{OTHER}.reel"), path)


def without_a_seal(path: Path) -> None:
    load = load_recording(path)
    save_recording(load, path)


def sealed_rubbish(path: Path) -> None:
    path.write_bytes(b"whole, but no recording")
    seal(path, KEY)


@pytest.mark.parametrize(
    "damage",
    [cut, halve, empty, append, another_program_s, another_key_s, without_a_seal, sealed_rubbish],
)
def test_what_is_damaged_is_removed(
    damage: Callable[[Path], None],
    cache: RecordingCache,
    sealed: Callable[..., Path],
    tmp_path: Path,
) -> None:
    cache.keep(OTHER, sealed(OTHER, "other.reel"))
    path = sealed()
    cache.keep(KEY, path)
    path.unlink()
    damage(entry(cache))
    assert cache.take(KEY, tmp_path / "taken.reel") is None
    assert not cache.has(KEY)
    assert not (tmp_path / "taken.reel").exists()
    assert cache.take(OTHER, tmp_path / "taken.reel") is not None
    cache.keep(KEY, sealed())
    assert cache.take(KEY, tmp_path / "taken.reel") is not None


def test_every_single_byte_counts(
    cache: RecordingCache, sealed: Callable[..., Path], tmp_path: Path
) -> None:
    path = sealed()
    whole = path.read_bytes()
    rng = np.random.default_rng(4)
    for place in [0, len(whole) - 1, *rng.integers(0, len(whole), 40)]:
        cache.keep(KEY, path)
        flipped = bytearray(whole)
        flipped[place] ^= 1 << int(rng.integers(8))
        entry(cache).unlink()
        entry(cache).write_bytes(flipped)
        assert cache.take(KEY, tmp_path / "taken.reel") is None, place


def test_a_folder_in_an_entry_s_place_is_no_recording(
    cache: RecordingCache, sealed: Callable[..., Path], tmp_path: Path
) -> None:
    entry(cache).mkdir(parents=True)
    assert cache.take(KEY, tmp_path / "taken.reel") is None


def test_the_least_recently_used_go_first(sealed: Callable[..., Path], tmp_path: Path) -> None:
    path = sealed()
    size = path.stat().st_size
    cache = RecordingCache(tmp_path / "cache", limit=4 * size)
    keys = [letter * 64 for letter in "abcd"]
    for age, key in enumerate(keys):
        cache.keep(key, sealed(key, f"{age}.reel"))
        os.utime(entry(cache, key), ns=(10**18 + age, 10**18 + age))
    assert cache.usage() == Usage(4, 4 * size)
    assert cache.take(keys[0], tmp_path / "taken.reel") is not None  # used: it is the newest now
    cache.keep("e" * 64, sealed("e" * 64))
    left = {path.stem[0] for path in entry(cache).parent.iterdir()}
    assert left == {"a", "d", "e"}
    assert cache.usage().bytes <= cache.limit


def test_it_stays_bounded_when_others_fill_it(sealed: Callable[..., Path], tmp_path: Path) -> None:
    size = sealed().stat().st_size
    caches = [RecordingCache(tmp_path / "cache", limit=10 * size) for _ in range(2)]
    for number in range(60):
        key = f"{number:064d}"
        caches[number % 2].keep(key, sealed(key))
        assert caches[0].usage().bytes <= 10 * size
    assert caches[0].usage().recordings >= 8


def test_larger_than_all_the_cache(sealed: Callable[..., Path], tmp_path: Path) -> None:
    cache = RecordingCache(tmp_path / "cache", limit=100)
    cache.keep(KEY, sealed())
    assert cache.usage() == Usage(0, 0)


def test_prune_and_clear(cache: RecordingCache, sealed: Callable[..., Path]) -> None:
    assert cache.prune(0) == Usage(0, 0)
    assert cache.clear() == Usage(0, 0)
    size = sealed().stat().st_size
    for age, letter in enumerate("abc"):
        cache.keep(letter * 64, sealed(letter * 64))
        os.utime(entry(cache, letter * 64), ns=(10**18 + age, 10**18 + age))
    assert cache.prune(3 * size) == Usage(3, 3 * size)
    assert cache.prune(2 * size + 1) == Usage(2, 2 * size)
    assert not cache.has("a" * 64)
    (cache.folder / "mine.txt").write_text("precious")
    assert cache.clear() == Usage(2, 2 * size)
    assert [path.name for path in cache.folder.iterdir()] == ["mine.txt"]
    (cache.folder / "mine.txt").unlink()
    cache.keep(KEY, sealed())
    cache.clear()
    assert not cache.folder.exists()


def refuse_links(monkeypatch: pytest.MonkeyPatch) -> None:
    def link(*paths: object, **more: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(cache_module.os, "link", link)


def test_on_another_file_system_it_copies(
    cache: RecordingCache,
    sealed: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refuse_links(monkeypatch)
    cache.keep(KEY, sealed())
    assert [path.name for path in entry(cache).parent.iterdir()] == [f"{KEY}.reel"]
    taken = cache.take(KEY, tmp_path / "taken.reel")
    shutil.rmtree(cache.folder)
    assert taken is not None
    assert len(taken) == 7


def test_keeping_again_replaces(
    cache: RecordingCache, sealed: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.keep(KEY, sealed(name="one.reel"))
    first = entry(cache).stat().st_ino
    cache.keep(KEY, sealed(name="two.reel"))
    assert entry(cache).stat().st_ino != first
    cache.keep(KEY, entry(cache).parent.parent.parent / "two.reel")  # the very same file
    assert len(list(entry(cache).parent.iterdir())) == 1


@pytest.mark.parametrize("links", [True, False])
def test_a_full_disk_is_a_note(
    links: bool, sealed: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes: list[str] = []
    cache = RecordingCache(tmp_path / "cache", note=notes.append)

    def full(*things: object, **more: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    refuse_links(monkeypatch)
    if links:
        monkeypatch.setattr(cache_module.os, "link", full)
    monkeypatch.setattr(cache_module.shutil, "copyfileobj", full)
    cache.keep(KEY, sealed())
    cache.keep(OTHER, sealed(OTHER))
    where = tmp_path / "cache" / "recordings"
    assert notes == [f"recordings can't be kept in {where}: no space left on device"]
    assert list(where.iterdir()) == []


def test_a_place_where_no_folder_can_be_is_a_note(
    sealed: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    notes: list[str] = []
    cache = RecordingCache(tmp_path / "file" / "cache", note=notes.append)
    assert cache.take(KEY, tmp_path / "taken.reel") is None
    cache.keep(KEY, sealed())
    assert len(notes) == 1
    assert "not a directory" in notes[0]
    assert cache.usage() == cache.prune(0) == cache.clear() == Usage(0, 0)


WORK = """
import sys, time
from pathlib import Path
from epochreel.scenes.cache import RecordingCache
cache = RecordingCache(Path(sys.argv[1]), int(sys.argv[4]))
reel, number = Path(sys.argv[2]), sys.argv[3]
end, wrong, found = time.monotonic() + 1.5, 0, 0
round = 0
while time.monotonic() < end:
    round += 1
    key = "KEY"
    taken = reel.with_name(f"taken{number}.reel")
    recording = cache.take(key, taken)
    if recording is not None:
        found += 1
        wrong += len(recording) != 7
    if round % 3 == 0:
        cache.keep(key, reel)
    if round % 7 == int(number):
        cache.prune(0)
    if round % 11 == int(number):
        cache.clear()
print(wrong, found)
"""


def test_several_processes_at_once(sealed: Callable[..., Path], tmp_path: Path) -> None:
    path = sealed()
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", WORK.replace('"KEY"', repr(KEY))]
            + [str(tmp_path / "cache"), str(path), str(number), str(10**9)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(3)
    ]
    for process in processes:
        out, err = process.communicate(timeout=60)
        assert err == ""
        wrong, found = map(int, out.split())
        assert wrong == 0
        assert found > 0


COPY = """
import sys, time
from pathlib import Path
from epochreel.scenes import cache
def link(*paths): raise OSError(18, "other device")
def copy(source, target, block):
    target.write(source.read(1000)); target.flush(); print("half", flush=True); time.sleep(100)
cache.os.link, cache.shutil.copyfileobj = link, copy
cache.RecordingCache(Path(sys.argv[1])).keep("a" * 64, Path(sys.argv[2]))
"""


def test_what_a_killed_process_leaves_is_tidied(
    cache: RecordingCache, sealed: Callable[..., Path], tmp_path: Path
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", COPY, str(cache.folder), str(sealed())], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"half\n"
        cache.prune(10**9)  # it still writes: what it has stays
        assert len(list(entry(cache).parent.iterdir())) == 1
        process.send_signal(signal.SIGKILL)
    assert cache.take(KEY, tmp_path / "taken.reel") is None
    cache.prune(10**9)
    assert list(entry(cache).parent.iterdir()) == []


def test_where_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("EPOCHREEL_CACHE", raising=False)
    assert cache_folder() == tmp_path / ".cache" / "epochreel"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "epochreel"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")  # the standard says: to be passed over
    assert cache_folder() == tmp_path / ".cache" / "epochreel"
    monkeypatch.setenv("EPOCHREEL_CACHE", "~/mine")
    assert cache_folder() == tmp_path / "mine"
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.delenv("EPOCHREEL_CACHE")
    assert cache_folder() == tmp_path / "Library" / "Caches" / "epochreel"


def test_how_large_it_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EPOCHREEL_CACHE_SIZE", raising=False)
    assert cache_limit() == 2 * 10**9
    monkeypatch.setenv("EPOCHREEL_CACHE_SIZE", "50 GB")
    assert cache_limit() == 50 * 10**9
    monkeypatch.setenv("EPOCHREEL_CACHE_SIZE", "lots")
    with pytest.raises(InvalidInputError, match=r"EPOCHREEL_CACHE_SIZE: must be .*, got 'lots'"):
        cache_limit()
