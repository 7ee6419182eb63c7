"""An action of your own: tell a web service about the call, as JSON.

PARAMETERS are the names of the variables to send, ACTION_DESTINATION is the URL of the service.
"""

import json
from dataclasses import dataclass
from io import BytesIO

from twisted.plugin import IPlugin
from twisted.web.client import Agent, FileBodyProducer
from twisted.web.http_headers import Headers
from zope.interface import implementer

from astcti.actions.outcomes import outcome_of
from astcti.actions.template import value_of
from astcti.actions.urls import fault_of_url
from astcti.errors import UserError
from astcti.interfaces import IAction
from astcti.model.actions import RenderedAction


@implementer(IPlugin, IAction)
@dataclass(frozen=True)
class Webhook:
    type_name: str = "WEBHOOK"
    label: str = "web service"
    element: str = "action"
    places: frozenset[str] = frozenset({"CLIENT", "SERVER"})

    def validate(self, destination, parameters, encoding, schemes, system="ALL"):
        faults = [fault_of_url(destination)]
        if not parameters.split():
            faults.append("which variables shall be sent?")
        return [fault for fault in faults if fault]

    def render(self, id, destination, parameters, encoding, values, system="ALL"):
        body = {name: value_of(name, values) for name in parameters.split()}
        return RenderedAction(id, self.type_name, destination, json.dumps(body))

    def perform(self, action, place):
        return outcome_of(lambda: self.post(action, place))

    async def post(self, action, place):
        agent = Agent(place.reactor, connectTimeout=place.seconds)
        headers = Headers({"Content-Type": ["application/json"]})
        body = FileBodyProducer(BytesIO(action.parameters.encode()))
        response = await agent.request(b"POST", action.destination.encode(), headers, body)
        if response.code >= 400:
            raise UserError(f"the service answered {response.code}")


webhook = Webhook()
