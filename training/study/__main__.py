"""python -m training.study"""

import signal
import sys
from pathlib import Path

import click

from camd.errors import CamdError
from training.study import ROWS, Display, run


@click.command()
@click.option("--data", type=click.Path(path_type=Path), help="As for camd train; else OpenML.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/study"))
@click.option("--quick", is_flag=True, help="A tenth of the data.")
@click.option("--rows", help=f"Some of {','.join(row.name for row in ROWS)}.")
@click.option("--cache", type=click.Path(path_type=Path), help="Where finished fits are kept.")
@click.option("--scheduler", help="Dask scheduler, tcp://host:port.")
@click.option("--seed", type=int, default=42, show_default=True)
def main(
    data: Path | None,
    out: Path,
    quick: bool,
    rows: str | None,
    cache: Path | None,
    scheduler: str | None,
    seed: int,
) -> None:
    """Do the study; what an interrupted run has finished is not done again."""
    # Killed without a word, the worker processes would live on; and a shell ignores SIGINT for
    # what it starts in the background.
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.default_int_handler)
    picked = rows.split(",") if rows else None
    try:
        with Display() as display:
            run(
                data,
                out,
                quick=quick,
                seed=seed,
                scheduler=scheduler,
                rows=picked,
                cache=cache,
                progress=display,
            )
    except CamdError as error:
        click.echo(f"study: {error}", err=True)
        sys.exit(error.status)
    except KeyboardInterrupt:
        click.echo("study: stopped; the same command goes on from here", err=True)
        sys.exit(130)
    click.echo(out / "REPORT.md")


if __name__ == "__main__":
    main(standalone_mode=False)
