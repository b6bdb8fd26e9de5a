"""Draws docs/overlay.jpg anew: a frame of the demo clip as the window shows it.

    python -m scripts.pictures [FOLDER]

Run it after a change of the overlay or the model.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from camd import paths
from camd.classify import svm
from camd.config.settings import Settings
from camd.display import overlay
from camd.display.overlay import Hud
from camd.pipeline import Pipeline
from camd.sources import from_uri

DOCS = Path(__file__).parent.parent / "docs"
FIRST, LAST = 120, 160
"""Frames of the clip: read from here on, so that the digits have settled, and the one drawn."""
FPS = 30


def main(arguments: Sequence[str]) -> None:
    settings = Settings()
    pipeline = Pipeline(settings, svm.load(paths.model_file()))
    source = from_uri("demo", settings.camera)
    source.open()
    try:
        for number in range(1, LAST + 1):
            image = source.read()
            if number >= FIRST:
                result = pipeline.process(image, number / FPS)
        shown = source.colour() if source.colour else image
    finally:
        source.close()
    drawn = overlay.draw(shown, result, Hud("desk", FPS, broker="connected"))
    path = Path(*arguments or [DOCS]) / "overlay.jpg"
    path.write_bytes(overlay.encode_jpeg(drawn, 85))
    sys.stdout.write(f"wrote {path}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
