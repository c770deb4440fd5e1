"""Generated requests to /api, right and wrong ones: each answer is as OpenAPI describes it."""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode

from tests.support.api_rig import ADMIN, Rig

EXAMPLES = 3  # of each operation and mode
MORE = 100  # with --full


@pytest.fixture(scope="module")
def rig(tmp_path_factory, store_socket):
    rig = Rig(tmp_path_factory.mktemp("api"), store_socket)
    rig.context.steps.client.flushall()
    rig.fill()
    yield rig
    rig.close()


@pytest.fixture(scope="module")
def schema(rig):
    headers = {"Authorization": f"Bearer {ADMIN}"}
    return schemathesis.openapi.from_wsgi("/api/openapi.json", rig.app, headers=headers)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_every_answer_is_as_described(schema, mode, request):
    full = request.config.getoption("--full")
    operations = [each.ok() for each in schema.get_all_operations()]
    assert len(operations) > 5
    for operation in operations:

        @settings(
            max_examples=MORE if full else EXAMPLES,
            derandomize=not full,
            deadline=None,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(operation.as_strategy(generation_mode=mode))
        def ask(case):
            case.call_and_validate(headers={"Authorization": f"Bearer {ADMIN}"})

        ask()
