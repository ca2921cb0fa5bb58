"""What turns other tools' exports into tables of the lakehouse."""
