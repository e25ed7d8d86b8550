"""A port beside its reference, and one call in the words of another framework."""
