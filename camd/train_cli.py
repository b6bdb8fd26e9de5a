"""camd train and camd eval-model: thin doors to the training package, which is an extra."""

from pathlib import Path
from typing import Any

import click

from camd import installed
from camd.errors import MissingExtraError

_data = click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="MNIST: our .npz, a folder of IDX files or of images; unset: OpenML, kept in a cache.",
)


def _training() -> Any:
    try:
        import training  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError(
            f"training needs packages that are not installed ({error.name}):"
            " pip install 'camd[train]'"
        ) from error
    return training


@click.command()
@_data
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("models/digits.npz"),
    show_default=True,
    help="The model; its card goes beside it (.json).",
)
@click.option("--extra", type=click.Path(path_type=Path), help="Own images: folders 0..9 and none.")
@click.option("--extra-weight", type=click.FloatRange(min=0, min_open=True), default=1.0)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--quick", is_flag=True, help="A few thousand images: to try, not to ship.")
@click.option("--force", is_flag=True, help="Replace even a better model.")
def train(
    data: Path | None,
    out: Path,
    extra: Path | None,
    extra_weight: float,
    seed: int,
    quick: bool,
    force: bool,
) -> None:
    """Train the model that camd reads (needs the extra "train")."""
    trained = _training().train(
        data,
        out,
        quick=quick,
        seed=seed,
        force=force,
        extra=extra,
        extra_weight=extra_weight,
        gate_of=installed.model_file(),
        progress=lambda text: click.echo(f"camd: {text}", err=True),
    )
    if trained.replaced:
        click.echo(f"wrote {trained.path}")
    else:
        click.echo(f"kept {trained.path}: it is better than the new one; --force replaces it")


@click.command("eval-model")
@_data
@click.option(
    "--model", type=click.Path(path_type=Path), help="Model file instead of the shipped one."
)
def eval_model(data: Path | None, model: Path | None) -> None:
    """Recompute the figures of a model's card from MNIST."""
    evaluation = _training().evaluate_model(model or installed.model_file(), data)
    for name, figures in (("test", evaluation.test), ("notebook's test", evaluation.notebook)):
        if figures is None:
            continue
        click.echo(
            f"{name}: {figures.errors} errors in {figures.images} ({100 * figures.error:.2f} %),"
            f" calibration error {100 * figures.expected_calibration_error:.2f} %"
        )
        for share, least, errors in figures.coverage:
            click.echo(
                f"  {100 * share:5.1f} % surest (confidence >= {least:.4f}): {errors} errors"
            )
