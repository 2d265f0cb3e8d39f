"""Accounts and what opens them: codes, passwords, second factors, recovery, sessions."""
