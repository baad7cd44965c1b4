"""What a scene may not say, and what is said then: one line with file, line, key, and what came."""

from __future__ import annotations

from collections.abc import Callable

import pytest

MODELS = "[[models]]\n"

# id: (text of the scene, line, key, words that the message must hold)
BAD: dict[str, tuple[str, int | None, str, list[str]]] = {
    # types
    "number for text": ("title = 5", 1, "title", ["text in quotes", "got 5"]),
    "array for a table": ("timeline = [1]", 1, "timeline", ["must be a table", "array of 1"]),
    "infinite": ("[timeline]\nhold_last = inf", 2, "timeline.hold_last", ["finite", "inf"]),
    # unknown keys and names
    "unknown table": ("[dat]\nnoise = 1", 1, "dat", ["unknown key", "did you mean 'data'"]),
    "key with a control in it": ('"a\\u001b[2J" = 1', 1, "'a\\x1b[2J'", ["unknown key"]),
    "unknown style": ('style = "drak"', 1, "style", ["'dark', 'light'", "did you mean 'dark'"]),
    "unknown colormap": ('colormap = "spectral"', 1, "colormap", ["did you mean 'Spectral'"]),
    "unknown panel": ('[[panels]]\nkind = "boundry"', 2, "panels[0].kind", ["'boundary'"]),
    "unknown points": ('[[panels]]\npoints = "all"', 2, "panels[0].points", ["'test', 'train'"]),
    # numbers out of range
    "one band": ("[[panels]]\nbands = 1", 2, "panels[0].bands", ["≥ 2", "got 1"]),
    "too many bands": ("[[panels]]\nbands = 257", 2, "panels[0].bands", ["≤ 256", "got 257"]),
    "half a band": ("[[panels]]\nbands = 2.5", 2, "panels[0].bands", ["whole", "got 2.5"]),
    "true bands": ("[[panels]]\nbands = true", 2, "panels[0].bands", ["whole", "got true"]),
    "misspelt smooth": (
        '[[panels]]\nbands = "smoth"',
        2,
        "panels[0].bands",
        ["'smooth'", "did you mean 'smooth'"],
    ),
    "too fast": ("[timeline]\nfps = 61", 2, "timeline.fps", ["≤ 60", "got 61"]),
    "no pace": ("[timeline]\nfps = 0", 2, "timeline.fps", ["≥ 1"]),
    "hold backwards": ("[timeline]\nhold_last = -1", 2, "timeline.hold_last", ["≥ 0"]),
    "hold for ever": ("[timeline]\nhold_first = 601", 2, "timeline.hold_first", ["≤ 600"]),
    "no such pace": ('[timeline]\npace = "liner"', 2, "timeline.pace", ["'linear'"]),
    "no such easing": ('[timeline]\neasing = "smoth"', 2, "timeline.easing", ["'smooth'"]),
    "no such alignment": ('[timeline]\nalign = "update"', 2, "timeline.align", ["'updates'"]),
    "tweening of a kind": ('[timeline]\ntween = "yes"', 2, "timeline.tween", ["true or false"]),
    "film without frames": ("[timeline]\nframes = 0", 2, "timeline.frames", ["≥ 1", "got 0"]),
    "film without duration": ("[timeline]\nduration = 0", 2, "timeline.duration", ["> 0"]),
    "all three of time": (
        "[timeline]\nfps = 10\nframes = 20\nduration = 2",
        4,
        "timeline.duration",
        ["left out where frames and fps are given (they make 2 s)", "got 2"],
    ),
    "no whole frame rate": (
        "[timeline]\nframes = 100\nduration = 3",
        3,
        "timeline.duration",
        ["whole number of frames per second from 1 to 60", "100 frames in 3 s"],
    ),
    "longer than any film": (
        "[timeline]\nfps = 60\nduration = 2000",
        3,
        "timeline.duration",
        ["at most 100000 frames", "got 120000"],
    ),
    "hold at no unit": (
        '[timeline]\nholds = [{ at = 5, seconds = 1, unit = "epochs" }]',
        2,
        "timeline.holds[0].unit",
        ["'epoch'"],
    ),
    "hold of no length": (
        "[timeline]\nholds = [{ at = 5 }]",
        2,
        "timeline.holds[0].seconds",
        ["be given"],
    ),
    "hold before the start": (
        "[timeline]\nholds = [{ at = -5, seconds = 1 }]",
        2,
        "timeline.holds[0].at",
        ["≥ 0", "got -5"],
    ),
    "no frames": ("[timeline]\nmax_frames = 0", 2, "timeline.max_frames", ["≥ 1"]),
    # numbers and their places
    "unknown number": (
        '[[panels]]\nnumbers = ["test_loss",\n"test_acuracy"]',
        3,
        "panels[0].numbers[1]",
        ["'seconds'", "got 'test_acuracy'", "did you mean 'test_accuracy'"],
    ),
    "a number twice": (
        '[[panels]]\nnumbers = ["seconds", "seconds"]',
        2,
        "panels[0].numbers[1]",
        ["must not repeat entry 0", "'seconds'"],
    ),
    "test numbers without test samples": (
        '[data]\ntest_fraction = 0.0\n[[panels]]\nnumbers = ["train_loss", "test_loss"]',
        4,
        "panels[0].numbers[1]",
        ["without test samples", "got 'test_loss'"],
    ),
    "no columns": ("columns = 0", 1, "columns", ["≥ 1", "got 0"]),
    "more columns than panels": (
        "columns = 3\n" + MODELS + 'name = "A"\n' + MODELS + 'name = "B"',
        1,
        "columns",
        ["≤ 2, the number of panels", "got 3"],
    ),
    # text
    "title too long": (f'title = "{"x" * 121}"', 1, "title", ["at most 120 characters", "got 121"]),
    "blank title": ('title = " "', 1, "title", ["must not be blank"]),
    "title of two lines": ('title = "a\\nb"', 1, "title", ["one line", "'a\\nb'"]),
    "title with an escape": ('title = "a\\u001bb"', 1, "title", ["printable", "'a\\x1bb'"]),
    "description with a bell": ('description = "\\u0007"', 1, "description", ["printable"]),
    # things that don't go together
    "too many panels": ("[[panels]]\n" * 17, 1, "panels", ["at most 16 entries"]),
    # captions
    "caption without a moment": (
        '[[captions]]\ntext = "x"',
        1,
        "captions[0]",
        ["exactly one of update, epoch, time, event", "got none"],
    ),
    "caption of two moments": (
        '[[captions]]\ntext = "x"\nupdate = 5\ntime = 1.0',
        1,
        "captions[0]",
        ["exactly one of", "got update and time"],
    ),
    "caption of an unknown event": (
        '[[captions]]\ntext = "x"\nevent = "acuracy > 0.9"',
        3,
        "captions[0].event",
        ["must be like 'accuracy >= 0.9'", "'acuracy > 0.9'"],
    ),
    "caption of no model": (
        MODELS + 'name = "Left"\n[[captions]]\ntext = "x"\nupdate = 1\nmodel = "Lefd"',
        6,
        "captions[0].model",
        ["'Left'", "got 'Lefd'", "did you mean 'Left'"],
    ),
    "caption of two lines": (
        '[[captions]]\ntext = "a\\nb"\nupdate = 1',
        2,
        "captions[0].text",
        ["one line of printable text"],
    ),
    "one table of captions": ("[captions]\nupdate = 1", 1, "captions", ["[[captions]]"]),
    "captions that hold too long": (
        '[[captions]]\ntext = "x"\nupdate = 1\nhold = 600\n'
        "[timeline]\nfps = 60\nhold_first = 600\nhold_last = 600",
        5,
        "timeline",
        ["at most 100 000 frames"],
    ),
    "panel of no model": (
        MODELS + 'name = "Left"\n[[panels]]\nmodel = "Lefd"',
        4,
        "panels[0].model",
        ["'Left'", "got 'Lefd'", "did you mean 'Left'"],
    ),
    "panel of which model": (
        MODELS + 'name = "A"\n' + MODELS + 'name = "B"\n[[panels]]\nbands = 5',
        5,
        "panels[0].model",
        ["must name one of the models 'A', 'B'"],
    ),
    # the whole is too large
    "too many frames": (
        "[timeline]\nfps = 60\nhold_first = 600\nhold_last = 600\n"
        + MODELS
        + "layers = [1]\niterations = 50_000\ncapture = { every = 1 }",
        1,
        "timeline",
        ["at most 100 000 frames", "122 001"],
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_scene(name: str, refuses: Callable[..., None]) -> None:
    refuses(*BAD[name])
