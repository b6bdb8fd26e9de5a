"""The overlay that is drawn over a frame, and the window that shows it."""
