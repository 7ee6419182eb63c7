"""Sphinx's settings: ``make docs``."""

from astcti import __version__

project = "astcti"
copyright = "the authors of astcti; GPL-3.0-or-later"
release = version = __version__
extensions = ["myst_parser"]  # for performance.md, which ``make bench`` writes
exclude_patterns = ["_build"]
html_theme = "alabaster"
html_theme_options = {
    "description": "The right screen pops on the right desk before the agent says hello",
    "fixed_sidebar": True,
    "page_width": "70em",
    "show_powered_by": False,
}
html_show_sphinx = False
