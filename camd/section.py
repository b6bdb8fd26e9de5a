from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A table of config.toml; a field's `description` is the comment beside it there."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False, allow_inf_nan=False)
