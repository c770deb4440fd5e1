"""
Databases whose logs a connector reads, at random: what it sends, in which order, and how it ends.

Transactions write rows under locks, overlap, and commit in any order. Clocks differ from server to
server, and step. The connector restarts and sends again. The database fails over to a server whose
log is another one.
"""

from dataclasses import dataclass, replace

START_US = 1_700_000_000_000_000
SECOND = 1_000_000


@dataclass(frozen=True)
class Sent:
    """One change, as the connector sends it."""

    row: int
    value: int
    connector: str
    position: dict  # of its source
    at_us: int

    @property
    def source(self):
        names = {"connector": self.connector, "name": "erp", "db": "erp", "schema": "public"}
        return names | {"table": "t", "ts_us": self.at_us} | self.position


@dataclass
class Server:
    """Its log begins at *position*; its clock is off by *skew_us*, and steps."""

    position: int
    skew_us: int
    last_commit: int | None = None
    file: int = 3


class Database:
    """
    Args:
        random: Draws all there is to be drawn.
        kind: "commit" (PostgreSQL that tells the last commit), "lsn" (that does not), "binlog"
            (MySQL: in the order of the commits, timed by the beginning of the statement).
        rows: How many there are.
    """

    def __init__(self, random, kind, rows=4):
        self.random, self.kind = random, kind
        self.rows = range(rows)
        self.now_us = START_US
        self.value = 0
        self.open = []  # transactions: [begun µs, {row: value}, [(row, value, lsn)]]
        self.locked = set()
        self.truth = {}
        self.sent = []
        self.server = Server(random.randrange(2 * 10**9, 9 * 10**9), 0, file=random.randint(2, 40))

    def run(self, steps, failovers):
        """Return all that is sent, in order."""
        moves = {self.random.randrange(steps) for _ in range(failovers)}
        for step in range(steps):
            self.now_us += self.random.choice([0, 1000, 40_000, SECOND, 20 * SECOND])
            self._step()
            if step in moves:
                self._fail_over()
        while self.open:
            self._commit(self.open[0])
        return self.sent

    def _step(self):
        match self.random.random():
            case draw if draw < 0.4:
                self._begin()
            case draw if draw < 0.55:
                self._write()
            case draw if draw < 0.85 and self.open:
                self._commit(self.random.choice(self.open))
            case draw if draw < 0.90:
                self._send_again()
            case draw if draw < 0.94:
                self.server.skew_us += self.random.choice([-30, -2, -0.2, 0.2, 2, 30]) * SECOND
            case draw if draw < 0.97:
                self._advance(self.random.choice([10**5, 10**7, 10**9]))

    # the server -------------------------------------------------------------------------------

    def _advance(self, by):
        """Other tables fill the log."""
        self.server.position += by
        if self.kind == "binlog" and by > 10**8:
            self.server.file += 1
            self.server.position = 4

    def _begin(self):
        self.open.append([self.now_us + self.server.skew_us, []])
        self._write(self.open[-1])

    def _write(self, transaction=None):
        free = [row for row in self.rows if row not in self.locked]
        if not free or not (transaction or self.open):
            return
        transaction = transaction or self.random.choice(self.open)
        row = self.random.choice(free)
        self.locked.add(row)
        self._advance(self.random.randint(50, 5000))
        self.value += 1
        transaction[1].append((row, self.value, self.server.position))

    def _commit(self, transaction):
        self.open.remove(transaction)
        begun, writes = transaction
        server = self.server
        # MySQL writes all of it into its log at the commit.
        if self.kind == "binlog":
            writes = [(row, value, self._write_binlog()) for row, value, _ in writes]
        self._advance(self.random.randint(50, 500))
        committed = self.now_us + server.skew_us
        for row, value, position in writes:
            at = begun if self.kind == "binlog" else committed
            self._send(Sent(row, value, *self._place(position), at))
            self.truth[row] = value
            self.locked.discard(row)
        server.last_commit = server.position

    def _write_binlog(self):
        self._advance(self.random.randint(50, 500))
        return self.server.position

    def _place(self, position):
        server = self.server
        if self.kind == "binlog":
            return "mysql", {"file": f"binlog.{server.file:06d}", "pos": position, "row": 0}
        sequence = None
        if self.kind == "commit":
            commit = "null" if server.last_commit is None else f'"{server.last_commit}"'
            sequence = f'[{commit},"{position}"]'
        return "postgresql", {"lsn": position, "sequence": sequence, "txId": position}

    def _fail_over(self):
        """The next server has committed what this one had; what was open is rolled back."""
        self.open.clear()
        self.locked.clear()
        old = self.server
        skew = old.skew_us + round(self.random.choice([-4, -0.5, 0, 0.5, 4]) * SECOND)
        if self.kind == "binlog":
            file = self.random.randint(1, max(1, old.file - 1))
            self.server = Server(self.random.randrange(4, 10**6), skew, file=file)
        else:
            self.server = Server(self.random.randrange(2 * 10**7, 10**9), skew)
        self.now_us += self.random.choice([1, 30, 600]) * SECOND

    # the connector ----------------------------------------------------------------------------

    def _send(self, change):
        self.sent.append(change)

    def _send_again(self):
        """It restarts from an older place, or one request is repeated late."""
        count = self.random.choice([1, 2, 5, 40])
        first = max(0, len(self.sent) - self.random.choice([1, 3, 10, 60]))
        self.sent += [replace(each) for each in self.sent[first : first + count]]
