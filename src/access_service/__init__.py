"""Policy decision point, delegation register and evidence store (docs/architecture.md)."""
