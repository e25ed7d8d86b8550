"""What stands before and after a layer."""
