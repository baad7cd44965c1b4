"""The examples in ``docs/``: the first of each page is a whole script, and leaves a recording."""

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
    assert "keras" in PAGES


@pytest.mark.parametrize("page", PAGES)
def test_the_first_example_leaves_a_recording(page: str, tmp_path: Path) -> None:
    (tmp_path / "example.py").write_text(PAGES[page], encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "example.py"], cwd=tmp_path, capture_output=True, text=True, timeout=240
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    (path,) = tmp_path.glob("*.reel")
    recording = load_recording(path)
    assert len(recording) > 5
    assert recording.metrics["train_accuracy"][-1] > max(
        0.8, recording.metrics["train_accuracy"][0]
    )
    assert recording.stopped is None
