"""The OAuth endpoints: tokens, introspection, revocation, metadata, keys."""
