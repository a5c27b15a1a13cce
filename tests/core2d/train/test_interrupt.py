"""The first signal asks, the second acts as ever."""

import signal
import threading

import pytest

from core2d.train.interrupt import Interrupt


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_first_signal_asks(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with Interrupt() as interrupt:
        assert not interrupt.asked
        signal.raise_signal(number)
        assert interrupt.asked
        assert signal.getsignal(number) == before
    assert signal.getsignal(number) == before


def test_second_signal_interrupts() -> None:
    with Interrupt() as interrupt:
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert interrupt.asked


def test_other_threads_change_nothing() -> None:
    before = signal.getsignal(signal.SIGINT)

    def work() -> None:
        with Interrupt():
            assert signal.getsignal(signal.SIGINT) == before

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert signal.getsignal(signal.SIGINT) == before
