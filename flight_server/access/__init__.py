"""Authentication: the users file, logins and their tokens."""
