"""PURE. Announces a camera to Home Assistant, as one device.

https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload (2024.11 and later)
"""

import re
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from camd.config.home_units import state_class
from camd.config.settings import RegionSettings, Settings
from camd.mqtt.messages import EVENT_TYPES
from camd.mqtt.topics import Topics

BIRTH = b"online"
MISSED = 3
"""After so many `health` messages in a row that did not come, Home Assistant shows "unknown"."""


def device_id(settings: Settings) -> str:
    """Return an id in letters that Home Assistant accepts. Another prefix or name gives another
    id."""
    prefix = settings.mqtt.prefix
    plain = re.sub(r"[^A-Za-z0-9-]", "_", prefix)
    own = f"{plain}_{settings.name}"
    return (
        own if prefix.isalnum() and prefix.isascii() else f"{own}_{zlib.crc32(prefix.encode()):08x}"
    )


def config_topic(settings: Settings) -> str:
    """Return the topic of the announcement. An empty message there removes the device."""
    return f"{settings.mqtt.discovery_prefix}/device/{device_id(settings)}/config"


def birth_topic(settings: Settings) -> str:
    """Return the topic on which Home Assistant says that it has started."""
    return f"{settings.mqtt.discovery_prefix}/status"


def announcement(
    settings: Settings, version: str, model_id: str, gone: Sequence[str] = ()
) -> dict[str, Any]:
    """Return the announcement of a camera. It also removes the sensors of the regions `gone`."""
    topics = Topics.of(settings.mqtt.prefix, settings.name)
    own = device_id(settings)
    components = _readings(topics) | _diagnostics(topics, settings)
    if settings.mqtt.requests:
        components["detection"] = _switch(topics)
    for region in settings.region:
        components |= _region(topics, region)
    for key, component in components.items():
        component |= {"unique_id": f"{own}_{key}", "qos": 1}
        component["default_entity_id"] = _entity_id(settings.name, key, component)
    # Home Assistant removes a component of which the announcement gives the platform only.
    if not settings.mqtt.requests:
        components["detection"] = {"platform": "switch"}
    for name in gone:
        components |= {key: {"platform": "sensor"} for key in _keys(name)}
    return {
        "device": {
            "identifiers": [own],
            "name": settings.name,
            "manufacturer": "camd",
            "model": "Handwritten digit reader",
            "model_id": model_id,
            "sw_version": version,
        },
        "origin": {"name": "camd", "sw_version": version},
        "availability": [{"topic": topics.status}],
        "components": components,
    }


def _entity_id(camera: str, key: str, component: Mapping[str, Any]) -> str:
    """Return the name that a component gets in Home Assistant where it is new: after its region,
    whatever that is labelled, or after its own name."""
    kind, _, region = key.partition("_")
    of_region = {"region": region, "confidence": f"{region}_confidence"} if region else {}
    name = of_region.get(kind, component["name"])
    slug = re.sub(r"[^a-z0-9]+", "_", f"{camera}_{name}".lower()).strip("_")
    return f"{component['platform']}.{slug}"


def _readings(topics: Topics) -> dict[str, dict[str, Any]]:
    return {
        "reading": {
            "platform": "sensor",
            "name": "Reading",
            "icon": "mdi:numeric",
            "state_topic": topics.reading,
            # A state has at most 255 characters; the attributes have all of them.
            "value_template": "{{ value_json.text[:255] }}",
            "json_attributes_topic": topics.reading,
        },
        "confidence": {
            "platform": "sensor",
            "name": "Confidence",
            "state_topic": topics.reading,
            "value_template": (
                "{{ (value_json.digits | map(attribute='confidence') | min * 100) | round(1) "
                "if value_json.digits else None }}"
            ),
            "unit_of_measurement": "%",
            "state_class": "measurement",
            "suggested_display_precision": 1,
        },
        "incomplete": {
            "platform": "binary_sensor",
            "name": "Digit unsure",
            "device_class": "problem",
            "state_topic": topics.reading,
            "value_template": "{{ 'OFF' if value_json.complete else 'ON' }}",
        },
        "snapshot": {
            "platform": "image",
            "name": "Snapshot",
            "image_topic": topics.snapshot,
            "content_type": "image/jpeg",
        },
        "event": {
            "platform": "event",
            "name": "Digit",
            "state_topic": topics.event,
            "event_types": list(EVENT_TYPES),
            "value_template": ("{{ dict(value_json, event_type=value_json.type) | tojson }}"),
        },
    }


def _region(topics: Topics, region: RegionSettings) -> dict[str, dict[str, Any]]:
    name = region.name.replace("_", " ").replace("-", " ").strip().capitalize() or region.name
    shared = {
        "platform": "sensor",
        "state_topic": topics.region(region.name),
        "json_attributes_topic": topics.region(region.name),
    }
    value, confidence = _keys(region.name)
    return {
        value: shared
        | {
            "name": region.label or name,
            **_what_it_is(region),
            # None becomes "unknown": a reading that was refused is no zero.
            "value_template": "{{ value_json.value }}",
            "state_class": region.state_class
            or state_class(region.device_class, never_decreasing=region.never_decreasing),
            "suggested_display_precision": region.decimals,
        },
        confidence: shared
        | {
            "name": f"{region.label or name} confidence",
            "value_template": (
                "{{ (value_json.confidence * 100) | round(1) "
                "if value_json.confidence is not none else None }}"
            ),
            "unit_of_measurement": "%",
            "state_class": "measurement",
            "suggested_display_precision": 1,
            "entity_category": "diagnostic",
        },
    }


def _what_it_is(region: RegionSettings) -> dict[str, str]:
    """Return the fields that say what the value of a region is."""
    said = {"icon": region.icon or ("" if region.device_class else "mdi:counter")}
    said |= {"unit_of_measurement": region.unit or "", "device_class": region.device_class or ""}
    said |= {"entity_category": region.entity_category or ""}
    return {name: value for name, value in said.items() if value}


def _keys(region: str) -> tuple[str, str]:
    return f"region_{region}", f"confidence_{region}"


def _diagnostics(topics: Topics, settings: Settings) -> dict[str, dict[str, Any]]:
    health = {
        "state_topic": topics.health,
        "entity_category": "diagnostic",
        "expire_after": int(MISSED * settings.mqtt.health_s) + 1,
    }
    return {
        "camera": {
            "platform": "binary_sensor",
            "name": "Camera",
            "device_class": "connectivity",
            "value_template": "{{ 'ON' if value_json.camera.state == 'open' else 'OFF' }}",
            **health,
        },
        "problem": {
            "platform": "binary_sensor",
            "name": "Problem",
            "device_class": "problem",
            "value_template": (
                "{{ 'ON' if value_json.camera.error or value_json.messages.error else 'OFF' }}"
            ),
            "json_attributes_topic": topics.health,
            **health,
        },
        "fps": {
            "platform": "sensor",
            "name": "Frames a second",
            "value_template": "{{ value_json.fps }}",
            "state_class": "measurement",
            "unit_of_measurement": "fps",
            **health,
        },
    }


def _switch(topics: Topics) -> dict[str, Any]:
    return {
        "platform": "switch",
        "name": "Detection",
        "icon": "mdi:eye",
        "command_topic": topics.request("set"),
        "payload_on": '{"detection":true}',
        "payload_off": '{"detection":false}',
        "state_topic": topics.state,
        "value_template": "{{ 'on' if value_json.detection else 'off' }}",
        "state_on": "on",
        "state_off": "off",
    }
