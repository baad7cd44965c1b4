"""A recording as a file: what comes back, and every way in which a file can be wrong."""

from __future__ import annotations

import json
import os
import re
import struct
import sys
import tracemalloc
from dataclasses import replace
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from epochreel.nn import (
    SGD,
    Dataset,
    Network,
    NetworkRecorder,
    Viewport,
    load_recording,
    make_dataset,
    train,
)
from epochreel.nn.array_file import ALIGNMENT, MAGIC, PREAMBLE, VERSION
from epochreel.nn.errors import InvalidInputError, OutputError, RecordingError
from epochreel.nn.recording import ParameterRecording
from epochreel.nn.recording_file import fingerprint

ARRAYS = ("updates", "epochs", "seconds", "parameters")
SPLITS = ("x_train", "y_train", "x_test", "y_test")
DOCS = Path(__file__).resolve().parents[2] / "docs" / "recording-format.md"


def trained(samples: int = 20, **options) -> ParameterRecording:
    dataset = make_dataset("moons", samples=samples, noise=0.2, seed=1, **options)
    network = Network([2, 3, 1], rng=np.random.default_rng(1))
    recorder = NetworkRecorder("a model", dataset, every=3)
    train(network, dataset.x_train, dataset.y_train, iterations=7, callbacks=[recorder])
    return recorder.recording()


@pytest.fixture(scope="module")
def recording() -> ParameterRecording:
    return trained()


