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
class Known:
    examples: tuple = ("order.paid", "stock.changed", "stock.removed")

    def has(self, topic):
        return topic in self.examples


def test_the_nearest_topic_is_the_hint(settings):
    with pytest.raises(ConfigurationInvalid) as caught:
        load(settings({"m.py": ONE}), topics={"erp": Known()})
    (problem,) = caught.value.problems
    assert problem.where == "m.py: One.Meta.topics"
    assert problem.found == "'stock.change'"
    assert problem.expected == "a topic that hmac sends: order.paid, stock.changed, stock.removed"
    assert problem.do == "write stock.changed"


def test_a_topic_that_is_like_no_other_gets_no_hint(settings):
    with pytest.raises(ConfigurationInvalid) as caught:
        load(settings({"m.py": ONE}), topics={"erp": Known(("a", "b"))})
    assert {problem.do for problem in caught.value.problems} == {
        "correct it, or leave topics out to take all"
    }


@pytest.mark.parametrize(
    "topics", [{}, {"shop": Known()}, {"erp": None}], ids=["none", "other", "open"]
)
def test_where_the_topics_are_not_known_any_topic_is_taken(settings, topics):
    assert load(settings({"m.py": ONE}), topics=topics).rules
