"""PURE. Digits over frames: which is which, what each one settles on, and the lines they form."""
