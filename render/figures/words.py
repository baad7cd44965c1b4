"""How figures write: names of arrays, shapes, bytes, activations."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["activation_name", "byte_words", "grouped", "number", "shape_words", "subscript"]

_DIGITS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_NAMES = {
    "relu": "ReLU",
    "leaky_relu": "leaky ReLU",
    "elu": "ELU",
    "selu": "SELU",
    "gelu": "GELU",
    "silu": "SiLU",
}


def activation_name(name: str) -> str:
    """Write an activation's name as papers do."""
    return _NAMES.get(name, name)


def subscript(index: int) -> str:
    """Write an index below the line."""
    return str(index).translate(_DIGITS)


def grouped(count: int) -> str:
    """Write a whole number with thin gaps between thousands, from five digits on."""
    return f"{count:,}".replace(",", "\N{NO-BREAK SPACE}") if count >= 10_000 else str(count)


def shape_words(shape: Sequence[int]) -> str:
    """Write a shape: ``25 × 900``, or ``25`` for a vector."""
    return " × ".join(map(grouped, shape))


def number(value: float) -> str:
    """Write a number in about five characters, with a true minus sign."""
    size = abs(value)
    form = ".0e" if size >= 1e5 or 0 < size < 5e-4 else ".0f" if size >= 1000 else ".1f"
    if form == ".1f" and size < 100:
        form = ".2f" if size >= 10 else ".3f"
    return f"{value:{form}}".replace("-", "\N{MINUS SIGN}")


def byte_words(count: int) -> str:
    """Write a number of bytes."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return (
                f"{count / size:.1f} {unit}" if count < 100 * size else f"{count / size:.0f} {unit}"
            )
    return f"{count} B"
