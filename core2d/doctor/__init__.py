"""The training doctor: `examine` a network, its data, its loss and its run, and say what is wrong.

from core2d.doctor import examine
from core2d.doctor.show import text
print(text(examine(model, data, loss, step=step)))
"""

from core2d.doctor.examine import examine

__all__ = ["examine"]
