"""A libfreenect that does as it is told: `freenect_stub.c`, built once against the real library's headers."""

import ctypes
import subprocess
from pathlib import Path

from tests.requirements import need_file, need_program

SOURCE = Path(__file__).with_name("freenect_stub.c")
FIRST, SECOND = "A0000000001K", "A0000000002K"
AS_BUILT = {
    "connected": 1,
    "listed": 1,
    "open_code": 0,
    "logs": 0,
    "start_code": 0,
    "event_code": 0,
    "images": 1 << 30,
    "interruptions": 0,
    "lag_ticks": 0,
    "registration": 1,
    "first_ticks": 0,
    "modes": 0,
}
NO_ACCESS, BUSY, CHEESE = 1, 2, 3
"""What opening may log."""


class ScriptedFreenect:
    """The built stub; `set` tells it what to do, `get` asks what was done."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._library = ctypes.CDLL(str(path))

    def set(self, **values: int) -> None:
        """Give variables of the stub's new values; all others are as built."""
        for name, value in (AS_BUILT | values).items():
            ctypes.c_int.in_dll(self._library, f"stub_{name}").value = value

    def get(self, name: str) -> int:
        """The value of one of the stub's variables."""
        return ctypes.c_int.in_dll(self._library, f"stub_{name}").value


def build_stub(folder: Path) -> ScriptedFreenect:
    """Compile the stub; skips or fails the test where the compiler or the headers are missing."""
    need_file("/usr/include/libfreenect_registration.h")
    path = folder / "libfreenect-stub.so"
    command = [need_program("cc"), "-shared", "-fPIC", "-Wall", "-Werror", "-Wno-unused-parameter"]
    subprocess.run([*command, "-o", str(path), str(SOURCE)], check=True, timeout=60)
    return ScriptedFreenect(path)
