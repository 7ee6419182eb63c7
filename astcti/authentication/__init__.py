"""Who knows passwords: the plug-in package of sources of authentication.

The built-in sources live here beside those of others and use no private door. Somebody else's distribution ships
``astcti/authentication/their_name.py`` (and no ``__init__.py`` beside it): it is found along ``sys.path``.
See ``docs/login.rst``.
"""

from twisted.plugin import pluginPackagePaths

__path__.extend(pluginPackagePaths(__name__))
__all__: list[str] = []  # twisted.plugin looks into the modules; importing them here would go in a circle
