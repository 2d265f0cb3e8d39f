"""Decisions and searches over what a process keeps in memory of a register."""
