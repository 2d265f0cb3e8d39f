"""The AuthZEN interface: decisions and searches, over a register or over a pack that stands alone."""
