"""What every route stands on: the edge, errors, limits, the listener, log, metrics, pool, health."""
