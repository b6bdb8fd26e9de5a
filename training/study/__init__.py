"""Repeats the study of the notebook from which camd grew: compares classifiers of raw pixels on
MNIST."""

from training.study.progress import Display, Report, Step
from training.study.rows import ROWS
from training.study.study import run

__all__ = ["ROWS", "Display", "Report", "Step", "run"]
