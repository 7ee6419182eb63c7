"""The running things: each owns one resource and lets go of it.

============ =======================================================================================================
the PBX      ``link`` keeps the link (made by ``pbx``), ``stock`` asks what there is, ``following`` is the path of
             every event, ``sweeping`` ends calls that never ended
the floor    ``desk`` is what sessions talk to; behind it ``reception`` answers commands, ``floor`` knows who sits
             where, ``telling`` finds the one client a notice is for, ``heard`` which calls it knows of
what rules   ``books`` holds one configuration's tables: ``seating`` (seats) and ``audience`` (services and actions);
             ``edition`` makes them, ``changeover`` puts another configuration in their place, ``succession``
             brings those who are there up to date, in slices (``slicing``)
who is who   ``accounts`` with ``credentials``, ``hashpool`` and ``lockout``
what lasts   ``store`` writes a SQLite file in a thread; on it ``journal``: memberships, pauses, log, calls that popped
the door     ``door`` opens, closes and moves the listeners
the rest     ``serveractions``, ``control`` with ``commands`` and ``status`` (``astcti ctl``), ``logs``, ``hangup``
             (SIGHUP), ``memory``, ``counters``, and ``server``, which begins and ends everything in order
============ =======================================================================================================
"""
