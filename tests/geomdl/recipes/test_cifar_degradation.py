"""The four networks differ in depth and shortcuts alone; the conclusion subtracts the right two."""

import torch

from geomdl.recipes import cifar_degradation as c


def test_four_networks_of_two_sizes() -> None:
    study = c.study()
    assert set(study.variants) == {"plain20", "plain56", "residual20", "residual56"}
    models = {name: c.model(config) for name, config in study.variants.items()}
    sizes = {name: sum(p.numel() for p in m.parameters()) for name, m in models.items()}
    assert sizes["plain20"] == sizes["residual20"] < sizes["plain56"] == sizes["residual56"]
    assert len({config.train for config in study.variants.values()}) == 1
    x = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    models["plain20"].load_state_dict(models["residual20"].state_dict())
    with torch.no_grad():
        same = [models[n].eval()(x) for n in ("plain20", "residual20")]
    assert not torch.allclose(*same)


def test_degradation_is_what_depth_adds() -> None:
    found = {
        "train_loss_plain20": [1.0, 1.1],
        "train_loss_plain56": [1.5, 1.0],
        "train_loss_residual20": [0.75, 0.75],
        "train_loss_residual56": [0.5, 1.0],
    }
    got = c.conclude(found)
    assert got["degradation_residual"] == [-0.25, 0.25]
    assert got["degradation_plain"][0] == 0.5
    assert got["degradation_plain"][1] < 0
