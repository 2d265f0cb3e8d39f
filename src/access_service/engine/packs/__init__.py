"""Reading a pack: its files, tables and rows, with all that it inherits, into one checked `Pack`."""
