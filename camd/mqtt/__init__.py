"""From results to a broker: what is said (topics, payloads), what waits (outbox), who says it.

publisher -> payloads, topics -> outbox -> connection -> endpoint
embedded: a broker of our own, for where there is none
"""
