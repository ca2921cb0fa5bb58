"""From clauses to SQL: the common table expressions (CTEs) that verbs select from."""
