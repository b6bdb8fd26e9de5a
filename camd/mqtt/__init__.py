"""Publishes results to an MQTT broker: messages, payloads and topics; the outbox where they wait;
the connection; and the requests that come back.

publisher -> payloads, topics -> outbox -> connection -> session -> endpoint
discovery: announces the camera to Home Assistant
embedded: a broker inside camd, where there is no other
"""
