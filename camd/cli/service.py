"""camd service and camd doctor: run camd as a service, and find out why it does not work."""

import re
import sys
import time
from pathlib import Path
from typing import Any

import click

from camd.cli.options import SourceCommand, config_file
from camd.errors import UnhealthyError
from camd.mqtt.broker_url import parse_broker
from camd.stdio import say

_user = click.option("--user", is_flag=True, help="A service of your own user, without root.")
_instance = click.option(
    "--instance",
    metavar="NAME",
    help="One of several: service camd@NAME, with /etc/camd/NAME.toml.",
)
_dry_run = click.option("--dry-run", is_flag=True, help="Only say what would be done.")


@click.group()
def service() -> None:
    """Run camd as a systemd service."""


@service.command()
@_user
@_instance
@_dry_run
def install(user: bool, instance: str | None, dry_run: bool) -> None:
    """Write the unit, enable it and start it. Do so again after each upgrade."""
    from camd.service import install as service_install  # noqa: PLC0415

    place = service_install.Place(user, _name(instance))
    service_install.install(place, say, dry_run=dry_run)


@service.command()
@_user
@_instance
@_dry_run
def uninstall(user: bool, instance: str | None, dry_run: bool) -> None:
    """Stop the service and remove its unit; configuration and state stay."""
    from camd.service import install as service_install  # noqa: PLC0415

    place = service_install.Place(user, _name(instance))
    service_install.uninstall(place, say, dry_run=dry_run)


@click.command(cls=SourceCommand)
@click.option("--device", help="See camd run --help.")
@click.option("--broker", help="See camd run --help.")
@config_file
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def doctor(device: str | None, broker: str | None, file: Path | None, as_json: bool) -> int:
    """Try camera, broker, model and display, and say what to do (exit status 69: one fails)."""
    from camd.doctor import examine  # noqa: PLC0415
    from camd.logs import setup_logging  # noqa: PLC0415

    setup_logging("error")  # the findings say what would be logged
    overrides: dict[tuple[str, ...], Any] = parse_broker(broker)
    if device:
        overrides["camera", "device"] = device
    return examine(file, overrides, sys.stdout, as_json=as_json)


@click.command()
@config_file
def health(file: Path | None) -> None:
    """Tell whether a running camd does its work (exit status 69: no), by its metrics.file.

    For health checks: of a container, or of what watches over machines."""
    from camd.config.layers import load  # noqa: PLC0415
    from camd.daemon.alive import problem  # noqa: PLC0415

    settings = load(file).settings
    path = settings.metrics.file
    if path is None:
        raise click.UsageError("metrics.file is not set: camd writes there how it is doing")
    try:
        age = time.time() - path.stat().st_mtime
        wrong = problem(path.read_text(encoding="utf-8"), age, settings.mqtt.health_s)
    except (OSError, UnicodeDecodeError) as error:
        wrong = getattr(error, "strerror", None) or "this is no metrics file of camd"
    if wrong:
        raise UnhealthyError(f"{path}: {wrong}")
    say("camd reads")


def _name(instance: str | None) -> str | None:
    # It becomes part of a file name and of the camera's topics.
    if instance is not None and not re.fullmatch("[A-Za-z0-9_-]{1,64}", instance):
        raise click.BadParameter("letters, digits, _ and - only", param_hint="--instance")
    return instance
