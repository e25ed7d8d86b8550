"""What is raised where an API cannot be asked what a trial wants to know."""


class Unsuitable(Exception):  # says what an API cannot be asked
    """A trial that an API cannot carry out; the message says why."""
