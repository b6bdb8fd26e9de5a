"""camd calibrate: finds the confidence with which few enough digits of test images are wrong."""

import sys
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from camd import learnt
from camd.config import edit
from camd.config.layers import load
from camd.config.settings import Settings
from camd.errors import DataError
from camd.evaluate import calibration
from camd.evaluate.calibration import LEVEL, Candidates, Outcome
from camd.evaluate.truth import Label, load_labels
from camd.pipeline import Pipeline
from camd.runtime import bounded
from camd.sources.picture import first_page
from camd.stdio import tell
from camd.terminal import console, follow
from camd.values import Digit

KEY = ("model", "min_confidence")


def calibrate(directory: Path, budget: float, named: Path | None, *, dry_run: bool) -> None:
    """Print how many digits in the images of `directory` are wrong or missed with the present
    threshold. If more than `budget` (0..1) of the published ones are wrong, write the least
    threshold that surely keeps to the budget into the configuration file in use, or the one
    `named`.

    Raises ConfigError; DataError for wrong labels, and where the images are too few to be sure of
    any threshold; SourceError for an image that cannot be read; ModelError."""
    config = load(named)
    out = console(sys.stdout)
    labels = load_labels(directory)
    with bounded(config.settings.model.threads):
        seen = calibration.candidates(_read(directory, labels, config.settings))
    if not len(seen.confidence):
        raise DataError("no digit was read on these images: nothing to calibrate with")
    now = calibration.outcome(seen, config.settings.model.min_confidence)
    best = calibration.choose(seen, budget)
    _table(out, now, best)
    if now.published and now.error <= budget:
        _stays(out, now, best, budget)
        return
    if best is None:
        raise DataError(_too_few(calibration.measured(seen, budget), seen, budget))
    _expected(out, calibration.left_out(seen, budget))
    out.print(_promise(budget))
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
    """Yield the digits of each image as they are read without a threshold."""
    every = settings.model.model_copy(update={"min_confidence": 0.0})
    settings = settings.model_copy(update={"model": every})
    pipeline = Pipeline(settings, learnt.load(settings))
    for label in follow(labels, "reading"):
        page = first_page(directory / label.file)
        if page.left_out:
            tell(f"camd: {directory / label.file}: {page.left_out}")
        yield label, pipeline.still(page.image).digits


def _table(out: Console, now: Outcome, best: Outcome | None) -> None:
    table = Table(
        "", "threshold", "published", "wrong", "error", f"at most ({LEVEL:.0%} sure)", "missed"
    )
    for column in table.columns[1:]:
        column.justify = "right"
    for name, row in (("in force", now), ("promised", best)):
        if row is None:
            continue
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


def _stays(out: Console, now: Outcome, best: Outcome | None, budget: float) -> None:
    """Say that nothing is written, and which threshold is sure to keep to which budget."""
    out.print(f"The threshold in force keeps to {_percent(budget)} on these images, and stays.")
    if now.bound <= budget:
        out.print(_promise(budget))
    else:
        out.print(
            f"They do not promise it: {now.wrong} wrong of {now.published} leave up to"
            f" {_percent(now.bound)} possible ({LEVEL:.0%} sure). {_needed(budget)}"
        )
    if best and best.published != now.published:
        out.print(
            f"They promise it of {_line(best)}, which misses {_percent(best.missed)} of what is"
            f" written instead of {_percent(now.missed)}: set it by hand where you want that."
        )


def _expected(out: Console, left_out: tuple[int, int]) -> None:
    published, wrong = left_out
    if published:
        out.print(
            f"With the threshold that all other images promise, {wrong} of {published} digits are"
            f" wrong ({_percent(wrong / published)}): expect this of new images like these."
        )


def _promise(budget: float) -> str:
    return f"These images show, {LEVEL:.0%} sure, that the error is at most {_percent(budget)}."


def _too_few(measured: Outcome | None, seen: Candidates, budget: float) -> str:
    if measured is None:
        return (
            f"no threshold keeps the error within {_percent(budget)}: among the surest digits, of"
            f" confidence {seen.confidence[0]:.4f}, one is wrong already. See the worst images of"
            " `camd eval`: is every digit on them in labels.json?"
        )
    return (
        f"these images are too few to promise {_percent(budget)}, so nothing is written: the"
        f" surest {measured.published} digits, {measured.wrong} of them wrong, leave up to"
        f" {_percent(measured.bound)} possible ({LEVEL:.0%} sure). {_needed(budget)}"
    )


def _needed(budget: float) -> str:
    none, one = (calibration.needed(budget, wrong) for wrong in (0, 1))
    return f"That takes {none} published digits without a wrong one, {one} with one."


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 0.1 else f"{100 * share:.1f} %"


def _line(best: Outcome) -> str:
    return f"{'.'.join(KEY)} = {best.threshold}"
