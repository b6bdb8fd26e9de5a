"""PURE. Which ink is one digit: touching digits cut, broken ones joined, and what stands around."""
