import gc

from hypothesis import HealthCheck, settings

# As camd does when it starts: a tenth of the time of all tests was the search for garbage.
gc.set_threshold(50_000)

# Machines that run tests are slow at times, which is no fault of what is tested.
settings.register_profile("camd", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("camd")
