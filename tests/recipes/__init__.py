"""The recipes page: each recipe returns what the page shows, and plain Python computes the same."""
