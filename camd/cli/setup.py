"""The commands that fit camd to its place, and write what they find into the configuration."""

from pathlib import Path

import click

from camd.cli.options import config_file, interruptible

LARGEST = 0.2
"""Of error budgets, so that 0.5 is not taken for half a percent."""


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
@click.option("--max-error", type=_Share(), required=True, help="Of published digits: 0.5%.")
@config_file
@click.option("--dry-run", is_flag=True, help="Only say what would be written.")
def calibrate(directory: Path, max_error: float, file: Path | None, dry_run: bool) -> None:
    """Find the confidence that keeps to an error budget on the images of DIRECTORY/labels.json,
    and write it into the configuration as model.min_confidence.

    Nothing is written where the one in force keeps to it, or where the images are too few to
    promise that another one does."""
    from camd.evaluate import calibrate as command  # noqa: PLC0415

    interruptible()
    command.calibrate(directory, max_error, file, dry_run=dry_run)
