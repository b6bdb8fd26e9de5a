"""camd reads handwritten digits from a camera. The whole of it, in ten lines that run:

    from camd import paths, sources
    from camd.capture.capture import Capture
    from camd.classify import svm
    from camd.config.settings import Settings
    from camd.pipeline import Pipeline

    settings = Settings()
    pipeline = Pipeline(settings, svm.load(paths.model_file()))
    with Capture(sources.from_uri("demo", settings.camera), settings.camera) as capture:
        while not capture.ended:
            if frame := capture.next(timeout=1.0):
                result = pipeline.process(frame.image, frame.clock)
                print(" ".join(line.text for line in result.lines))

A frame goes through the packages in this order: sources, capture, segment, classify, hypotheses,
track, regions; pipeline composes the pure ones. What it gave goes out by mqtt, display and
terminal. daemon runs all of it, unattended.
"""

TYPE_CHECKING = False  # as mypy knows it, without importing typing

DISTRIBUTION = "camd-reader"
"""What pip installs: on PyPI the name camd is a stranger's."""

__version__: str

if not TYPE_CHECKING:

    def __getattr__(name):
        if name != "__version__":
            raise AttributeError(name)
        # Looked up only when it is asked for: Ctrl-C is a traceback until camd.cli sees to it.
        from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415

        try:
            return version(DISTRIBUTION)
        except PackageNotFoundError:  # run from a checkout that was never installed
            return "0+unknown"
