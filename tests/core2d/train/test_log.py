"""log.jsonl holds the run; TensorBoard's files hold the same."""

from pathlib import Path

import pytest
import torch

from core2d.train.log import Log, read_log


def test_lines_go_round_and_later_ones_are_dropped(tmp_path: Path) -> None:
    log = Log(tmp_path, tensorboard=False)
    for step in (5, 10, 15):
        log.add({"step": step, "rate": 1.23456789e-7, "train/loss": 1 / step})
    assert read_log(tmp_path / "log.jsonl") == log.lines
    assert log.lines[0] == {"step": 5, "rate": 1.234568e-7, "train/loss": 0.2}
    again = Log(tmp_path, step=10, tensorboard=False)
    again.add({"step": 12, "train/loss": 0.5})
    assert [line["step"] for line in read_log(tmp_path / "log.jsonl")] == [5, 10, 12]


def test_a_line_cut_off_by_a_crash_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text('{"step": 1}\n{"step": 2, "train/lo')
    assert read_log(tmp_path / "log.jsonl") == [{"step": 1}]
    assert read_log(tmp_path / "nothing.jsonl") == []


def test_tensorboard_gets_scalars_images_and_histograms(tmp_path: Path) -> None:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    log, model = Log(tmp_path), torch.nn.Linear(3, 2)
    model(torch.ones(1, 3)).sum().backward()
    log.add({"step": 7, "train/loss": 0.25, "validation/loss": float("nan")})
    log.images("train/image", torch.randn(4, 3, 8, 8) * 9, 7)
    log.images("train/image", torch.randn(4, 5, 8, 8), 7)  # no picture
    log.histograms(model, 7)
    log.close()
    events = accumulator.EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    tags = events.Tags()
    assert tags["scalars"] == ["train/loss"]
    assert [(e.step, e.value) for e in events.Scalars("train/loss")] == [(7, 0.25)]
    assert tags["images"] == ["train/image"]
    assert len(events.Images("train/image")) == 1
    assert set(tags["histograms"]) == {
        "weights/weight", "weights/bias", "gradients/weight", "gradients/bias",
    }  # fmt: skip
