"""What one person prepared and another confirms; who signs for the root."""
