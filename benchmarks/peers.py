"""Other readers of digits, each asked as its makers would: image in, digits out.

RapidOCR 3.10 ships PP-OCRv6 (small) inside of its package. It asks for opencv-python-headless,
which overwrites opencv-python, so install it without its dependencies:

    pip install --no-deps rapidocr==3.10.0
    pip install onnxruntime pyclipper shapely pyyaml pillow tqdm omegaconf requests colorlog six

Tesseract: `apt install tesseract-ocr` for its models, and tesserocr (extra "bench"), which keeps it
loaded between images. The notebook's way: see benchmarks/notebook.py; the extra "train".
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import cv2

from benchmarks.machine import installed
from camd import paths as shipped
from camd.classify import svm
from camd.config.settings import Settings
from camd.pipeline import Pipeline
from camd.values import Image

Read: TypeAlias = Callable[[Image], str]
"""(H, W, 3) uint8 BGR -> the digits read, and whatever else."""

TESSDATA = (Path("/usr/share/tesseract-ocr/5/tessdata"), Path("/usr/share/tessdata"))


@dataclass(frozen=True, slots=True)
class Reader:
    name: str
    how: str
    """Version and options."""
    read: Read

    def digits(self, image: Image) -> str:
        """Only the digits of what was read: letters are not held against a reader of text."""
        return "".join(char for char in self.read(image) if char in "0123456789")


class MissingError(Exception):
    """A reader is not installed; the text says what is missing."""


def readers(notebook: Path | None, data: Path | None) -> Iterator[Reader | MissingError]:
    """Give camd, and each of the others or why it is left out. `notebook` is the folder that keeps
    the notebook's machine, which may be fitted from `data`; None leaves it out."""
    makers: list[Callable[[], Reader]] = [own, rapidocr, tesseract]
    if notebook is not None:
        makers.append(lambda: pixels(notebook, data))
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
    from rapidocr import RapidOCR  # noqa: PLC0415  (seldom there)

    engine = RapidOCR(
        params={
            "Global.log_level": "error",
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )

    def read(image: Image) -> str:
        return " ".join(engine(image).txts or ())

    how = f"{installed('rapidocr')}, PP-OCRv6 small, ONNX Runtime {installed('onnxruntime')}"
    return Reader("RapidOCR", how, read)


def tesseract() -> Reader:
    import tesserocr  # noqa: PLC0415  (seldom there)
    from PIL import Image as Pillow  # noqa: PLC0415

    folder = next((one for one in TESSDATA if (one / "eng.traineddata").exists()), None)
    if folder is None:
        raise MissingError("Tesseract's eng.traineddata is missing: apt install tesseract-ocr")
    # Of the modes for a whole page, the one that reads most of ../shared/data/real-dev.
    mode = tesserocr.PSM.SPARSE_TEXT
    engine = tesserocr.PyTessBaseAPI(path=str(folder), lang="eng", psm=mode)
    engine.SetVariable("tessedit_char_whitelist", "0123456789")
    engine.SetVariable("debug_file", "/dev/null")  # it complains of each small image

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
