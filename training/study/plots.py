"""Draws the plots of the report: what the data look like, and how good the machines are."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from training.digits import Digits
from training.study.split import Split

INK, PALE, MARK = "#1f4e79", "#a9bfd4", "#c8553d"
DPI = 110
SAMPLES = 10


def of_data(parts: Split, folder: Path) -> None:
    """Draw classes.png, means.png, histogram.png, variance.png and samples.png into `folder`."""
    _save(_classes(parts), folder / "classes.png")
    _save(
        _tiles(_means(parts.train), "Mean image of each digit (training set)"), folder / "means.png"
    )
    _save(_histogram(parts.train.images), folder / "histogram.png")
    _save(_variance(parts.train.images), folder / "variance.png")
    _save(_samples(parts.train), folder / "samples.png")


def of_rows(rows: dict[str, Any], folder: Path) -> None:
    """Draw accuracy.png and a confusion-<row>.png for each row into `folder`."""
    _save(_accuracies(rows), folder / "accuracy.png")
    for name, row in rows.items():
        confusion = np.array(row["test"]["confusion"])
        _save(_confusion(confusion, row["title"]), folder / f"confusion-{name}.png")


def _classes(parts: Split) -> Figure:
    figure = Figure((7.5, 3.6), layout="constrained")
    axes = figure.subplots()
    sets = (("training", parts.train, INK), ("validation", parts.validation, PALE),
            ("test", parts.test, MARK))  # fmt: skip
    for i, (name, digits, colour) in enumerate(sets):
        share = np.bincount(digits.labels, minlength=10) / len(digits)
        label = f"{name} ({len(digits):,})"
        axes.bar(np.arange(10) + (i - 1) * 0.27, share * 100, 0.25, color=colour, label=label)
    axes.axhline(10, color="grey", linewidth=0.8, linestyle=":")
    axes.set(xlabel="digit", ylabel="% of the set", xticks=range(10))
    axes.legend(
        title="Images of each digit",
        ncols=3,
        loc="lower center",
        bbox_to_anchor=(0.5, 1.0),
        frameon=False,
    )
    _plain(axes)
    return figure


def _means(digits: Digits) -> NDArray[np.float64]:
    return np.stack([digits.images[digits.labels == digit].mean(axis=0) for digit in range(10)])


def _tiles(images: NDArray[Any], title: str) -> Figure:
    figure = Figure((7.5, 3.6), layout="constrained")
    figure.suptitle(title, fontsize="large")
    for digit, axes in enumerate(figure.subplots(2, 5).flat):
        axes.imshow(images[digit], cmap="gray_r", vmin=0, vmax=255)
        axes.set_title(str(digit), fontsize="medium")
        axes.set_axis_off()
    return figure


def _histogram(images: NDArray[np.uint8]) -> Figure:
    counts = np.bincount(images.reshape(-1), minlength=256) / images.size
    figure = Figure((7.5, 3.4), layout="constrained")
    axes = figure.subplots()
    axes.stairs(counts * 100, np.arange(257) - 0.5, fill=True, color=INK)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.set(
        title=f"Pixel values (training set): {counts[0]:.0%} are paper, {counts[255]:.1%} full ink",
        xlabel="value (0 paper, 255 ink)",
        ylabel="% of all pixels (log)",
        xlim=(-2, 257),
    )
    _plain(axes)
    return figure


def _variance(images: NDArray[np.uint8]) -> Figure:
    variance = (images / np.float32(255)).var(axis=0)
    figure = Figure((5.2, 4.2), layout="constrained")
    axes = figure.subplots()
    drawn = axes.imshow(variance, cmap="magma")
    figure.colorbar(drawn, label="variance (pixels of 0..1)")
    still = int((variance == 0).sum())
    axes.set(title=f"Pixel variance: {still} of {variance.size} pixels never change")
    axes.set(xticks=range(0, 28, 4), yticks=range(0, 28, 4))
    return figure


def _samples(digits: Digits) -> Figure:
    """Draw them as one picture: a hundred axes would take longer than all other plots together."""
    sheet = np.zeros((10, SAMPLES, 32, 32), np.uint8)
    for digit in range(10):
        images = digits.images[digits.labels == digit][:SAMPLES]
        sheet[digit, : len(images), 2:-2, 2:-2] = images
    figure = Figure((7.5, 7.8), layout="constrained")
    axes = figure.subplots()
    axes.set_title(f"The first {SAMPLES} training images of each digit")
    axes.imshow(sheet.transpose(0, 2, 1, 3).reshape(320, -1), cmap="gray_r", vmin=0, vmax=255)
    axes.set_axis_off()
    return figure


def _confusion(confusion: NDArray[np.int64], title: str) -> Figure:
    """Draw the confusion matrix. Only errors are coloured: right answers are forty times as many,
    and next to them the errors could not be seen."""
    wrong = confusion.copy()
    np.fill_diagonal(wrong, 0)
    figure = Figure((5.6, 5.6), layout="constrained")
    axes = figure.subplots()
    axes.imshow(np.ma.masked_where(np.eye(10, dtype=bool), wrong), cmap="Reds", vmin=0)
    dark = wrong.max() * 0.6
    for true, said in np.ndindex(10, 10):
        if count := confusion[true, said]:
            right = true == said
            colour = "grey" if right else "white" if count > dark else "black"
            axes.text(
                said, true, str(count), ha="center", va="center", color=colour, fontsize="small"
            )
    axes.set(
        title=f"{title}: {wrong.sum()} errors in {confusion.sum():,} test images",
        xlabel="said",
        ylabel="true digit",
        xticks=range(10),
        yticks=range(10),
    )
    return figure


def _accuracies(rows: dict[str, Any]) -> Figure:
    """Draw the error of each row, not its accuracy: bars of accuracy would all look alike."""
    figure = Figure((7.5, 1.4 + 0.62 * len(rows)), layout="constrained")
    axes = figure.subplots()
    for i, row in enumerate(rows.values()):
        bars = [("validation", PALE), ("test", INK)] if "validation" in row else [("test", INK)]
        for k, (on, colour) in enumerate(bars):
            place = i + 0.38 * (k - (len(bars) - 1) / 2)
            accuracy, end = row[on]["accuracy"], (1 - row[on]["accuracy"]) * 100
            axes.barh(place, end, 0.36, color=colour, label=on)
            text = f"{accuracy:.4f}"
            if row["notebook"] is not None and row["on"] == on:
                theirs = (1 - row["notebook"]) * 100
                axes.plot([theirs] * 2, [place - 0.18, place + 0.18], color=MARK, lw=3,
                          label="notebook")  # fmt: skip
                end, text = max(end, theirs), f"{text} (notebook {row['notebook']:.4f})"
            axes.annotate(
                text, (end, place), (6, 0), textcoords="offset points", va="center",
                fontsize="small",
            )  # fmt: skip
    axes.set_yticks(range(len(rows)), [row["title"] for row in rows.values()])
    axes.invert_yaxis()
    axes.set(title="Error of each row; accuracy beside the bar", xlabel="error, %")
    axes.margins(x=0.3)
    axes.set_xlim(left=0)
    shown = dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
    axes.legend(shown.values(), shown.keys(), loc="lower right")
    _plain(axes)
    return figure


def _plain(axes: Any) -> None:
    axes.spines[["top", "right"]].set_visible(False)


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path, dpi=DPI, metadata={"Software": None})
