"""In-line UV detector: draws a chromatogram, over a documented protocol of labloop's own."""

from labloop_devices.uv_detector._driver import UvDetector

__all__ = ["UvDetector"]
