"""camd eval DIR: read every labelled image, and each region that the labels tell of, print the
score, and save the worst on one picture."""

import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from camd import files, learnt
from camd.config.settings import Settings
from camd.display import overlay
from camd.errors import DataError, ModelError, SourceError
from camd.evaluate import regions
from camd.evaluate.contact_sheet import contact_sheet, tile
from camd.evaluate.region_truth import places
from camd.evaluate.regions import Found
from camd.evaluate.reliability import Bin, by_confidence
from camd.evaluate.score import Evaluation, Row, Score, score
from camd.evaluate.truth import load_labels
from camd.pipeline import Pipeline
from camd.runtime import bounded
from camd.sources.picture import first_page
from camd.terminal import console, follow
from camd.values import Image, Result

WORST = 12
_QUALITY = 90


def evaluate(
    directory: Path, settings: Settings, sheet: Path | None, *, points: bool = False
) -> int:
    """Print precision, recall and F1 over the digits of `directory`'s images, how honest the
    confidence is, how many regions are read exactly, and the worst of both; save those, with what
    was read drawn on them, as the JPEG `sheet`. With `points` the decimal points of regions count,
    too. Return the exit status: 66 when an image could not be read (it counts as empty).

    Raises DataError for wrong labels and where `sheet` cannot be written, ModelError."""
    labels, drawn = load_labels(directory), places(directory)
    out = console(sys.stdout)
    results: dict[str, Result] = {}
    found: list[Found] = []
    status = 0
    with bounded(settings.model.threads):
        model = learnt.load(settings, drawn=bool(drawn))
        if points and model.points is None:
            raise ModelError("this model finds no decimal points")
        pipeline = Pipeline(settings, model)
        for label in follow(labels, "reading"):
            path = directory / label.file
            try:
                page = first_page(path)
            except SourceError as error:
                console(sys.stderr).print(f"camd: {error}", soft_wrap=True)
                status = SourceError.status
                continue
            if page.left_out:
                console(sys.stderr).print(f"camd: {path}: {page.left_out}", soft_wrap=True)
            results[label.file] = pipeline.still(page.image)
            found += [
                regions.read(page.image, place, settings, model, points=points)
                for place in drawn
                if place.file == label.file
            ]
    evaluation = score(
        labels, {file: [line.text for line in result.lines] for file, result in results.items()}
    )
    # An image whose regions are scored may show more digits than anybody wants.
    numbers = regions.worst(found, WORST // 2)
    worst = evaluation.worst(WORST - len(numbers))
    _figures(out, evaluation)
    _honesty(
        out,
        by_confidence(
            (label, results[label.file].lines) for label in labels if label.file in results
        ),
    )
    _numbers(out, found, numbers, points=points)
    _worst(out, worst)
    shown = [row for row in worst if row.label.file in results]
    if sheet is not None and (shown or numbers):
        title = (
            f"{directory.resolve().name}  ·  {_summary(evaluation)}  ·  model {pipeline.model_id}"
        )
        tiles = [
            tile(*regions.cut_out(_image(directory, one.place.file), one), regions.row(one))
            for one in numbers
        ]
        tiles += [
            tile(_image(directory, row.label.file), results[row.label.file], row) for row in shown
        ]
        _save(sheet, contact_sheet(tiles, title))
        out.print(f"the worst, drawn: {sheet}", soft_wrap=True)
    return status


def _image(directory: Path, file: str) -> Image:
    return first_page(directory / file).image


def _save(sheet: Path, picture: Image) -> None:
    try:
        files.write(sheet, overlay.encode_jpeg(picture, _QUALITY))
    except OSError as exc:
        raise DataError(
            f"{sheet} cannot be written ({exc.strerror}); give another place with --sheet, or"
            " --no-sheet"
        ) from exc


def _summary(evaluation: Evaluation) -> str:
    parts = []
    if evaluation.positives.images:
        parts.append(f"F1 {evaluation.positives.f1:.3f} on {evaluation.positives.images} images")
    if evaluation.negatives.images:
        parts.append(
            f"{evaluation.negatives.false_an_image:.2f} false digits on each of"
            f" {evaluation.negatives.images} without any"
        )
    return "  ·  ".join(parts)


def _figures(out: Console, evaluation: Evaluation) -> None:
    table = _table("images", "F1", "precision", "recall", "exact", "false", "clean")
    for name, part in (
        ("all", evaluation.all),
        ("with digits", evaluation.positives),
        ("ordinary photos", evaluation.ordinary),
        ("without digits", evaluation.negatives),
        *evaluation.hard.items(),
    ):
        if part.images:
            table.add_row(*_cells(name, part))
    out.print(table)
    out.print(
        "exact: all lines as written; false: digits an image that are not written there;"
        " clean: none of those",
        style="dim",
    )


def _honesty(out: Console, bins: Sequence[Bin]) -> None:
    if not bins:
        return
    table = _table("confidence", "digits", "wrong", "to be expected")
    for one in bins:
        table.add_row(
            f"{one.least:.2f} to {one.below:.2f}",
            str(one.digits),
            str(one.wrong),
            f"{one.expected:.1f}",
        )
    out.print(table)


def _numbers(out: Console, found: Sequence[Found], worst: Sequence[Found], *, points: bool) -> None:
    if not found:
        return
    heads = ("exact", "and its point", "and ok") if points else ("exact", "and ok")
    table = _table("regions", *heads, "ok but wrong")
    for style, part in regions.by_style(found).items():
        exact = f"{part.exact}/{part.regions}"
        counts = [part.placed] * points + [part.good, part.wrong]
        table.add_row(f"{part.regions} {style}", exact, *map(str, counts))
    out.print(table)
    out.print(
        "exact: the digits as written; ok: camd gives them as a value; the last column is to be 0",
        style="dim",
    )
    if worst:
        out.print("the worst regions:")
    for one in worst:
        read, written = one.texts
        out.print(
            f"  {one.place.file}: {one.said.status}, read {read or '-'}, written {written}",
            soft_wrap=True,
        )


def _worst(out: Console, rows: Sequence[Row]) -> None:
    if rows:
        out.print("the worst:")
    for row in rows:
        out.print(f"  {row.label.file}: {row.missed} missed, {row.false} false", soft_wrap=True)
        out.print(f"    written {' / '.join(row.label.digits) or '-'}", style="dim", soft_wrap=True)
        out.print(f"    read    {' / '.join(row.lines) or '-'}", style="dim", soft_wrap=True)


def _table(first: str, *others: str) -> Table:
    table = Table(first, *others)
    table.columns[0].no_wrap = True
    for column in table.columns[1:]:
        column.justify = "right"
    return table


def _cells(name: str, part: Score) -> list[str]:
    written = part.right + part.missed > 0
    return [
        f"{part.images} {name}",
        f"{part.f1:.3f}" if written else "",
        f"{part.precision:.3f}" if written else "",
        f"{part.recall:.3f}" if written else "",
        f"{part.exact}/{part.images}",
        f"{part.false_an_image:.2f}",
        f"{part.clean}/{part.images}",
    ]
