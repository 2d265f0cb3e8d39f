"""HTTP JSON: parse, call the use case, render."""
