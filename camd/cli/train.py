"""camd train, camd train study and camd eval-model: thin doors to the training package, which is an
extra."""

import shlex
import signal
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from camd import paths
from camd.cli.options import interruptible, model_file
from camd.errors import MissingExtraError
from camd.stdio import say, tell

INTERRUPTED = 130

_data = click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="MNIST: our .npz, an IDX file of images, a folder of IDX files or of images; unset:"
    " OpenML, kept in a cache.",
)
_scheduler = click.option(
    "--scheduler",
    metavar="tcp://HOST:PORT",
    help='Dask scheduler whose workers help (extra "cluster").',
)


def _training() -> Any:
    try:
        import training  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError(
            f"training needs packages that are not installed ({error.name}):"
            f" {paths.pip_install('train')}"
        ) from error
    return training


@click.group(invoke_without_command=True, subcommand_metavar="[study [OPTIONS]]")
@_data
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("models/digits.npz"),
    show_default=True,
    help="The model; its card goes beside it (.json).",
)
@click.option(
    "--hands",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder with digits of other writers: semeion.npz, optdigits32.npz and so on.",
)
@click.option(
    "--letters",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Omniglot's letters (.npz): fit the gate, too, instead of taking the old model's.",
)
@click.option(
    "--fonts",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("/usr/share/fonts"),
    show_default=True,
    help="With --letters or --displays: where fonts are, to print with.",
)
@click.option(
    "--displays",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder with photographs of odometers and meters: fit the machine for regions' rows, too.",
)
@click.option("--extra", type=click.Path(path_type=Path), help="Own images: folders 0..9 and none.")
@click.option(
    "--extra-weight",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    help="Images of --data that one of --extra counts for.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--quick", is_flag=True, help="A few thousand images: to try, not to ship.")
@click.option("--force", is_flag=True, help="Replace even a better model.")
@_scheduler
@click.pass_context
def train(
    context: click.Context,
    data: Path | None,
    out: Path,
    hands: Path | None,
    letters: Path | None,
    fonts: Path,
    displays: Path | None,
    extra: Path | None,
    extra_weight: float,
    seed: int,
    quick: bool,
    force: bool,
    scheduler: str | None,
) -> None:
    """Train the model that camd reads with (needs the extra "train")."""
    if context.invoked_subcommand:
        for name in context.params:
            if context.get_parameter_source(name) == ParameterSource.COMMANDLINE:
                raise click.UsageError(f"options of study follow it: {context.command_path} study")
        return
    training = _training()
    interruptible()
    from camd.terminal import stages  # noqa: PLC0415

    recipes = training.Recipe(), training.GateRecipe(), training.DisplayRecipe()
    with stages("camd: ") as progress:
        trained = training.train(
            training.Material(
                data, extra, extra_weight, hands, letters, fonts, displays, old=paths.model_file()
            ),
            out,
            *(recipe.shortened() if quick else recipe for recipe in recipes),
            seed=seed,
            force=force,
            scheduler=scheduler,
            progress=progress,
        )
    name = shlex.quote(str(trained.path))
    if trained.replaced:
        say(f"wrote {trained.path}")
        tell(f"camd: read with it: camd run --model {name}")
        tell(f"camd: its figures: camd eval-model --model {name}")
    else:
        say(f"kept {trained.path}: it is better than the new one; --force replaces it")
        tell("camd: or keep both: --out FILE writes the new one somewhere else")


@train.command()
@_data
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("runs/study"),
    show_default=True,
    help="Folder for the report, its plots, and the machines.",
)
@click.option("--quick", is_flag=True, help="A tenth of the data.")
@click.option("--rows", help="Some of the table's rows, with commas: logistic,svm.")
@click.option("--cache", type=click.Path(path_type=Path), help="Where finished fits are kept.")
@_scheduler
@click.option("--seed", type=click.IntRange(min=0), default=42, show_default=True)
@click.pass_context
def study(
    context: click.Context,
    data: Path | None,
    out: Path,
    quick: bool,
    rows: str | None,
    cache: Path | None,
    scheduler: str | None,
    seed: int,
) -> None:
    """Compare classifiers as the notebook did that camd grew out of.

    What an interrupted run has finished is not done again."""
    _training()
    from training import study as studies  # noqa: PLC0415

    # Killed without a word, the worker processes would live on; and a shell ignores SIGINT for
    # what it starts in the background.
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.default_int_handler)
    try:
        with studies.Display() as display:
            studies.run(
                data,
                out,
                quick=quick,
                seed=seed,
                scheduler=scheduler,
                rows=rows.split(",") if rows else None,
                cache=cache,
                progress=display,
            )
    except KeyboardInterrupt:
        tell("camd: stopped; the same command goes on from here")
        context.exit(INTERRUPTED)
    say(str(out / "REPORT.md"))
    tell(
        "camd: that is the report, with its plots; --rows does some of its rows only. camd reads"
        " with the model of camd train, not with these"
    )


@click.command("eval-model")
@_data
@model_file
def eval_model(data: Path | None, model: Path | None) -> None:
    """Recompute the figures of a model's card from MNIST.

    Twice on the test: of the labels alone, and as they are published, which counts what the gate
    turns away and that a camera also sees what is no digit. And on those images of the notebook's
    test that no fit has seen."""
    evaluation = _training().evaluate_model(paths.model_file(model), data)
    for name, figures in (
        ("test", evaluation.test),
        ("test, as published", evaluation.published),
        ("notebook's test, unseen", evaluation.notebook),
    ):
        if figures is None:
            continue
        say(
            f"{name}: {figures.errors} errors in {figures.images} ({100 * figures.error:.2f} %),"
            f" calibration error {100 * figures.expected_calibration_error:.2f} %"
        )
        for share, least, errors in figures.coverage:
            say(f"  {100 * share:5.1f} % surest (confidence >= {least:.4f}): {errors} errors")
