"""Weights of chrischoy/FCGF (ResUNetBN2 and its variants) into ours.

Their checkpoints hold a configuration beside the tensors, which no safe reader takes: where
EasyDict is installed, save `torch.load(path, weights_only=False)["state_dict"]` once. The variants
whose blocks have instance norms (ResUNetIN2) are other networks.
"""

from os import PathLike

from geomdl.models.fcgf import FCGF
from geomdl.nn.sparse_weights import Names, load_minkowski

# Patterns of their names and ours (geomdl.models.fcgf).
NAMES: Names = (
    (r"\.bn\.", "."),
    (r"^(conv|norm|block)(\d)\.", lambda m: f"{m[1]}.{int(m[2]) - 1}."),
    (r"^(conv|norm|block)([234])_tr\.", lambda m: f"{m[1]}_up.{4 - int(m[2])}."),
    (r"^conv1_tr\.", "mix."),
    (r"^final\.", "head."),
    (r"\.norm([12])\.", r".bn\1."),
)


def load_fcgf(model: FCGF, path: str | PathLike[str]) -> None:
    """Fill an FCGF from a file of the published code. All or nothing. Raises InputError."""
    load_minkowski(model, path, NAMES)
