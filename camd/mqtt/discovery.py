"""PURE. Announces a camera to Home Assistant, as one device.

https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload (2024.11 and later)
"""

import re
import zlib
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from typing import Any

from camd.config import home_units
from camd.config.home_units import state_class
from camd.config.settings import READ, RegionSettings, Settings
from camd.mqtt.messages import EVENT_TYPES, REGION_EVENT_TYPES
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
        components |= _region(topics, region, requests=settings.mqtt.requests)
    for key, component in components.items():
        component |= {"unique_id": f"{own}_{key}", "qos": 1}
        component["default_entity_id"] = _entity_id(settings.name, key, component)
    if not settings.mqtt.requests:
        components["detection"] = {"platform": "switch"}
    for name in (*gone, *(region.name for region in settings.region)):
        components = _removed(name) | components
    return {
        "device": {
            "identifiers": [own],
            "name": settings.name,
            "manufacturer": "camd",
            "model": "Handwritten digit reader",
            "model_id": model_id,
            "sw_version": version,
            **_page(settings),
        },
        "origin": {"name": "camd", "sw_version": version},
        "availability": [{"topic": topics.status}],
        "components": components,
    }


def _page(settings: Settings) -> dict[str, str]:
    """Return where the page is, if browsers on other machines can call it there: as far as the
    configuration tells."""
    web = settings.web
    host = web.bind
    address = ip_address(web.bind)
    if not web.enabled or address.is_loopback or (address.is_unspecified and not web.hosts):
        return {}
    if address.is_unspecified:
        host = web.hosts[0]
    elif address.version == 6:
        host = f"[{web.bind}]"
    return {"configuration_url": f"http://{host}:{web.port}{web.path}"}


def _entity_id(camera: str, key: str, component: Mapping[str, Any]) -> str:
    """Return the name that a component gets in Home Assistant where it is new: after its region,
    whatever that is labelled, or after its own name."""
    kind, _, region = key.partition("_")
    name = component["name"]
    if region:
        name = region if kind == "region" else f"{region}_{kind}"
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
            "value_template": _events("value_json.region is not defined"),
        },
    }


def _region(topics: Topics, region: RegionSettings, *, requests: bool) -> dict[str, dict[str, Any]]:
    name = region.name.replace("_", " ").replace("-", " ").strip().capitalize() or region.name
    name = region.label or name
    topic = topics.region(region.name)
    shared = {"platform": "sensor", "state_topic": topic, "json_attributes_topic": topic}
    counted = region.state_class or state_class(
        region.device_class, never_decreasing=region.never_decreasing
    )
    components: dict[str, dict[str, Any]] = {
        "region": shared
        | {
            "name": name,
            **_what_it_is(region),
            # None becomes "unknown": a reading that was refused is no zero.
            "value_template": "{{ value_json.value }}",
            "state_class": counted,
            **_precision(region),
        },
        "confidence": shared
        | {
            "name": f"{name} confidence",
            "value_template": (
                "{{ (value_json.confidence * 100) | round(1) "
                "if value_json.confidence is not none else None }}"
            ),
            "unit_of_measurement": "%",
            "state_class": "measurement",
            "suggested_display_precision": 1,
            "entity_category": "diagnostic",
        },
        "problem": {
            "platform": "binary_sensor",
            "name": f"{name} problem",
            "device_class": "problem",
            "state_topic": topic,
            "value_template": "{{ 'ON' if value_json.problem else 'OFF' }}",
            "json_attributes_topic": topic,
            "json_attributes_template": "{{ (value_json.problem or {}) | tojson }}",
        },
        "change": {
            "platform": "event",
            "name": f"{name} corrections",
            "icon": "mdi:counter",
            "entity_category": "diagnostic",
            "state_topic": topics.event,
            "event_types": list(REGION_EVENT_TYPES),
            "value_template": _events(f"value_json.region == '{region.name}'"),
        },
    }
    if counted != "measurement":
        components["rate"] = {
            "platform": "sensor",
            "name": f"{name} rate",
            "icon": "mdi:speedometer",
            "state_topic": topic,
            "value_template": "{{ value_json.rate }}",
            "state_class": "measurement",
            **_rate(region),
        }
    if requests:
        components["good"] = _number(topics, region, name)
    return {f"{kind}_{region.name}": component for kind, component in components.items()}


def _precision(region: RegionSettings) -> dict[str, int]:
    """Return how many decimals are shown; nothing where they are as many as are read."""
    return {} if region.decimals == READ else {"suggested_display_precision": region.decimals}


def _number(topics: Topics, region: RegionSettings, name: str) -> dict[str, Any]:
    """Return the entity that shows the last good value of a region, and sets it."""
    # Where the point is read, the number may be without one, or have it anywhere.
    least, finest = (0, 3) if region.decimals == READ else (region.decimals, region.decimals)
    most = region.max
    if most is None:
        most = (region.rollover or 10.0 ** ((region.digits or 15) - least)) - 1
    unit = {"unit_of_measurement": region.unit} if region.unit else {}
    return {
        "platform": "number",
        "name": f"{name} last good value",
        "icon": "mdi:counter",
        "entity_category": "config",
        "state_topic": topics.region(region.name),
        "value_template": "{{ value_json.good }}",
        "command_topic": topics.request("region/set"),
        "command_template": f'{{"region":"{region.name}","value":{{{{ value }}}}}}',
        "min": min(region.min or 0, most),
        "max": max(most, 0),
        # Home Assistant takes no smaller step.
        "step": max(0.001, 10.0**-finest),
        "mode": "box",
        **unit,
    }


def _rate(region: RegionSettings) -> dict[str, str]:
    unit, device_class = home_units.rate(region.unit, region.device_class)
    said = {"unit_of_measurement": unit, "device_class": device_class}
    return {name: value for name, value in said.items() if value}


def _events(which: str) -> str:
    """Return a template for those messages of the topic `event` that Home Assistant's event is
    about; it ignores what becomes of the others."""
    return f"{{{{ dict(value_json, event_type=value_json.type) | tojson if {which} else '' }}}}"


def _what_it_is(region: RegionSettings) -> dict[str, str]:
    """Return the fields that say what the value of a region is."""
    said = {"icon": region.icon or ("" if region.device_class else "mdi:counter")}
    said |= {"unit_of_measurement": region.unit or "", "device_class": region.device_class or ""}
    said |= {"entity_category": region.entity_category or ""}
    return {name: value for name, value in said.items() if value}


PARTS = {
    "region": "sensor",
    "confidence": "sensor",
    "rate": "sensor",
    "problem": "binary_sensor",
    "change": "event",
    "good": "number",
}
"""What Home Assistant may be told of a region: the first part of the key, and the platform."""


def _removed(region: str) -> dict[str, dict[str, Any]]:
    """Return what removes all that was ever announced of a region. Home Assistant removes a
    component of which the announcement gives the platform only."""
    return {f"{kind}_{region}": {"platform": platform} for kind, platform in PARTS.items()}


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
                "{{ 'ON' if value_json.problem or value_json.messages.error else 'OFF' }}"
            ),
            "json_attributes_topic": topics.health,
            "json_attributes_template": (
                "{{ dict(value_json, why=value_json.problem.why, since=value_json.problem.since) "
                "| tojson if value_json.problem else dict(value_json, "
                "why=value_json.messages.error) | tojson }}"
            ),
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
