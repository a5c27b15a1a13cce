import torch

from geomdl.ops.rasterize import rasterize
from geomdl.render.layer import Layer, Paint, mesh_layer
from geomdl.render.shadow import blur, coarse, fine, openness, sunlight
from geomdl.render.viewpoint import look_at
from geomdl.structures import Camera, Mesh

PAINT = Paint("plain", torch.ones(3), torch.tensor([0.0, 0, 1]))


def table() -> Mesh:
    """A floor of 4 x 4 m, and a plate of 1 x 1 m half a metre above its middle."""
    low = torch.tensor([[-2.0, -2, 0], [2, -2, 0], [2, 2, 0], [-2, 2, 0]])
    high = torch.tensor([[-0.5, -0.5, 0.5], [0.5, -0.5, 0.5], [0.5, 0.5, 0.5], [-0.5, 0.5, 0.5]])
    faces = torch.tensor([[0, 1, 2], [0, 2, 3]])
    return Mesh(torch.cat([low, high]), torch.cat([faces, faces + 4]))


def test_a_plate_casts_its_shadow_where_geometry_says():
    mesh = table()
    camera = look_at((0, -6, 5), (0, 0, 0), size=(160, 120))
    layer = mesh_layer(mesh, camera, PAINT, False, False)
    seen = camera.world_to_camera.apply(mesh.vertices)
    tilt = torch.nn.functional.normalize(torch.tensor([-1.0, 0, 1]), dim=0)  # 45 degrees
    direction = camera.world_to_camera.rotation @ tilt

    def depth_of(lamp: Camera) -> torch.Tensor:
        points = lamp.world_to_camera.apply(seen)
        return rasterize(points, mesh.faces, lamp.intrinsics, lamp.height, lamp.width)[1][0]

    sun = sunlight(layer, camera, direction, seen, depth_of)
    spots = torch.tensor([[0.75, 0.3, 0], [0.75, -0.3, 0], [-0.9, 0, 0], [1.5, 0, 0], [0, 0, 0.5]])
    pixels, _ = camera.project(spots)
    found = sun[pixels[:, 1].long(), pixels[:, 0].long()]
    assert found[:2].max() < 0.1
    assert found[2:].min() > 0.9


def test_corners_are_closed_and_plains_are_open():
    wall = torch.tensor([[-2.0, 2, 0], [2, 2, 0], [2, 2, 3], [-2, 2, 3]])
    floor = table().vertices[:4]
    faces = torch.tensor([[0, 1, 2], [0, 2, 3]])
    corner = Mesh(torch.cat([floor, wall]), torch.cat([faces, faces + 4]))
    camera = look_at((0, -6, 4), (0, 1, 0), size=(160, 120))
    layer = mesh_layer(corner, camera, PAINT, False, False)
    sky = openness(layer, camera)
    pixels, _ = camera.project(torch.tensor([[0, 1.95, 0.0], [0, -0.5, 0], [0, 2, 1.8]]))
    found = sky[pixels[:, 1].long(), pixels[:, 0].long()]
    assert found[0] < 0.85
    assert found[1:].min() > 0.95
    assert (sky[~torch.isfinite(layer.depth)] == 1).all()


def test_coarse_takes_the_nearest_of_a_block():
    depth = torch.tensor([[3.0, 2, 5, 5], [4, 9, 5, torch.inf]])
    image = depth[..., None].expand(-1, -1, 3)
    small = coarse(Layer(depth, image, image), 2)
    assert small.depth.tolist() == [[2, 5]]
    assert small.albedo[0, :, 0].tolist() == [2, 5]
    assert fine(small.depth, 2).tolist() == [[2, 2, 5, 5]] * 2


def test_blur_stays_on_its_surface():
    image = torch.zeros(8, 8)
    image[:, 4:] = 1
    step = torch.where(torch.arange(8) < 4, 1.0, 2.0).expand(8, 8)
    assert torch.equal(blur(image, step, 0.5), image)
    assert 0 < blur(image, torch.ones(8, 8), 0.5)[4, 4] < 1
