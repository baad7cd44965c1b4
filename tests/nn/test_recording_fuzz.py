"""Recordings on a grid, files that grew, files somebody forged: loaded right, or refused."""

from __future__ import annotations

import json
import os
import re
import struct
import time
import tracemalloc
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from epochreel.nn import GridRecording, Network, Recorder, load_recording
from epochreel.nn.array_file import MAGIC, PREAMBLE, VERSION
from epochreel.nn.errors import RecordingError

X = np.random.default_rng(1).uniform(-1, 1, (6, 2))
DATA = {"data": (X, np.arange(6) % 2), "viewport": (-1.0, 1.0, -1.0, 1.0)}
POINTS = np.random.default_rng(2).uniform(-1, 1, (9, 2)).astype(np.float32)
FILES = ("grid", "grid that grew", "parameters that grew", "parameters of a killed training")


def grown(path: Path, kind: str) -> Path:
    """Record five snapshots, with a flush after each but in a saved file; a killed one goes on."""
    now = [0.0]
    net = Network([2, 3, 1], rng=np.random.default_rng(1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("epochreel.nn.recording_writer.monotonic", lambda: now[0])
        recorder = Recorder(path, resolution=(6, 5), provenance={"seed": 2}, **DATA)
        for update in range(5):
            net.flat[:] += 0.1
            what = (
                {"predict": net.predict}
                if kind.startswith("grid")
                else {"parameters": net.flat, "architecture": net.architecture}
            )
            recorder.capture(update, loss=1 / (1 + update), **what)
            now[0] += 1.5
        if "killed" in kind:
            now[0] -= 1.5
            recorder.capture(5, parameters=net.flat, architecture=net.architecture)
            content = path.read_bytes()
        recorder.close()
    if "killed" in kind:
        path.write_bytes(content)
    elif "grew" not in kind:
        load_recording(path).save(path)
    return path


@pytest.fixture(scope="module", params=FILES)
def kind(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def content(kind, tmp_path_factory) -> bytes:
    return grown(tmp_path_factory.mktemp("grown") / "it.reel", kind).read_bytes()


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "it.reel"


def header_of(content: bytes) -> tuple[dict, int, int]:
    """Take out a file's header; say where it begins, and where all ends."""
    _, _, _, offset, length, end, _ = PREAMBLE.unpack(content[: PREAMBLE.size])
    return json.loads(content[offset : offset + length]), offset, end


def forged(content: bytes, change, version: int = VERSION) -> bytes:
    """Append a changed header to a file, and put all checksums right, as an appender would."""
    header, _, end = header_of(content)
    change(header)
    text = json.dumps(header).encode()
    first = PREAMBLE.pack(MAGIC, version, crc32(text), end, len(text), end + len(text), 0)[:-4]
    return first + struct.pack("<I", crc32(first)) + content[PREAMBLE.size : end] + text


def refusal(path: Path) -> str:
    with pytest.raises(RecordingError) as caught:
        load_recording(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    assert len(message) < len(str(path)) + 330
    return message.removeprefix(f"{path}: ")


def attempt(path: Path):
    try:
        return load_recording(path)
    except RecordingError:
        refusal(path)
        return None


def assert_same(found, expected) -> None:
    assert type(found) is type(expected)
    assert (found.name, found.stopped, found.link) == (
        expected.name, expected.stopped, expected.link,
    )  # fmt: skip
    np.testing.assert_array_equal(found.updates, expected.updates)
    np.testing.assert_array_equal(found.dataset.x_train, expected.dataset.x_train)
    assert list(found.metrics) == list(expected.metrics)
    for key, values in expected.metrics.items():
        np.testing.assert_array_equal(found.metrics[key], values)
    for snapshot in (0, 1.5, len(expected) - 1):
        mine, yours = found.logits(snapshot, POINTS), expected.logits(snapshot, POINTS)
        np.testing.assert_array_equal(mine, yours)


def test_it_is_as_it_should_be(content, kind, path):
    path.write_bytes(content)
    found = load_recording(path)
    assert found.updates.tolist() == [0, 1, 2, 3, 4]
    assert isinstance(found, GridRecording) == kind.startswith("grid")
    assert found.provenance["seed"] == 2
    header, _, end = header_of(content)
    rows = header["arrays"]["predictions" if kind.startswith("grid") else "parameters"]
    assert len(rows["chunks"]) == (1 if kind == "grid" else 5)
    assert (end < len(content)) == ("killed" in kind)
    found.save(path)
    assert_same(load_recording(path), found)


def test_truncated_anywhere(content, path):
    """Refused below the length it says; what stands behind that is not needed."""
    _, _, end = header_of(content)
    path.write_bytes(content)
    expected = load_recording(path)
    path.unlink()
    for length in {*range(len(content), end - 1, -1)}:
        path.write_bytes(content[:length])
        assert_same(load_recording(path), expected)
    path.write_bytes(content)
    for length in range(end - 1, 0, -5):
        os.truncate(path, length)
        assert refusal(path).startswith(f"is truncated: has {length} bytes of ")


def test_any_byte_changed(content, path):
    """Noticed, or of no account: an old header, an old series, what lies between arrays."""
    path.write_bytes(content)
    expected = load_recording(path)
    broken = bytearray(content)
    noticed = 0
    places = range(0, len(content), 1 + len(content) // 400)
    for place in places:
        broken[place] ^= 1 << place % 8
        other = path.with_name(f"{place}.reel")
        other.write_bytes(broken)
        broken[place] = content[place]
        found = attempt(other)
        noticed += found is None
        if found is not None:
            assert_same(found, expected)
        other.unlink()
    assert noticed > 0.1 * len(places)


def test_a_newer_version(content, path):
    path.write_bytes(forged(content, lambda header: None, version=VERSION + 1))
    assert "is in version 3 of the format, newer than the 2" in refusal(path)


def rows_of(header: dict) -> dict:
    return header["arrays"].get("predictions") or header["arrays"]["parameters"]


GROWN = {
    "chunks in another order": (lambda h: rows_of(h)["chunks"].reverse(), None),
    "a chunk less": (lambda h: rows_of(h)["chunks"].pop(), "don't have all its rows"),
    "a chunk twice": (
        lambda h: (rows_of(h)["chunks"].append(rows_of(h)["chunks"][0]),
                   rows_of(h)["shape"].__setitem__(0, 6)), "overlap|have all its rows"),
    "a row more in a chunk": (
        lambda h: (rows_of(h)["chunks"][0].update(rows=2), rows_of(h)["shape"].__setitem__(0, 6)),
        "overlap|match its checksum|have all its rows"),
    "no rows": (
        lambda h: (rows_of(h)["chunks"].clear(), rows_of(h)["shape"].__setitem__(0, 0)),
        "must have shape"),
    "rows bomb": (lambda h: rows_of(h)["shape"].__setitem__(0, 1 << 62), "have all its rows"),
    "width bomb": (lambda h: rows_of(h)["shape"].__setitem__(1, 1 << 62), "larger than the file"),
    "another kind": (lambda h: h.update(kind="flow"), "holds 'flow'; this Epochreel reads "),
    "path as a kind": (lambda h: h.update(kind="../../etc"), "holds '../../etc'; this"),
    "a path for rows": (lambda h: rows_of(h)["chunks"][0].update(file="/etc/passwd"), None),
    "fewer updates": (
        lambda h: h["arrays"].pop("updates"), "arrays.'updates' is missing in its header"),
}  # fmt: skip


@pytest.mark.parametrize("case", GROWN)
def test_forged_rows(case, content, path):
    change, message = GROWN[case]
    path.write_bytes(forged(content, change))
    if message is None:
        found = attempt(path)
        assert found is None or len(found) == 5
    else:
        assert re.search(message, refusal(path))
    assert os.listdir(path.parent) == ["it.reel"]


GRID = {
    "columns": (lambda h: h["grid"].update(columns=5), "predictions: must have shape"),
    "columns bomb": (lambda h: h["grid"].update(columns=1 << 60), "predictions: must have shape"),
    "one column": (lambda h: h["grid"].update(columns=1), "columns: must be a whole number ≥ 2"),
    "text": (lambda h: h["grid"].update(rows="5"), "grid.rows in its header must be a whole"),
    "no grid": (lambda h: h.pop("grid"), "grid is missing in its header"),
    "viewport": (lambda h: h["grid"]["viewport"].update(x_min=9), "x_min must be less than x_max"),
    "link": (lambda h: h.update(link="softmax"), "link: must be sigmoid of one output"),
    "dimensions": (lambda h: rows_of(h).update(shape=[5, 1, 1, 30, 1]), "shape can't be"),
    "flat": (lambda h: rows_of(h).update(shape=[5, 30]), "predictions: must have shape"),
    "parameters": (lambda h: h.update(kind="parameters"), "arrays.'parameters' is missing"),
    "type": (
        lambda h: rows_of(h).update(dtype="<i8", shape=[5, 1, 5, 3]),
        "predictions must be float32",
    ),
}


@pytest.mark.parametrize("case", GRID)
def test_forged_grids(case, path):
    content = grown(path, "grid").read_bytes()
    change, message = GRID[case]
    path.write_bytes(forged(content, change))
    assert re.search(message, refusal(path))


def test_numbers_that_are_none(content, path):
    """With the right checksum, a NaN among the rows is still refused."""
    header, _, _ = header_of(content)
    chunk = rows_of(header)["chunks"][-1]
    start = chunk["offset"]
    size = chunk["rows"] * int(np.prod(rows_of(header)["shape"][1:])) * 4
    broken = bytearray(content)
    broken[start + size - 4 : start + size] = np.float32(np.nan).tobytes()
    crc = crc32(broken[start : start + size])
    path.write_bytes(forged(bytes(broken), lambda h: rows_of(h)["chunks"][-1].update(crc32=crc)))
    assert refusal(path).endswith(": must be finite")


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        ("os.system", "loss: must be one of 'binary_crossentropy'"),
        ("hinge", "network: must end in linear or tanh units"),
        (3, "unmeasured in its header must be text, got 3"),
    ],
)
def test_a_loss_that_is_none(loss, message, path):
    content = grown(path, "parameters of a killed training").read_bytes()
    path.write_bytes(forged(content, lambda h: h.update(unmeasured=loss)))
    assert message in refusal(path)


def test_a_header_full_of_chunks_costs_little(path):
    """Very many chunks and arrays: refused soon, in little memory."""
    content = grown(path, "parameters that grew").read_bytes()

    def many_arrays(header):
        empty = {"dtype": "<f4", "shape": [0], "chunks": []}
        header["arrays"] |= {f"{number:x}": empty for number in range(15_000)}
        header["name"] = 7

    def many_chunks(header):
        chunk = rows_of(header)["chunks"][0]
        rows_of(header).update(chunks=[chunk] * 15_000, shape=[15_000, 13])

    for change, message in ((many_arrays, "name in its header"), (many_chunks, "overlap")):
        path.write_bytes(forged(content, change))
        tracemalloc.start()
        began = time.process_time()
        assert message in refusal(path)
        assert time.process_time() - began < 15
        assert tracemalloc.get_traced_memory()[1] < 300e6
        tracemalloc.stop()


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_value_anywhere(data, content, tmp_path_factory):
    """Checksums right, one value of the header something else: an error of one line, or fine."""

    def change(header):
        place: object = header
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            key = data.draw(st.sampled_from(keys))
            inner = place[key]
            if not isinstance(inner, dict | list) or not inner or data.draw(st.booleans()):
                place[key] = data.draw(VALUES)
                return
            place = inner

    path = tmp_path_factory.mktemp("any") / "it.reel"
    path.write_bytes(forged(content, change))
    found = attempt(path)
    if found is not None:
        assert len(found) == 5
        assert found.logits(1.5, POINTS).shape == (9, 1)
