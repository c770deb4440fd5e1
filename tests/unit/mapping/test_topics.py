"""A topic that the sender never sends is refused at the start, where its topics are known."""

from dataclasses import dataclass

import pytest

from service.mapping.load import load
from workers.errors import ConfigurationInvalid

ONE = """
from marshmallow import fields
from service.mapping import Mapping

class One(Mapping):
    class Meta:
        source, collection, key = "erp", "products", "sku"
        topics = ("stock.change", "stock.removed")
    name = fields.String()
"""


@dataclass
class Sender:
    topics: tuple = ("order.paid", "stock.changed", "stock.removed")
    knows: bool = True

    @property
    def knows_topic(self):
        return self.topics.__contains__ if self.knows else None


def test_the_nearest_topic_is_the_hint(settings):
    with pytest.raises(ConfigurationInvalid) as caught:
        load(settings({"m.py": ONE}), senders={"erp": Sender()})
    (problem,) = caught.value.problems
    assert problem.where == "m.py: One.Meta.topics"
    assert problem.found == "'stock.change'"
    assert problem.expected == "a topic that hmac sends: order.paid, stock.changed, stock.removed"
    assert problem.do == "write stock.changed"


def test_a_topic_that_is_like_no_other_gets_no_hint(settings):
    with pytest.raises(ConfigurationInvalid) as caught:
        load(settings({"m.py": ONE}), senders={"erp": Sender(("a", "b"))})
    assert {problem.do for problem in caught.value.problems} == {
        "correct it, or leave topics out to take all"
    }


@pytest.mark.parametrize(
    "senders", [{}, {"shop": Sender()}, {"erp": Sender(knows=False)}], ids=["none", "other", "open"]
)
def test_where_the_topics_are_not_known_any_topic_is_taken(settings, senders):
    assert load(settings({"m.py": ONE}), senders=senders).rules
