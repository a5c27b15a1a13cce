"""One command of the command line per file; each imports what it needs when it runs."""
