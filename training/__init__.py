"""Trains the models that camd uses. It needs the extra `train`. camd imports it only for
`camd train`, and never at the top of a module."""

from training.fit.displays import DisplayRecipe
from training.fit.evaluate import Evaluation, Figures, evaluate_model
from training.fit.fit import Recipe
from training.fit.gate import GateRecipe
from training.fit.production import Material, Trained, train

__all__ = [
    "DisplayRecipe",
    "Evaluation",
    "Figures",
    "GateRecipe",
    "Material",
    "Recipe",
    "Trained",
    "evaluate_model",
    "train",
]
