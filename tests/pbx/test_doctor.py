"""``astcti doctor`` on Asterisk 16 and 22."""

from __future__ import annotations

from tests.pbx.doctoring import beside, places, rights


class Rights16Tests(rights.RightsTests):
    """Asterisk 16."""

    major = 16


class Rights22Tests(rights.RightsTests):
    """Asterisk 22."""

    major = 22


class Places16Tests(places.PlacesTests):
    """Asterisk 16."""

    major = 16


class Places22Tests(places.PlacesTests):
    """Asterisk 22."""

    major = 22


class Beside16Tests(beside.BesideTests):
    """Asterisk 16."""

    major = 16


class Beside22Tests(beside.BesideTests):
    """Asterisk 22."""

    major = 22
