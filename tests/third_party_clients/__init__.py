"""Third-party clients against our server."""
