"""Images and clips read and scored against what is written on them."""
