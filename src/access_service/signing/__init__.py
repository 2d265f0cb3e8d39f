"""Keys, canonical bytes, confirmations: the only user of cryptography.

keys          the seal key                      canonical     RFC 8785 bytes and their hash
documents     the confirmation of a signature   passwords     passwords, one-time codes, tokens
tokens        access tokens                     token_claims  how what they say stands in a JWT
keyring       the keys that sign them           jose          strict reading of every JOSE object
client_keys   keys and assertions of clients    dpop          proofs of possession
"""
