"""What can be said of a pack before anybody is asked anything: what changed, what it keeps, which rows are dead."""
