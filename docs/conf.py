"""How Sphinx builds the site from docs/: see scripts/docs."""

import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from sphinx.application import Sphinx  # noqa: E402

from docs import generated  # noqa: E402  # it lies beside this file, which Sphinx does not know

with (ROOT / "pyproject.toml").open("rb") as file:
    release = version = tomllib.load(file)["project"]["version"]
project = "camd"
author = "the authors of camd"
project_copyright = "MIT License"
extensions = ["myst_parser", "sphinx_copybutton", "sphinx_design"]
source_suffix = {".md": "markdown"}
nitpicky = True

# Anchors of headings as GitHub and Forgejo make them, so that one link works here and there.
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]

html_theme = "furo"
html_title = "camd"
html_static_path = ["_static"]
html_css_files = ["camd.css"]
html_favicon = "_static/favicon.svg"
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_theme_options = {"navigation_with_keys": True, "top_of_page_buttons": []}
# Prompts and comments at the end of a line are not part of a command.
copybutton_prompt_text = r"\$ "
copybutton_prompt_is_regexp = True
pygments_style = "default"
pygments_dark_style = "monokai"


def setup(app: Sphinx) -> None:
    """Fill what is generated into the pages as they are read."""
    app.connect("source-read", lambda _app, name, text: generated.fill(name, text))
