"""What is wrong: one module per rule. See CONTRIBUTING.md for how to write one."""
