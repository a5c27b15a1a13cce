"""Rows of the ops; one file per family, each with a function `rows()`."""
