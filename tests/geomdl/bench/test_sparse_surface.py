from geomdl.bench.sparse_surface import layer, shell_pairs, surface


def test_a_shell_is_closed_and_has_the_pairs_that_the_rows_count_on() -> None:
    shell = surface(64)
    radius = (shell.sites - 31.5).norm(dim=1)
    assert float((radius - 0.43 * 64).abs().max()) < 0.75
    assert bool((shell.sites.amin(0) + shell.sites.amax(0) == 63).all())
    assert abs(shell.pairs / shell_pairs(64) - 1) < 0.03


def test_a_layer_has_its_shapes() -> None:
    work = layer(32, 8)
    assert work.forward().shape == work.features.shape == work.gradient.shape
