"""Makes the models that camd reads. Needs the extra `train`; camd imports it for `camd train`
only, and never at the top of a module."""

from training.fit.evaluate import Evaluation, Figures, evaluate_model
from training.fit.production import Trained, train

__all__ = ["Evaluation", "Figures", "Trained", "evaluate_model", "train"]
