"""The examples in ``docs/``: the first of each page is a whole script, and leaves recordings."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from epochreel.nn import load_recording

DOCS = Path(__file__).parents[2] / "docs"
EXAMPLE = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
PAGES = {
    page.stem: found[1]
    for page in sorted(DOCS.glob("*.md"))
    if (found := EXAMPLE.search(page.read_text(encoding="utf-8"))) and ".reel" in found[1]
}


def test_pages_are_found() -> None:
    assert {"anything", "keras", "pytorch", "sklearn"} <= set(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_the_first_example_leaves_recordings(page: str, tmp_path: Path) -> None:
    (tmp_path / "example.py").write_text(PAGES[page], encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "example.py"], cwd=tmp_path, capture_output=True, text=True, timeout=240
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    recordings = [load_recording(path) for path in tmp_path.glob("*.reel")]
    assert max(map(len, recordings)) > 5
    for recording in recordings:
        accuracy = recording.metrics["train_accuracy"]
        assert accuracy[-1] > 0.8
        assert len(recording) == 1 or accuracy[-1] > accuracy[0]
        assert recording.stopped is None
