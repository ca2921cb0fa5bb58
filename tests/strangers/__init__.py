"""Third-party clients and their test suites, on a real server."""
