"""The notebook that camd grew out of, reproduced: classifiers of raw pixels compared on MNIST."""

from training.study.progress import Display, Report, Step
from training.study.rows import ROWS
from training.study.study import run

__all__ = ["ROWS", "Display", "Report", "Step", "run"]
