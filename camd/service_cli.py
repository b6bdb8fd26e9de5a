"""The commands that run camd as a service."""

import re

import click

_user = click.option("--user", is_flag=True, help="A service of your own, without root.")
_instance = click.option(
    "--instance", metavar="NAME", help="One of several: camd@NAME, /etc/camd/NAME.toml."
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
    """Write the unit, enable and start it; again after each upgrade."""
    from camd import service_install  # noqa: PLC0415

    place = service_install.Place(user, _name(instance))
    service_install.install(place, click.echo, dry_run=dry_run)


@service.command()
@_user
@_instance
@_dry_run
def uninstall(user: bool, instance: str | None, dry_run: bool) -> None:
    """Stop the service and remove its unit; configuration and state stay."""
    from camd import service_install  # noqa: PLC0415

    place = service_install.Place(user, _name(instance))
    service_install.uninstall(place, click.echo, dry_run=dry_run)


def _name(instance: str | None) -> str | None:
    # It becomes part of a file name and of the camera's topics.
    if instance is not None and not re.fullmatch("[A-Za-z0-9_-]{1,64}", instance):
        raise click.BadParameter("letters, digits, _ and - only", param_hint="--instance")
    return instance
