"""One system per file; with the command line the only place where all packages meet."""
