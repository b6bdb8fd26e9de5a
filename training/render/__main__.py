"""Renders images and clips with labels from a seed. Handwriting is of MNIST's test digits.

The clip that `camd demo` plays, with its labels:

    python -m training.render demo --data mnist.npz --letters omniglot-small.npz --out camd/assets

The clip that `camd demo meter` plays, which needs no data:

    python -m training.render meter --out camd/assets

The clips that `camd eval --video clips` scores:

    python -m training.render clips --data mnist.npz --letters omniglot-small.npz --out clips

The images that `camd eval stills` scores:

    python -m training.render stills --data mnist.npz --letters omniglot-small.npz --out stills

Printed pages, to fit the surroundings to, and with the fonts held back of that, to score them:

    python -m training.render pages --out pages
    python -m training.render pages --out others --seed 99 --held-back
"""

import argparse
from dataclasses import replace
from pathlib import Path

from training.render import clip_kinds, meter_clip, pages, stills
from training.render.demo import legible, make
from training.render.hand import Hand
from training.render.lettering import Fonts
from training.render.negatives import unlike_digits


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.render", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    demo = commands.add_parser("demo", help="render the demo clip and its truth")
    clips = commands.add_parser("clips", help="render clips of every kind and their truth")
    film = commands.add_parser("meter", help="render the demo clip of a meter and its truth")
    film.add_argument("--out", type=Path, required=True, help="folder for what is rendered")
    images = commands.add_parser("stills", help="render images of every kind and their labels")
    for command in (demo, clips, images):
        command.add_argument("--data", type=Path, required=True, help="MNIST as npz: x, y")
        command.add_argument("--letters", type=Path, required=True, help="Omniglot as packed npz")
        command.add_argument("--out", type=Path, required=True, help="folder for what is rendered")
    for command, each in ((clips, 4), (images, 8)):
        command.add_argument("--seed", type=int, default=1)
        command.add_argument(
            "--each", type=int, default=each, help="of each kind (default %(default)s)"
        )
    printed = commands.add_parser("pages", help="render printed pages and their labels")
    printed.add_argument("--out", type=Path, required=True, help="folder for what is rendered")
    printed.add_argument("--fonts", type=Path, default=Path("/usr/share/fonts"))
    printed.add_argument("--seed", type=int, default=7)
    printed.add_argument("--each", type=int, default=14, help="of each kind (default %(default)s)")
    printed.add_argument(
        "--held-back", action="store_true", help="with the fourth of the fonts that is held back"
    )
    chosen = parser.parse_args()
    if chosen.command == "pages":
        known, others = Fonts.find(chosen.fonts).split(0, 4)
        fonts = others if chosen.held_back else known
        pages.make(chosen.out, fonts, chosen.seed, chosen.each)
        return
    if chosen.command == "meter":
        meter_clip.make(chosen.out)
        return
    test = Hand.load(chosen.data, "test", chosen.letters)
    if chosen.command == "demo":
        make(legible(test, Hand.load(chosen.data, "train")), chosen.out)
    else:
        hand = replace(test, letters=test.letters[unlike_digits(chosen.letters)])
        kinds = clip_kinds if chosen.command == "clips" else stills
        kinds.make(chosen.out, hand, chosen.seed, chosen.each)


if __name__ == "__main__":
    main()
