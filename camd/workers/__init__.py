"""Classification on other machines: a camera's camd sends crops over MQTT, workers answer."""
