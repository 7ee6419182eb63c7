"""Everything breaks, in an order drawn by lot, while 200 clients work and calls go on; at the end all must be well.

Processes, each of which can be killed: a simulated PBX (``pbx``), the real server (``server``), real clients
(``crowd``), a MariaDB. Between server and PBX is a line that this process cuts. What is to happen is drawn from a seed
before it begins (``plan``); each kind of it is a function in ``troubles``. Whoever matters keeps a diary (``diary``):
the PBX of who talked with whom, clients of each action they performed and of each login. ``play`` has it all happen,
``judge`` compares the diaries afterwards, ``settling`` what is believed with what the PBX has, ``memory`` how the
server grew.

``python -m tests.chaos --minutes 30 --seed 7`` plays as long as you like.
"""
