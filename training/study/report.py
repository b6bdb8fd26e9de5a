"""Writes REPORT.md, the page with the tables and plots of the study."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from training.study import plots
from training.study.progress import in_words
from training.study.split import Split
from training.study.versions import EXTRA, NOISE, SCALING

CLOSE = 0.0015
"""An accuracy that differs by no more than this from that of the notebook counts as the same."""

_ABOUT = {
    "logistic": "The pixels go in as they are, 0..1; standardised ones give less.",
    "forest": "scikit-learn's own forest.",
    "svm": "The best candidate, fitted on the whole training set.",
    "hard": "The SVM and the forest; where they disagree the lower digit wins, as in scikit-learn.",
    "soft": "The mean of two probabilities: the forest's, and the softmax of the SVM's decision "
    "values over a temperature. The temperature has the best log-likelihood on the training set, "
    "each third decided by an SVM fitted on the other two, so no validation image has a part in "
    "it.",
    "augmented": f"imgaug: rotation of 10 degrees and shift of 10 % to either side, elastic (alpha "
    f"0.5, sigma 0.25), {EXTRA} versions beside each image of training and validation set.",
    "scaling": f"As the augmented SVM, and of another size, {SCALING:.0%} to either side.",
    "noise": f"As the augmented SVM, with Gaussian noise, standard deviation 0 to {NOISE:.0%} of "
    "the full scale.",
}


def write(study: dict[str, Any], parts: Split, out: Path) -> None:
    """Write REPORT.md and its plots into `out`. `study` is the contents of study.json."""
    folder = out / "plots"
    folder.mkdir(exist_ok=True)
    plots.of_data(parts, folder)
    plots.of_rows(study["rows"], folder)
    lines = [
        *_head(study),
        *_results(study["rows"], study["quick"]),
        *_data(),
        *_rows(study["rows"]),
    ]
    (out / "REPORT.md").write_text("\n".join(lines) + "\n")


def _head(study: dict[str, Any]) -> Iterable[str]:
    sizes, versions = study["split"], study["versions"]
    part = "a tenth of " if study["quick"] else ""
    yield "# The study\n"
    yield (
        f"Classifiers of raw pixels compared on {part}{study['images']:,} images: "
        f"{sizes['train']:,} to learn from, {sizes['validation']:,} for validation, "
        f"{sizes['test']:,} for the test (`train_test_split` twice, random_state={study['seed']}). "
        "None of them is what camd reads with: that is the production model.\n"
    )
    yield (
        f"Made by `camd train study` on {study['date']}, {study['processors']} processors, "
        f"SVMs by {versions['engine']}, the rest by scikit-learn {versions['scikit-learn']}. "
        f"Data: SHA-256 `{study['sha256']}`. All figures are in [study.json](study.json) too.\n"
    )


def _results(rows: dict[str, Any], quick: bool) -> Iterable[str]:
    yield "## Results\n"
    if quick:
        yield "The notebook learnt from ten times as many images.\n"
    yield "| | validation | test | errors in test | notebook | ours - notebook |"
    yield "|---|---:|---:|---:|---:|---:|"
    for row in rows.values():
        validation = (
            f"{row['validation']['accuracy']:.4f}" if "validation" in row else "learnt from"
        )
        notebook = f"{row['notebook']:.4f} {row['on']}" if row["notebook"] else "proposed only"
        yield (
            f"| {row['title']} | {validation} | {row['test']['accuracy']:.4f} "
            f"| {row['test']['errors']} | {notebook} | {'' if quick else _difference(row)} |"
        )
    yield "\n![Error of each row](plots/accuracy.png)\n"


def _difference(row: dict[str, Any]) -> str:
    if row["notebook"] is None:
        return ""
    difference = row[row["on"]]["accuracy"] - row["notebook"]
    return f"{difference:+.4f}" if abs(difference) <= CLOSE else f"**{difference:+.4f}**"


def _data() -> Iterable[str]:
    yield "## The data\n"
    for name, title in (
        ("classes", "Images of each digit"),
        ("samples", "Sample images"),
        ("means", "Mean image of each digit"),
        ("histogram", "Pixel values"),
        ("variance", "Pixel variance"),
    ):
        yield f"![{title}](plots/{name}.png)\n"


def _rows(rows: dict[str, Any]) -> Iterable[str]:
    for name, row in rows.items():
        yield f"## {row['title']}\n"
        yield f"{_ABOUT[name]}\n"
        params = ", ".join(f"{key}={value}" for key, value in row["params"].items())
        vectors = row["support_vectors"]
        facts = [
            *([f"`{params}`"] if params else []),
            "the machines of the two rows"
            if row["fit_s"] is None
            else f"fitted on {row['learnt']:,} images in {in_words(row['fit_s'])}",
            *([f"{vectors:,} support vectors"] if vectors else []),
            f"model file {row['model_bytes'] / 1e6:.1f} MB",
        ]
        yield "; ".join(facts) + ".\n"
        if "grid" in row:
            yield from _grid(row)
        yield f"![Confusion matrix](plots/confusion-{name}.png)\n"
        yield from _digits(row["test"]["digits"])


def _grid(row: dict[str, Any]) -> Iterable[str]:
    names = list(row["grid"][0]["params"])
    folds = range(1, len(row["grid"][0]["scores"]) + 1)
    head = [*names, "mean", *(f"fold {fold}" for fold in folds), "seconds"]
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---:|" * len(head)
    for one in row["grid"]:
        mark = "**" if one["params"] == row["params"] else ""
        cells = [
            *(str(one["params"][name]) for name in names),
            f"{mark}{one['mean']:.4f}{mark}",
            *(f"{score:.4f}" for score in one["scores"]),
            f"{one['seconds']:.0f}",
        ]
        yield "| " + " | ".join(cells) + " |"
    yield ""


def _digits(digits: list[dict[str, float]]) -> Iterable[str]:
    yield "| digit | precision | recall | F1 | test images |"
    yield "|---:|---:|---:|---:|---:|"
    for digit, of in enumerate(digits):
        cells = f"{of['precision']:.4f} | {of['recall']:.4f} | {of['f1']:.4f} | {of['images']}"
        yield f"| {digit} | {cells} |"
    yield ""
