"""Tokens for services and software: issued, exchanged, looked into, revoked."""
