"""What can be asked of the PBX in one call each, by the names starpy made known."""

from __future__ import annotations

from collections.abc import Mapping

from twisted.internet.defer import Deferred

from astcti.ami import actions
from astcti.ami.actions import Action
from astcti.ami.message import Message


class Verbs:
    """Typed actions as methods. Each Deferred fires with the response, or with the events of a list.

    It fails with :class:`~astcti.errors.AMIRefused` (the PBX's words), :class:`~astcti.errors.AMITimeout`,
    :class:`~astcti.errors.AMILost` or :class:`~astcti.errors.AMIUnsendable`.
    """

    def sendAction(self, action: Action, seconds: float | None = None) -> Deferred[Message]:
        """Ask for something; fires with the response.

        :param seconds: how long that may take, instead of the usual time.
        """
        raise NotImplementedError

    def collectAction(self, action: Action, seconds: float | None = None) -> Deferred[list[Message]]:
        """Ask for a list; fires with its events, without the one that ends it.

        :param seconds: the longest pause between two of them.
        """
        raise NotImplementedError

    def ping(self) -> Deferred[Message]:
        """Ask whether anybody is there."""
        return self.sendAction(actions.Ping())

    def command(self, command: str) -> Deferred[list[str]]:
        """Run a console command; fires with the lines it printed."""
        return self.sendAction(actions.Command(command)).addCallback(lambda message: message.output)

    def getVar(self, channel: str | None, variable: str) -> Deferred[str]:
        """Fires with the value of a variable of a channel, or (with ``None``) of a global one."""
        return self.sendAction(actions.Getvar(variable, channel)).addCallback(lambda message: message.get("Value"))

    def setVar(self, channel: str | None, variable: str, value: str) -> Deferred[Message]:
        """Set a variable of a channel, or a global one."""
        return self.sendAction(actions.Setvar(variable, value, channel))

    def originate(
        self,
        channel: str,
        context: str,
        exten: str,
        *,
        priority: int = 1,
        timeout: int | None = None,
        caller_id: str | None = None,
        account: str | None = None,
        channel_id: str | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> Deferred[Message]:
        """Ring a channel and connect it to an extension; ``OriginateResponse`` tells later what became of it.

        :param timeout: milliseconds for ``channel`` to answer.
        """
        return self.sendAction(
            actions.Originate(
                channel,
                context=context,
                exten=exten,
                priority=priority,
                timeout=timeout,
                caller_id=caller_id,
                account=account,
                channel_id=channel_id,
                variables=variables or {},
            )
        )

    def redirect(self, channel: str, context: str, exten: str, priority: int = 1) -> Deferred[Message]:
        """Send a channel elsewhere; fires before the new phone rings."""
        return self.sendAction(actions.Redirect(channel, context, exten, priority))

    def blindTransfer(self, channel: str, context: str, exten: str) -> Deferred[Message]:
        """Send whoever talks with ``channel`` to an extension."""
        return self.sendAction(actions.BlindTransfer(channel, context, exten))

    def atxfer(self, channel: str, exten: str, context: str | None = None) -> Deferred[Message]:
        """Begin a transfer with consultation."""
        return self.sendAction(actions.Atxfer(channel, exten, context))

    def hangup(self, channel: str) -> Deferred[Message]:
        """Hang up."""
        return self.sendAction(actions.Hangup(channel))

    def park(self, channel: str, announce_channel: str | None = None, timeout: int | None = None) -> Deferred[Message]:
        """Park a channel, for so many milliseconds."""
        return self.sendAction(actions.Park(channel, announce_channel=announce_channel, timeout=timeout))

    def mixMonitor(self, channel: str, file: str, options: str | None = None) -> Deferred[Message]:
        """Record a call."""
        return self.sendAction(actions.MixMonitor(channel, file, options))

    def stopMixMonitor(self, channel: str) -> Deferred[Message]:
        """Stop recording."""
        return self.sendAction(actions.StopMixMonitor(channel))

    def extensionState(self, exten: str, context: str) -> Deferred[Message]:
        """The state of a hint, in ``Status``."""
        return self.sendAction(actions.ExtensionState(exten, context))

    def queueAdd(
        self,
        queue: str,
        interface: str,
        penalty: int = 0,
        paused: bool = False,
        memberName: str | None = None,
        stateInterface: str | None = None,
    ) -> Deferred[Message]:
        """Put a member into a queue."""
        return self.sendAction(actions.QueueAdd(queue, interface, penalty, paused, memberName, stateInterface))

    def queueRemove(self, queue: str, interface: str) -> Deferred[Message]:
        """Take a member out of a queue."""
        return self.sendAction(actions.QueueRemove(queue, interface))

    def queuePause(
        self, queue: str | None, interface: str, paused: bool = True, reason: str | None = None
    ) -> Deferred[Message]:
        """Pause or unpause a member, in one queue or (with ``None``) in all."""
        return self.sendAction(actions.QueuePause(interface, paused, queue, reason))

    def queuePenalty(self, queue: str | None, interface: str, penalty: int) -> Deferred[Message]:
        """Change a member's penalty, in one queue or in all."""
        return self.sendAction(actions.QueuePenalty(interface, penalty, queue))

    def queueStatus(self, queue: str | None = None, member: str | None = None) -> Deferred[list[Message]]:
        """``QueueParams``, ``QueueMember`` and ``QueueEntry`` events."""
        return self.collectAction(actions.QueueStatus(queue, member))

    def queueSummary(self, queue: str | None = None) -> Deferred[list[Message]]:
        """``QueueSummary`` events."""
        return self.collectAction(actions.QueueSummary(queue))

    def status(self, channel: str | None = None) -> Deferred[list[Message]]:
        """``Status`` events, one for each channel."""
        return self.collectAction(actions.Status(channel))

    def coreShowChannels(self) -> Deferred[list[Message]]:
        """``CoreShowChannel`` events, one for each channel."""
        return self.collectAction(actions.CoreShowChannels())

    def parkedCalls(self) -> Deferred[list[Message]]:
        """``ParkedCall`` events."""
        return self.collectAction(actions.ParkedCalls())

    def bridgeList(self) -> Deferred[list[Message]]:
        """``BridgeListItem`` events."""
        return self.collectAction(actions.BridgeList())
