"""The command line: one file a group of commands."""

from camd.cli.root import main

__all__ = ["main"]
