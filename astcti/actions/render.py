"""Actions for one call: what a template may mention, and the templates of a service filled in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache

from twisted.logger import Logger

from astcti.actions.registry import action_types
from astcti.actions.template import Pairs, shortened
from astcti.config.model import Action
from astcti.errors import UserError
from astcti.interfaces import IAction
from astcti.model.actions import RenderedAction, action_id
from astcti.model.notices import CallView

BUILT_INS = (
    "CALLERID", "CALLERIDNAME", "CALLDATA", "CHANNEL", "UNIQUEID", "DESTCHANNEL", "CONTEXT", "EXTEN", "QUEUE",
    "SERVICE", "ACCOUNTCODE", "LINKEDID", "LANGUAGE", "OPERATOR", "OPERATORNAME", "SEAT", "TIME", "APPDATA",
)  # fmt: skip

MAX_RENDERED = 8192  # bytes of parameters, of which the CTI protocol drops what is longer
_CEILINGS = (0, 512, 64)  # characters of each value in turn; 0 leaves them as they are

_log = Logger()


def values_of(
    call: CallView, *, now: float, seat: str = "", operator: str = "", operator_name: str = ""
) -> dict[str, str]:
    """What a template may mention for this call: the variables of its service, then the built-ins they do not hide.

    :param now: seconds since the epoch, for ``TIME``.
    :param seat: the phone the call reached, e.g. ``PJSIP/201``.
    :param operator: user name of who sits there; ``operator_name`` is the full name.
    """
    variables = dict(call.variables)
    values = {
        "CALLERID": call.number,
        "CALLERIDNAME": call.name,
        "CALLDATA": "",  # the name the service's variable usually has; this stands in where it has none
        "CHANNEL": call.channel,
        "UNIQUEID": call.uniqueid,
        "DESTCHANNEL": call.dest_channel,
        "CONTEXT": call.context,
        "EXTEN": call.exten,
        "QUEUE": call.queue,
        "SERVICE": call.service,
        "ACCOUNTCODE": call.account,
        "LINKEDID": call.linkedid,
        "LANGUAGE": call.language,
        "OPERATOR": operator,
        "OPERATORNAME": operator_name,
        "SEAT": seat,
        "TIME": _iso(int(now)),
        "APPDATA": Pairs(variables),
    }
    for name in variables:
        values.pop(name.upper(), None)
    values.update(variables)
    return values


@lru_cache(16)  # many calls a second, but only so many seconds at a time
def _iso(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def render_actions(
    actions: Iterable[Action],
    values: Mapping[str, str],
    system: str,
    place: str,
    *,
    trigger: str = "LINK",
    mark: str = "",
    types: Mapping[str, IAction] | None = None,
) -> list[RenderedAction]:
    """Fill in those of a service's actions that are for this system, place and trigger; their order is kept.

    An action that cannot be rendered (its plug-in is gone, say) is logged and left out; the others stay.

    :param system: ``LINUX MACINTOSH WINDOWS``, or empty when the client did not say.
    :param place: ``CLIENT`` or ``SERVER``.
    :param mark: of :func:`astcti.model.actions.pop_mark`, for their ids.
    """
    types = action_types() if types is None else types
    rendered = []
    for action in actions:
        if not action.enabled or action.execute_on != place or action.trigger != trigger:
            continue
        if action.os_type not in ("ALL", system):
            continue
        try:
            rendered.append(_render(action, values, types, mark))
        except UserError as e:
            _log.error("action {id} ({type}) is left out: {problem}", id=action.id, type=action.type, problem=str(e))
        except Exception:
            _log.failure("action {id} ({type}) is left out: its plug-in broke", id=action.id, type=action.type)
    return rendered


def _render(action: Action, values: Mapping[str, str], types: Mapping[str, IAction], mark: str) -> RenderedAction:
    """Fill in one action. Where a caller's data is too long for a client to be told, less of each value is used."""
    plugin = types.get(action.type)
    if plugin is None:
        raise UserError(f"no plug-in performs {action.type}")
    if action.execute_on not in plugin.places:
        raise UserError(f"{action.type} cannot run on the {action.execute_on.lower()}")
    id = action_id(action.id, mark)
    for ceiling in _CEILINGS:
        short = shortened(values, ceiling) if ceiling else values
        rendered = plugin.render(id, action.destination, action.parameters, action.encoding, short, action.os_type)
        if len(rendered.parameters.encode("utf-8", "replace")) <= MAX_RENDERED:
            break
        _log.warn("action {id}: the values of this call are too long and are cut", id=action.id)
    return rendered
