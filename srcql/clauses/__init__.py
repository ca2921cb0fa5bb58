"""Reads the clauses of a verb and checks them."""
