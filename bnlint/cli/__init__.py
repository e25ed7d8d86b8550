"""The command line: arguments to calls, results to exit codes and to what a person sees."""
