"""camd doctor: tries everything that reading needs, and says what to do where something fails."""

from camd.doctor.finding import Finding
from camd.doctor.run import examine

__all__ = ["Finding", "examine"]
