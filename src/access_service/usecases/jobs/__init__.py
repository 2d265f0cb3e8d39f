"""Long work: asked for by an account, carried out by workers, its result kept for a week."""
