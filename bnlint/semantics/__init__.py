"""What the code says: names, values, sites and modes, read without running anything."""
