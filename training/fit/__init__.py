"""From crops to a model file: the machines fitted, calibrated, measured and written."""
