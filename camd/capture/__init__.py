"""From a source to the latest frame: the thread that owns the device, and its watch over it."""

THREAD = "camd-capture"
"""The name of the thread that owns the source. A driver may hold it for ever."""
