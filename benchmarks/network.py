"""Runs networks in ONNX Runtime, for the tables that compare camd with others."""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime


def session(path: Path | bytes) -> onnxruntime.InferenceSession:
    """Load a network from a file or from bytes, to run on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3  # no warnings: skl2onnx declares a wrong shape
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def classify(network: onnxruntime.InferenceSession, crops: Any) -> Any:
    """Give the labels (N,) of crops (N, 28, 28) uint8."""
    scaled = crops[:, None].astype(np.float32) / np.float32(255)
    return network.run(None, {"crops": scaled})[0].argmax(axis=1)
