"""Measures how often a machine is right about images whose labels are known."""

from typing import Any

import numpy as np
from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support

from training.study.grid import Labels

DIGITS = np.arange(10)


def measures(labels: Labels, said: Labels) -> dict[str, Any]:
    """Give figures that can be written as JSON: accuracy, errors, the confusion matrix (a row for
    each true digit), and for each digit the figures of scikit-learn's classification report."""
    precision, recall, f1, support = precision_recall_fscore_support(
        labels, said, labels=DIGITS, zero_division=0.0
    )
    return {
        "accuracy": round(float(accuracy_score(labels, said)), 6),
        "errors": int((labels != said).sum()),
        "images": len(labels),
        "confusion": confusion_matrix(labels, said, labels=DIGITS).tolist(),
        "digits": [
            {
                "precision": round(float(precision[digit]), 4),
                "recall": round(float(recall[digit]), 4),
                "f1": round(float(f1[digit]), 4),
                "images": int(support[digit]),
            }
            for digit in DIGITS
        ],
    }
