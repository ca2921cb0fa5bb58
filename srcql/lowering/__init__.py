"""From clauses to SQL: the common table expressions that verbs select from."""
