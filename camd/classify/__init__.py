"""PURE but for reading the file. Crops to digits, or to no digit: the support-vector machines."""
