"""The words of the protocol, by group of commands; :mod:`astcti.protocols.commandtable` has them all."""
