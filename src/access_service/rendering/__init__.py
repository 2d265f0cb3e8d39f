"""What use cases return, as files that people open: CSV, XLSX, and the Vietnamese words of states in them."""
