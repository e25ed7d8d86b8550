"""What is wrong: one module per rule. See docs/rules.md for how to write one."""
