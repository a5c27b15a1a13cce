"""Rows of the speed table about reinforcement learning."""
