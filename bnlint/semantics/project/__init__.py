"""The files around a file: outlines, where imports lead, which names carry an API."""
