"""The heading of a panel that has no counter of its own."""

from __future__ import annotations

from epochreel.render.layout import Slot
from epochreel.render.stage import Stage
from epochreel.render.text import shorten

__all__ = ["draw_heading"]


def draw_heading(
    stage: Stage,
    slot: Slot,
    title: str,
    subtitle: str | None,
    title_size: float,
    *,
    title_room: float | None = None,
) -> None:
    """Write a panel's title and the line beneath it, cut to the width of its body.

    The title may have less room, where numbers stand beside it.
    """
    style, scale, body = stage.style, stage.layout.scale, slot.body
    left = float(body.left)
    shown = shorten(title, title_room or body.width, title_size, "semibold")
    stage.text(left, slot.title_baseline, shown, title_size, style.ink, weight="semibold")
    if subtitle is not None:
        shown = shorten(subtitle, body.width, scale.small)
        stage.text(left, slot.subtitle_baseline, shown, scale.small, style.muted)
