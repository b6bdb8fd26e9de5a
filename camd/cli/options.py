"""Options and helpers that several commands share."""

import shlex
import signal
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


class SourceCommand(click.Command):
    """A command whose source is an option. If one writes it as an argument, the error says how to
    write it."""

    allow_extra_args = True

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        super().parse_args(ctx, args)
        if ctx.args and not ctx.resilient_parsing:
            raise click.UsageError(f"the source is an option: {_with_device(ctx)}", ctx)
        return []


def _with_device(ctx: click.Context) -> str:
    own = ctx.command.params
    command = ["camd", "run"]
    if any(param.name == "device" for param in own):
        given = [str(ctx.params[str(p.name)]) for p in own if isinstance(p, click.Argument)]
        command = [*ctx.command_path.split(), *given]
    hint = shlex.join([*command, "--device", ctx.args[0]])
    return f"{hint}, or camd demo" if ctx.args[0] == "demo" else hint


def interruptible() -> None:
    """Let Ctrl-C raise KeyboardInterrupt from now on, so that a command can clean up: show a hidden
    cursor, remove a half-written file, end its processes. Call it after all imports; until then,
    and without it, Ctrl-C just ends camd."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def load_config(file: Path | None, overrides: dict[KeyPath, Any], verbose: bool) -> Config:
    """Load the configuration with those `overrides` that are not None, and set up logging by it.

    Raises ConfigError."""
    given = {key: value for key, value in overrides.items() if value is not None}
    config = load(file, given)
    from camd.logs import setup_logging  # noqa: PLC0415

    setup_logging("debug" if verbose else config.settings.log.level)
    return config
