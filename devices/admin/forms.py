"""What the admin asks for; the rules are the verbs', told beside the field they are about."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError

from devices.errors import DuplicateName
from devices.models import ApiKey, App, Device
from devices.names import cleaned
from devices.scopes import Scope
from problems.errors import Problem

if TYPE_CHECKING:
    AppModelForm = forms.ModelForm[App]
    DeviceModelForm = forms.ModelForm[Device]
    KeyModelForm = forms.ModelForm[ApiKey]
else:  # Only the stubs know that a form has a model for its parameter.
    AppModelForm = DeviceModelForm = KeyModelForm = forms.ModelForm


class AppForm(AppModelForm):
    """A name."""

    class Meta:
        model = App
        fields = ("name",)

    def clean_name(self) -> str:
        """As it is kept."""
        return _cleaned(self.cleaned_data["name"])


class DeviceForm(DeviceModelForm):
    """A name, and at first an app."""

    class Meta:
        model = Device
        fields = ("app", "name")

    def clean_name(self) -> str:
        """As it is kept."""
        return _cleaned(self.cleaned_data["name"])

    def clean(self) -> dict[str, Any]:
        """Tell of a name that is taken; the constraint decides should two ask at once."""
        super().clean()
        app, name = self.cleaned_data.get("app", self._app()), self.cleaned_data.get("name")
        others = Device.objects.living().filter(app=app, name=name).exclude(pk=self.instance.pk)
        if name and others.exists():
            self.add_error("name", DuplicateName(name).detail)
        return self.cleaned_data

    def _app(self) -> App | None:
        # A new device has none yet, and Django answers that with an AttributeError.
        return getattr(self.instance, "app", None)


class IssueKeyForm(KeyModelForm):
    """What a new key is to be."""

    scopes = forms.MultipleChoiceField(
        choices=[(scope.value, f"{scope.value}: {scope.label}") for scope in Scope],
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = ApiKey
        fields = ("app", "name", "scopes", "expires_at")
        help_texts = {"expires_at": "Empty: never."}

    def clean_name(self) -> str:
        """As it is kept."""
        return _cleaned(self.cleaned_data["name"], required=False)


def _cleaned(name: str, *, required: bool = True) -> str:
    try:
        return cleaned(name, required=required)
    except Problem as problem:
        raise ValidationError(problem.detail) from problem
