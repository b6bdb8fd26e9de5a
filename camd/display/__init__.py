"""What is drawn over the frame, and the window that shows it."""
