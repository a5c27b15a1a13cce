"""The gallery's commands can be parsed, its page names what is there."""

import functools

import inspect_gallery
import pytest
import tyro

from geomdl.commands.inspect import VIEWS, Picture


@pytest.mark.parametrize("scene", inspect_gallery.SCENES, ids=lambda scene: scene.name)
def test_every_command_is_one_that_geomdl_takes(scene, tmp_path) -> None:
    """Its arguments are parsed by the view itself; only the work is left out."""
    name, view, *rest = scene.arguments(tmp_path, tmp_path)
    assert name == "inspect"
    viewer = {v.__name__: v for v in VIEWS}[view]

    @functools.wraps(viewer)
    def taken(*arguments, **options):
        return (*arguments, *options.values())

    picture = Picture(tmp_path / f"{scene.name}.jpg", overwrite=True)
    config = (tyro.conf.FlagCreatePairsOff,)  # as geomdl inspect has it
    assert picture in tyro.cli(taken, args=rest, config=config)


def test_names_are_unique_and_all_views_are_shown() -> None:
    names = [scene.name for scene in inspect_gallery.SCENES]
    assert len(set(names)) == len(names)
    shown = {scene.view for scene in inspect_gallery.SCENES}
    assert shown == {view.__name__ for view in VIEWS} - {"layers"}


def test_the_page_holds_the_pictures_that_exist(tmp_path) -> None:
    (tmp_path / "tsne.jpg").touch()
    text = inspect_gallery.page(inspect_gallery.SCENES, tmp_path)
    assert text.count("![") == 1
    assert "geomdl inspect tsne runs/fashion_lenet\n" in text


def test_a_missing_run_leaves_the_gallery_as_it_is(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(inspect_gallery, "FOLDER", tmp_path / "inspect")
    monkeypatch.setattr(inspect_gallery, "PAGE", tmp_path / "inspect.md")
    assert inspect_gallery.main([str(tmp_path), "tsne"]) == 0
    assert "tsne: no run fashion_lenet" in capsys.readouterr().err
    assert (tmp_path / "inspect.md").read_text() == inspect_gallery.HEAD


def test_the_committed_page_is_up_to_date() -> None:
    expected = inspect_gallery.page(inspect_gallery.SCENES, inspect_gallery.FOLDER)
    assert inspect_gallery.PAGE.read_text() == expected
