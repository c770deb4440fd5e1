"""What an access of one destination is told of a source that feeds others too."""

from tests.support.api_rig import MAPPINGS, SHOP, VIEW, Rig

ORDERS = 'key = "number"\n        topics = ("sold",)'
SHARED = """

class Ordered(Mapping):
    class Meta:
        source = "till"
        collection = "products"
        key = "sku"
        topics = ("secret-topic",)

    stock = fields.Integer(data_key="qty")
"""


def test_of_a_source_that_is_shared_only_what_is_of_its_destinations_is_told(
    tmp_path, store, store_socket
):
    mappings = MAPPINGS.replace('key = "number"', ORDERS) + SHARED
    rig = Rig(tmp_path, store_socket, mappings=mappings)
    store.hset("instep:stale:till", mapping={"products": 5, "orders": 2})
    (till,) = rig.get("/api/sources", SHOP).json["items"]
    whole = rig.get("/api/sources", VIEW).json["items"][1]
    rig.close()
    assert (till["topics"], till["collections"], till["stale"]) == (["sold"], ["orders"], 2)
    assert (whole["topics"], whole["stale"]) == (["secret-topic", "sold"], 7)
