"""camd learn: learns from the crops that somebody has labelled on the page; a thin door to the
training package, which is an extra."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from camd import paths
from camd.cli.options import config_file, interruptible, load_config
from camd.config.settings import Settings
from camd.errors import DataError, MissingExtraError
from camd.stdio import say, tell, write_json

if TYPE_CHECKING:
    from camd.corrections import Sample


@click.command()
@config_file
@click.option("--name", help="Name of the camera whose crops are learnt from.")
@click.option(
    "--extra",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="More crops: folders 0..9 and none, as for camd train.",
)
@click.option("--dry-run", is_flag=True, help="Only measure; the model stays as it is.")
@click.option("--undo", is_flag=True, help="Bring the model back that was there before.")
@click.option("--json", "as_json", is_flag=True, help="The figures as JSON, for programs.")
def learn(
    file: Path | None,
    name: str | None,
    extra: Path | None,
    dry_run: bool,
    undo: bool,
    as_json: bool,
) -> None:
    """Learn from the crops that were labelled on the page (needs the extra "train").

    The new model is used only if it makes no more errors than the old one on the digits that it is
    always tested with, and fewer on your own crops, each judged by machines that have not seen it.
    Of the published digits at most learn.max_error may be wrong."""
    settings = load_config(file, {("name",): name}, False).settings
    from camd import learnt  # noqa: PLC0415
    from camd.corrections import LEAST_LABELLED  # noqa: PLC0415

    if undo:
        say(f"{learnt.back(settings)} is back")
        _how_to_use()
        return
    samples = _labelled(settings)
    if not extra and len(samples) < LEAST_LABELLED:
        raise DataError(
            f"{len(samples)} labelled crops in {paths.crops(settings.name)} are too few to learn"
            f" from: label {LEAST_LABELLED} or more on the page, under Correct; it needs"
            " learn.keep = true"
        )
    try:
        from training.fit import learn as training  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError(
            f"learning needs packages that are not installed ({error.name}):"
            f" {paths.pip_install('train')}"
        ) from error
    interruptible()
    from camd.terminal import stages  # noqa: PLC0415

    with stages("camd: ") as progress:
        own = _own(samples, extra)
        found = training.learn_from(
            paths.model_file(settings.model.file),
            *own,
            least=settings.model.min_confidence,
            budget=settings.learn.max_error,
            progress=progress,
        )
    report = found.report
    swap = not report.refused and not dry_run
    if swap:
        learnt.put(settings, found.content)
    if as_json:
        write_json({**report.as_dict(), "swapped": swap})
        return
    _show(report)
    if report.refused:
        say(f"The old model stays: {report.refused}.")
    elif dry_run:
        say("Without --dry-run the new model would be used.")
    else:
        say("The new model is used from now on; camd learn --undo brings the old one back.")
        _how_to_use()


def _how_to_use() -> None:
    tell("camd: a camd that runs takes it with its next reload: sudo systemctl reload camd")


def _labelled(settings: Settings) -> list["Sample"]:
    from camd.corrections import Store  # noqa: PLC0415

    path = paths.crops(settings.name)
    return Store(path, settings.learn.most).labelled() if path.exists() else []


def _own(samples: list["Sample"], extra: Path | None) -> tuple[Any, Any]:
    """Return crops (N, 28, 28) and their labels (N,): those that were labelled, and more."""
    import numpy as np  # noqa: PLC0415

    crops = [sample.crop for sample in samples]
    labels = [sample.label for sample in samples]
    if extra:
        from training import digits  # noqa: PLC0415

        more = digits.load_folder(extra)
        crops += list(more.images)
        labels += more.labels.tolist()
    return np.stack(crops), np.array(labels, np.int64)


def _show(report: Any) -> None:
    import sys  # noqa: PLC0415

    from rich.table import Table  # noqa: PLC0415

    from camd.terminal import console  # noqa: PLC0415

    table = Table("", "images", "errors before", "after", "wrong ones published before", "after")
    for column in table.columns[1:]:
        column.justify = "right"
    rows = [("digits it is always tested with", report.standing)]
    rows.append(("what is no digit there", report.others))
    if report.own:
        rows.append(("your own, not seen by it", report.own))
    for name, (before, after) in rows:
        counts = (before.images, before.errors, after.errors, before.wrong, after.wrong)
        table.add_row(name, *(f"{count:.0f}" for count in counts))
    console(sys.stdout).print(table)
