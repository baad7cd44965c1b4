"""Measure NumPy against Keras and keep the numbers for figures: needs ``make test-frameworks``.

python -m benchmarks.record_comparison
"""

from __future__ import annotations

import platform
from importlib.metadata import version

from epochreel.scenes import NullReporter
from epochreel.scenes.comparing import compare_models
from epochreel.scenes.preparing import load_scene
from epochreel.scenes.recorded_comparison import RECORDED, Circumstances, write_recorded

REPEAT = 3


def main() -> None:
    comparison = compare_models(
        load_scene("numpy_vs_keras"), repeat=REPEAT, reporter=NullReporter()
    )
    import keras

    circumstances = Circumstances(
        python=platform.python_version(),
        numpy=version("numpy"),
        keras=version("keras"),
        backend=keras.backend.backend(),
        processor=f"one thread of {platform.machine()}",
    )
    write_recorded(comparison, circumstances, RECORDED)
    print(RECORDED.name)


if __name__ == "__main__":
    main()
