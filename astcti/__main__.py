"""Lets ``python -m astcti`` be the command ``astcti``."""

import sys

from astcti.commands import main

sys.exit(main())
