"""Units, school years, classes, people and their duties; how they end and who succeeds them."""
