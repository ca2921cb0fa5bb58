"""SQLAlchemy against our server."""
