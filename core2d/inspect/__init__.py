"""Seeing into a trained network: what its layers hold, what they react to, what they look at.

Functions of a model and tensors; every model of core2d, and every Space unless a function says
that it needs a dense grid. `geomdl inspect` is their command; core2d/inspect/picture.py and
figure.py draw what they give back.
"""
