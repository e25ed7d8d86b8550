"""How a fix is built: what a change reaches, and from an intent of a rule to edits of the text."""
