"""Names of character sets: the Qt names of older configurations, mapped to Python's codecs."""

from __future__ import annotations

import codecs
import re

# Codecs of Python that are no character sets: they would interpret a caller's data, or cannot encode at all.
_NO_CHARSET = frozenset(
    {"idna", "punycode", "raw-unicode-escape", "unicode-escape", "undefined", "mbcs", "oem", "utf-7"}
)

# Spelling without blanks, dots, dashes and underscores, lower case -> Python. Names that Python understands
# itself (UTF-8, Big5-HKSCS, KOI8-R, Windows-1250, ISO-8859-15 ...) are not repeated here.
_QT_NAMES = {
    "gb180300": "gb18030",
    "iso2022jp": "iso2022_jp",
    "ibm850": "cp850",
    "ibm866": "cp866",
    "ibm874": "cp874",
    "appleroman": "mac_roman",
    "tis620": "tis_620",
    "roman8": "hp_roman8",
    "shiftjis": "shift_jis",
    "system": "utf-8",
}

# In Qt's list but without a codec in Python; said apart from a typing error.
_NO_CODEC = re.compile(r"iscii.*|mulelao1|tscii|jisx020[18]|winsami2")


def codec_of(name: str) -> str:
    """The Python codec for an ``ENCODING``; ``utf-8`` for an empty one.

    :raises ValueError: with a sentence that says what is wrong with the name.
    """
    if not name.strip():
        return "utf-8"
    plain = re.sub(r"[\s._-]", "", name).lower()
    if _NO_CODEC.fullmatch(plain):
        raise ValueError(f"encoding {name!r} is of an older system and no longer available")
    found = _python_codec(_QT_NAMES.get(plain, "")) or _python_codec(name.strip()) or _python_codec(plain)
    if found is None:
        raise ValueError(f"encoding {name!r} is not known")
    return found


def line_codec_of(name: str) -> str:
    """As :func:`codec_of`, for lines of a protocol: ASCII has to be the same bytes in it.

    :raises ValueError: with a sentence that says what is wrong with the name.
    """
    found, characters = codec_of(name), "\n" + "".join(map(chr, range(0x20, 0x7F)))
    if characters.encode(found, "replace") != characters.encode("ascii"):
        raise ValueError(f"encoding {name!r} does not write ASCII as it is; lines would not be lines in it")
    return found


def _python_codec(name: str) -> str | None:
    """Python's own name of a text codec, or nothing."""
    if not name or not name.isascii():
        return None
    try:
        info = codecs.lookup(name)
    except (LookupError, ValueError):  # ValueError: a NUL in the name
        return None
    if info.name in _NO_CHARSET or not getattr(info, "_is_text_encoding", True):
        return None
    return info.name
