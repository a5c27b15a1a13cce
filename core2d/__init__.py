"""Networks on regular grids of one, two or three axes, and what trains, inspects and mends them."""
