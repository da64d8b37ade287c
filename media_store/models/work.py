"""The rows of work outside requests: who does it now, and what was done."""

from __future__ import annotations

from django.db import connection, models

from devices.models import BY_CHARACTERS

ERROR_CHARACTERS = 500


class Lease(models.Model):
    """Says who does a piece of work until when, so that two beats or ten workers do it once."""

    name = models.CharField(max_length=40, primary_key=True)
    holder = models.CharField(max_length=64)
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} until {self.until}"


class PurgeRun(models.Model):
    """One run of what takes media or objects away: when, by whom, how much."""

    class Work(models.TextChoices):
        """Which room worked."""

        PURGE = "purge", "purge of media"
        COLLECTION = "collection", "collection of objects"
        DESTRUCTION = "destruction", "destroyed devices and apps"
        WINDOWS = "windows", "rows past their window"
        RECONCILE = "reconcile", "reconciliation with the store"

    class Outcome(models.TextChoices):
        """How it ended; a run that was killed never says so, and stays RUNNING."""

        RUNNING = "running"
        DONE = "done"
        PARTLY = "partly", "partly failed"
        STOPPED = "stopped", "stopped by the brake"
        FAILED = "failed"

    id = models.BigAutoField(primary_key=True)
    work = models.CharField(max_length=12, choices=Work)
    by = models.CharField(max_length=BY_CHARACTERS)
    choice = models.CharField(max_length=255, blank=True, help_text="Which media were chosen, as it was typed.")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=8, choices=Outcome, default=Outcome.RUNNING)
    rows = models.PositiveBigIntegerField(default=0, help_text="Media, or other rows, that went.")
    objects_deleted = models.PositiveBigIntegerField(default=0)
    bytes = models.PositiveBigIntegerField(
        default=0, help_text="Of the media that went; in a collection, of the objects that were deleted."
    )
    errors = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=ERROR_CHARACTERS, blank=True)

    objects = models.Manager()

    class Meta:
        indexes = (models.Index(fields=["started_at"], name="purge_run_by_date"),)

    def __str__(self) -> str:
        return f"{self.get_work_display()} by {self.by}, {self.started_at:%Y-%m-%d %H:%M}"


class StoreMark(models.Model):
    """The token that this database's store bears, so that another store is never taken for it. One row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    token = models.CharField(max_length=64)
    # Once set, a store without the mark is the wrong one.
    marked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.CheckConstraint(condition=models.Q(id=1), name="store_mark_is_one"),)

    def __str__(self) -> str:
        return self.token

    @classmethod
    def is_there(cls) -> bool:
        """Whether its table is."""
        return cls._meta.db_table in connection.introspection.table_names()
