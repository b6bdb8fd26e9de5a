"""camd read: reads images, each by itself, so without votes over frames."""

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from camd import learnt
from camd.config.settings import Settings
from camd.errors import SourceError
from camd.evaluate.clip_truth import VIDEOS
from camd.mqtt import payloads
from camd.pipeline import Pipeline, check
from camd.runtime import bounded
from camd.sources.picture import Page, read_pages
from camd.stdio import printable, tell, write_json
from camd.terminal import console
from camd.values import Result


def read_images(paths: Sequence[Path], settings: Settings, *, as_json: bool) -> int:
    """Print what is read on each page of each image. Return the exit status: 66 if one could not be
    read."""
    out = console(sys.stdout)
    status = 0
    with bounded(settings.model.threads):
        model = learnt.load(settings)
        check(settings, model)
        pipeline = Pipeline(settings, model)
        for path in paths:
            try:
                for page in read_pages(path):
                    result = pipeline.still(page.image)
                    if as_json:
                        write_json(payload(path, page, result))
                    else:
                        _show(out, path, page, result)
            except SourceError as error:
                status = SourceError.status
                why = f"{error}{_instead(path, str(error))}"
                if as_json:
                    write_json({"image": str(path), "error": why})
                else:
                    tell(f"camd: {why}")
    return status


def _instead(path: Path, error: str) -> str:
    """Say how to read a file that is no picture."""
    whole = shlex.quote(str(path))
    if path.is_dir():
        return f"; to read its pictures: camd read {whole}/*, or camd run --device {whole}"
    if path.suffix.lower() in VIDEOS and "camd run" not in error:
        return f"; to read a video: camd run --device {whole}"
    return ""


def payload(path: Path, page: Page, result: Result) -> dict[str, Any]:
    """Return one line of `camd read --json`."""
    height, width = page.image.shape[:2]
    return {
        "image": str(path),
        **({"page": page.number, "pages": page.count} if page.count > 1 else {}),
        "size": [width, height],
        "digits": [payloads.digit(digit) for digit in result.digits],
        "lines": [line.text for line in result.lines],
        "turn": result.turn,
        **_regions(result),
        "rejected": [{"box": list(r.box), "reason": r.reason} for r in result.rejected],
    }


def _regions(result: Result) -> dict[str, Any]:
    said = [payloads.region_item(item) for item in result.regions]
    return {"regions": said} if said else {}


def _show(out: Console, path: Path, page: Page, result: Result) -> None:
    which = f", page {page.number} of {page.count}" if page.count > 1 else ""
    name = printable(str(path).replace("\n", "\\n"))
    out.print(Text(name, "bold").append(which, "not bold"), soft_wrap=True)
    for region in result.regions:
        out.print(f"  {region.name}  {region.said}", soft_wrap=True)
    if result.regions:
        return
    for line in result.lines:
        sure = min(digit.confidence for digit in line.digits)
        said = Text(f"  {line.text}  ")
        said.append(f"least confidence {int(sure * 1000) / 1000:.3f}", "dim")
        out.print(said, soft_wrap=True)
    if not result.lines:
        out.print(Text("  no digits", "dim"))
