"""A piece of a document: what events that are not about one call are made of, before they are written as XML."""

from __future__ import annotations

from typing import NamedTuple


class Node(NamedTuple):
    """An element. Text and values may be anything; whoever writes it down escapes them."""

    name: str
    attributes: tuple[tuple[str, str], ...] = ()
    text: str = ""
    children: tuple[Node, ...] = ()
