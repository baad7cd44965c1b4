"""The scenes of the gallery that is looked at in a browser."""

from __future__ import annotations

HOSTILE = "</script><img src=x onerror=alert(1)> \"two\" 'one' & שלום 🎞"

SCENES = {
    "moons": """
title = "Zwei Mönde"
description = "A first scene."
data = { samples = 60 }
timeline = { fps = 10, hold_last = 1.0 }
models = [{ name = "Adam", layers = [4], iterations = 40, optimizer = { kind = "adam" } }]
outputs = [{ file = "moons/film.mp4", size = [320, 240] },
    { file = "moons/film.webm", size = [320, 240] }, { file = "moons/film.pdf", size = [320, 240] }]
""",
    "rings": """
title = "Two rings"
style = "light"
data = { kind = "circles", samples = 60 }
timeline = { fps = 10, hold_last = 1.0 }
models = [{ name = "Small", layers = [4], iterations = 40, engine = "sklearn" }]
outputs = [{ file = "it's 100% #1.gif", size = [160, 240] }]
""",
    "still": """
data = { kind = "xor", samples = 60 }
models = [{ layers = [4], iterations = 20 }]
outputs = [{ file = "still.svg", size = [320, 240] }]
[sweep]
values.style = ["dark", "light"]
""",
    "hostile": f"""
title = '''{HOSTILE}'''
description = '''{HOSTILE}'''
data = {{ samples = 60 }}
timeline = {{ fps = 10 }}
models = [{{ name = '''{HOSTILE[:50]}''', layers = [4], iterations = 20 }}]
outputs = [{{ file = "hostile.mp4", size = [320, 240] }}]
""",
}
