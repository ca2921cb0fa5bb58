"""Which data files a snapshot has, and which of them a statement reads."""
