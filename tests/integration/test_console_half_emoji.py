"""Half of an emoji, as JSON can name it and UTF-8 cannot: every page shows it, none fails."""

import pytest

from service.operate.deliveries import list_deliveries
from tests.support.refusals import group_of, refuse

SIGNED = {"Authorization": "Bearer s3cret-of-the-erp"}
HALF = "\ud83d"


@pytest.fixture
def console(fast_console):
    fast_console.app.testing = False  # as it is served: what is not caught is answered with 500
    yield fast_console
    fast_console.app.testing = True


def test_it_is_shown_on_every_page(console):
    someone, context = console.person(), console.context
    body = b'{"topic": "stock", "sku": "A", "title": "a \\ud83d b", "qty": "\\ud83d"}'
    answer = console.app.test_client().post("/webhooks/erp", data=body, headers=SIGNED)
    assert answer.status_code == 200, answer.text
    (letter,) = context.letters.ids()  # of the quantity
    refuse(context, "E-1", values={"stock": f"a {HALF}"})
    groups = [group_of(context, id) for id in context.letters.ids()]
    paths = ["/", "/records", "/problems", "/runs", "/sources", "/settings/audit"]
    paths += [f"/problems/{group}{page}" for group in groups for page in ("", "/export")]
    paths += [f"/problems/failures/{id}" for id in context.letters.ids()]
    paths += [
        "/sources/erp",
        f"/sources/erp?letter={letter}",
        "/records/record?collection=products&key=E-1",
    ]
    deliveries = list_deliveries(context, source="erp", configuration=console.rig.configuration)
    ids = [each["id"] for each in deliveries.items]
    paths += [f"/sources/erp/deliveries/{id}" for id in ids]
    paths += [f"/sources/erp?delivery={id}" for id in ids]
    answers = {path: someone.get(path) for path in paths}
    assert all(answer.text for answer in answers.values())
    found = {path: answer.status_code for path, answer in answers.items()}
    assert found == dict.fromkeys(paths, 200)
