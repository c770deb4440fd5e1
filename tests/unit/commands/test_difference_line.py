"""How a difference is printed."""

from service.commands.reconcile import difference_line


def test_the_sides_are_called_as_users_call_them():
    found = {"cause": "missed event", "key": "P-2", "item": None, "field": "stock", "source": 8}
    found |= {"outbox": 3, "cms": 3, "action": "accept", "why": "", "outcome": "repaired"}
    words = "missed event: P-2 stock: source 8, Instep 3, CMS 3 → repaired"
    assert difference_line(found) == words
