from hypothesis import HealthCheck, settings

# Machines that run tests are slow at times, which is no fault of what is tested.
settings.register_profile("camd", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("camd")
