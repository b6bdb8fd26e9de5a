"""PURE. Image to pieces of ink: what on a frame may be a digit, and why the rest is none."""
