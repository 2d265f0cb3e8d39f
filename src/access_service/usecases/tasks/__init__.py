"""What waits for a caller, how far the units below have come, and reminding them."""
