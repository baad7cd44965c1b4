"""What a scene may not say of its files, and what is said then."""

from __future__ import annotations

from collections.abc import Callable

import pytest

MODELS = "[[models]]\n"

# id: (text of the scene, line, key, words that the message must hold)
BAD: dict[str, tuple[str, int | None, str, list[str]]] = {
    # types
    "text for several tables": ('outputs = "x.mp4"', 1, "outputs", ["[[outputs]]", "'x.mp4'"]),
    # numbers out of range
    "size of one": (
        '[[outputs]]\nfile = "x.gif"\nsize = [800]',
        3,
        "outputs[0].size",
        ["[width, height]", "array of 1"],
    ),
    "size in text": (
        '[[outputs]]\nfile = "x.gif"\nsize = "800x600"',
        3,
        "outputs[0].size",
        ["[width, height]", "'800x600'"],
    ),
    "size of nothing": (
        '[[outputs]]\nfile = "x.gif"\nsize = [0, 600]',
        3,
        "outputs[0].size[0]",
        ["≥ 16", "got 0"],
    ),
    "size too large": (
        '[[outputs]]\nfile = "x.gif"\nsize = [3841, 600]',
        3,
        "outputs[0].size[0]",
        ["≤ 3840"],
    ),
    "size too high": (
        '[[outputs]]\nfile = "x.gif"\nsize = [800, 2161]',
        3,
        "outputs[0].size[1]",
        ["≤ 2160"],
    ),
    # things that don't go together
    "no outputs": ("outputs = []", 1, "outputs", ["at least 1 entry"]),
    "too many outputs": (
        "".join(f'[[outputs]]\nfile = "{n}.gif"\n' for n in range(33)),
        1,
        "outputs",
        ["at most 32 entries"],
    ),
    # files
    "output without a name": ("[[outputs]]\nsize = [800, 600]", 1, "outputs[0].file", ["be given"]),
    "output of no format": ('[[outputs]]\nfile = "x"', 2, "outputs[0].file", [".mp4 or .webm"]),
    "output of another format": (
        '[[outputs]]\nfile = "x.mp5"',
        2,
        "outputs[0].file",
        ["end in .mp4 or .webm", "did you mean '.mp4'"],
    ),
    "quality unknown": (
        '[[outputs]]\nfile = "x.mp4"\nquality = "goood"',
        3,
        "outputs[0].quality",
        ["did you mean 'good'"],
    ),
    "quality of a GIF": (
        '[[outputs]]\nfile = "x.gif"\nquality = "best"',
        3,
        "outputs[0].quality",
        ["is for .mp4 and .webm only", "'x.gif'"],
    ),
    "size of a file that can't be chosen": (
        '[[outputs]]\nfile = "x.mp4"\nmax_size = "5 MB"',
        3,
        "outputs[0].max_size",
        ["is for .gif and .webp only", "'x.mp4'"],
    ),
    "size of a file without a unit": (
        '[[outputs]]\nfile = "x.gif"\nmax_size = "5"',
        3,
        "outputs[0].max_size",
        ["a number and one of kB, MB", "got '5'"],
    ),
    "size of a file out of bounds": (
        '[[outputs]]\nfile = "x.gif"\nmax_size = "0 MB"',
        3,
        "outputs[0].max_size",
        ["from 1 kB to 4 GB", "got '0 MB'"],
    ),
    "output elsewhere": ('[[outputs]]\nfile = "/x.gif"', 2, "outputs[0].file", ["output folder"]),
    "output above": ('[[outputs]]\nfile = "../x.gif"', 2, "outputs[0].file", ["output folder"]),
    "output hidden": ('[[outputs]]\nfile = ".x.gif"', 2, "outputs[0].file", ["hidden"]),
    "output a device": ('[[outputs]]\nfile = "nul.gif"', 2, "outputs[0].file", ["device name"]),
    "output with a backslash": ("[[outputs]]\nfile = 'a\\x.gif'", 2, "outputs[0].file", ["\\"]),
    "output on a drive": ("[[outputs]]\nfile = 'C:x.gif'", 2, "outputs[0].file", [":"]),
    "output with a NUL": ('[[outputs]]\nfile = "\\u0000x.gif"', 2, "outputs[0].file", ["control"]),
    "same file twice": (
        '[[outputs]]\nfile = "x.gif"\n[[outputs]]\nfile = "X.gif"',
        4,
        "outputs[1].file",
        ["unique", "outputs[0]"],
    ),
    "file in a file": (
        '[[outputs]]\nfile = "x.gif"\n[[outputs]]\nfile = "x.gif/y.gif"',
        4,
        "outputs[1].file",
        ["itself made by"],
    ),
    "folder beside its own file": (
        '[[outputs]]\nfile = "x/"\n[[outputs]]\nfile = "x/y.gif"',
        4,
        "outputs[1].file",
        ["can't be in 'x'", "itself made by"],
    ),
    "same folder twice": (
        '[[outputs]]\nfile = "x/"\n[[outputs]]\nfile = "X/"',
        4,
        "outputs[1].file",
        ["unique", "got 'X/' beside outputs[0]"],
    ),
    "folder with a suffix": (
        '[[outputs]]\nfile = "x.mp4/"',
        2,
        "outputs[0].file",
        ["must not hold a dot before its last '/'", "got 'x.mp4/'"],
    ),
    "folder above": ('[[outputs]]\nfile = "../"', 2, "outputs[0].file", ["output folder"]),
    "folder that is the output folder": (
        '[[outputs]]\nfile = "/"',
        2,
        "outputs[0].file",
        ["can't start with '/'"],
    ),
    "quality of a folder": (
        '[[outputs]]\nfile = "x/"\nquality = "best"',
        3,
        "outputs[0].quality",
        ["is for .mp4 and .webm only", "'x/'"],
    ),
    # stills
    "moment of a film": (
        '[[outputs]]\nfile = "x.mp4"\nat = "first"',
        3,
        "outputs[0].at",
        ["is for .png and .svg and .pdf only", "'x.mp4'"],
    ),
    "moment that is none": (
        '[[outputs]]\nfile = "x.png"\nat = "frist"',
        3,
        "outputs[0].at",
        ["must be an update such as 500, 'first', 'last'", "did you mean 'first'"],
    ),
    "moment of a misspelt unit": (
        '[[outputs]]\nfile = "x.png"\nat = "updat:5"',
        3,
        "outputs[0].at",
        ["got 'updat:5'", "did you mean 'update'"],
    ),
    "moment in parts of an update": (
        '[[outputs]]\nfile = "x.png"\nat = 0.5',
        3,
        "outputs[0].at",
        ["an update such as 500", "got 0.5"],
    ),
    "moment before the start": (
        '[[outputs]]\nfile = "x.png"\nat = -1',
        3,
        "outputs[0].at",
        ["got -1"],
    ),
    "misspelt key of a still": (
        '[[outputs]]\nfile = "x.png"\nta = 5',
        3,
        "outputs[0].ta",
        ["unknown key", "did you mean 'at'"],
    ),
    "update past the end": (
        MODELS + 'iterations = 50\n[[outputs]]\nfile = "x.png"\nat = 51',
        5,
        "outputs[0].at",
        ["must be at most update:50, the end of 'NumPy Model', got 'update:51'"],
    ),
    "epoch past the end": (
        MODELS + 'epochs = 50\n[[outputs]]\nfile = "x.png"\nat = "epoch:50.5"',
        5,
        "outputs[0].at",
        ["must be at most epoch:50, "],
    ),
    "time past the end": (
        MODELS + 'iterations = 50\n[timeline]\nfps = 10\n[[outputs]]\nfile = "x.png"\nat = "7.2 s"',
        7,
        "outputs[0].at",
        ["must be at most 7.1 s, the end of the film, got '7.2 s'"],
    ),
    "still and film of one name": (
        '[[outputs]]\nfile = "x.png"\n[[outputs]]\nfile = "X.png"',
        4,
        "outputs[1].file",
        ["unique"],
    ),
    "quality of a still": (
        '[[outputs]]\nfile = "x.png"\nquality = "best"',
        3,
        "outputs[0].quality",
        ["is for .mp4 and .webm only"],
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_output(name: str, refuses: Callable[..., None]) -> None:
    refuses(*BAD[name])