@pytest.fixture(scope="module")
def content(recording, tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("recording") / "small.reel"
    recording.save(path)
    return path.read_bytes()


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


def test_all_of_it_comes_back(recording, tmp_path):
    path = tmp_path / "moons.reel"
    recording.save(path)
    loaded = load_recording(str(path))
    assert_same(loaded, recording)
    assert os.listdir(tmp_path) == ["moons.reel"]
    for array in (loaded.parameters[0], loaded.updates, loaded.dataset.x_train):
        assert not array.flags.writeable


@pytest.mark.parametrize("batch_size", [None, 16])
def test_a_snapshot_predicts_what_training_had(batch_size, tmp_path):
    dataset = make_dataset("moons", samples=300, noise=0.2, seed=3)
    points = np.random.default_rng(7).uniform(-2, 3, (3000, 2))
    network = Network([2, 25, 50, 50, 25, 1], rng=np.random.default_rng(2))
    recorder, seen = NetworkRecorder("model", dataset, every=5), {0: network.logits(points)}

    def watch(iteration, parameters):
        if iteration % 5 == 0 or iteration == 33:
            seen[iteration] = network.logits(points)

    train(
        network, dataset.x_train, dataset.y_train, optimizer=SGD(0.5), iterations=33,
        batch_size=batch_size, rng=np.random.default_rng(4), callbacks=[recorder, watch],
    )  # fmt: skip
    recorder.recording().save(tmp_path / "it.reel")
    loaded = load_recording(tmp_path / "it.reel")
    assert loaded.updates.tolist() == sorted(seen) == [0, 5, 10, 15, 20, 25, 30, 33]
    for snapshot, update in enumerate(loaded.updates):
        np.testing.assert_array_equal(loaded.logits(snapshot, points), seen[update], strict=True)
        assert not update or not np.array_equal(seen[update], seen[0])


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_recording_comes_back(data, tmp_path_factory):
    draw, rng = data.draw, np.random.default_rng(data.draw(st.integers(0, 2**32)))
    snapshots, features = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    widths = [features, *draw(st.lists(st.integers(1, 5), max_size=2)), 1]
    network = Network(widths, rng=rng)
    train_rows, test_rows = draw(st.integers(1, 5)), draw(st.integers(0, 3))
    viewport = sorted(draw(st.lists(st.floats(-1e9, 1e9), min_size=4, max_size=4, unique=True)))
    recording = ParameterRecording(
        name=draw(TEXT),
        dataset=Dataset(
            name=draw(TEXT),
            x_train=rng.standard_normal((train_rows, features)),
            y_train=rng.integers(0, 2, train_rows),
            x_test=rng.standard_normal((test_rows, features)),
            y_test=rng.integers(0, 2, test_rows),
            viewport=Viewport(viewport[0], viewport[1], viewport[2], viewport[3]),
            feature_names=tuple(draw(TEXT) for _ in range(features)),
            class_names=(draw(TEXT), draw(TEXT)),
        ),
        updates=np.cumsum(rng.integers(1, 2**40, snapshots)),
        epochs=rng.standard_normal(snapshots),
        seconds=rng.standard_normal(snapshots),
        unit=draw(st.sampled_from(["update", "epoch"])),
        metrics={name: rng.standard_normal(snapshots) for name in draw(st.lists(TEXT, unique=True))
                 if name not in ("epochs", "seconds")},
        stopped=draw(st.none() | TEXT),
        link=draw(st.sampled_from(["sigmoid", "softmax"])),
        architecture=network.architecture,
        parameters=rng.standard_normal((snapshots, network.parameter_count)),
        provenance={"seed": draw(st.integers(0, 2**64)), "note": draw(TEXT)},
    )  # fmt: skip
    path = tmp_path_factory.mktemp("any") / "it.reel"
    recording.save(path)
    loaded = load_recording(path)
    assert_same(loaded, recording)
    assert loaded.provenance.items() >= recording.provenance.items()


def test_the_page_tells_enough_to_read_it(recording, tmp_path):
    """The example of docs/recording-format.md is run as it stands."""
    path = tmp_path / "it.reel"
    recording.save(path)
    found: dict = {}
    code = re.search(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    exec(code[1], found)
    header, arrays = found["read"](path)
    assert header["name"] == "a model"
    assert header["dataset"]["sha256"] == fingerprint(recording.dataset)
    for name in ARRAYS:
        np.testing.assert_array_equal(arrays[name], getattr(recording, name), strict=True)
    for name in SPLITS:
        mine = getattr(recording.dataset, name)
        np.testing.assert_array_equal(arrays[f"dataset/{name}"], mine, strict=True)
    assert "pickle" not in sys.modules["epochreel.nn.array_file"].__dict__


def test_arrays_are_aligned_and_apart(content):
    header, _ = parts(content)
    spans = []
    for entry in header["arrays"].values():
        for chunk in entry["chunks"]:
            size = int(np.prod([chunk["rows"], *entry["shape"][1:]])) * int(entry["dtype"][2])
            assert chunk["offset"] % ALIGNMENT == 0
            assert chunk["crc32"] == crc32(content[chunk["offset"] : chunk["offset"] + size])
            spans.append((chunk["offset"], chunk["offset"] + size))
    spans.sort()
    assert all(before[1] <= after[0] for before, after in zip(spans, spans[1:], strict=False))
    assert spans[-1][1] == len(content)


def test_equal_recordings_are_equal_files(recording, content, tmp_path):
    again = load_recording(_write(tmp_path / "one.reel", content))
    again.save(tmp_path / "two.reel")
    assert (tmp_path / "two.reel").read_bytes() == content


def test_it_says_where_it_comes_from(recording, tmp_path):
    path = tmp_path / "it.reel"
    replace(recording, provenance={"seed": 2}).save(path)
    loaded = load_recording(path)
    assert loaded.provenance["seed"] == 2
    assert loaded.provenance["numpy"] == np.__version__
    assert set(loaded.provenance) == {"epochreel", "python", "numpy", "machine", "seed"}
    # what was loaded keeps the versions it was trained with
    replace(loaded, provenance={**loaded.provenance, "numpy": "2.0"}).save(path)
    assert load_recording(path).provenance["numpy"] == "2.0"
    with pytest.raises(TypeError):
        loaded.provenance["seed"] = 3


def test_the_fingerprint_tells_data_apart():
    data = trained().dataset
    prints = {fingerprint(data), fingerprint(trained(22).dataset)}
    for name in SPLITS:
        changed = getattr(data, name).copy()
        changed[0] = 1 - changed[0]
        prints.add(fingerprint(replace(data, **{name: changed})))
    assert len(prints) == 6
    assert fingerprint(replace(data, name="other")) == fingerprint(data)


def test_without_a_test_split(tmp_path):
    recording = trained(test_fraction=0)
    assert recording.dataset.x_test.shape == (0, 2)
    recording.save(tmp_path / "it.reel")
    assert_same(load_recording(tmp_path / "it.reel"), recording)


def test_something_appended_is_read_too(recording, content, tmp_path):
    """Follow the page's three steps by hand; at each of them, the file is whole."""
    header, _ = parts(content)
    path = _write(tmp_path / "it.reel", content)
    whole = bytearray(content)
    more = {"updates": np.array([8, 9]), "epochs": np.array([8.0, 9.0]),
            "seconds": np.array([1.0, 2.0]), "parameters": recording.parameters[:2]}  # fmt: skip
    more |= {f"metrics/{name}": np.array([0.5, 0.25]) for name in recording.metrics}
    for name, rows in more.items():
        whole += b"\0" * (-len(whole) % ALIGNMENT)
        entry = header["arrays"][name]
        entry["shape"][0] += 2
        entry["chunks"].append(
            {"offset": len(whole), "rows": 2, "crc32": crc32(np.ascontiguousarray(rows).data)}
        )
        whole += rows.astype(entry["dtype"]).tobytes()
    text = json.dumps(header).encode()
    start = len(whole)
    whole += text
    assert_same(load_recording(_write(path, bytes(whole))), recording)
    whole[: PREAMBLE.size] = sealed(text, len(whole), start)[: PREAMBLE.size]
    longer = load_recording(_write(path, bytes(whole)))
    assert longer.updates.tolist() == [*recording.updates, 8, 9]
    np.testing.assert_array_equal(np.asarray(longer.parameters)[-2:], recording.parameters[:2])
    longer.save(path)
    assert_same(load_recording(path), longer)
    assert path.stat().st_size < len(whole)


def _write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


# what cannot be written


def test_nothing_is_left_of_what_cannot_be_written(recording, tmp_path, monkeypatch):
    target = _write(tmp_path / "it.reel", b"what was here")

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match=r"it\.reel: can't be written: No space left on device"):
        recording.save(target)
    assert os.listdir(tmp_path) == ["it.reel"]
    assert target.read_bytes() == b"what was here"


def test_a_folder_that_is_not_there(recording, tmp_path):
    with pytest.raises(OutputError, match="can't be written: No such file or directory"):
        recording.save(tmp_path / "nowhere" / "it.reel")


def test_text_that_is_none(recording, tmp_path):
    with pytest.raises(InvalidInputError, match="recording: can't be written as JSON"):
        replace(recording, name="half \ud800").save(tmp_path / "it.reel")
    assert os.listdir(tmp_path) == []


# what cannot be read


def test_no_file(tmp_path):
    assert refusal(tmp_path / "no.reel") == "can't be read: No such file or directory"
    assert refusal(tmp_path).startswith("can't be read: Is ")
    os.mkfifo(tmp_path / "pipe")
    assert refusal(tmp_path / "pipe") == "can't be read: Is not a file"
    with pytest.raises(RecordingError, match=r"'a\\x00b': can't be read: .*null"):
        load_recording("a\0b")


@pytest.mark.parametrize(
    "foreign", [b"", b"\x89PNG\r\n\x1a\n" + b"\0" * 100, b"PK\x03\x04", b"{}", b"\x80\x05N."]
)
def test_foreign_files(foreign, tmp_path):
    assert refusal(_write(tmp_path / "it", foreign)) == "is not a recording of Epochreel"


def test_it_went_through_a_transfer_of_text(content, tmp_path):
    path = _write(tmp_path / "it", content.replace(b"\r\n", b"\n"))
    assert refusal(path) == "is not a recording of Epochreel"


def test_truncated_at_every_length(content, tmp_path):
    path = _write(tmp_path / "it.reel", content)
    assert len(content) < 10_000
    for length in range(len(content) - 1, 0, -1):
        os.truncate(path, length)
        assert refusal(path).startswith(f"is truncated: has {length} bytes of ")
    os.truncate(path, 0)
    assert refusal(path) == "is not a recording of Epochreel"


def test_any_byte_changed(recording, content, tmp_path):
    """What isn't noticed changes nothing: it stood between the arrays."""
    path, noticed = tmp_path / "it.reel", 0
    for place in range(len(content)):
        broken = bytearray(content)
        broken[place] ^= 1 << place % 8
        _write(path, bytes(broken))
        loaded = attempt(path)
        noticed += loaded is None
        if loaded is not None:
            assert not content[place]
            assert_same(loaded, recording)
    assert noticed > 0.9 * len(content)


def test_a_newer_version(content, tmp_path):
    _, _, _, offset, length, end, _ = PREAMBLE.unpack(content[: PREAMBLE.size])
    newer = sealed(content[offset : offset + length], end, offset, version=VERSION + 1)
    path = _write(tmp_path / "it", newer + content[len(newer) :])
    assert refusal(path) == (
        "is in version 2 of the format, newer than the 1 that this Epochreel reads; "
        "update Epochreel"
    )


def test_more_behind_the_end_is_ignored(recording, content, tmp_path):
    assert_same(load_recording(_write(tmp_path / "it", content + b"more")), recording)


def entry(header, name="parameters"):
    return header["arrays"][name]


def chunk(header, name="parameters"):
    return entry(header, name)["chunks"][0]


HOSTILE = {
    "shape bomb": (lambda h: entry(h)["shape"].__setitem__(1, 2**60), "larger than the file"),
    "rows bomb": (lambda h: entry(h)["shape"].__setitem__(0, 2**60), "don't have all its rows"),
    "rows bomb in a chunk": (lambda h: chunk(h).update(rows=2**60), r"can't have \d+ rows at \d+"),
    "negative length": (lambda h: entry(h)["shape"].__setitem__(0, -1), "shape can't be"),
    "negative width": (lambda h: entry(h)["shape"].__setitem__(1, -13), "shape can't be"),
    "no width": (lambda h: entry(h).update(shape=[2**60, 0]), "shape can't be"),
    "no shape": (lambda h: entry(h).update(shape=[]), "shape can't be"),
    "many dimensions": (lambda h: entry(h).update(shape=[1] * 70), "shape can't be"),
    "broken length": (lambda h: entry(h).update(shape=[4.0, 13]), "a whole number, got 4.0"),
    "true length": (lambda h: entry(h).update(shape=[True, 13]), "a whole number, got True"),
    "negative rows": (lambda h: chunk(h).update(rows=-1), "can't have -1 rows"),
    "negative offset": (lambda h: chunk(h).update(offset=-64), "at -64"),
    "offset outside": (lambda h: chunk(h).update(offset=1 << 40), "can't have"),
    "offset past 64 bits": (lambda h: chunk(h).update(offset=1 << 80), "can't have"),
    "offset in the first bytes": (lambda h: chunk(h).update(offset=0), "at 0"),
    "offset in the header": (lambda h: chunk(h).update(offset=64), "overlap"),
    "offset unaligned": (lambda h: chunk(h).update(offset=chunk(h)["offset"] - 4), "can't have"),
    "overlap": (lambda h: chunk(h).update(offset=chunk(h, "dataset/x_train")["offset"]), "overlap"),
    "bytes used twice": (
        lambda h: entry(h).update(shape=[4000, 13], chunks=[chunk(h)] * 1000), "overlap"
    ),
    "wrong checksum": (lambda h: chunk(h).update(crc32=0), "'parameters' doesn't match"),
    "object dtype": (lambda h: entry(h).update(dtype="|O"), "dtype must be one of <f4, <f8, <i8"),
    "huge dtype": (lambda h: entry(h).update(dtype="V2147483647"), "dtype must be one of"),
    "dtype of fields": (lambda h: entry(h).update(dtype=[["a", "<f4"]]), "must be text"),
    "another dtype": (lambda h: entry(h, "updates").update(dtype="<f8"), "must be int64"),
    "no arrays": (lambda h: h.pop("arrays"), "arrays is missing"),
    "a list of arrays": (lambda h: h.update(arrays=[]), "arrays in its header must be an object"),
    "array is missing": (lambda h: h["arrays"].pop("seconds"), "arrays.'seconds' is missing"),
    "chunks are missing": (lambda h: entry(h).pop("chunks"), "chunks is missing"),
    "chunks of numbers": (lambda h: entry(h).update(chunks=[1]), "must be an object, got 1"),
    "kind": (lambda h: h.update(kind="boundaries"), "holds 'boundaries'; this Epochreel reads"),
    "unit": (lambda h: h.update(unit="step"), "unit and link can't be 'step'"),
    "link": (lambda h: h.update(link="probit"), "unit and link can't be 'update' and 'probit'"),
    "name": (lambda h: h.update(name=7), "name in its header must be text, got 7"),
    "activation": (
        lambda h: h["architecture"][0].update(activation="os.system"), "activation: must be one of"
    ),
    "huge layer": (lambda h: h["architecture"][0].update(output_dim=2**70), "input_dim: must be"),
    "other layers": (lambda h: h["architecture"].pop(), "parameters: must have shape"),
    "no layers": (lambda h: h.update(architecture=[]), "at least one entry"),
    "viewport": (lambda h: h["dataset"]["viewport"].update(x_max=-9), "x_min must be less"),
    "viewport of text": (lambda h: h["dataset"]["viewport"].update(x_max="9"), "a number, got '9'"),
    "endless viewport": (lambda h: h["dataset"]["viewport"].update(x_max=10**400), "a number"),
    "class names": (lambda h: h["dataset"].update(class_names=[]), "must be from 0 to -1"),
    "feature names": (lambda h: h["dataset"].update(feature_names=[1, 2]), "a list of text"),
    "fingerprint": (lambda h: h["dataset"].update(sha256="00"), "match its fingerprint"),
    "provenance": (lambda h: h["provenance"].update(seed=[2]), "provenance.seed in its header"),
    "path as a name": (
        lambda h: h["arrays"].update({"../../evil\n": {}}), r"arrays.'../../evil\\n'.dtype is"
    ),
    "long text": (lambda h: h.update(unit="x" * 100_000), "unit and link can't be 'xxx"),
    "deep": (lambda h: b"[" * 100_000 + b"]" * 100_000, "isn't JSON of this format"),
    "deep objects": (lambda h: b'{"a":' * 100_000, "isn't JSON of this format"),
    "deep and valid": (lambda h: h.update(name=json.loads("[" * 500 + "]" * 500)), "must be text"),
    "not JSON": (lambda h: b"\x80\x05N.", "isn't JSON of this format"),
    "no object": (lambda h: b"[]", "must be an object"),
    "NaN": (lambda h: b'{"kind": NaN}', "isn't JSON of this format"),
    "a key twice": (lambda h: b'{"kind": "a", "kind": "b"}', "isn't JSON of this format"),
    "digits": (lambda h: b'{"kind": ' + b"9" * 10_000 + b"}", "isn't JSON of this format"),
    "half a character": (lambda h: b'{"kind": "\\ud800"}', "isn't JSON of this format"),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_headers(case, content, tmp_path):
    change, message = HOSTILE[case]
    path = _write(tmp_path / "it.reel", forged(content, change))
    tracemalloc.start()
    try:
        assert re.search(message, refusal(path))
        assert tracemalloc.get_traced_memory()[1] < 20e6
    finally:
        tracemalloc.stop()
    assert os.listdir(tmp_path) == ["it.reel"]


def test_a_header_that_is_too_long(content, tmp_path):
    path = _write(tmp_path / "it", forged(content, lambda h: b" " * (5 << 20) + b"{}"))
    assert re.match(r"is damaged: its header can't be \d+ bytes at \d+", refusal(path))


def test_names_are_only_names(content, tmp_path):
    """What looks like a path stays text, and what a reader doesn't know is ignored."""

    def change(header):
        header["name"] = "../../etc/passwd"
        header["dataset"]["name"] = "C:\\evil"
        header["arrays"]["../other"] = {"dtype": "<f4", "shape": [0], "chunks": []}
        header["later"] = {"anything": [1]}

    loaded = load_recording(_write(tmp_path / "it", forged(content, change)))
    assert (loaded.name, loaded.dataset.name) == ("../../etc/passwd", "C:\\evil")
    assert os.listdir(tmp_path) == ["it"]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_any_value_anywhere(data, recording, content, tmp_path_factory):
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

    path = _write(tmp_path_factory.mktemp("any") / "it.reel", forged(content, change))
    loaded = attempt(path)
    if loaded is not None:
        assert len(loaded) == len(recording)
        points = np.zeros((3, 2))
        np.testing.assert_array_equal(loaded.logits(1, points), recording.logits(1, points))
