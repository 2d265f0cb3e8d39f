"""What a process keeps in memory of a register: between the use cases, which ask it, and storage, which it reads.

Nothing here causes a change. An act commits in storage, and what is kept here hears of it like any other process.
"""
