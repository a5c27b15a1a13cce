"""The processor's memory between two steps: kept, so that it need not be asked for again."""

import ctypes

MMAP_THRESHOLD, TRIM_THRESHOLD = -3, -1  # of malloc.h
LARGEST = 32 << 20  # bytes, the largest MMAP_THRESHOLD that glibc takes
NEVER = (1 << 31) - 1


def keep_freed_memory() -> bool:
    """Tell glibc to keep freed blocks of up to 32 MB -> whether it will; other libraries: False.

    Else every activation of more than 128 kB may go back to the system when it is freed and be
    asked for, zeroed page by page, in the next step: a third of the time of LeNet-5 at batch 256.
    The process then holds on to the most that it needed at any time.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, TypeError, AttributeError):  # Windows, macOS
        return False
    return bool(mallopt(MMAP_THRESHOLD, LARGEST)) and bool(mallopt(TRIM_THRESHOLD, NEVER))
