"""camd config: check it, show it, write it."""

import json
from pathlib import Path

import click

from camd import files, paths
from camd.cli.options import config_file
from camd.config.layers import load, user_file
from camd.config.text import defaults, effective
from camd.errors import MissingExtraError
from camd.stdio import say


@click.group()
def config() -> None:
    """Check, show or write the configuration."""


@config.command()
@click.argument("path", required=False, type=click.Path(path_type=Path, dir_okay=False))
def check(path: Path | None) -> None:
    """Name every mistake in the configuration at once (exit status 78)."""
    load(path)
    say("the configuration is right")


@config.command()
@config_file
def show(file: Path | None) -> None:
    """Print the settings in force, and where each came from."""
    say(effective(load(file)).rstrip("\n"))


@config.command()
def schema() -> None:
    """Print the JSON Schema of config.toml, for editors."""
    from camd.config.schema import schema as described  # noqa: PLC0415

    say(json.dumps(described(), indent=1, ensure_ascii=False))


@config.command()
@click.argument("path", required=False, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--force", is_flag=True, help="Replace a file that is there.")
def init(path: Path | None, force: bool) -> None:
    """Write a config.toml with every option (default: the user's config directory)."""
    path = path or user_file()
    try:
        exists = _exists(path)
    except OSError as error:
        raise click.UsageError(f"{path} cannot be written: {error.strerror}") from error
    if exists and not force:
        raise click.UsageError(f"{path} exists; --force replaces it")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write(path.resolve(), defaults().encode())  # a link stays one
    except OSError as error:
        raise click.UsageError(f"{path} cannot be written: {error.strerror}") from error
    say(f"wrote {path}")


@config.command()
def password() -> None:
    """Ask for a password of the page, and print its hash for web.password_file."""
    try:
        from camd.web.access import hashed  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError(
            f"this needs a package that is not installed ({error.name}): {paths.pip_install('web')}"
        ) from error
    given = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    say(hashed(given))


def _exists(path: Path) -> bool:
    """Tell whether there is anything; Path.exists says no of links that lead round in a circle.

    Raises OSError for those, and for what may not be looked at."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True
