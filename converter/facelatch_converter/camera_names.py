"""The names of rendered cameras, apart from `staging`, so that `--help` need not load numba."""

CAMERA_NAMES = ("d435", "d435-small", "kinect-v1")
