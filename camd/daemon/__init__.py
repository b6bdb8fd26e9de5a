"""What runs all day: startup, the loop, requests, health, and the watch over it."""
