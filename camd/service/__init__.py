"""camd as a systemd service: installing its unit, and telling systemd how it goes."""
