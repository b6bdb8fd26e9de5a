"""camd calibrate: read labelled images, and write the confidence that keeps to an error budget."""

import sys
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from camd import paths
from camd.classify import svm
from camd.config import edit
from camd.config.layers import load
from camd.config.settings import Settings
from camd.evaluate import calibration
from camd.evaluate.calibration import LEVEL, Outcome
from camd.evaluate.truth import Label, load_labels
from camd.pipeline import Pipeline
from camd.runtime import bounded
from camd.sources.picture import first_page
from camd.terminal import console, follow
from camd.values import Digit

KEY = ("model", "min_confidence")


def calibrate(directory: Path, budget: float, named: Path | None, *, dry_run: bool) -> None:
    """Print what the threshold in force and the best one for `budget` (0..1) do to the images of
    `directory`, and write the latter into the configuration file in use, or the one `named`.

    Raises ConfigError, DataError for wrong labels and a budget that cannot be kept, SourceError
    for an image that cannot be read, ModelError."""
    config = load(named)
    out = console(sys.stdout)
    labels = load_labels(directory)
    with bounded(config.settings.model.threads):
        seen = calibration.candidates(_read(directory, labels, config.settings))
    now = calibration.outcome(seen, config.settings.model.min_confidence)
    best = calibration.choose(seen, budget)
    _table(out, now, best)
    _promise(out, best, calibration.left_out(seen, budget), budget)
    path = edit.file_in_use(named)
    if dry_run:
        out.print(f"{path} is as it was; without --dry-run it gets {_line(best)}")
        return
    edit.rewrite(path, lambda text: edit.with_value(text, *KEY, best.threshold))
    out.print(f"wrote {_line(best)} to {path}")
    after = load(named)
    if after.settings.model.min_confidence != best.threshold:
        out.print(f"but {after.origins[KEY]} goes before it: see camd config show")


def _read(
    directory: Path, labels: tuple[Label, ...], settings: Settings
) -> Iterator[tuple[Label, tuple[Digit, ...]]]:
    """Give the digits of each image with no threshold."""
    every = settings.model.model_copy(update={"min_confidence": 0.0})
    settings = settings.model_copy(update={"model": every})
    pipeline = Pipeline(settings, svm.load(paths.model_file(settings.model.file)))
    for label in follow(labels, "reading"):
        page = first_page(directory / label.file)
        if page.left_out:
            tell(f"camd: {directory / label.file}: {page.left_out}")
        yield label, pipeline.still(page.image).digits


def _table(out: Console, now: Outcome, best: Outcome) -> None:
    table = Table(
        "", "threshold", "published", "wrong", "error", f"at most ({LEVEL:.0%} sure)", "missed"
    )
    for column in table.columns[1:]:
        column.justify = "right"
    for name, row in (("in force", now), ("calibrated", best)):
        table.add_row(
            name,
            f"{row.threshold}",
            str(row.published),
            str(row.wrong),
            _percent(row.error) if row.published else "-",
            _percent(row.bound),
            _percent(row.missed) if row.written else "-",
        )
    out.print(table)


def _promise(out: Console, best: Outcome, left_out: tuple[int, int], budget: float) -> None:
    published, wrong = left_out
    if published:
        out.print(
            f"With the threshold that all other images choose, {wrong} of {published} digits are"
            f" wrong ({_percent(wrong / published)}): expect this of new images like these."
        )
    if best.bound <= budget:
        out.print(
            f"These images show, {LEVEL:.0%} sure, that the error is at most {_percent(budget)}."
        )
    else:
        out.print(
            f"They are too few to promise {_percent(budget)}: {best.wrong} wrong of"
            f" {best.published} leave up to {_percent(best.bound)} possible ({LEVEL:.0%} sure)."
            f" It takes {calibration.needed(budget)} published digits without a wrong one, by the"
            " rule of three, and more with one."
        )


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 0.1 else f"{100 * share:.1f} %"


def _line(best: Outcome) -> str:
    return f"{'.'.join(KEY)} = {best.threshold}"
