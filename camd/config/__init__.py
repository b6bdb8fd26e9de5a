"""Every option camd has: where it comes from, how it is written, and how it is changed."""
