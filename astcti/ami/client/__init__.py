"""AMI over Twisted: one link (:class:`AMIProtocol`), and one that comes back by itself (:class:`AMIClient`)."""

from astcti.ami.client.endpoint import ami_endpoint, ami_tls
from astcti.ami.client.protocol import AMIFactory, AMIProtocol
from astcti.ami.client.service import AMIClient
from astcti.ami.client.settings import MIN_PAUSE, AMISettings
from astcti.ami.session import Counters, Credentials

__all__ = [
    "MIN_PAUSE",
    "AMIClient",
    "AMIFactory",
    "AMIProtocol",
    "AMISettings",
    "Counters",
    "Credentials",
    "ami_endpoint",
    "ami_tls",
]
