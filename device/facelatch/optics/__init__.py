"""Arithmetic of cameras that drivers share: depth to millimetres, views, pairs of pictures, exposure; pure."""
