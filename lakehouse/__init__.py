"""The Iceberg store of observations and the engine that queries it; usable without a server."""
