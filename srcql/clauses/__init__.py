"""What a statement says: reads the clauses of a verb and checks them."""
