"""Layers on any Space: modules that own parameters in torch's dense layout, fields in and out."""
