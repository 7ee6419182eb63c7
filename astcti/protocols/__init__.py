"""Talking to operators: the line protocol of ``docs/protocol.rst``, both sides, without I/O but in two places.

====================  ==========================================================================================
``session``           the server's side of one connection in time: bytes in, bytes out, time-outs, speed
``conversation``      lines to commands, commands to the desk, answers to lines
``voice``             what a client is told without asking, and how its connection ends
``commandtable``      every command: where it is heard, how it is read; ``answers``: how the desk's answers are written
``intake``            bytes to lines (``framing``), inflated (``inflation``)
``outflow``           lines to bytes, in the client's dialect (``replies``), compressed (``compression``)
``xmlevents``         call events to XML; ``xmlreading`` reads them back; ``events.rng`` is their schema
``patience``          the time limits of one client; ``wheel`` keeps those of all on one timer
``gate``              how many may be logging in at once
``limits``            every ceiling; ``settings``: those that an administrator may move
``context``           what all sessions of a server share
``transport``         joins sessions to Twisted: connections, listeners, TLS (I/O)
``client``            the client's side: the session machine, and on Twisted (I/O) the library that others use
====================  ==========================================================================================
"""
