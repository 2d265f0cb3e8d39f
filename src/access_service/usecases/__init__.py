"""One function per thing an actor can ask for: authorise, rule, store, audit, in one transaction."""
