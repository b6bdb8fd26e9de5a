"""The page for browsers: what camd sees, an API for programs, and drawing regions. It is served
from a thread of its own; only that thread imports Starlette and uvicorn."""
