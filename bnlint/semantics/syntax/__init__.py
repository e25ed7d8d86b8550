"""One parsed file: its tree, its index, places in its text."""
