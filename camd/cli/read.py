"""camd read and camd eval: read files, and say how much of them was read right."""

from pathlib import Path

import click

from camd.cli.options import config_file, interruptible, load_config, model_file, verbose_log


@click.command()
@click.argument("images", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object a page.")
@config_file
@model_file
@verbose_log
def read(
    images: tuple[Path, ...], as_json: bool, file: Path | None, model: Path | None, verbose: bool
) -> int:
    """Read the digits in IMAGES, in each page and frame of each file."""
    config = load_config(file, {("model", "file"): str(model) if model else None}, verbose)
    from camd.evaluate.read import read_images  # noqa: PLC0415

    return read_images(images, config.settings, as_json=as_json)


@click.command("eval")
@click.argument("directory", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--sheet",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("camd-eval.jpg"),
    show_default=True,
    help="JPEG to make of the worst images, with what was read drawn on them.",
)
@click.option("--no-sheet", is_flag=True, help="Make no such picture.")
@click.option("--points", is_flag=True, help="Read the decimal points of regions, too.")
@click.option("--video", is_flag=True, help="Score clips over time: NAME.mp4 with NAME.json.")
@config_file
@model_file
@verbose_log
def eval_(
    directory: Path,
    sheet: Path,
    no_sheet: bool,
    points: bool,
    video: bool,
    file: Path | None,
    model: Path | None,
    verbose: bool,
) -> int:
    """Read the images of DIRECTORY/labels.json, or its clips, score them, and show the worst."""
    config = load_config(file, {("model", "file"): str(model) if model else None}, verbose)
    if points and video:
        raise click.UsageError("--points is for images: clips have no regions")
    from camd.evaluate import clips  # noqa: PLC0415
    from camd.evaluate import images as eval_images  # noqa: PLC0415

    interruptible()
    shown = None if no_sheet else sheet
    if video:
        return clips.evaluate(directory, config.settings, shown)
    return eval_images.evaluate(directory, config.settings, shown, points=points)
