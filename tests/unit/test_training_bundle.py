"""A Keras file of the same weights has the same bytes, wherever its objects lay in memory."""

import pytest

from training.bundle import without_addresses


@pytest.mark.parametrize("first", [140710737104336, 7])
def test_shared_objects_are_numbered_in_the_order_in_which_they_come(first: int) -> None:
    config = (
        f'{{"a": {{"shared_object_id": {first}}}, "b": {{"shared_object_id": {first + 5}}}, '
        f'"c": {{"shared_object_id": {first}}}, "units": 12}}'
    )
    assert without_addresses(config.encode()) == (
        b'{"a": {"shared_object_id": 1}, "b": {"shared_object_id": 2}, '
        b'"c": {"shared_object_id": 1}, "units": 12}'
    )
