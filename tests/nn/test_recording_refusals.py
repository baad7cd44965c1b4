"""A recording's file that can't be written, or is wrong in any way, and what is said then."""

from __future__ import annotations

import json
import os
import re
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recording_files import TEXT, assert_same, attempt, forged, refusal, sealed, write_bytes

from epochreel.nn import load_recording
from epochreel.nn.array_file import PREAMBLE, VERSION
from epochreel.nn.errors import InvalidInputError, OutputError, RecordingError

# what cannot be written


def test_nothing_is_left_of_what_cannot_be_written(recording, tmp_path, monkeypatch):
    target = write_bytes(tmp_path / "it.reel", b"what was here")

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
    assert refusal(write_bytes(tmp_path / "it", foreign)) == "is not a recording of Epochreel"


def test_it_went_through_a_transfer_of_text(content, tmp_path):
    path = write_bytes(tmp_path / "it", content.replace(b"\r\n", b"\n"))
    assert refusal(path) == "is not a recording of Epochreel"


def test_truncated_at_every_length(content, tmp_path):
    path = write_bytes(tmp_path / "it.reel", content)
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
        write_bytes(path, bytes(broken))
        loaded = attempt(path)
        noticed += loaded is None
        if loaded is not None:
            assert not content[place]
            assert_same(loaded, recording)
    assert noticed > 0.9 * len(content)


def test_a_newer_version(content, tmp_path):
    _, _, _, offset, length, end, _ = PREAMBLE.unpack(content[: PREAMBLE.size])
    newer = sealed(content[offset : offset + length], end, offset, version=VERSION + 1)
    path = write_bytes(tmp_path / "it", newer + content[len(newer) :])
    assert refusal(path) == (
        "is in version 3 of the format, newer than the 2 that this Epochreel reads; "
        "update Epochreel"
    )


def test_more_behind_the_end_is_ignored(recording, content, tmp_path):
    assert_same(load_recording(write_bytes(tmp_path / "it", content + b"more")), recording)


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
    path = write_bytes(tmp_path / "it.reel", forged(content, change))
    tracemalloc.start()
    try:
        assert re.search(message, refusal(path))
        assert tracemalloc.get_traced_memory()[1] < 20e6
    finally:
        tracemalloc.stop()
    assert os.listdir(tmp_path) == ["it.reel"]


def test_a_header_that_is_too_long(content, tmp_path):
    path = write_bytes(tmp_path / "it", forged(content, lambda h: b" " * (5 << 20) + b"{}"))
    assert re.match(r"is damaged: its header can't be \d+ bytes at \d+", refusal(path))


def test_names_are_only_names(content, tmp_path):
    """What looks like a path stays text, and what a reader doesn't know is ignored."""

    def change(header):
        header["name"] = "../../etc/passwd"
        header["dataset"]["name"] = "C:\\evil"
        header["arrays"]["../other"] = {"dtype": "<f4", "shape": [0], "chunks": []}
        header["later"] = {"anything": [1]}

    loaded = load_recording(write_bytes(tmp_path / "it", forged(content, change)))
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

    path = write_bytes(tmp_path_factory.mktemp("any") / "it.reel", forged(content, change))
    loaded = attempt(path)
    if loaded is not None:
        assert len(loaded) == len(recording)
        points = np.zeros((3, 2))
        np.testing.assert_array_equal(loaded.logits(1, points), recording.logits(1, points))
