"""camd read: images one by one, without voting."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from camd import paths as installed
from camd.classify import svm
from camd.config.settings import Settings
from camd.errors import SourceError
from camd.mqtt import payloads
from camd.pipeline import Pipeline
from camd.runtime import bounded
from camd.sources.picture import Page, read_pages
from camd.values import Result


def read_images(paths: Sequence[Path], settings: Settings, *, as_json: bool) -> int:
    """Print what each page of each image says; return the exit status: 66 when one could not be
    read."""
    console = Console(stderr=False, highlight=False)
    status = 0
    with bounded(settings.model.threads):
        pipeline = Pipeline(settings, svm.load(installed.model_file(settings.model.file)))
        for path in paths:
            try:
                for page in read_pages(path):
                    result = pipeline.still(page.image)
                    if as_json:
                        _write(payload(path, page, result))
                    else:
                        _show(console, path, page, result)
            except SourceError as error:
                status = SourceError.status
                if as_json:
                    _write({"image": str(path), "error": str(error)})
                else:
                    print(f"camd: {error}", file=sys.stderr)  # noqa: T201
    return status


def payload(path: Path, page: Page, result: Result) -> dict[str, Any]:
    """One line of `camd read --json`."""
    height, width = page.image.shape[:2]
    return {
        "image": str(path),
        **({"page": page.number, "pages": page.count} if page.count > 1 else {}),
        "size": [width, height],
        "digits": [payloads.digit(digit) for digit in result.digits],
        "lines": [line.text for line in result.lines],
        **_regions(result),
        "rejected": [{"box": list(r.box), "reason": r.reason} for r in result.rejected],
    }


def _regions(result: Result) -> dict[str, Any]:
    said = [payloads.region_item(item) for item in result.regions]
    return {"regions": said} if said else {}


def _write(data: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(data, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def _show(console: Console, path: Path, page: Page, result: Result) -> None:
    which = f", page {page.number} of {page.count}" if page.count > 1 else ""
    console.print(Text(str(path), "bold").append(which, "not bold"), soft_wrap=True)
    for region in result.regions:
        console.print(f"  {region.name}  {region.said}")
    if result.regions:
        return
    for line in result.lines:
        sure = min(digit.confidence for digit in line.digits)
        console.print(f"  {line.text}  [dim]least confidence {int(sure * 1000) / 1000:.3f}[/dim]")
    if not result.lines:
        console.print("  [dim]no digits[/dim]")
