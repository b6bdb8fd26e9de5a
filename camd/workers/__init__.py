"""Classifying elsewhere: the device sends crops over MQTT, workers answer."""
