"""Weights and statistics that code moves: which array goes where, and which stays behind."""
