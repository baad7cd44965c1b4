"""How numbers are written, on films and on pages."""

from __future__ import annotations

import math

__all__ = ["format_metric"]


def format_metric(value: float) -> str:
    """Write a number that changes in six characters, so that its width never does.

    Examples
    --------
    >>> format_metric(0.69314)
    '0.6931'
    >>> format_metric(12.5)
    '12.500'
    """
    if not math.isfinite(value):
        return "   nan" if math.isnan(value) else "   inf"
    if abs(value) < 9.99995:
        return f"{value:6.4f}"
    if abs(value) < 99.9995:
        return f"{value:6.3f}"
    if abs(value) < 9999.95:
        return f"{value:6.1f}"
    if abs(value) < 999999.5:
        return f"{value:6.0f}"
    return f"{value:6.0e}"
