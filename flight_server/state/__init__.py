"""State that outlives a call: sessions, prepared statements, transactions and tickets."""
