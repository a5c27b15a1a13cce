import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from core2d.doctor.finding import Finding, Report
from core2d.doctor.show import ending, escaped, pictures, tensorboard, text
from tests.core2d.doctor.squares import case

REPORT = Report(
    (
        Finding("labels", "fine", "10 classes", "not shown"),
        Finding("zero_grad", "alarm", "added up [of 2]", "clear them", curves={"a": [(1, 2.0)]}),
    )
)


def test_the_table_tells_everything_once():
    shown = text(REPORT)
    assert "10 classes" in shown
    assert "added up [of 2]" in shown
    assert "clear them" in shown
    assert "not shown" not in shown  # nothing to do where all is fine
    assert shown.endswith("begin with: zero_grad.")
    assert ending(Report(REPORT.findings[:1])).startswith("Nothing is wrong")
    assert escaped("[a]") == r"\[a]"


def test_the_page_of_tensorboard(tmp_path):
    tensorboard(REPORT, tmp_path, case())
    events = EventAccumulator(str(tmp_path))
    events.Reload()
    tags = events.Tags()
    assert tags["scalars"] == ["zero_grad/a"]
    assert [e.value for e in events.Scalars("zero_grad/a")] == [2.0]
    assert "doctor/training batch" in tags["images"]
    assert "doctor/0.weight" in tags["histograms"]
    page = events.Tensors("doctor/text_summary")[0].tensor_proto.string_val[0].decode()
    assert "|zero_grad|alarm|" in page


def test_pictures_have_one_or_three_channels():
    assert pictures(torch.randn(2, 1, 4, 4)).shape == (2, 1, 4, 4)
    x = pictures(torch.randn(2, 5, 4, 4))
    assert x.shape == (2, 3, 4, 4)
    assert 0 <= float(x.min()) <= float(x.max()) <= 1
