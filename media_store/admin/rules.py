"""Rules of retention in the admin: made, changed and taken back by the verbs."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from devices.admin.pages import Page, by
from devices.admin.showing import BUSY, GOOD, QUIET, badge
from media_store import kinds, retention
from media_store.errors import RuleRefused
from media_store.models import RetentionRule
from media_store.tasks import apply_retention_rules, hint

if TYPE_CHECKING:
    RuleModelForm = forms.ModelForm[RetentionRule]
else:  # Only the stubs know that a form has a model for its parameter.
    RuleModelForm = forms.ModelForm

SAID = ("app", "direction", "kind", "delivery")
ANY = ("", "any")


class RuleForm(RuleModelForm):
    """What a rule speaks of, and how long it keeps that."""

    kind = forms.ChoiceField(required=False, choices=[ANY, *((kind, kind) for kind in kinds.DEFAULTS)])

    class Meta:
        model = RetentionRule
        fields = (*SAID, "keep_days")
        labels = {"keep_days": "Keep for days"}
        help_texts = {
            "app": "Empty: every app.",
            "delivery": "Only outbound media has one.",
            "keep_days": "From delivery where the message was delivered, from arrival otherwise.",
        }

    def clean(self) -> dict[str, Any]:
        """Tell what the verb would refuse."""
        super().clean()
        said = {name: self.cleaned_data.get(name, getattr(self.instance, name)) for name in SAID}
        if not self.errors:
            self._refuse(said)
        return self.cleaned_data

    def _refuse(self, said: dict[str, Any]) -> None:
        if not self.instance.pk and RetentionRule.objects.in_force().filter(**said).exists():
            raise ValidationError("There is a rule for exactly this already; change that one.")
        app = said.pop("app")
        if app is not None and app.destroyed_at is not None:
            raise ValidationError("The app was destroyed.")
        try:
            retention.check_rule(**said, keep_days=self.cleaned_data["keep_days"])
        except RuleRefused as problem:
            raise ValidationError(problem.detail) from problem

    def _get_validation_exclusions(self) -> set[str]:
        # The uniqueness is ours to tell: a rule that was taken back is in the constraints' way, not in the verb's.
        return {*super()._get_validation_exclusions(), "kind"}  # type: ignore[misc]  # the stubs leave it out


@admin.register(RetentionRule)
class RetentionRuleAdmin(Page):
    """How long which media is kept."""

    about = (
        "The rule that names most decides about a media. New media follow a change at once; those that are there "
        "follow in the background, until the change has been applied."
    )
    nothing = "No rule yet: the shipped ones above decide about all media."
    change_list_template = "admin/media_store/rules.html"
    form = RuleForm
    autocomplete_fields = ("app",)
    list_display = (
        "precedence",
        "shown_app",
        "shown_direction",
        "shown_kind",
        "shown_delivery",
        "keep_days",
        "state",
        "changed_at",
        "changed_by",
    )
    list_display_links = ("precedence", "keep_days")
    list_filter = ("direction", "delivery", ("app", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("app",)
    search_fields = ("label", "app__name", "changed_by")
    search_help_text = "A word of the rule, an app's name, or who changed it."
    ordering = ("-weight", "app", "direction", "kind", "delivery")
    told: ClassVar[tuple[str, ...]] = ("precedence", "state", "changed_at", "changed_by", "applied_at")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:  # noqa: ARG002 - Django's signature
        """What it says; once it is there, the facts of it too."""
        return (*SAID, "keep_days", *self.told) if obj else (*SAID, "keep_days")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:  # noqa: ARG002 - Django's signature
        """What it speaks of stays: a rule for something else is another rule."""
        return (*SAID, *self.told) if obj else ()

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        """An empty column means any."""
        return super().formfield_for_choice_field(db_field, request, choices=[ANY, *db_field.choices], **options)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Not of what was taken back."""
        return _in_force(obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """To take it back, by the verb."""
        allowed = request.user.has_perm("media_store.delete_retentionrule")
        return allowed and _in_force(obj)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """With the rules that are shipped, and what binds every rule."""
        bounds = {"floor": settings.RETENTION_FLOOR_DAYS, "ceiling": settings.RETENTION_CEILING_DAYS}
        shipped = [(direction.label, days) for direction, days in retention.SHIPPED_DAYS.items()]
        return super().changelist_view(request, {**bounds, "shipped": shipped, **(extra_context or {})})

    def save_model(self, request: HttpRequest, obj: RetentionRule, form: Any, change: bool) -> None:  # noqa: ARG002, FBT001 - Django's signature
        """Make or change it by the verb; the media that are there follow by a task."""
        said, now = {name: getattr(obj, name) for name in SAID}, timezone.now()
        rule = retention.set_rule(**said, keep_days=obj.keep_days, now=now, by=by(request))
        obj.pk, obj.label = rule.pk, rule.label
        self._tell_moves_once_committed(request, said, keep_days=obj.keep_days, now=now)
        hint(apply_retention_rules)

    def delete_model(self, request: HttpRequest, obj: RetentionRule) -> None:
        """Take it back by the verb."""
        said, now = {name: getattr(obj, name) for name in SAID}, timezone.now()
        retention.remove_rule(obj, now=now, by=by(request))
        self._tell_moves_once_committed(request, said, keep_days=None, now=now)
        hint(apply_retention_rules)

    def _tell_moves_once_committed(
        self, request: HttpRequest, said: dict[str, Any], *, keep_days: int | None, now: datetime
    ) -> None:
        """What it does to the media that are there, while it can still be taken back.

        Counted before the task is asked for, which would leave nothing to count, and in no transaction: on SQLite
        nobody else could write meanwhile.
        """
        transaction.on_commit(
            lambda: self._tell_moves(request, retention.moves_of(**said, keep_days=keep_days, now=now))
        )

    def _tell_moves(self, request: HttpRequest, moves: retention.Moves) -> None:
        if moves.earlier or moves.later:
            level = messages.WARNING if moves.expired_at_once else messages.INFO
            sentence = (
                f"Of the media that are there {moves.earlier} expire earlier, {moves.expired_at_once} of them at once, "
                f"and {moves.later} later."
            )
            self.message_user(request, sentence, level)
        for stopped in moves.braked:
            self.message_user(request, f"The brake will stop the next purge: {stopped.sentence}", messages.WARNING)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[RetentionRule]) -> None:
        """Each by the verb."""
        for rule in queryset:
            self.delete_model(request, rule)

    @admin.display(description="precedence", ordering="weight")
    def precedence(self, rule: RetentionRule) -> str:
        """What it weighs, and by what it names."""
        named = [name for name in SAID if getattr(rule, f"{name}_id" if name == "app" else name)]
        return f"{rule.weight}: {' + '.join(named) or 'names nothing'}"

    @admin.display(description="app", ordering="app__name")
    def shown_app(self, rule: RetentionRule) -> str:
        """Its name."""
        return rule.app.name if rule.app else "every app"

    @admin.display(description="direction", ordering="direction")
    def shown_direction(self, rule: RetentionRule) -> str:
        """One, or any."""
        return rule.direction or "any"

    @admin.display(description="kind", ordering="kind")
    def shown_kind(self, rule: RetentionRule) -> str:
        """One, or any."""
        return rule.kind or "any"

    @admin.display(description="delivery", ordering="delivery")
    def shown_delivery(self, rule: RetentionRule) -> str:
        """One, or any."""
        return rule.delivery or "any"

    @admin.display(description="state")
    def state(self, rule: RetentionRule) -> SafeString:
        """Whether the media that are there follow it by now."""
        if rule.removed_at:
            return badge("taken back", QUIET)
        return badge("applied", GOOD) if rule.applied_at else badge("being applied", BUSY)


def _in_force(rule: Any) -> bool:
    return rule is None or rule.removed_at is None
