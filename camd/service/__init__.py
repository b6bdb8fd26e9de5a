"""camd as a systemd service: what systemd is told, and how the unit gets there."""
