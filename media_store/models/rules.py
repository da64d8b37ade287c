"""RetentionRule: how long which media is kept."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from devices.models import BY_CHARACTERS, App
from media_store.models.vocabulary import DeliveryState, Direction

RULE_CHARACTERS = 120
# What a rule says about weighs in this order; the sum of what it names decides.
WEIGHT_OF_APP, WEIGHT_OF_DIRECTION, WEIGHT_OF_KIND, WEIGHT_OF_DELIVERY = 8, 4, 2, 1


class RetentionRuleQuerySet(models.QuerySet["RetentionRule"]):
    """Questions about rules."""

    def in_force(self) -> RetentionRuleQuerySet:
        """Without those that were taken back and wait to be forgotten."""
        return self.filter(removed_at=None)

    def unpassed(self) -> RetentionRuleQuerySet:
        """Those whose change has not been through all the media that it speaks of."""
        return self.filter(applied_at=None, passed_at=None)

    def matching(self, *, app: object, direction: object, kind: object, delivery: object) -> RetentionRuleQuerySet:
        """Those in force that speak of such media, the one that decides first.

        By values, or by expressions over the rows of an outer query.
        """
        return (
            self.in_force()
            .filter(Q(app_id=None) | Q(app_id=app))
            .filter(Q(direction="") | Q(direction=direction), Q(kind="") | Q(kind=kind))
            .filter(Q(delivery="") | Q(delivery=delivery))
            .order_by("-weight")
        )


class RetentionRule(models.Model):
    """Keeps what it speaks of for so many days: from delivery where it was delivered, from arrival otherwise.

    An empty column means any. Where several speak of a media, the one that names more decides: app before
    direction before kind before delivery.
    """

    id = models.BigAutoField(primary_key=True)
    app = models.ForeignKey(App, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    direction = models.CharField(max_length=10, choices=Direction, blank=True)
    kind = models.CharField(max_length=10, blank=True)
    delivery = models.CharField(max_length=10, choices=DeliveryState, blank=True)
    keep_days = models.PositiveIntegerField()
    weight = models.PositiveSmallIntegerField()
    label = models.CharField(max_length=RULE_CHARACTERS)
    changed_at = models.DateTimeField()
    changed_by = models.CharField(max_length=BY_CHARACTERS)
    # A rule that was changed or taken back is applied to the media that are there, and then marked so or forgotten.
    applied_at = models.DateTimeField(null=True)
    # A pass over the media that it speaks of: since when one is under way, and the last of them that has been seen.
    pass_began_at = models.DateTimeField(null=True)
    passed_to = models.UUIDField(null=True)
    # When the first of them came to its end: until then, how many media it brings forward is not known.
    passed_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)

    objects = RetentionRuleQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["app", "direction", "kind", "delivery"], condition=Q(app__isnull=False), name="rule_once_in_app"
            ),
            models.UniqueConstraint(
                fields=["direction", "kind", "delivery"], condition=Q(app=None), name="rule_once_for_every_app"
            ),
        )

    def __str__(self) -> str:
        return self.label
