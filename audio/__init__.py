"""Clips and what can be measured on one clip."""

import os

# ONNX Runtime reports to its maker unless this is set before it is first imported. Every package imports audio.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
