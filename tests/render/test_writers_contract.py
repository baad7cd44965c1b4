"""What every writer promises, checked by decoding its file again."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import av.error
import av.logging
import numpy as np
import pytest
from av.bitstream import BitStreamFilterContext
from PIL import Image

from epochreel.nn.errors import InvalidInputError, OutputError, RenderError
from epochreel.render import BoundaryPanel, Film, Timeline, load_style, write_film
from epochreel.render.output import cuts, join_parts, write_part
from epochreel.render.palette import make_palette
from epochreel.render.writers import FORMATS, QUALITIES, WRITERS, MemoryWriter, open_writer
from epochreel.render.writers.atomic import partial_path

SUFFIXES = tuple(WRITERS)
VIDEOS, ANIMATIONS, FOLDER = (".mp4", ".webm"), (".gif", ".webp", ".apng"), "/"
GROUND, RED, BLUE = (13, 17, 25), (158, 1, 66), (94, 79, 162)


@dataclass
class Source:
    """A film of a block that moves over plain ground."""

    size: tuple[int, int] = (64, 48)
    fps: int = 20
    count: int = 8

    def frames(self) -> list[np.ndarray]:
        width, height = self.size
        frames = []
        for index in range(self.count):
            frame = np.full((height, width, 4), (*GROUND, 255), np.uint8)
            frame[:, : width // 3, :3] = RED
            frame[: height // 2, width // 3 + index :, :3] = BLUE
            frames.append(frame)
        return frames

    def palette(self) -> np.ndarray:
        return make_palette(self.frames())


def write(path: Path, source: Source, repeats: list[int] | None = None) -> None:
    frames = source.frames()
    with open_writer(path, source) as writer:
        for frame, times in zip(frames, repeats or [1] * len(frames), strict=True):
            writer.write(frame, times)


def content(path: Path) -> bytes | dict[str, bytes]:
    """What a file holds, or each file of a folder."""
    if path.is_dir():
        return {file.name: file.read_bytes() for file in path.iterdir()}
    return path.read_bytes()


def decode(path: Path, fps: int = 20) -> tuple[list[np.ndarray], list[float]]:
    """Frames as RGB, and how long each is shown in seconds; a folder doesn't know its `fps`."""
    if path.is_dir():
        frames = [np.asarray(Image.open(file)) for file in sorted(path.iterdir())]
        return frames, [1 / fps] * len(frames)
    if path.suffix in ANIMATIONS:
        frames, times = [], []
        with Image.open(path) as image:
            for index in range(image.n_frames):
                image.seek(index)
                frames.append(np.asarray(image.convert("RGB")))
                times.append(image.info["duration"] / 1000)
        return frames, times
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = [
            frame.to_ndarray(format="rgb24", src_colorspace="ITU709")
            for frame in container.decode(stream)
        ]
        return frames, [float(1 / stream.average_rate)] * len(frames)


def test_every_format_is_described() -> None:
    assert set(FORMATS) == set(WRITERS)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("fps", [1, 7, 20, 30, 50, 60])
