"""The management API: of each noun its routes (`accounts`), and what they read and answer (`accounts_bodies`)."""
