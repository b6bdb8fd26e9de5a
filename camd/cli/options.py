"""What several commands have in common."""

from pathlib import Path
from typing import Any

import click

from camd.config.keys import KeyPath
from camd.config.layers import Config, load

config_file = click.option(
    "--config", "file", type=click.Path(path_type=Path, dir_okay=False), help="A config.toml."
)
model_file = click.option(
    "--model", type=click.Path(path_type=Path), help="Model file (.npz) instead of the shipped one."
)
verbose_log = click.option("-v", "--verbose", is_flag=True, help="Log more.")


def load_config(file: Path | None, overrides: dict[KeyPath, Any], verbose: bool) -> Config:
    """Load the configuration, of `overrides` those that are not None over it, and log as it says.

    Raises ConfigError."""
    given = {key: value for key, value in overrides.items() if value is not None}
    config = load(file, given)
    from camd.logs import setup_logging  # noqa: PLC0415

    setup_logging("debug" if verbose else config.settings.log.level)
    return config
