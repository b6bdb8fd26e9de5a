"""Makes a model file from crops: fits the machines, calibrates, measures and writes them."""
