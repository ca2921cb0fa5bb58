"""The page of recipes: it gives what it shows, and plain Python finds the same."""
