"""camd region: where numbers are, drawn by a person and written into the configuration."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from camd.cli.options import SourceCommand, config_file, interruptible
from camd.config.keys import KeyPath
from camd.config.layers import Config, load
from camd.config.settings import READ
from camd.geometry import Corners
from camd.stdio import say

if TYPE_CHECKING:  # it imports OpenCV, for which no other command should wait, nor a shell
    from camd.region_editor.sketch import Kind

_mask = click.option(
    "--mask", "kind", flag_value="mask", type=str, help="A mask, in which nothing is read."
)


class _Points(click.ParamType[Corners]):
    name = "points"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Corners:
        try:
            points = [
                tuple(map(float, re.split(r"\s*,\s*", pair)))
                for pair in re.sub(r"\s*,\s*", ",", str(value).strip()).split()
            ]
            return tuple((x, y) for x, y in points)
        except ValueError:
            self.fail(
                f'{value!r} are no points; write shares of the frame: "0.1,0.2 0.6,0.2 0.6,0.4"',
                param,
                ctx,
            )


class _Decimals(click.ParamType[int | str]):
    name = "decimals"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | str:
        try:
            return READ if value == READ else int(str(value))
        except ValueError:
            self.fail(f'{value!r} is no number of digits, and not "{READ}"', param, ctx)


@click.group()
def region() -> None:
    """Say where numbers are: each region publishes its own; in a mask nothing is read."""


@region.command("draw", cls=SourceCommand)
@click.argument("name")
@click.option("--device", help="See camd run --help.")
@click.option(
    "--corners",
    "kind",
    flag_value="corners",
    type=str,
    default="corners",
    help="Draw the four corners of something flat, which is then straightened (default).",
)
@click.option(
    "--polygon", "kind", flag_value="polygon", type=str, help="Draw any shape, not straightened."
)
@_mask
@click.option(
    "--points",
    type=_Points(),
    help='Instead of a window: x,y in shares of the frame, "0.1,0.2 0.6,0.2 ...".',
)
@click.option("--digits", type=int, help="How many digits the number has.")
@click.option("--pattern", help="Regular expression that all of the text must match.")
@click.option(
    "--decimals",
    type=_Decimals(),
    help='How many of the digits are behind the decimal point; "read": as the point is seen.',
)
@click.option("--signed", is_flag=True, default=None, help="A minus may stand before the number.")
@click.option("--min", "min", type=float, help="Least value that can be right.")
@click.option("--max", "max", type=float, help="Greatest value that can be right.")
@click.option("--max-step", type=float, help="Largest change from the last good value.")
@click.option(
    "--never-decreasing",
    is_flag=True,
    default=None,
    help="The number never gets less, as on a meter.",
)
@config_file
def draw(
    name: str,
    device: str | None,
    kind: "Kind",
    points: Corners | None,
    file: Path | None,
    **given: Any,
) -> None:
    """Click on the camera's picture where the number NAME is, and write the region to the
    configuration.

    If there is a region of that name, it keeps each option that is not given."""
    options = {key: value for key, value in given.items() if value is not None}
    if kind == "mask" and options:
        raise click.UsageError("a mask has no options: nothing is read in it")
    overrides: dict[KeyPath, Any] = {("camera", "device"): device} if device else {}
    from camd.config import edit  # noqa: PLC0415

    path = edit.file_in_use(file)
    config = load(path if path.exists() else None, overrides)
    _setup_logging()
    if points is None:
        from camd.region_editor.editor import ask  # noqa: PLC0415

        known = _known(config, name) if kind != "mask" else {}
        points = ask(config, kind, name, {**known, **options})
        if points is None:
            say("nothing changed")
            return
    shape = [list(point) for point in points]
    places: dict[str, Any] = {"polygon": shape}
    if kind != "mask":
        places = {"polygon": None, "corners": None, kind: shape}
    array = "mask" if kind == "mask" else "region"
    values = {"name": name, **places, **options}
    interruptible()
    edit.rewrite(path, lambda text: edit.with_table(text, array, values))
    say(f"wrote [[{array}]] {name} to {path}; a running camd needs a reload")


@region.command("list")
@config_file
def list_(file: Path | None) -> None:
    """Show the regions and masks of the configuration."""
    settings = load(file).settings
    for place in settings.region:
        rest = place.model_dump(
            mode="json", exclude_defaults=True, exclude={"name", "polygon", "corners"}
        )
        shape = "corners" if place.corners else f"polygon of {len(place.polygon or ())}"
        said = "".join(f", {key} {value}" for key, value in rest.items())
        say(f"{place.name}  {shape}{said}")
    for mask in settings.mask:
        say(f"{mask.name}  mask, polygon of {len(mask.polygon)}")
    if not settings.region and not settings.mask:
        say("no regions: the whole picture is read; camd region draw NAME makes one")


@region.command("remove")
@click.argument("name")
@_mask
@config_file
def remove(name: str, kind: str | None, file: Path | None) -> None:
    """Remove the region (or mask) NAME from the configuration."""
    from camd.config import edit  # noqa: PLC0415

    path = edit.file_in_use(file)
    array = "mask" if kind else "region"
    interruptible()
    edit.rewrite(path, lambda text: edit.without_table(text, array, name))
    say(f"removed [[{array}]] {name} from {path}")


def _known(config: Config, name: str) -> dict[str, Any]:
    """Return the options that the region has in the configuration, without its place."""
    for place in config.settings.region:
        if place.name == name:
            return place.model_dump(exclude_defaults=True, exclude={"name", "polygon", "corners"})
    return {}


def _setup_logging() -> None:
    from camd.logs import setup_logging  # noqa: PLC0415

    setup_logging("info")
