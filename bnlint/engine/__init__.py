"""The way of a file: bytes to text to facts to findings, for one file and for many."""