def test_duration_and_size_are_as_promised(tmp_path: Path, suffix: str, fps: int) -> None:
    source = Source(fps=fps, count=12)
    path = tmp_path / f"film{suffix}"
    repeats = [3] + [1] * 10 + [fps]
    write(path, source, repeats)
    frames, times = decode(path, fps)
    assert sum(times) == pytest.approx(sum(repeats) / fps, abs=1 / fps)
    assert frames[0].shape == (48, 64, 3)
    if suffix in ANIMATIONS:
        exact = 0.021 if suffix == ".gif" else 0.001
        assert min(times) >= (0.02 if suffix == ".gif" else 1 / fps - 0.001)
        assert times[-1] == pytest.approx(1, abs=exact)
        assert sum(times) == pytest.approx(sum(repeats) / fps, abs=exact)
    else:
        assert len(frames) == sum(repeats)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_areas_keep_their_colours(tmp_path: Path, suffix: str) -> None:
    source = Source()
    write(tmp_path / f"film{suffix}", source)
    shown, _ = decode(tmp_path / f"film{suffix}")
    tolerance = 6 if suffix in VIDEOS else 0
    for frame, original in zip(shown, source.frames(), strict=True):
        for row, column in ((24, 8), (40, 50), (10, 55)):
            difference = np.abs(frame[row, column].astype(int) - original[row, column, :3])
            assert difference.max() <= tolerance


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("size", [(16, 16), (17, 31), (64, 33), (51, 48)])
def test_odd_sizes(tmp_path: Path, suffix: str, size: tuple[int, int]) -> None:
    path = tmp_path / f"film{suffix}"
    write(path, Source(size=size, count=2))
    height, width = decode(path)[0][0].shape[:2]
    assert 0 <= width - size[0] <= (1 if suffix in VIDEOS else 0)
    assert 0 <= height - size[1] <= (1 if suffix in VIDEOS else 0)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_one_frame_is_a_film(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"film{suffix}"
    write(path, Source(count=1))
    assert len(decode(path)[0]) == 1


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_same_frames_same_bytes(tmp_path: Path, suffix: str) -> None:
    one, two = tmp_path / f"one{suffix}", tmp_path / f"two{suffix}"
    write(one, Source())
    write(two, Source())
    assert content(one) == content(two)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("error", [ValueError("boom"), KeyboardInterrupt()])
def test_after_an_error_nothing_is_left(tmp_path: Path, suffix: str, error: BaseException) -> None:
    source = Source()
    path = tmp_path / f"film{suffix}"

    def interrupted() -> None:
        with open_writer(path, source) as writer:
            writer.write(source.frames()[0])
            raise error

    with pytest.raises(type(error)):
        interrupted()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_older_film_stays_until_the_new_one_is_whole(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"film{suffix}"
    if suffix == FOLDER:
        write(path, Source(count=3))
    else:
        path.write_bytes(b"older")
    older = content(path)
    source = Source()
    with open_writer(path, source) as writer:
        writer.write(source.frames()[0])
        assert content(path) == older
        assert partial_path(path).exists()
    assert content(path) != older
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_folder_that_is_missing_is_said(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(OutputError, match=r"can't be written"):
        write(tmp_path / "missing" / f"film{suffix}", Source())


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_full_disk_leaves_nothing(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"film{suffix}"
    source = Source()
    writer = open_writer(path, source)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(writer, "_append", full)

    def fill() -> None:
        with writer:
            writer.write(source.frames()[0])

    with pytest.raises(OutputError, match="No space left"):
        fill()
    assert not list(tmp_path.iterdir())


class BrokenEncoder:
    """A video encoder that works until it is asked for one more frame."""

    def __init__(self, context: Any) -> None:
        self.context = context

    def __getattr__(self, name: str) -> Any:
        return getattr(self.context, name)

    def encode(self, picture: object) -> None:
        raise av.error.ExternalError(542398533, "Generic error in an external library")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_encoder_that_fails_in_mid_film_leaves_nothing(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"film{suffix}"
    write(path, Source(count=2))
    older = content(path)
    frames = Source().frames()
    writer: Any = open_writer(path, Source())

    def film() -> None:
        with writer:
            for frame in frames[:3]:
                writer.write(frame)
            if suffix in VIDEOS:
                encoder = writer._encoder
                monkeypatch.setattr(encoder, "_context", BrokenEncoder(encoder._context))
            else:
                # what Pillow's encoders do when they fail
                monkeypatch.setattr("PIL.ImageFile._encode_tile", fail)
                monkeypatch.setattr("PIL.WebPImagePlugin._webp.WebPEncode", lambda *_: None)
            for frame in frames[3:]:
                writer.write(frame)

    def fail(*_: object) -> None:
        raise OSError("encoder error -8 when writing image file")

    told = (
        r"^(libx264|libvpx-vp9): the encoder failed: generic error in an external library$"
        if suffix in VIDEOS
        else r"film.*: can't be written: (encoder error -8|.*encoder returned None)"
    )
    with pytest.raises(RenderError if suffix in VIDEOS else OutputError, match=told):
        film()
    assert list(tmp_path.iterdir()) == [path]
    assert content(path) == older


def test_unknown_suffix(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"a\.avi: .* one of '\.mp4', .*, got '\.avi'"):
        open_writer(tmp_path / "a.avi", Source())


@pytest.mark.parametrize(("suffix", "codec"), [(".mp4", "h264"), (".webm", "vp9")])
def test_video_is_tagged_for_players(tmp_path: Path, suffix: str, codec: str) -> None:
    path = tmp_path / f"film{suffix}"
    write(path, Source())
    with av.open(str(path)) as container:
        context = container.streams.video[0].codec_context
        assert context.name.endswith(codec)
        assert context.pix_fmt == "yuv420p"
        assert (context.color_primaries, context.color_trc, context.colorspace) == (1, 1, 1)
        assert context.color_range == 1


def test_an_mp4_says_where_its_colours_lie(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    write(path, Source())
    av.logging.set_level(av.logging.TRACE)
    try:
        with av.open(str(path)) as container, av.logging.Capture() as lines:
            # tells the meaning of every bit of the stream's header
            headers = BitStreamFilterContext("trace_headers", container.streams.video[0])
            headers.filter(next(container.demux(video=0)))
    finally:
        av.logging.set_level(None)
    told = [line.split() for _, _, line in lines if "chroma_sample_loc_type" in line]
    amid_four_pixels = "1"
    assert told
    assert {words[-1] for words in told} == {amid_four_pixels}


def test_mp4_starts_at_once(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    write(path, Source())
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")  # faststart: players begin at once


@pytest.mark.parametrize("suffix", ANIMATIONS)
def test_animations_loop_forever(tmp_path: Path, suffix: str) -> None:
    write(tmp_path / f"film{suffix}", Source())
    with Image.open(tmp_path / f"film{suffix}") as image:
        assert image.info["loop"] == 0


@pytest.mark.parametrize("suffix", [".webp", ".apng"])
def test_lossless_animations_keep_every_pixel(tmp_path: Path, suffix: str) -> None:
    source = Source(size=(51, 37))
    noise = np.random.default_rng(1).integers(0, 256, (8, 37, 51, 3), np.uint8)
    originals = source.frames()
    for frame, pixels in zip(originals, noise, strict=True):
        frame[5:30, 7:40, :3] = pixels[5:30, 7:40]
    path = tmp_path / f"film{suffix}"
    with open_writer(path, source) as writer:
        for frame in originals:
            writer.write(frame)
    for shown, original in zip(decode(path)[0], originals, strict=True):
        np.testing.assert_array_equal(shown, original[..., :3])


@pytest.mark.parametrize("suffix", ANIMATIONS)
def test_equal_frames_are_one_picture(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"film{suffix}"
    first, second = Source().frames()[:2]
    with open_writer(path, Source()) as writer:
        for _ in range(5):
            writer.write(first)
        writer.write(second)
    assert decode(path)[1] == pytest.approx([0.25, 0.05])


@pytest.mark.parametrize(
    ("suffix", "fps", "long"),
    [(".gif", 1, 656), (".gif", 30, 100_000), (".webp", 1, 16_778), (".apng", 7, 65_537)],
)
def test_a_hold_may_last_longer_than_a_picture(
    tmp_path: Path, suffix: str, fps: int, long: int
) -> None:
    path = tmp_path / f"film{suffix}"
    source = Source(fps=fps, count=3)
    write(path, source, [2, long, 2])
    shown, times = decode(path)
    assert sum(times) == pytest.approx((long + 4) / fps, abs=0.011)
    assert max(times) < long / fps  # no picture can last so long
    starts = np.cumsum([0, *times])
    # a moment of each frame, and late ones of the long one
    for at_s, original in zip(
        np.array([0.5, 3, 2 + 0.4 * long, 1.5 + long, 3.5 + long]) / fps,
        [0, 1, 1, 1, 2],
        strict=True,
    ):
        index = int(np.searchsorted(starts, at_s, side="right")) - 1
        np.testing.assert_array_equal(shown[index], source.frames()[original][:, :, :3])


@pytest.mark.parametrize("suffix", VIDEOS)
def test_best_video_is_visually_lossless(tmp_path: Path, suffix: str) -> None:
    source = Source(size=(320, 240))
    path = tmp_path / f"film{suffix}"
    with open_writer(path, source, quality="best") as writer:
        for frame in source.frames():
            writer.write(frame)
    with av.open(str(path)) as container:
        assert container.streams.video[0].codec_context.pix_fmt == "yuv444p"
    assert psnr(path, source) >= 48


@pytest.mark.parametrize("suffix", VIDEOS)
def test_better_quality_is_nearer_to_the_frames(tmp_path: Path, suffix: str) -> None:
    source = Source(size=(320, 240))
    found = []
    for quality in QUALITIES[suffix]:
        path = tmp_path / f"{quality}{suffix}"
        with open_writer(path, source, quality=quality) as writer:
            for frame in source.frames():
                writer.write(frame)
        found.append(psnr(path, source))
    assert found == sorted(set(found))


def test_the_default_quality_is_good(tmp_path: Path) -> None:
    for suffix in VIDEOS:
        one, two = tmp_path / f"one{suffix}", tmp_path / f"two{suffix}"
        write(one, Source())
        with open_writer(two, Source(), quality="good") as writer:
            for frame in Source().frames():
                writer.write(frame)
        assert one.read_bytes() == two.read_bytes()


@pytest.mark.parametrize(("name", "quality"), [("a.gif", "best"), ("a.mp4", "lossles")])
def test_a_quality_that_a_format_has_not(tmp_path: Path, name: str, quality: str) -> None:
    with pytest.raises(InvalidInputError, match=rf"^quality: .*, got '{quality}'"):
        open_writer(tmp_path / name, Source(), quality=quality)


def psnr(path: Path, source: Source) -> float:
    """Mean over all frames, in dB."""
    shown, _ = decode(path)
    squares = [
        np.mean((frame.astype(float) - original[..., :3]) ** 2)
        for frame, original in zip(shown, source.frames(), strict=True)
    ]
    return float(10 * np.log10(255**2 / np.mean(squares)))


def test_gif_has_one_palette(tmp_path: Path) -> None:
    path = tmp_path / "film.gif"
    write(path, Source())
    data = path.read_bytes()
    assert data[10] & 0x80  # a global colour table
    position = 13 + 3 * 256
    local_tables = 0
    while data[position] != 0x3B:
        if data[position] == 0x21:
            position += 2
        else:
            assert data[position] == 0x2C
            local_tables += data[position + 9] >> 7
            position += 11
        while data[position]:
            position += data[position] + 1
        position += 1
    assert local_tables == 0


def test_memory_writer_keeps_the_contract() -> None:
    source = Source(count=2)
    with MemoryWriter() as writer:
        for frame in source.frames():
            writer.write(frame, 2)
    assert writer.finished
    assert len(writer.frames) == 4
    broken = MemoryWriter()

    def interrupted() -> None:
        with broken:
            broken.write(source.frames()[0])
            raise ValueError

    with pytest.raises(ValueError, match="^$"):
        interrupted()
    assert not broken.finished
    assert not broken.frames


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("fps", [3, 20, 60])
@pytest.mark.parametrize("parts", [2, 3, 5])
def test_parts_join_to_the_same_bytes(
    tmp_path: Path, make_recording, suffix: str, fps: int, parts: int
) -> None:
    recordings = {"Disc": make_recording(snapshots=40)}

    def film() -> Film:
        timeline = Timeline.build(recordings, fps=fps, hold_first_s=3, hold_last_s=4)
        return Film(
            recordings, [BoundaryPanel("Disc")], size=(97, 72), style=load_style("dark"),
            timeline=timeline,
        )  # fmt: skip

    whole, joined = tmp_path / f"whole{suffix}", tmp_path / f"joined{suffix}"
    write_film(film(), whole)
    spans = cuts(film(), joined, parts)
    assert (spans[0][0], spans[-1][1]) == (0, film().frame_count)
    assert all(one[1] == other[0] for one, other in zip(spans, spans[1:], strict=False))
    # frames of a GIF of less than 2 cs depend on those before
    if (suffix, fps) == (".gif", 60):
        assert len(spans) == 1
        return
    assert len(spans) == min(parts, -(-film().frame_count // fps))
    paths = [tmp_path / f"part{index}" for index in range(len(spans))]
    shown: list[int] = []
    for path, span in zip(paths, spans, strict=True):
        write_part(film(), joined, span, path, on_frame=shown.append)
    assert sum(shown) == film().frame_count
    assert not joined.exists()
    join_parts(film(), joined, paths)
    assert content(joined) == content(whole)
