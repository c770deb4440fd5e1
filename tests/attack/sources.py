"""What the sources of a history send, and when it arrives: at once, later, again, or never."""

from tests.attack.truth import GONE, Event

FIELDS = {"products": ("stock", "price"), "prices": ("price", "stock"), "notes": ("note", "of")}
EVENTS = {"stock": 8, "gone": 2, "price": 5, "till": 2, "note": 4, "note_gone": 1}


class Sources:
    """
    Args:
        world: Reset.
        width: Of how many histories; each has records of its own.
    """

    def __init__(self, world, width=1):
        self.world, self.truth, self.width = world, world.truth, width
        self.mail = []  # (source, [events]) that were sent and have not arrived
        self.arrived = []
        self.source = {}  # key → (values, rev) as the system of the products holds it now
        self.number = 0
        self.exact = True  # nothing but deliveries has been accepted
        self.dropped = False  # a delivery of the products never came

    def send(self, chance, source, events):
        if chance.random() < 0.3:
            self.mail.append((source, events))
        else:
            self.arrive(source, events)
            if chance.random() < 0.1:
                self.arrive(source, events)

    def arrive(self, source, events):
        self.world.deliver(source, events)
        self.arrived.append((source, events))
        del self.arrived[:-8]

    def op_events(self, chance):
        """Most histories have an event; those of one source come together."""
        sent = {}
        for n in range(1, self.width + 1):
            if self.width > 1 and chance.random() < 0.2:
                continue
            name = chance.choices(list(EVENTS), list(EVENTS.values()))[0]
            event = getattr(self, f"_{name}")(chance, n)
            sent.setdefault(event.source, []).append(event)
        for source, events in sent.items():
            half = chance.choice((0, 0, len(events) // 2))
            for part in filter(None, (events[:half], events[half:])):
                self.send(chance, source, part)

    def _stock(self, chance, n):
        key, rev = chance.choice((f"K{n}", f"K{n}", f"New{n}")), self._next()
        held, _ = self.source.get(key) or ({}, 0)
        values = {slug: self._value(chance) for slug in FIELDS["products"] if chance.random() < 0.7}
        if chance.random() < 0.6 or not values or key[0] == "N":
            values["name"] = f"{key} {chance.randrange(3)}"
        payload = {"id": f"e{rev}", "type": "changed", "sku": key, "rev": rev, **values}
        if chance.random() < 0.08 and "price" in values:
            # It cannot be read; the source holds the one before.
            payload["price"] = "dear"
            values.pop("price")
        self.source[key] = ({**held, **values}, rev)
        return Event("erp", f"e{rev}", "products", key, values, (2, rev, 0), payload)

    def _gone(self, chance, n):
        key, rev = chance.choice((f"K{n}", f"K{n}", f"New{n}")), self._next()
        kind, way = chance.choice((("gone", "archive"), ("deleted", "delete")))
        self.source.pop(key, None)
        payload = {"id": f"e{rev}", "type": kind, "sku": key, "rev": rev}
        return Event("erp", f"e{rev}", "products", key, {GONE: way}, (2, rev, 0), payload)

    def _price(self, chance, n):
        key, rev = f"Ghost{n}" if n % 4 == 0 else f"K{n}", self._next()
        values = {slug: self._value(chance) for slug in FIELDS["prices"] if chance.random() < 0.7}
        values = values or {"price": self._value(chance)}
        payload = {"id": f"s{rev}", "type": "changed", "sku": key, **values}
        at = "held"
        if chance.random() < 0.85:
            moment = self._moment(chance)
            at = (1, moment * 1_000_000, 0)
            payload["at"] = moment
        return Event("shop", f"s{rev}", "prices", key, values, at, payload)

    def _moment(self, chance):
        """A time of change, s: apart from all that arrival has given, or as it was before."""
        given = [number / 1e6 for number in self.truth.arrivals]
        moment = int(self.world.clock.t) - chance.choice((0, 0, 1, 20, 300))
        while any(abs(moment - other) < 2 for other in given):
            moment -= 3
        return moment

    def _till(self, chance, n):
        key, rev = f"K{n}", self._next()
        values = {"price": self._value(chance)}
        payload = {"id": f"t{rev}", "type": "changed", "sku": key, **values}
        return Event("till", f"t{rev}", "prices", key, values, None, payload)

    def _note(self, chance, n):
        key = chance.choice((f"K{n}", f"N{n}"))
        values = {"name": f"{key} {chance.randrange(3)}", "note": f"n{self._next()}"}
        payload = {"type": "changed", "sku": key, **values}
        if chance.random() < 0.4:
            payload["of"] = chance.choice((f"K{n}", f"New{n}"))
            values["of"] = payload["of"]
        return Event("bare", None, "notes", key, values, None, payload)

    def _note_gone(self, chance, n):
        key = chance.choice((f"K{n}", f"N{n}"))
        payload = {"type": "gone", "sku": key}
        return Event("bare", None, "notes", key, {GONE: "unpublish"}, None, payload)

    def op_notice(self, chance):
        self._notice(f"K{chance.randrange(1, self.width + 1)}")

    def _notice(self, key):
        self.world.objects[key] = f"o{self._next()}"
        self.world.notify(key, f"n{self.number}")
        self.exact = False

    def touch_each(self):
        """Something new comes for one record of each collection."""
        n = self._next()
        values = {"stock": 5000 + n, "name": f"K1 {n}"}  # by which its item can be made, too
        payload = {"id": f"e{n}", "type": "changed", "sku": "K1", "rev": n, **values}
        self.source["K1"] = ({**self.source.get("K1", ({}, 0))[0], **values}, n)
        self.arrive("erp", [Event("erp", f"e{n}", "products", "K1", values, (2, n, 0), payload)])
        values = {"price": 5000 + n}
        payload = {"id": f"t{n}", "type": "changed", "sku": "K1", **values}
        self.arrive("till", [Event("till", f"t{n}", "prices", "K1", values, None, payload)])
        values = {"note": f"n{n}"}
        payload = {"type": "changed", "sku": "K1", **values}
        self.arrive("bare", [Event("bare", None, "notes", "K1", values, None, payload)])
        self._notice("K1")

    def op_mail(self, chance):
        """Some of what is on its way arrives, in any order."""
        chance.shuffle(self.mail)
        for _ in range(min(len(self.mail), chance.choice((1, 2, 5)))):
            self.arrive(*self.mail.pop())

    def op_again(self, chance):
        """What came before comes once more."""
        if self.arrived:
            source, events = chance.choice(self.arrived)
            # One without an id is a change of its own, of the values of then.
            self.arrive(source, events)

    def op_lose(self, chance):
        """A delivery of the products never comes."""
        lost = [one for one in self.mail if one[0] == "erp"]
        if lost:
            self.mail.remove(chance.choice(lost))
            self.dropped = True

    def _next(self):
        self.number += 1
        return self.number

    def _value(self, chance):
        return chance.choice((self.number % 5, chance.randrange(1000)))
