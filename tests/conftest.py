import gc

import pytest
from hypothesis import HealthCheck, settings

# As camd does when it starts: a tenth of the time of all tests was the search for garbage.
gc.set_threshold(50_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests that take longest each: a process that is left with one of them at the
    end keeps all others waiting."""
    items.sort(key=lambda item: not item.nodeid.startswith(("tests/training/", "tests/web/")))


def pytest_collection_finish() -> None:
    """Keep the tests and what they import out of all searches for garbage: they stay."""
    gc.collect()
    gc.freeze()


# Machines that run tests are slow at times, which is no fault of what is tested.
settings.register_profile("camd", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("camd")
