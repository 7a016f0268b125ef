"""Changes of the database, in one line."""
