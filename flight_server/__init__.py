"""An Arrow Flight SQL server for the lakehouse: queries by DoGet, ingestion by DoPut."""
