"""The thread that owns the source: it keeps the latest frame, and opens a failed source again."""
