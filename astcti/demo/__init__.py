"""``astcti demo``: a simulated PBX, the server and its agents in one process, to be watched.

The PBX is ``astcti.simulator``, everything else is the real thing: the server of ``astcti.tap``, agents of
``astcti.client`` that log in over TCP, and a configuration that goes through the ordinary reader.
"""
