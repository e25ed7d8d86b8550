"""Scopes, what binds a name, and which binding reaches a use."""
