"""Face unlock for single-board computers with a depth camera: what runs on the board."""

__version__ = "0.1.0"
