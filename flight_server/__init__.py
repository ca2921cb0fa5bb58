"""The lakehouse over Arrow Flight SQL: DoPut in, DoGet out."""
