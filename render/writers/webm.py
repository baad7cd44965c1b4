"""VP9 in WebM, through PyAV's wheels, which bring their own encoder."""

from __future__ import annotations

from epochreel.render.writers.video import VideoQuality, VideoWriter

__all__ = ["WebmWriter"]

# Constant quality (a bit rate of 0), one pass, nothing held back for a later look.
_FAST = {
    "b": "0",
    "deadline": "realtime",
    "cpu-used": "7",
    "row-mt": "0",
    "lag-in-frames": "0",
    "auto-alt-ref": "0",
}


class WebmWriter(VideoWriter):
    """Writes VP9 in yuv420p; the best quality keeps every pixel's own colour (4:4:4)."""

    container_format = "webm"
    # without it the container is given a random number, and no film's bytes repeat
    container_options = {"fflags": "+bitexact"}
    codec = "libvpx-vp9"
    qualities = {
        "draft": VideoQuality("yuv420p", {"crf": "40", **_FAST}),
        "good": VideoQuality("yuv420p", {"crf": "20", **_FAST}),
        "best": VideoQuality("yuv444p", {"crf": "12", **_FAST}),
    }
