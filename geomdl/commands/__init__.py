"""One command of the command line per file; each imports what it needs when it runs.

paths serves all that take many files; change and captures belong to convert, trials to doctor.
"""
