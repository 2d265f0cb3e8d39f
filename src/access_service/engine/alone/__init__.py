"""Packs that stand alone: no register, no time; read, and asked for decisions and searches."""
