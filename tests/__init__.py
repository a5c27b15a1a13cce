"""Tests mirror the tree; oracles import nothing from the project."""
