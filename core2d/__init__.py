"""Networks on regular grids of one, two or three axes. The networks come with version 0.2."""
