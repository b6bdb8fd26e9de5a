"""From results to a broker: what is said (messages, payloads, topics), what waits (outbox,
journal), who says it, and what is asked (requests).

publisher -> payloads, topics -> outbox -> connection -> session -> endpoint
discovery: how Home Assistant learns of it
embedded: a broker of our own, for where there is none
"""
