"""Draws letters, words and signs with the fonts that are installed, as bitmaps that a pen can draw
again."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from camd.errors import DataError
from training.render.hand import Bitmap

"""(h, w) uint8, ink 255 on 0."""

HANDS = (
    "humor-sans",
    "ComicNeue",
    "dkg",
    "breip",
    "BecauseWe",
    "DancingScript",
    "Ecolier",
    "femkeklaver",
    "Joscelyn",
    "KaushanScript",
    "Klee",
    "Kristi",
    "SteveHand",
    "Delphine",
    "TomsonTalks",
    "rufscript",
    "TypoScript",
    "Lobster",
    "LeckerliOne",
    "Purisa",
    "Z003",
    "yozfont",
    "setofont",
    "YuseiMagic",
)
"""Fonts that look like handwriting, by parts of their file names. All are free (SIL OFL, GPL,
CC-BY-SA). They come from Debian's fonts-humor-sans -comic-neue -dkg-handwriting -breip -bwht
-dancingscript -ecolier-court -femkeklaver -joscelyn -kaushanscript -klee -kristi -sjfonts
-tomsontalks -rufscript -levien-typoscript -lobster -leckerli-one -tlwg-purisa-otf
-yozvox-yozfont-cute -seto -yusei-magic -urw-base35."""
PRINTS = (
    "DejaVuSans",
    "DejaVuSerif",
    "Lato-Regular",
    "Lato-Bold",
    "Cantarell",
    "LinLibertine_R",
    "LinBiolinum",
    "Nimbus",
    "URWBookman",
    "URWGothic",
    "C059",
    "P052",
    "OpenDyslexic",
    "EBGaramond12-Regular",
    "Roboto-Regular",
    "Roboto-Medium",
    "texgyreadventor",
    "texgyrecursor",
    "Liberation",
    "FreeSans",
    "FreeSerif",
    "Carlito",
    "Caladea",
    "OpenSans",
    "Inconsolata",
    "FiraCode",
    "Hack-",
    "Play-",
    "Courier Prime",
    "JetBrainsMono-Regular",
    "JetBrainsMono-Bold",
    "NotoSansMono-Regular",
    "OCRA",
    "Quicksand",
    "Vollkorn-Regular",
    "Vollkorn-Bold",
    "Oxygen",
    "Gentium",
    "Comfortaa",
)
"""Fonts that look like print, by parts of their file names, from Debian's fonts-dejavu -lato
-cantarell -linuxlibertine -urw-base35 -opendyslexic -ebgaramond -roboto-fontface -texgyre
-liberation -freefont-ttf -crosextra-carlito -crosextra-caladea -open-sans -inconsolata -firacode
-hack -play -courier-prime -jetbrains-mono -noto-mono -ocr-a -quicksand -vollkorn -oxygen
-sil-gentium -comfortaa."""
LIKE_DIGITS = frozenset("oOlIiSsZzBgqQDbjJtTyYL|/>")
"""Characters that some people write exactly like a digit. Their shape cannot tell them from a
digit, so they are not used as examples of what is no digit."""
LETTERS = "aAcCdeEfFGhHkKmMnNpPrRuUvVwWxX"
SIGNS = "++++--xx=*#@&?<~^()[]{}√π€$§"
LETTERS_LIKE_DIGITS = {
    "Balinese": (5, 14),
    "Early_Aramaic": (2, 3, 4, 6, 10, 12, 13, 14, 16, 17, 20),
    "Greek": (4, 8, 9, 14, 15, 18),
    "Japanese_(katakana)": (2, 24, 27, 43, 46),
    "Korean": (21, 22, 27, 33),
    "Latin": (2, 7, 9, 10, 12, 15, 17, 19, 20, 25, 26),
    "Sanskrit": (36, 37),
    "Tagalog": (3, 16),
}
"""Characters of Omniglot that look like digits: for each alphabet, their numbers in it."""
WORDS = (  # noqa: SIM905
    "the of and to in is that for it as was with be by on not he his but at are this have from or "
    "had an they which one you were her all she there would their we him been has when who will "
    "more no if out so said what up its about into than them can only other new some could time "
    "these two may then do first any my now such like our over man me even most made after also "
    "did many before must through back years where much your way well down should because each "
    "just those people how too little state good very make world still own see men work long get "
    "here between both life being under never day same another know while last might us great old "
    "year off come since against go came right used take three name mark total date sheet school "
    "subject water meter energy number address street city phone signature teacher result temper"
).split()


@dataclass(frozen=True, slots=True)
class Fonts:
    hands: tuple[Path, ...]
    prints: tuple[Path, ...]

    @classmethod
    def find(cls, folder: Path) -> "Fonts":
        """Find the fonts of HANDS and PRINTS under `folder`, sorted by name. Raises DataError when
        there are too few."""
        files = sorted(
            (path for kind in ("ttf", "otf") for path in folder.rglob(f"*.{kind}")),
            key=lambda path: path.name,
        )

        def named(parts: Sequence[str]) -> tuple[Path, ...]:
            return tuple(
                path for path in files if any(part.lower() in path.name.lower() for part in parts)
            )

        fonts = cls(named(HANDS), named(PRINTS))
        if min(len(fonts.hands), len(fonts.prints)) < 2:  # one to train with, one to validate with
            raise DataError(
                f"{folder}: fewer than two handwriting or print fonts; on Debian: apt install "
                "fonts-humor-sans fonts-comic-neue fonts-dancingscript fonts-dejavu "
                "(training/render/lettering.py names all that the shipped model saw)"
            )
        return fonts

    def split(self, part: int, of: int) -> tuple["Fonts", "Fonts"]:
        """Split into fonts to train with and fonts to validate with. The latter are every `of`-th
        font, beginning with number `part`."""
        return (
            Fonts(_but(self.hands, part, of), _but(self.prints, part, of)),
            Fonts(self.hands[part::of], self.prints[part::of]),
        )


def _but(paths: tuple[Path, ...], part: int, of: int) -> tuple[Path, ...]:
    return tuple(path for n, path in enumerate(paths) if n % of != part)


def text(font: Path, characters: str, height: int) -> Bitmap | None:
    """Draw characters with a font so that capitals are about `height` pixels high. The result is
    cropped to the ink. None where the font lacks one of the characters."""
    drawn = _draw(font, characters, max(8, round(1.35 * height)))
    return None if drawn is None else drawn.copy()


@functools.lru_cache(maxsize=4096)
def _draw(font: Path, characters: str, size: int) -> Bitmap | None:
    face = _face(font, size)
    missing = face.getmask("\uffff").getbbox(), bytes(face.getmask("\uffff"))
    for character in set(characters):
        mask = face.getmask(character)
        if mask.getbbox() is None or (mask.getbbox(), bytes(mask)) == missing:
            return None
    left, top, right, bottom = (round(side) for side in face.getbbox(characters))
    picture = Image.new("L", (right - left + 8, bottom - top + 8), 0)
    ImageDraw.Draw(picture).text((4 - left, 4 - top), characters, fill=255, font=face)
    bitmap = np.asarray(picture, np.uint8)
    x, y, width, height = cv2.boundingRect((bitmap > 90).astype(np.uint8))
    if min(width, height) < 2:
        return None
    return bitmap[y : y + height, x : x + width]


@functools.lru_cache(maxsize=512)
def _face(font: Path, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(font, size)


def squared(bitmap: Bitmap, side: int) -> Bitmap:
    """Fit a bitmap into the middle of a square (side, side) with a margin of a tenth of it."""
    scale = 0.8 * side / max(bitmap.shape)
    size = max(1, round(bitmap.shape[1] * scale)), max(1, round(bitmap.shape[0] * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    small = cv2.resize(bitmap, size, interpolation=how)
    canvas = np.zeros((side, side), np.uint8)
    top, left = (side - small.shape[0]) // 2, (side - small.shape[1]) // 2
    canvas[top : top + small.shape[0], left : left + small.shape[1]] = small
    return canvas
