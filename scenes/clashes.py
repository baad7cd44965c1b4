"""Files that can't stand side by side in one output folder, found before any is made."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from epochreel.scenes.batch_log import FOLDER
from epochreel.scenes.filenames import collision_key
from epochreel.scenes.loading import SceneFile
from epochreel.scenes.messages import quoted

__all__ = ["find_clashes"]

OURS = {
    "manifest.json": "what the output folder holds is listed",
    "index.html": "the gallery is",
}
"""Files that Epochreel makes itself, and what for."""


def find_clashes(scenes: Sequence[SceneFile]) -> list[str]:
    """Find output files that two scenes of one call would both write, or that bar others' way.

    Beside each file ``film.mp4`` stand ``film.mp4.json``, which says what it is, and
    ``film.mp4.poster.png``.

    Returns
    -------
    list of str
        One line for each problem.
    """
    keys = [
        (collision_key(output.file), scene, index)
        for scene in scenes
        for index, output in enumerate(scene.scene.outputs)
    ]
    makers: dict[str, SceneFile] = {}
    for key, scene, _ in keys:
        makers.setdefault(key, scene)
    beside = {f"{key}{end}": key for key in makers for end in (".json", ".poster.png")}
    problems: list[str] = []
    for key, scene, index in keys:
        name = quoted(scene.scene.outputs[index].file)
        texts: list[str] = []
        if makers[key] is not scene:
            texts.append(
                f"must differ from the files of the other scenes, got {name} which "
                f"{makers[key].label} makes too"
            )
        if key == FOLDER:
            texts.append(f"can't be {name}, where logs are written")
        for folder in map(str, PurePosixPath(key).parents):
            if folder in makers and makers[folder] is not scene:
                maker = makers[folder].label
                texts.append(f"can't be in {quoted(folder)}, which {maker} makes, got {name}")
            if folder in beside:
                texts.append(
                    f"can't be in {quoted(folder)}, a file that says what {quoted(beside[folder])} "
                    f"is, or shows it, got {name}"
                )
            if folder in OURS:
                texts.append(
                    f"can't be in {quoted(folder)}, a file where {OURS[folder]}, got {name}"
                )
        refused = scene.refuse([(("outputs", index, "file"), text) for text in texts])
        problems.extend(refused.problems)
    return problems
