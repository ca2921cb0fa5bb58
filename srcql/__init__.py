"""SRCQL, the language: text -> tree -> lowered tree -> SQL."""
