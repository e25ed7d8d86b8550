"""The configuration: keys, types, where it is looked for, which rules and files it selects."""
