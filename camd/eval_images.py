"""camd eval DIR: read every labelled image, and print the score."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from camd import installed, svm
from camd.errors import SourceError
from camd.pipeline import Pipeline
from camd.score import Evaluation, Score, score
from camd.settings import Settings
from camd.sources.images import read_image
from camd.threads import bounded
from camd.truth import load_labels


def evaluate(directory: Path, settings: Settings) -> int:
    """Print precision, recall and F1 over the digits of `directory`'s images, and the worst ones;
    return the exit status: 66 when an image could not be read (it counts as empty).

    Raises DataError for wrong labels, ModelError."""
    labels = load_labels(directory)
    console, progress = Console(highlight=False), Console(stderr=True)
    predictions: dict[str, Sequence[str]] = {}
    status = 0
    with bounded(settings.model.threads):
        pipeline = Pipeline(settings, svm.load(settings.model.file or installed.model_file()))
        for label in track(labels, "reading", console=progress, transient=True):
            try:
                image = read_image(directory / label.file)
            except SourceError as error:
                progress.print(f"camd: {error}")
                status = SourceError.status
                continue
            predictions[label.file] = [line.text for line in pipeline.still(image).lines]
    _report(console, score(labels, predictions))
    return status


def _report(console: Console, evaluation: Evaluation) -> None:
    table = Table("images", "F1", "precision", "recall", "read exactly", "false an image", "clean")
    table.columns[0].no_wrap = True
    for column in table.columns[1:]:
        column.justify = "right"
    for name, part in (
        ("all", evaluation.all),
        ("with digits", evaluation.positives),
        ("ordinary photos", evaluation.ordinary),
        ("without digits", evaluation.negatives),
    ):
        if part.images:
            table.add_row(*_cells(name, part))
    console.print(table)
    worst = evaluation.worst()
    if worst:
        console.print("the worst:")
    for row in worst:
        console.print(f"  {row.label.file}: {row.missed} missed, {row.false} false")
        console.print(f"    written {' / '.join(row.label.digits) or '-'}", style="dim")
        console.print(f"    read    {' / '.join(row.lines) or '-'}", style="dim")


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
