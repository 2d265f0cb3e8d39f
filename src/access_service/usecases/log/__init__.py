"""The log that nobody can rewrite: signed, proved, exported, and begun anew where it was lost."""
