"""Speed as ratios: ours and a peer on the same work, in turn, in one process (`geomdl bench`)."""
