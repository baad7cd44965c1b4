"""Recordings as files: made small, taken apart and forged, for the tests of both."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest
from hypothesis import strategies as st

from epochreel.nn import Network, NetworkRecorder, load_recording, make_dataset, train
from epochreel.nn.array_file import MAGIC, PREAMBLE, VERSION
from epochreel.nn.errors import RecordingError
from epochreel.nn.recording import ParameterRecording

ARRAYS = ("updates", "epochs", "seconds", "parameters")
SPLITS = ("x_train", "y_train", "x_test", "y_test")
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def trained(samples: int = 20, **options) -> ParameterRecording:
    dataset = make_dataset("moons", samples=samples, noise=0.2, seed=1, **options)
    network = Network([2, 3, 1], rng=np.random.default_rng(1))
    recorder = NetworkRecorder("a model", dataset, every=3)
    train(network, dataset.x_train, dataset.y_train, iterations=7, callbacks=[recorder])
    return recorder.recording()


def parts(content: bytes) -> tuple[dict, bytes]:
    """Take a file apart: its header, and what stands behind it."""
    _, _, _, offset, length, _, _ = PREAMBLE.unpack(content[: PREAMBLE.size])
    return json.loads(content[offset : offset + length]), content[offset + length :]


def forged(content: bytes, change) -> bytes:
    """Change the header, and put all checksums right again; arrays stay where they are."""
    header, arrays = parts(content)
    room = len(content) - len(arrays) - PREAMBLE.size
    changed = change(header)
    text = changed if isinstance(changed, bytes) else json.dumps(header).encode()
    if len(text) <= room:
        return sealed(text.ljust(room), len(content)) + arrays
    # too long for its room: behind the arrays, as when something was appended
    whole = b"\0" * room + arrays
    start, end = PREAMBLE.size + len(whole), PREAMBLE.size + len(whole) + len(text)
    return sealed(text, end, start)[: PREAMBLE.size] + whole + text


def sealed(text: bytes, end: int, start: int = PREAMBLE.size, version: int = VERSION) -> bytes:
    first = PREAMBLE.pack(MAGIC, version, crc32(text), start, len(text), end, 0)[:-4]
    return first + struct.pack("<I", crc32(first)) + text


def assert_same(one: ParameterRecording, other: ParameterRecording) -> None:
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), strict=True)
    for name in SPLITS:
        mine, yours = getattr(one.dataset, name), getattr(other.dataset, name)
        np.testing.assert_array_equal(mine, yours, strict=True)
    assert list(one.metrics) == list(other.metrics)
    for name, values in one.metrics.items():
        np.testing.assert_array_equal(values, other.metrics[name], strict=True)
    for name in ("name", "unit", "stopped", "link", "architecture"):
        assert getattr(one, name) == getattr(other, name)
    for name in ("name", "feature_names", "class_names", "viewport"):
        assert getattr(one.dataset, name) == getattr(other.dataset, name)


def refusal(path: Path) -> str:
    with pytest.raises(RecordingError) as caught:
        load_recording(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    assert len(message) < len(str(path)) + 320
    return message.removeprefix(f"{path}: ")


def attempt(path: Path) -> ParameterRecording | None:
    """Load it, or be refused properly."""
    try:
        return load_recording(path)
    except RecordingError:
        refusal(path)
        return None


def write_bytes(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path
