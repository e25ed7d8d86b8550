"""How to write it right: one module per kind of change."""
