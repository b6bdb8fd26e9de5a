"""camd calibrate: chooses an option by what it measures, and writes it into the configuration."""

from pathlib import Path

import click

from camd.cli.options import config_file, interruptible

LARGEST = 0.2
"""Largest error budget: so 0.5, meant as half a percent, is refused and not taken for 50 %."""


class _Share(click.ParamType[float]):
    name = "share"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        text = str(value).strip()
        try:
            share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        except ValueError:
            self.fail(f"{text!r} is no share; write 0.5% or 0.005", param, ctx)
        if not 0 < share <= LARGEST:
            self.fail(
                f"{text} is {100 * share:g} %; it must be more than 0 %, and at most"
                f" {100 * LARGEST:g} %: write 0.5% or 0.005",
                param,
                ctx,
            )
        return share


@click.command()
@click.argument("directory", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--max-error",
    type=_Share(),
    required=True,
    help="Wrong digits among those published: 0.5%.",
)
@config_file
@click.option("--dry-run", is_flag=True, help="Only say what would be written.")
def calibrate(directory: Path, max_error: float, file: Path | None, dry_run: bool) -> None:
    """Find the least confidence with which at most MAX-ERROR of the published digits are wrong, on
    the images of DIRECTORY/labels.json, and write it into the configuration as
    model.min_confidence.

    Nothing is written where the present one keeps to MAX-ERROR, or where there are too few images
    to be sure that another one does."""
    from camd.evaluate import calibrate as command  # noqa: PLC0415

    interruptible()
    command.calibrate(directory, max_error, file, dry_run=dry_run)
