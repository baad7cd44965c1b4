"""The largest things a scene may ask for.

A scene file may come from a stranger. What it asks for is bounded before anything is allocated, and
each bound is named in the message that refuses it.
"""

from __future__ import annotations

__all__ = [
    "MAX_BANDS",
    "MAX_BATCH_VALUES",
    "MAX_CAPTION",
    "MAX_CAPTIONS",
    "MAX_CLASSES",
    "MAX_CSV_BYTES",
    "MAX_DESCRIPTION",
    "MAX_FADE_S",
    "MAX_FILE_BYTES",
    "MAX_FILE_NAME",
    "MAX_FPS",
    "MAX_FRAMES",
    "MAX_HOLDS",
    "MAX_HOLD_S",
    "MAX_ITERATIONS",
    "MAX_LAYERS",
    "MAX_MODELS",
    "MAX_NAME",
    "MAX_OUTPUTS",
    "MAX_PANELS",
    "MAX_RECORDED_VALUES",
    "MAX_SAMPLES",
    "MAX_SCENE_BYTES",
    "MAX_SEED",
    "MAX_TITLE",
    "MAX_UNITS",
    "MAX_VARIANTS",
    "MIN_FILE_BYTES",
    "SIZE_PX",
]

SIZE_PX = ((16, 3840), (16, 2160))
"""Least and greatest width, least and greatest height of a film."""

MAX_FPS = 60
MAX_BANDS = 256
MAX_FRAMES = 100_000
MAX_HOLDS = 100
MAX_HOLD_S = 600.0
MAX_FADE_S = 10.0

MAX_SAMPLES = 1_000_000
MAX_CLASSES = 10
MAX_LAYERS = 64
MAX_UNITS = 4096
MAX_ITERATIONS = 10_000_000
MAX_SEED = 2**32 - 1

MAX_RECORDED_VALUES = 100_000_000
"""Snapshots × parameters of all models of a scene; 400 MB as float32."""

MAX_BATCH_VALUES = 100_000_000
"""Samples of a batch × units of all layers; what one forward pass keeps, 400 MB as float32."""

MAX_MODELS = 16
MAX_REPEAT = 100
MAX_PANELS = 16
MAX_CAPTIONS = 64
MAX_OUTPUTS = 32
MAX_VARIANTS = 10_000

MAX_SCENE_BYTES = 1_000_000
MAX_CSV_BYTES = 64_000_000

MIN_FILE_BYTES, MAX_FILE_BYTES = 1_000, 4_000_000_000
"""What a scene may ask a file to fit into."""

MAX_NAME = 60
MAX_TITLE = 120
MAX_CAPTION = 240
MAX_DESCRIPTION = 2000
MAX_FILE_NAME = 150
