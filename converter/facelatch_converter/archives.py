"""What reading a damaged or foreign `.npy` or `.npz` raises; numpy passes on whatever it stumbles over."""

import struct
import tokenize
import zipfile
import zlib

UNREADABLE = (
    OSError, ValueError, EOFError, KeyError, TypeError, RuntimeError, MemoryError, SyntaxError,
    tokenize.TokenError, struct.error, zlib.error, zipfile.BadZipFile,
)  # fmt: skip


def reason(error: BaseException) -> str:
    """Why, in one line."""
    return str(error).strip().partition("\n")[0] or type(error).__name__
