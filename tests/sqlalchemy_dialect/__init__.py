"""SQLAlchemy on our server."""
