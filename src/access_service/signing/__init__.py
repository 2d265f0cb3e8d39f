"""Keys, canonical bytes, confirmations: the only user of cryptography.

keys          the seal key                      canonical     RFC 8785 bytes and their hash
documents     the confirmation of a signature   passwords     passwords, one-time codes, tokens
"""
