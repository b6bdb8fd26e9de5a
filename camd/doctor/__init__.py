"""camd doctor: tries everything a reading depends on, and says what to do about what fails."""

from camd.doctor.finding import Finding
from camd.doctor.run import examine

__all__ = ["Finding", "examine"]
