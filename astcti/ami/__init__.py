"""Talking to Asterisk: a sans-io core (``message actions session dialect``) and ``client``, which has the transport."""
