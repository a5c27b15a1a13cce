"""Rows of the speed table about training."""
