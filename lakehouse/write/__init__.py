"""From a batch of rows to a committed snapshot."""
