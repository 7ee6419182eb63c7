"""Where the bootstrap file is when nobody says."""

from __future__ import annotations

import os
from pathlib import Path

from astcti.errors import ConfigError

VARIABLE = "ASTCTI_CONFIG"
PLACES = ("etc/astcti.xml", "/etc/astcti/astcti.xml")


def find_bootstrap(said: str | None) -> Path:
    """The bootstrap file: the one said, the one of ``$ASTCTI_CONFIG``, or the first that is there of :data:`PLACES`.

    :raises ConfigError: there is none.
    """
    wanted = said or os.environ.get(VARIABLE, "")
    if wanted:
        return Path(wanted)
    for place in PLACES:
        if Path(place).exists():
            return Path(place)
    raise ConfigError(f"say with --config FILE where the bootstrap file is; it is not at {' nor '.join(PLACES)}")
