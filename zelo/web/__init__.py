"""The doors of the web: API, pages, health, metrics."""
