"""History in SQL: a pack tried on a whole lake at once, with the same answer as one event at a time."""
