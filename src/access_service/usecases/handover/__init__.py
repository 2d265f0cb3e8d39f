"""What is handed down, on which papers, and how it is taken back."""
