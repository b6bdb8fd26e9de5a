"""The thread that owns the source: it keeps the latest frame, and opens a failed source again."""

THREAD = "camd-capture"
"""The name of the thread that owns the source. A driver may hold it for ever."""
