"""PURE. The places that are read: their view of the frame, what is followed there, its value."""
