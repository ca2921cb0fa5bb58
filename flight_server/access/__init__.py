"""Who calls: users, logins and their tokens."""
