"""The window in which a person draws where a number stands."""
