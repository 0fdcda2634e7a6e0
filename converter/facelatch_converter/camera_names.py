"""The names of rendered cameras, apart from `staging`, so that `--help` need not load numba."""

CAMERA_NAMES = ("d435", "d435-small", "d415", "d455", "kinect-v1", "time-of-flight")
