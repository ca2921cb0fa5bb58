"""The snapshots of the tables: which exist, which data files each has, and which files a statement reads."""
