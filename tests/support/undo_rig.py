"""A way out whose writes are undone: no process, no sleep, the clock is moved."""

from service.operate import undo
from service.operate.bulk_runner import BulkRunner
from service.operate.undo_scope import UndoSelection
from tests.support.reconcile_rig import Reconciling
from workers.store.undo_log import UndoLog


class Undoing(Reconciling):
    """See `Reconciling`."""

    def __init__(self, store, **options):
        super().__init__(store, **{"window": 6000, "requests_per_minute": 6000} | options)

    @property
    def log(self):
        return UndoLog(self.context.steps)

    def selection(self, n=None, **named):
        """What is named; *n*: a product by number."""
        if n is not None:
            named |= {"collection": "products", "key": self.record(n)}
        return UndoSelection(**named)

    def estimate(self, n=None, **named):
        self.forget_requests()
        return undo.estimate(self.context, self.selection(n, **named), sleep=self.wait)

    def begin_undo(self, n=None, *, by="alice", approved=True, **named):
        """Begin an undo, and return the id of its run."""
        selection = self.selection(n, **named)
        return undo.start(self.context, selection, by, approved=approved, wake=False)

    def undo(self, n=None, *, approved=True, **named):
        """Undo what is named, let the CMS take it, and return the run."""
        id = self.begin_undo(n, approved=approved, **named)
        self.left = {}
        runner = BulkRunner(self.context, sleep=self.wait)
        run = runner.carry_out(id, lambda *_: None, self.left.__setitem__)
        self.run()
        return run

    def wait(self, seconds):
        """Let time pass, and nothing else."""
        self.pass_time(seconds)

    def written_by(self, id, numbers, **fields):
        """Have fields of products written as the run *id* writes them."""
        for n in numbers:
            self.change(n, fields, version=self.at(), run=id)
        self.run()
