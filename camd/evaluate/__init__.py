"""Reads labelled images and clips, and scores what was read."""
