"""camd reads handwritten digits from a camera.

The whole loop:

    source = sources.from_uri("demo", settings.camera)
    pipeline = Pipeline(settings, svm.load(model_path))
    with Capture(source) as capture:
        while (frame := capture.next(timeout=1.0)) is not None:
            result = pipeline.process(frame.image, frame.clock)
            publisher.frame(frame, result, frame.clock)
            window.show(overlay.draw(frame.shown(), result))
"""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("camd")
except PackageNotFoundError:  # run from a checkout that was never installed
    __version__ = "0+unknown"
