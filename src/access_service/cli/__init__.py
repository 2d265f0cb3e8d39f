"""The command line: `access-service`.

commands     every command with its arguments and options; imports nothing heavy, so that `--help` is quick
options      the options that several commands share
errors       the one place where an error becomes a line on standard error and an exit status
opening      settings, database and register of a command
init_register, serve, import_files, access, explanation, matrix, policy, keys   what the commands do
"""

from access_service.cli.commands import main

__all__ = ["main"]
