"""What no link of the admin says, and a hand that mistypes or forges does: a sentence or a refusal, never a fault."""

from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db.models import CharField, DateTimeField, JSONField, Model, TextField
from django.test import Client, RequestFactory
from django.urls import reverse
from pytest_django import Settings

from devices.admin import pages
from devices.models import App

pytestmark = pytest.mark.once

NOT_VALID = "That filter, page or selection is not valid"
HUGE = "9" * 20
# Of the moment that a list has.
MOMENTS = [
    *({"year": year} for year in (HUGE, f"-{HUGE}", "-1", "0", "9999", "10000", "x", "")),
    {"year": "9999", "month": "12"},
    {"year": "9999", "month": "12", "day": "31"},
    {"year": HUGE, "month": HUGE, "day": HUGE},
    {"year": "2026", "month": "2", "day": "31"},
    *({part: HUGE} for part in ("month", "day", "year__in", "date__year", "year__gte", "iso_year")),
    {"exact": "0001-01-01T00:00+14:00"},
    {"gte": "9999-12-31T23:59-12:00"},
    {"range": "2026-01-01"},
]
WORDS = {"exact": "\0", "in": "\0", "regex": "[", "iregex": "(", "range": "x"}
JSON = {"exact": "[", "contains": "x", "contained_by": "x", "has_keys": "x", "x__regex": "["}
LISTS = {model._meta.label: model for model in admin.site._registry}


def lists_with(*kinds: type[Any]) -> dict[str, str]:
    """Each list that has a field of such a kind, and the name of the first one."""
    fields = [(label, field) for label, model in LISTS.items() for field in reversed(model._meta.fields)]
    return {label: field.name for label, field in fields if isinstance(field, kinds)}


def moments() -> dict[str, str]:
    """The moment by which each list is told apart, or the first one."""
    named = {label: admin.site.get_model_admin(model).date_hierarchy for label, model in LISTS.items()}
    return {**lists_with(DateTimeField), **{label: str(field) for label, field in named.items() if field}}


def address(model: type[Model], page: str = "changelist") -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}")


def asked(field: str, said: dict[str, str]) -> str:
    return urlencode({f"{field}__{name}": value for name, value in said.items()})


QUERIES = [
    *((label, asked(field, said)) for label, field in moments().items() for said in MOMENTS),
    *(
        (label, asked(field, {how: value}))
        for said, fields in ((WORDS, lists_with(CharField, TextField)), (JSON, lists_with(JSONField)))
        for label, field in fields.items()
        for how, value in said.items()
    ),
    *(
        (label, urlencode({name: value}))
        for label in LISTS
        for name, value in (
            ("pk__in", HUGE),
            ("pk__in", "x"),
            ("pk", HUGE),
            ("pk__range", "1"),
            ("p", HUGE),
            ("o", HUGE),
            ("q", "\0"),
            ("e", "1"),
            ("nothing_of_the_kind", "x"),
        )
    ),
]


def at_length(cases: list[tuple[str, str]]) -> list[Any]:
    """All of them by the long tests; otherwise those of the media and of the keys."""
    short = {"media_store.Media", "devices.ApiKey"}
    return [pytest.param(*case, marks=() if case[0] in short else pytest.mark.faults) for case in cases]


@pytest.fixture(autouse=True)
def _uncollected(settings: Settings) -> None:
    """Name static files plainly: nobody has collected them."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}


@pytest.fixture
def root(db: None) -> Client:
    """Somebody who may do everything."""
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.create_superuser("root"))
    return client


def actions() -> list[tuple[str, str]]:
    """Each action of each list."""
    request = RequestFactory().get("/")
    request.user = User(is_superuser=True, is_active=True)
    return [
        (label, name)
        for label, model in LISTS.items()
        for name in admin.site.get_model_admin(model).get_actions(request)
    ]


def forms() -> list[tuple[str, str]]:
    """Each field of each form for something new."""
    request = RequestFactory().get("/")
    request.user = User(is_superuser=True, is_active=True)
    rooms = [(label, admin.site.get_model_admin(model)) for label, model in LISTS.items()]
    return [
        (label, name)
        for label, room in rooms
        if room.has_add_permission(request)
        for name in room.get_form(request).base_fields
    ]


class TestAList:
    @pytest.mark.parametrize(("label", "query"), at_length(QUERIES))
    def test_takes_any_address(self, root: Client, label: str, query: str) -> None:
        assert root.get(f"{address(LISTS[label])}?{query}", follow=True).status_code in {200, 400}

    @pytest.mark.parametrize("query", [f"created_at__year={HUGE}", "created_at__year=x", "p=x&e=1&created_at__year=0"])
    def test_says_that_an_address_is_not_valid(self, root: Client, query: str) -> None:
        assert NOT_VALID in root.get(f"/admin/devices/app/?{query}", follow=True).content.decode()

    def test_is_compared_by_what_its_pages_say(self, root: Client) -> None:
        App.objects.create(name="alice")
        for query in (
            "name=alice",
            "name__icontains=lic",
            "created_at__gte=2020-01-01T00:00Z",
            "destroyed_at__isnull=1",
        ):
            answer = root.get(f"/admin/devices/app/?{query}")
            assert (answer.status_code, ">alice</a>" in answer.content.decode()) == (200, True), query

    def test_that_fails_by_itself_is_a_fault(self, root: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_args: Any) -> None:
            raise ValueError("a fault")

        monkeypatch.setattr(pages.Page, "get_search_results", fail)
        assert root.get("/admin/devices/apikey/").status_code == 500


class TestAnAction:
    @pytest.mark.parametrize("chosen", ["x", HUGE, "\0", ""])
    @pytest.mark.parametrize(("label", "action"), at_length(actions()))
    def test_on_what_is_no_id_is_refused(self, root: Client, label: str, action: str, chosen: str) -> None:
        form = {"action": action, "_selected_action": [chosen], "confirmed": "yes"}
        answer = root.post(address(LISTS[label]), form, follow=True)
        assert answer.status_code == 200
        assert NOT_VALID in answer.content.decode()

    def test_that_fails_is_a_fault(self, root: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_args: Any, **_more: Any) -> None:
            raise ValueError("a fault")

        app = App.objects.create(name="alice")
        monkeypatch.setattr(type(admin.site.get_model_admin(App)), "destroy_verb", staticmethod(fail))
        form = {"action": "destroy", "_selected_action": [str(app.pk)], "confirmed": "yes"}
        assert root.post("/admin/devices/app/", form).status_code == 500


class TestAFormForSomethingNew:
    @pytest.mark.parametrize("value", ["x", HUGE, "\0", "", "2027-01-01"])
    @pytest.mark.parametrize(("label", "field"), at_length(forms()))
    def test_takes_any_value_from_the_address(self, root: Client, label: str, field: str, value: str) -> None:
        assert root.get(address(LISTS[label], "add"), {field: value}).status_code == 200


class TestTheWayToTheSite:
    @pytest.mark.parametrize("pk", ["x", "1", HUGE])
    def test_of_a_row_leads_nowhere(self, root: Client, pk: str) -> None:
        for model in LISTS.values():
            kind = ContentType.objects.get_for_model(model)
            assert root.get(f"/admin/r/{kind.pk}/{pk}/").status_code == 404
