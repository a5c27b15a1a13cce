import threading
import time

import torch

from geomdl.viewer.page.worker import Worker, leave_half


def test_order_and_one_thread() -> None:
    done: list[tuple[int, str]] = []
    over = threading.Event()
    worker = Worker("w", lambda error: None)
    for i in range(20):
        worker.later(lambda i=i: done.append((i, threading.current_thread().name)))
    worker.later(over.set)
    assert over.wait(5)
    assert [i for i, _ in done] == list(range(20))
    assert {name for _, name in done} == {"w"}
    worker.close()


def test_later_tasks_wait_and_are_overtaken() -> None:
    done: list[str] = []
    over = threading.Event()
    worker = Worker("w", lambda error: None)
    begin = time.monotonic()
    worker.later(lambda: (done.append("late"), over.set()), 0.15)
    worker.later(lambda: done.append("early"))
    assert over.wait(5)
    assert done == ["early", "late"]
    assert time.monotonic() - begin >= 0.15
    worker.close()


def test_named_tasks_are_done_once_and_again_later() -> None:
    done: list[int] = []
    hold, over = threading.Event(), threading.Event()
    worker = Worker("w", lambda error: None)
    worker.later(hold.wait)
    for i in range(5):
        worker.later(lambda i=i: done.append(i), name="redraw")
    worker.later(lambda: worker.later(lambda: (done.append(9), over.set()), name="redraw"))
    hold.set()
    assert over.wait(5)
    assert done == [0, 9]
    worker.close()


def test_an_exception_ends_nothing() -> None:
    failed: list[Exception] = []
    over = threading.Event()
    worker = Worker("w", failed.append)
    worker.later(lambda: 1 / 0)
    worker.later(over.set)
    assert over.wait(5)
    assert [type(error) for error in failed] == [ZeroDivisionError]
    worker.close()


def test_close_forgets_and_ends() -> None:
    done: list[int] = []
    worker = Worker("w", lambda error: None)
    worker.later(lambda: done.append(1), 0.2)
    worker.close()
    worker.join(5)
    worker.later(lambda: done.append(2))
    time.sleep(0.3)
    assert done == []
    assert not any(thread.name == "w" for thread in threading.enumerate())


def test_no_processor_while_nothing_is_due() -> None:
    worker = Worker("w", lambda error: None)
    worker.later(lambda: None, 60)
    begin = time.process_time()
    time.sleep(0.5)
    assert time.process_time() - begin < 0.1
    worker.close()


def test_half_of_the_cores_is_left_by_one_thread_alone() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(8)
    seen: list[int] = []

    def leave() -> None:
        leave_half()
        seen.append(torch.get_num_threads())

    try:
        for target in (leave, leave, lambda: seen.append(torch.get_num_threads())):
            thread = threading.Thread(target=target)
            thread.start()
            thread.join()
        assert seen == [4, 4, 8]
        assert torch.get_num_threads() == 8
    finally:
        torch.set_num_threads(before)
