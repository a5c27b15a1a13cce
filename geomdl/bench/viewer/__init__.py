"""Rows of the viewer: from files to pictures."""
