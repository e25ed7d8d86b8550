"""A run: which files, each under its own configuration, in several processes, with a memory."""
