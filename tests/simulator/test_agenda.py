"""Time and scripts: things happen in order, and a script is told, waits, or is interrupted."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from astcti.simulator.agenda import Actor, Agenda, Interruption, Script


class AgendaTests(SynchronousTestCase):
    """The order of things."""

    def test_order(self) -> None:
        """Earlier things happen first, those of one time as they were put down, each at its own time."""
        agenda, done = Agenda(100.0), []
        for when, what in ((105.0, "c"), (101.0, "a"), (101.0, "b"), (99.0, "at once")):
            agenda.at(when, lambda w: done.append((agenda.now, w)), what)
        self.assertTrue(agenda.run(104.0))
        self.assertEqual(done, [(100.0, "at once"), (101.0, "a"), (101.0, "b")])
        self.assertEqual((agenda.now, agenda.next_due), (104.0, 105.0))

    def test_cancel(self) -> None:
        """What was called off does not happen, and nobody waits for it."""
        agenda, done = Agenda(0.0), []
        agenda.later(1, done.append, "x").cancel()
        self.assertIsNone(agenda.next_due)
        agenda.run(2)
        self.assertEqual(done, [])

    def test_wild(self) -> None:
        """Something that puts itself down again and again does not keep the PBX from everything else."""
        agenda = Agenda(0.0)

        def again() -> None:
            agenda.later(0, again)

        again()
        self.assertFalse(agenda.run(1, most=50))


class ActorTests(SynchronousTestCase):
    """A script on its channel."""

    def setUp(self) -> None:
        """A script that notes what it is told, in a time of its own."""
        self.agenda = Agenda(0.0)
        self.heard: list[object] = []
        self.actor = Actor(self.agenda, self.script())

    def script(self) -> Script:
        """Listens for five seconds at a time, until it is interrupted."""
        try:
            while True:
                self.heard.append((yield 5.0))
        except Interruption:
            self.heard.append("interrupted")
            yield 1.0
            self.heard.append("over")

    def test_waits(self) -> None:
        """Nothing told: it goes on when its time is over."""
        self.agenda.run(11)
        self.assertEqual(self.heard, [None, None])

    def test_told(self) -> None:
        """What is told arrives at once and in order, even before it began to listen."""
        self.actor.tell("one")
        self.actor.tell("two")
        self.agenda.run(0)
        self.assertEqual(self.heard, ["one", "two"])
        self.agenda.run(5)
        self.assertEqual(self.heard, ["one", "two", None])

    def test_interrupted(self) -> None:
        """An interruption overtakes what was told, ends the wait, and the script may still take its leave."""
        self.agenda.run(1)
        self.actor.tell("not heard")
        self.actor.interrupt(Interruption())
        self.actor.interrupt(Interruption("not this one"))
        self.agenda.run(1)
        self.assertEqual(self.heard, ["interrupted"])
        self.agenda.run(3)
        self.assertEqual(self.heard, ["interrupted", "over"])
        self.assertFalse(self.actor.alive)
        self.actor.tell("nobody there")
        self.assertIsNone(self.agenda.next_due)

    def test_interrupted_before_it_began(self) -> None:
        """A script that is interrupted in its first moment still takes its leave."""
        self.actor.interrupt(Interruption())
        self.agenda.run(2)
        self.assertEqual(self.heard, ["interrupted", "over"])
