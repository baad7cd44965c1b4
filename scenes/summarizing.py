"""What is said when everything is made: a line for each file, and the whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from epochreel.scenes.filenames import shown_path
from epochreel.scenes.messages import count
from epochreel.scenes.outcomes import Artifact, Outcome, Report

__all__ = ["artifact_words", "columns", "describe_artifacts", "describe_report", "size_words"]


_HEAD = ("", "file", "size", "length", "bytes", "work", "")


def describe_artifacts(artifacts: Sequence[Artifact]) -> list[str]:
    """Sum up what was made, a line for each file.

    Returns
    -------
    list of str
        Path, size in pixels, duration, length of the file, accuracy of each model.
    """
    return columns([(*_facts(artifact), _scores(artifact)) for artifact in artifacts])


def describe_report(report: Report, wall_s: float) -> list[str]:
    """Sum up a batch: a line for each file, what became of it, and one for the whole.

    Parameters
    ----------
    report : Report
    wall_s : float
        Seconds that it took.

    Returns
    -------
    list of str
        What became of a file, its path, size in pixels, duration, length, seconds of work on it,
        why it was made, accuracy of each model.
    """
    rows = [_HEAD, *(_row(outcome) for outcome in report.outcomes)] if report.outcomes else []
    return [*columns(rows), _whole(report, wall_s)]


def artifact_words(artifact: Artifact) -> str:
    """Say what a file is, in a line."""
    return "{}: {}, {}, {}".format(*_facts(artifact))


def size_words(size_px: tuple[int, int]) -> str:
    """Write a size in pixels."""
    return f"{size_px[0]}×{size_px[1]} px"


def columns(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Align all columns but the last, which may be long."""
    if not rows:
        return []
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _row(outcome: Outcome) -> tuple[str, ...]:
    artifact = outcome.artifact
    facts = ("", "", "") if artifact is None else _facts(artifact)[1:]
    path = outcome.name if artifact is None else artifact.path
    worked = outcome.status in ("made", "failed")
    said = [outcome.reason, "" if artifact is None else _scores(artifact)]
    return (
        outcome.status,
        shown_path(path),
        *facts,
        f"{outcome.seconds:.1f} s" if worked else "",
        ", ".join(words for words in said if words),
    )


def _whole(report: Report, wall_s: float) -> str:
    numbers = Counter(outcome.status for outcome in report.outcomes)
    parts = [f"{numbers[status]} {status}" for status in numbers]
    stored = sum(artifact.bytes for artifact in report.artifacts)
    worked = sum(outcome.seconds for outcome in report.outcomes)
    return (
        f"{count(len(report.outcomes), 'file')}: {', '.join(parts) or 'nothing to do'}; "
        f"{_bytes(stored)}; {worked:.1f} s of work in {wall_s:.1f} s"
    )


def _facts(artifact: Artifact) -> tuple[str, str, str, str]:
    return (
        shown_path(artifact.path),
        size_words(artifact.size_px),
        f"at {artifact.at}" if artifact.at else f"{artifact.duration_s:.1f} s",
        _bytes(artifact.bytes),
    )


def _scores(artifact: Artifact) -> str:
    values, name = artifact.scores, f"{artifact.split} {artifact.score}"
    if not values:
        return ""
    if artifact.at not in (None, "last"):  # what the training comes to isn't what the picture shows
        name = f"ends with {name}"
    if len(values) == 1:
        return f"{name} {next(iter(values.values())):.3f}"
    shown = ", ".join(f"{model} {value:.3f}" for model, value in values.items())
    return f"{name}: {shown}"


def _bytes(number: int) -> str:
    for unit, size in (("GB", 1e9), ("MB", 1e6)):
        if number >= size:
            return f"{number / size:.1f} {unit}"
    return f"{number / 1e3:.1f} kB"
