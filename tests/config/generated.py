"""Configurations that nobody should write, made by hypothesis as TOML text and as environment."""

import json

from hypothesis import strategies as st

from camd.config.keys import known_keys

NASTY = (
    "", " ", "/", ".", "..", "a\0b", "x" * 5000, "/".join(["x" * 100] * 50), "~nobody-here/x",
    "/dev/null", "/proc/self/mem", "rtsp://u:p#w@h", "rtsp:/u:p@h", "mqtt://u:p@h", "[::1", "a..b",
    "255.255.255.255", "x{99999999999999999999}", "(" * 199, "(?P<a>", "[", "(a|b)*" * 30, "\\",
    "\udbff",
)  # fmt: skip


def _quoted(text: str) -> str:
    text = text.encode("utf-8", "replace").decode()
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


texts = st.sampled_from(NASTY) | st.text(max_size=20)
numbers = st.one_of(
    st.integers(-(2**70), 2**70).map(str),
    st.integers(4000, 6000).map(lambda digits: "9" * digits),
    st.integers(1000, 6000).map(lambda digits: "0x" + "f" * digits),
    st.floats().map(repr),
    st.sampled_from(["1e999", "-0.0", "nan", "inf", "1979-05-27", "07:32:00", "true", "0b1"]),
)
deep = st.tuples(
    st.sampled_from([("[", "]"), ("{a = ", "}"), ("[{a = ", "}]")]), st.integers(1, 1500)
).map(lambda item: item[0][0] * item[1] + "1" + item[0][1] * item[1])
values = st.recursive(
    texts.map(_quoted) | numbers | deep,
    lambda inner: (
        st.lists(inner, max_size=4).map(lambda items: f"[{', '.join(items)}]")
        | st.lists(inner, max_size=2).map(
            lambda items: "{" + ", ".join(f"k{n} = {item}" for n, item in enumerate(items)) + "}"
        )
    ),
    max_leaves=6,
)
keys = st.sampled_from([key for key in known_keys() if not key.startswith(("region", "mask"))])
odd_keys = st.one_of(
    st.integers(1, 1500).map(lambda depth: ".".join("a" * depth)),
    st.sampled_from(["mqtt", "region", "mask", "camera", "mqtt.password.x", '"a b"', "region.0"]),
    st.text(min_size=1, max_size=5).map(_quoted),
)
lines = st.tuples(keys | keys | odd_keys, values).map(" = ".join)
places = st.lists(
    st.tuples(
        st.sampled_from([key[7:] for key in known_keys() if key.startswith("region.")]), values
    ).map(" = ".join),
    max_size=4,
).map(lambda fields: "\n".join(["[[region]]", 'name = "a"', *fields]))
tomls = st.lists(lines, max_size=4).flatmap(
    lambda some: st.lists(places, max_size=2).map(lambda more: "\n".join([*some, *more]))
)
files = st.one_of(
    tomls.map(str.encode),
    tomls.map(lambda text: b"\xef\xbb\xbf" + text.encode()),
    tomls.map(lambda text: text.encode("utf-16")),
    tomls.map(lambda text: text.encode("latin-1", "replace")),
    st.binary(max_size=60),
    st.text(max_size=60).map(str.encode),
)
"""The bytes of a file."""

variables = st.one_of(
    keys.map(lambda key: key.upper().replace(".", "__")),
    st.integers(1, 1500).map(lambda depth: "__".join("A" * depth)),
    st.sampled_from(["", "_", "__", "MQTT", "REGION", "REGION__0", "MASK", "\udc80"]),
)
environments = st.dictionaries(
    variables.map("CAMD_".__add__),
    texts
    | numbers
    | st.integers(1, 1500).map(lambda depth: "[" * depth + "]" * depth)
    | st.integers(1, 1500).map(lambda depth: '{"a":' * depth + "1" + "}" * depth)
    | st.sampled_from(['{"password": "x"}', '{"host": ["x"]}', "[1", '[{"name": 1}]']),
    max_size=3,
)
