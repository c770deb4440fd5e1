"""Generated requests to /api, right and wrong ones: each answer is as OpenAPI describes it."""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tests.support.api_rig import ADMIN, Rig

EXAMPLES = 3  # of each operation and mode
MORE = 100  # with --full
# Which keys of their bodies go together is not in their schemas: 422 may answer what fits those.
TOGETHER = {
    *("/api/deletes/approve", "/api/deletes/drop", "/api/deliveries/replay", "/api/undo"),
}


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


def _ask(operation, mode, full):
    left_out = [positive_data_acceptance] if operation.path in TOGETHER else []

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
        headers = {"Authorization": f"Bearer {ADMIN}"}
        answer = case.call_and_validate(headers=headers, excluded_checks=left_out)
        if left_out and mode is GenerationMode.POSITIVE:
            assert answer.status_code in (200, 202, 404, 409, 422)

    ask()


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_every_answer_is_as_described(schema, mode, request):
    operations = [each.ok() for each in schema.get_all_operations()]
    assert {each.path for each in operations} > TOGETHER
    for operation in operations:
        _ask(operation, mode, request.config.getoption("--full"))
