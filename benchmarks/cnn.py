"""The convolutional network that `svm` is compared with: `python -m benchmarks.cnn DATA ONNX`.

It is LeNet-5 as Caffe ships it, with rectifiers: 20 maps with filters of 5x5, 50 maps with filters
of 5x5, and 500 units; after each filter, max pooling halves the maps. It is fitted on the 60,000
training images of MNIST, which are distorted differently in each epoch. The number of epochs was
fixed beforehand, and the test images are only used to count errors.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import cv2
import jax
import jax.numpy as jnp
import numpy as np
import onnx
import optax
from jax import lax
from onnx import TensorProto, helper, numpy_helper

from benchmarks.network import classify, session
from training import digits

EPOCHS = 16
"""How often all training images are used."""
BATCH = 128
"""Number of images in each step of the training."""
RATE = 1.5e-3
"""Greatest step of Adam. It first grows to this value and then falls to 0 along a cosine."""
DROPPED = 0.4
"""Share of the 500 units that are left out at random during training (dropout)."""


def train(images: Any, labels: Any, epochs: int) -> dict[str, Any]:
    """Fit the weights to (N, 28, 28) uint8 and (N,) labels."""
    rng = np.random.default_rng(0)
    weights = _start(rng)
    steps = epochs * (len(images) // BATCH)
    adam = optax.adam(optax.warmup_cosine_decay_schedule(0.0, RATE, steps // 20, steps))
    state = adam.init(weights)

    def loss(weights: Any, crops: Any, labels: Any, key: Any) -> Any:
        return optax.softmax_cross_entropy_with_integer_labels(
            _network(weights, crops, key), labels
        ).mean()

    @jax.jit
    def step(weights: Any, state: Any, crops: Any, labels: Any, key: Any) -> Any:
        value, slope = jax.value_and_grad(loss)(weights, crops, labels, key)
        change, state = adam.update(slope, state)
        return optax.apply_updates(weights, change), state, value

    key = jax.random.key(0)
    for epoch in range(epochs):
        order = rng.permutation(len(images))[: len(images) // BATCH * BATCH]
        total = 0.0
        for batch in order.reshape(-1, BATCH):
            crops = np.stack([_distort(images[i], rng) for i in batch])
            key, own = jax.random.split(key)
            weights, state, value = step(weights, state, _scaled(crops), labels[batch], own)
            total += float(value)
        sys.stderr.write(f"epoch {epoch + 1} of {epochs}: loss {total * BATCH / len(order):.4f}\n")
    return {name: np.asarray(value) for name, value in weights.items()}


def to_onnx(weights: dict[str, Any]) -> onnx.ModelProto:
    """Make the ONNX model: it takes crops (N, 1, 28, 28) float32, 0..1, and gives scores
    (N, 10)."""
    # In training the axis of the maps is the last one, in ONNX it is the second.
    first, second = (weights[name].transpose(3, 2, 0, 1) for name in ("conv1", "conv2"))
    dense = weights["dense1"].reshape(4, 4, 50, 500).transpose(2, 0, 1, 3).reshape(800, 500)
    given = weights | {"conv1": first, "conv2": second, "dense1": dense}
    halve = {"kernel_shape": [2, 2], "strides": [2, 2]}
    nodes = [
        helper.make_node("Conv", ["crops", "conv1", "bias1"], ["a"]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("MaxPool", ["b"], ["c"], **halve),
        helper.make_node("Conv", ["c", "conv2", "bias2"], ["d"]),
        helper.make_node("Relu", ["d"], ["e"]),
        helper.make_node("MaxPool", ["e"], ["f"], **halve),
        helper.make_node("Flatten", ["f"], ["g"]),
        helper.make_node("Gemm", ["g", "dense1", "bias3"], ["h"]),
        helper.make_node("Relu", ["h"], ["i"]),
        helper.make_node("Gemm", ["i", "dense2", "bias4"], ["scores"]),
    ]
    graph = helper.make_graph(
        nodes,
        "lenet5",
        [helper.make_tensor_value_info("crops", TensorProto.FLOAT, ["n", 1, 28, 28])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n", 10])],
        [numpy_helper.from_array(np.ascontiguousarray(v), name) for name, v in given.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model


def _start(rng: np.random.Generator) -> dict[str, Any]:
    """Make random weights after He et al. 2015, and biases of 0."""
    shapes = {
        "conv1": (5, 5, 1, 20), "conv2": (5, 5, 20, 50), "dense1": (800, 500), "dense2": (500, 10),
    }  # fmt: skip
    weights = {}
    for number, (name, shape) in enumerate(shapes.items(), 1):
        spread = (2 / np.prod(shape[:-1])) ** 0.5
        weights[name] = jnp.asarray(rng.normal(0, spread, shape), jnp.float32)
        weights[f"bias{number}"] = jnp.zeros(shape[-1], jnp.float32)
    return weights


def _network(weights: Any, crops: Any, key: Any) -> Any:
    x = crops
    for conv, bias in (("conv1", "bias1"), ("conv2", "bias2")):
        x = lax.conv_general_dilated(
            x, weights[conv], (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
        x = jax.nn.relu(x + weights[bias])
        n, rows, columns, maps = x.shape
        x = x.reshape(n, rows // 2, 2, columns // 2, 2, maps).max((2, 4))
    x = jax.nn.relu(x.reshape(len(x), -1) @ weights["dense1"] + weights["bias3"])
    kept = jax.random.bernoulli(key, 1 - DROPPED, x.shape)
    return jnp.where(kept, x / (1 - DROPPED), 0) @ weights["dense2"] + weights["bias4"]


def _scaled(crops: Any) -> Any:
    return crops[..., None].astype(np.float32) / np.float32(255)


def _distort(crop: Any, rng: np.random.Generator) -> Any:
    """Turn, slant, stretch, shift and bend a crop."""
    turn, lean = np.deg2rad(rng.uniform(-10, 10)), np.tan(np.deg2rad(rng.uniform(-10, 10)))
    stretch = rng.uniform(0.9, 1.1, 2)
    turned = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    turned = turned @ np.array([[1, lean], [0, 1]]) * stretch
    middle = np.array([14.0, 14.0])
    at = np.stack(np.meshgrid(np.arange(28), np.arange(28)), axis=-1) - middle
    where = at @ turned.T + middle + rng.uniform(-1.5, 1.5, 2)
    bent = cv2.GaussianBlur(rng.uniform(-1, 1, (28, 28, 2)), (0, 0), 4.0)
    where = (where + bent * rng.uniform(0, 8)).astype(np.float32)
    return cv2.remap(crop, where, None, cv2.INTER_LINEAR)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("data", type=Path)
    parser.add_argument("onnx", type=Path)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    options = parser.parse_args()
    learn, test = digits.hold_out(digits.load(options.data))
    weights = train(learn.images, learn.labels, options.epochs)
    options.onnx.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(to_onnx(weights), options.onnx)
    errors = int((classify(session(options.onnx), test.images) != test.labels).sum())
    sys.stdout.write(f"{errors} errors in {len(test)} test images\n")


if __name__ == "__main__":
    main()
