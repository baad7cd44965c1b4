"""H.264 in MP4, through PyAV's wheels, which bring their own encoder."""

from __future__ import annotations

from epochreel.render.writers.video import VideoQuality, VideoWriter

__all__ = ["Mp4Writer"]

# One quantiser for all frames and blocks, finer for colours: in flat bands and thin lines the
# encoder's own choices have nothing to hide errors in. At the same bytes that is half a dB nearer,
# 40.2 dB at "good" as players show it that interpolate colours; 4:2:0 itself leaves 41.1 (the worst
# of three moments of a trained film at 1600×1200). Without B-frames, which cost a third more of the
# encoder's time and save nothing at the same distance; plain veryfast saves a fifth of the bytes,
# and takes twice the time. Colours lie amid their four pixels: chroma location 1 of ITU-T H.264,
# annex E. Players look for them there too that don't ask, and stretch the planes of colours.
_FAST = {
    "preset": "superfast",
    "x264-params": "bframes=0:aq-mode=0:chroma-qp-offset=-7:chromaloc=1",
}


class Mp4Writer(VideoWriter):
    """Writes yuv420p that browsers and PowerPoint play, index first (``faststart``).

    The best quality keeps every pixel's own colour (4:4:4): for archives and video editors, as
    most browsers and slides don't play it.
    """

    container_format = "mp4"
    container_options = {"movflags": "+faststart"}
    codec = "libx264"
    qualities = {
        "draft": VideoQuality("yuv420p", {"qp": "32", **_FAST}),
        "good": VideoQuality("yuv420p", {"qp": "20", **_FAST}),
        "best": VideoQuality("yuv444p", {"crf": "8", "preset": "veryfast"}),
    }
