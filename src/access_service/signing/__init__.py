"""Keys, canonical bytes, confirmations: the only user of cryptography."""
