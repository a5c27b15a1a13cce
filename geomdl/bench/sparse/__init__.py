"""Rows of sparse convolution: against spconv, ocnn and the loop in plain torch."""
