"""Payloads that no request should have."""

import json
from random import Random

from hypothesis import strategies as st

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
malformed = st.one_of(
    st.binary(max_size=200),
    json_values.map(lambda value: json.dumps(value).encode()),
    st.dictionaries(st.sampled_from(["transaction", "detection", "lines.gap"]), json_values).map(
        lambda value: json.dumps(value).encode()
    ),
    st.integers(1, 3000).map(lambda depth: b'{"a":' * depth),
)


def damaged(payload: bytes, random: Random, copies: int = 19) -> list[bytes]:
    """Return `payload`, and copies of it with a byte replaced by two."""
    made = [payload]
    for _ in range(copies):
        cut = random.randrange(len(payload) + 1)
        made.append(payload[:cut] + random.randbytes(2) + payload[cut + 1 :])
    return made
