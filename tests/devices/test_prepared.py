"""Prepared look-ups: the row that the ORM would have found, to the last field, in whatever thread."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections, models
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from devices.models import ApiKey, App
from devices.prepared import Prepared
from tests.devices.conftest import Tenant

of_app_and_digest = Prepared(
    lambda app_id, digest: ApiKey.objects.select_related("app").filter(digest=digest).for_app(App(pk=app_id)),
    uuid.UUID,
    str,
)


def fields(row: models.Model | None) -> dict[str, object]:
    assert row is not None
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


@pytest.fixture
def key(alice: Tenant) -> ApiKey:
    key = ApiKey.objects.filter(app=alice.app)[:1].get()
    key.expires_at = timezone.now()
    key.save()
    return key


class TestAPreparedLookUp:
    def test_finds_what_the_orm_finds(self, key: ApiKey) -> None:
        for _ in range(2):
            found = of_app_and_digest(key.app_id, key.digest)
            assert fields(found) == fields(ApiKey.objects.get(pk=key.pk))

    def test_brings_what_is_selected_beside_it(
        self, key: ApiKey, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        with django_assert_num_queries(1):
            found = of_app_and_digest(key.app_id, key.digest)
            assert found is not None
            app = found.app
        assert fields(app) == fields(App.objects.get(pk=key.app_id))

    @pytest.mark.parametrize("digest", ["", "0" * 64, "' OR 1=1 --", "%s", "é\U0001f600"])
    def test_finds_nothing_where_there_is_nothing(self, key: ApiKey, digest: str) -> None:
        assert of_app_and_digest(key.app_id, digest) is None
        assert of_app_and_digest(uuid.uuid4(), key.digest) is None

    def test_gives_a_row_that_can_be_changed(self, key: ApiKey) -> None:
        found = of_app_and_digest(key.app_id, key.digest)
        assert found is not None
        found.name = "renamed"
        found.save()
        assert ApiKey.objects.get(pk=key.pk).name == "renamed"

    @pytest.mark.django_db(transaction=True)
    def test_holds_in_many_threads(self, key: ApiKey) -> None:
        def find(_: int) -> dict[str, object]:
            try:
                return fields(of_app_and_digest(key.app_id, key.digest))
            finally:
                connections.close_all()

        with ThreadPoolExecutor(4) as threads:
            assert list(threads.map(find, range(20))) == [fields(ApiKey.objects.get(pk=key.pk))] * 20
