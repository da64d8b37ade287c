"""Ingest policies in the admin: on the page of their device, and written by the verb."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from media_store import kinds
from media_store.models import IngestPolicy

if TYPE_CHECKING:
    from devices.models import Device

    PolicyModelForm = forms.ModelForm[IngestPolicy]
    FormSet = forms.BaseInlineFormSet[IngestPolicy, Device, PolicyModelForm]
    Inline = admin.StackedInline[Any, Any]
else:  # Only the stubs know that these have a model for their parameter.
    PolicyModelForm = forms.ModelForm
    FormSet = forms.BaseInlineFormSet
    Inline = admin.StackedInline

EVERY_KIND = list(kinds.DEFAULTS)


class PolicyForm(PolicyModelForm):
    """What is kept. All kinds chosen are any kind, those included that are still to come."""

    kinds = forms.MultipleChoiceField(
        required=False, choices=[(kind, kind) for kind in EVERY_KIND], widget=forms.CheckboxSelectMultiple
    )
    max_bytes = forms.IntegerField(required=False, min_value=1, help_text="In bytes; empty for no such limit.")

    class Meta:
        model = IngestPolicy
        fields = ("kinds", "groups", "statuses", "max_bytes")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.instance.kinds is None:
            self.initial["kinds"] = EVERY_KIND

    def clean_kinds(self) -> list[str] | None:
        """Null where all are."""
        chosen: list[str] = self.cleaned_data["kinds"]
        return None if len(chosen) == len(EVERY_KIND) else chosen

    def clean(self) -> dict[str, Any]:
        """Tell of a policy that came while the page of a device without one stood open."""
        super().clean()
        is_new = self.instance.changed_at is None
        if is_new and IngestPolicy.objects.filter(device=self.instance.device_id).exists():
            raise ValidationError("Somebody has set a policy meanwhile. Open the page of the device again to see it.")
        return self.cleaned_data

    def _get_validation_exclusions(self) -> set[str]:
        # The uniqueness is ours to tell: Django tells it beside the device, which is a hidden field here.
        return {*super()._get_validation_exclusions(), "device"}  # type: ignore[misc]  # the stubs leave it out


class PolicyFormSet(FormSet):
    """Of one form."""

    @classmethod
    def get_default_prefix(cls) -> str:
        """Django would name it for the way back from a device, and there is none."""
        return "ingest_policy"


class PolicyInline(Inline):
    """The policy of one device."""

    model = IngestPolicy
    form = PolicyForm
    formset = PolicyFormSet
    # The heading: Django takes the singular of what there is one of.
    verbose_name = "What of its inbound media is kept"
    readonly_fields = ("changed_at", "changed_by")
    extra = max_num = 1
    can_delete = False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Who changed it last, where somebody has."""
        has_one = obj is not None and IngestPolicy.objects.filter(device=obj).exists()
        return super().get_readonly_fields(request, obj) if has_one else ()
