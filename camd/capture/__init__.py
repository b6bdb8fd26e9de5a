"""From a source to the latest frame: the thread that owns the device, and its watch over it."""
