"""Other programs that read digits from an image, each used in the way that its makers advise.

RapidOCR 3.10 has PP-OCRv6 (small) in its package. It depends on opencv-python-headless, which would
overwrite opencv-python. So install it without its dependencies:

    pip install --no-deps rapidocr==3.10.0
    pip install onnxruntime pyclipper shapely pyyaml pillow tqdm omegaconf requests colorlog six

Tesseract needs `apt install tesseract-ocr` for its models, and tesserocr (extra "bench"), which
keeps it loaded between images. ssocr is Debian's package of that name. The way of the notebook
needs the extra "train"; see benchmarks/notebook.py.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import cv2

from benchmarks.machine import installed
from camd import paths as shipped
from camd.classify import svm
from camd.config.settings import Settings
from camd.pipeline import Pipeline
from camd.values import Image

Read: TypeAlias = Callable[[Image], str]
"""Takes an image (H, W, 3) uint8 BGR, and gives the text that was read, digits and all else."""

RECOGNISER = "RapidOCR's recogniser"
TESSDATA = (Path("/usr/share/tesseract-ocr/5/tessdata"), Path("/usr/share/tessdata"))


@dataclass(frozen=True, slots=True)
class Reader:
    name: str
    how: str
    """Its version and options."""
    read: Read

    def digits(self, image: Image) -> str:
        """Return only the digits of what was read. Letters do not count as errors, because some of
        these programs are made to read text."""
        return "".join(char for char in self.read(image) if char in "0123456789")


class MissingError(Exception):
    """Raised when a reader is not installed; the text says what is missing."""


def readers(notebook: Path | None, data: Path | None) -> Iterator[Reader | MissingError]:
    """Give camd and the other readers; for one that is left out, give the reason instead.
    `notebook` is the folder with the notebook's machine, which may be fitted from `data`; with None
    that machine is left out."""
    makers: list[Callable[[], Reader]] = [own, rapidocr, tesseract]
    if notebook is not None:
        makers.append(lambda: pixels(notebook, data))
    yield from _made(makers)


def row_readers() -> Iterator[Reader | MissingError]:
    """Give the others that read one row of digits, cut out; for one that is left out, the reason
    instead."""
    yield from _made((recogniser, lambda: tesseract(row=True), ssocr))


def _made(makers: Iterable[Callable[[], Reader]]) -> Iterator[Reader | MissingError]:
    for make in makers:
        try:
            yield make()
        except (ImportError, MissingError) as error:
            yield MissingError(f"{error}; left out, see benchmarks/peers.py")


def own() -> Reader:
    model = svm.load(shipped.model_file())
    pipeline = Pipeline(Settings(), model)

    def read(image: Image) -> str:
        return "".join(line.text for line in pipeline.still(image).lines)

    return Reader("camd", f"model {model.id}", read)


def rapidocr() -> Reader:
    engine = _rapidocr()

    def read(image: Image) -> str:
        return " ".join(engine(image).txts or ())

    return Reader("RapidOCR", _rapidocr_how(), read)


def recogniser() -> Reader:
    engine = _rapidocr()

    def read(image: Image) -> str:
        said = engine(image, use_det=False, use_cls=False, use_rec=True)
        return " ".join(said.txts or ())

    return Reader(RECOGNISER, _rapidocr_how(), read)


def _rapidocr() -> Any:
    from rapidocr import RapidOCR  # noqa: PLC0415  (seldom there)

    return RapidOCR(
        params={
            "Global.log_level": "error",
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )


def _rapidocr_how() -> str:
    return f"{installed('rapidocr')}, PP-OCRv6 small, ONNX Runtime {installed('onnxruntime')}"


def ssocr() -> Reader:
    program = shutil.which("ssocr")
    if program is None:
        raise MissingError("ssocr is missing: apt install ssocr")

    def read(image: Image) -> str:
        # It is told which is the ink. Both are tried; what it reads without an error counts.
        with tempfile.NamedTemporaryFile(suffix=".png") as file:
            cv2.imwrite(file.name, image)
            for colours in (("-f", "black", "-b", "white"), ("-f", "white", "-b", "black")):
                done = subprocess.run(
                    [program, "-d", "-1", "-T", *colours, file.name],
                    capture_output=True,
                    text=True,
                    check=False,
                )
                if done.returncode == 0:
                    return done.stdout
        return ""

    said = subprocess.run([program, "-V"], capture_output=True, text=True, check=False)
    version = (said.stdout + said.stderr).splitlines()[0]
    return Reader("ssocr", f"{version}, iterative threshold, either polarity", read)


def tesseract(*, row: bool = False) -> Reader:
    import tesserocr  # noqa: PLC0415  (seldom there)
    from PIL import Image as Pillow  # noqa: PLC0415

    folder = next((one for one in TESSDATA if (one / "eng.traineddata").exists()), None)
    if folder is None:
        raise MissingError("Tesseract's eng.traineddata is missing: apt install tesseract-ocr")
    # Of all modes for a whole page, this one read most of the digits in a set of photographs.
    mode = tesserocr.PSM.SINGLE_LINE if row else tesserocr.PSM.SPARSE_TEXT
    engine = tesserocr.PyTessBaseAPI(path=str(folder), lang="eng", psm=mode)
    engine.SetVariable("tessedit_char_whitelist", "0123456789")
    engine.SetVariable("debug_file", "/dev/null")  # it warns at each small image

    def read(image: Image) -> str:
        engine.SetImage(Pillow.fromarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB)))
        return str(engine.GetUTF8Text())

    number = tesserocr.tesseract_version().split()[1]
    return Reader("Tesseract", f"{number}, eng, psm {int(mode)}, digits only", read)


def pixels(folder: Path, data: Path | None) -> Reader:
    from benchmarks import notebook  # noqa: PLC0415  (needs the extra "train")

    machine = notebook.machine(data, folder)
    how = f"Otsu, contours, RBF SVM of {len(machine.support_vectors_)} vectors of 784 pixels"
    return Reader("the notebook", how, lambda image: notebook.read(machine, image))
