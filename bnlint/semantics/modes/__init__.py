"""What switches modes and freezes layers, and whether running statistics move."""
