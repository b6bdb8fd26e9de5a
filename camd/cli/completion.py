"""camd completion: what makes a shell complete commands, options and files."""

import click
from click.shell_completion import get_completion_class

from camd.stdio import say

SHELLS = ("bash", "zsh", "fish")
ASKED = "_CAMD_COMPLETE"
"""The variable by which a shell asks camd what may follow."""


@click.command(
    epilog='For good: eval "$(camd completion bash)" in ~/.bashrc, eval "$(camd completion zsh)" in'
    " ~/.zshrc, or camd completion fish > ~/.config/fish/completions/camd.fish"
)
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the script that lets SHELL complete camd's commands, options and files."""
    found = get_completion_class(shell)
    assert found  # click has all three
    say(found(context.find_root().command, {}, "camd", ASKED).source())
