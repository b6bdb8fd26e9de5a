"""What tests and benchmarks share: a real broker, real processes, a proxy that fails on purpose."""
