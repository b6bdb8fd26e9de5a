"""Renders pictures of which it is known what they show: handwriting, paper, light and a camera, all
drawn at random from a seed."""
