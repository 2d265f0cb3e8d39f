"""For reverse proxies: which request asks for what, and may it pass."""
