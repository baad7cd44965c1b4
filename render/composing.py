"""From what panels ask for to where all of them stand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from epochreel.nn.recording import Recording
from epochreel.render.areas import Arrangement
from epochreel.render.arrangement import arrange
from epochreel.render.captions import MAX_LINES
from epochreel.render.insets import inset_slots
from epochreel.render.layout import FrameLayout, lay_out
from epochreel.render.panels import Outline, Panel
from epochreel.render.style import Style, TypeScale

__all__ = ["Composition", "compose"]


@dataclass(frozen=True)
class Composition:
    """The places of everything, and what it came from.

    Attributes
    ----------
    layout : FrameLayout
    title_size : float
        Size of the panels' headings in pixels.
    outlines : tuple of Outline
        What each panel asked for.
    titled, counted : bool
        Whether the film's title, and a counter, stand above the panels.
    """

    layout: FrameLayout
    title_size: float
    outlines: tuple[Outline, ...]
    titled: bool
    counted: bool


def compose(
    panels: Sequence[Panel],
    recordings: Mapping[str, Recording],
    style: Style,
    *,
    size: tuple[int, int],
    title: str | None,
    columns: int | None,
    arrangement: Arrangement | None,
    caption_lines: Callable[[FrameLayout], int] | None,
) -> Composition:
    """Lay a frame out.

    Panels that are all plots over features are equal in size, as :func:`lay_out` makes them; those
    of different kinds, or in an arrangement, stand in cells.

    Parameters
    ----------
    panels, recordings, style, size, title, columns, arrangement
        As of a film.
    caption_lines : callable or None
        Counts the lines of the longest caption on a layout; ``None`` without captions.

    Returns
    -------
    Composition
    """
    scale = TypeScale.of_size(size)
    insets = arrangement.insets if arrangement is not None else ()
    panels, laid_over = panels[: len(panels) - len(insets)], panels[len(panels) - len(insets) :]
    title_size = scale.heading
    outlines = _outlines(panels, recordings, style, scale, title_size)
    counted = any(outline.counts for outline in outlines)
    alone = len(panels) == 1 and counted
    if alone:  # its heading is the frame's
        title_size = scale.title
        outlines = _outlines(panels, recordings, style, scale, title_size)
    titled = title is not None and not alone
    planes = {outline.plane for outline in outlines}

    def regular(lines: int, *, strip: bool = False, one_line: bool = False) -> FrameLayout:
        return lay_out(
            size,
            len(panels),
            tick_width=max(outline.tick_width for outline in outlines),
            header=titled,
            subtitles=any(outline.subtitle for outline in outlines),
            strip=strip,
            one_line=one_line,
            same_plane=len(planes) == 1,
            columns=columns,
            caption_lines=lines,
        )

    numbers = max(outline.strip_width for outline in outlines)
    widest = max(outline.title_width + outline.numbers_width for outline in outlines)

    def with_room_for(lines: int) -> FrameLayout:
        if arrangement is not None or None in planes:
            return arrange(
                size,
                outlines,
                arrangement,
                header=titled or not counted,
                columns=columns,
                caption_lines=lines,
            )
        layout = regular(lines)
        room = layout.slots[0].body.width
        # where rows share the frame's height, numbers take as little as they can
        rows_share = layout.rows > 1
        if not numbers or ((alone or rows_share) and widest + scale.title <= room):
            return layout
        return regular(lines, strip=True, one_line=rows_share and numbers <= room)

    layout = with_room_for(0)
    if caption_lines is not None:
        for lines in range(1, MAX_LINES + 1):
            layout = with_room_for(lines)
            if caption_lines(layout) <= lines:
                break
    inner = _outlines(laid_over, recordings, style, scale, scale.body)
    layout = replace(layout, slots=(*layout.slots, *inset_slots(insets, inner, layout)))
    return Composition(layout, title_size, (*outlines, *inner), titled, not counted)


def _outlines(
    panels: Sequence[Panel],
    recordings: Mapping[str, Recording],
    style: Style,
    scale: TypeScale,
    title_size: float,
) -> tuple[Outline, ...]:
    return tuple(panel.outline(recordings, style, scale, title_size) for panel in panels)
