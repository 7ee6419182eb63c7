"""What became of every action: the ledger, what it keeps in a file, and having one performed again."""

from astcti.services.delivery.archive import SCHEMA
from astcti.services.delivery.ledger import Ledger
from astcti.services.delivery.ordering import Ordering
from astcti.services.delivery.record import Delivery

__all__ = ["SCHEMA", "Delivery", "Ledger", "Ordering"]
