"""`manage.py set_retention`: for how long media are kept."""

import argparse
import datetime as dt
import json
from collections.abc import Mapping
from typing import Any, ClassVar

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.db.models import Q
from django.utils import timezone

from devices.management.door import USAGE, Door, app_called, operator, written
from devices.models import App
from media_store import kinds, retention
from media_store.management import tables
from media_store.management.measures import counted
from media_store.management.progress import Progress
from media_store.models import Media, RetentionRule
from media_store.retention import Moves
from media_store.retention.expiry import SHIPPED_DAYS

HEAD = ("for", "direction", "kind", "delivery", "days", "set by")
ANY = "any"


class Command(Door):
    """Show, set or take back a rule of retention."""

    help = (
        "Show for how long media are kept, or change it. A rule speaks of one app or of every app, and within it of "
        "all media or of a direction, kind or delivery state; where several speak of a media, the one that names more "
        "decides: app before direction before kind before delivery. Days are counted from delivery, or from arrival "
        "while a media is undelivered. A change is applied to the media that are there at once."
    )
    examples: ClassVar[str] = """
  manage.py set_retention                                        what is in force
  manage.py set_retention --app "Web shop"                       what is in force for this app
  manage.py set_retention --direction inbound --days 14          every app's inbound media: 14 days
  manage.py set_retention --app "Web shop" --kind video --days 3
  manage.py set_retention --app "Web shop" --direction outbound --delivery failed --days 2
  manage.py set_retention --app "Web shop" --kind video --days 3 --dry-run
                                                                 how many media that would move; nothing is written
  manage.py set_retention --app "Web shop" --kind video --remove
                                                                 the rule for exactly these is taken back

Nothing goes below RETENTION_FLOOR_DAYS or above RETENTION_CEILING_DAYS, both counted from arrival.

With --json: without a change a list of {"rule_id", "app_id", "direction", "kind", "delivery", "days", "set_by",
"changed_at", "floor_days", "ceiling_days"}, where '' and null mean any and rule_id is null for what is shipped; with
one {"rule_id", "rule", "app_id", "direction", "kind", "delivery", "days" (null: taken back), "dry_run", "earlier",
"later", "expired_at_once" (media that it moves), "braked" (of these, what a purge would not take without --force)}.
"""

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what the rule speaks of, and what it says."""
        parser.add_argument("--app", metavar="APP", help="an app: its id, or its name; without it: every app")
        parser.add_argument("--direction", default="", choices=Media.Direction.values, help="which way media travel")
        parser.add_argument("--kind", default="", choices=list(kinds.DEFAULTS), help="a kind of media")
        parser.add_argument(
            "--delivery", default="", choices=Media.Delivery.values, help="a delivery state, of outbound media"
        )
        change = parser.add_mutually_exclusive_group()
        change.add_argument("--days", type=_days, metavar="N", help="keep them for so many days")
        change.add_argument("--remove", action="store_true", help="take the rule for exactly these back")
        parser.add_argument("--dry-run", action="store_true", help="say what a change would move, and write nothing")
        super().add_arguments(parser)

    def handle(self, **options: Any) -> None:
        """Show, or change."""
        app = app_called(options["app"]) if options["app"] is not None else None
        speaks_of = {name: options[name] for name in ("direction", "kind", "delivery")}
        if options["days"] is not None or options["remove"]:
            self._change(app, speaks_of, options, now=timezone.now())
        elif options["dry_run"] or any(speaks_of.values()):
            raise CommandError("Say what is to change: --days N, or --remove.", returncode=USAGE)
        else:
            self._show(app, as_json=options["json"])

    def _show(self, app: App | None, *, as_json: bool) -> None:
        in_force = RetentionRule.objects.in_force().select_related("app").order_by("-weight", "app__name", "pk")
        if app is not None:
            in_force = in_force.filter(Q(app=None) | Q(app=app))
        rows = [*(_flat(rule) for rule in in_force), *_shipped()]
        if as_json:
            self.stdout.write(json.dumps(rows))
            return
        names = {str(rule.app_id): rule.app.name for rule in in_force if rule.app}
        for line in tables.lines(HEAD, [_row(row, names) for row in rows], numbers=frozenset({4})):
            self.stdout.write(line)
        self.stderr.write(
            f"The first that speaks of a media decides, within {_bounds()}: nothing goes before, nothing stays longer.",
            self.style.SUCCESS,
        )

    def _change(
        self, app: App | None, speaks_of: Mapping[str, str], options: Mapping[str, Any], *, now: dt.datetime
    ) -> None:
        days = options["days"]
        rule = _rule_for(app, speaks_of)
        if days is None and rule is None:
            raise CommandError("There is no such rule to take back; without --days and --remove the rules are shown.")
        if days is not None:
            retention.check_rule(**speaks_of, keep_days=days)
        moves = retention.moves_of(app=app, **speaks_of, keep_days=days, now=now)
        if not options["dry_run"]:
            rule = self._write(rule, app, speaks_of, days, now=now)
            self._apply(total=moves.earlier + moves.later, now=now)
        self._tell(rule, app, speaks_of, options, moves=moves)

    def _apply(self, *, total: int, now: dt.datetime) -> None:
        """A run that is broken off is gone on with by the next beat."""
        on_terminal = self.stderr.isatty()
        with Progress("Applying", unit="media", total=total, say=_nothing, on_terminal=on_terminal) as progress:
            retention.apply_changed_rules(now=now, on_batch=progress.reached)

    def _write(
        self,
        rule: RetentionRule | None,
        app: App | None,
        speaks_of: Mapping[str, str],
        days: int | None,
        *,
        now: dt.datetime,
    ) -> RetentionRule | None:
        if days is not None:
            return retention.set_rule(app=app, **speaks_of, keep_days=days, now=now, by=operator())
        if rule is not None:
            retention.remove_rule(rule, now=now, by=operator())
        return rule

    def _tell(
        self,
        rule: RetentionRule | None,
        app: App | None,
        speaks_of: Mapping[str, str],
        options: Mapping[str, Any],
        *,
        moves: Moves,
    ) -> None:
        would = "would " if options["dry_run"] else ""
        self.tell(
            result={
                "rule_id": rule.pk if rule else None,
                "rule": rule.label if rule else "",
                "app_id": str(app.pk) if app else None,
                **speaks_of,
                "days": options["days"],
                "dry_run": options["dry_run"],
                "earlier": moves.earlier,
                "later": moves.later,
                "expired_at_once": moves.expired_at_once,
                "braked": sum(stopped.chosen for stopped in moves.braked),
            },
            plain=_moved(moves, would=would),
            talk=_done(rule, options),
            as_json=options["json"],
        )
        for stopped in moves.braked:
            self.stderr.write(
                f"The brake {would or 'will '}stop the next purge: {stopped.sentence}".replace("  ", " "),
                self.style.WARNING,
            )


def _nothing(_line: str) -> None:
    """Say nothing where there is no terminal: the result says it."""


def _days(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        message = f"{text!r} is no number of days"
        raise argparse.ArgumentTypeError(message)
    return int(text[:10])


def _rule_for(app: App | None, speaks_of: Mapping[str, str]) -> RetentionRule | None:
    return RetentionRule.objects.in_force().filter(app=app, **speaks_of).first()


def _bounds() -> str:
    return (
        f"RETENTION_FLOOR_DAYS ({counted(settings.RETENTION_FLOOR_DAYS, 'day')}) and "
        f"RETENTION_CEILING_DAYS ({counted(settings.RETENTION_CEILING_DAYS, 'day')}) from arrival"
    )


def _done(rule: RetentionRule | None, options: Mapping[str, Any]) -> str:
    if options["dry_run"]:
        return "Nothing was written."
    if options["remove"]:
        return f"Taken back: {rule}. The next rule that speaks of these media decides now."
    return f"In force: {rule}."


def _moved(moves: Moves, *, would: str) -> str:
    at_once = (
        f", {moves.expired_at_once:,} of them {would and 'would be '}expired at once" if moves.expired_at_once else ""
    )
    verb = "expire" if would else "now expire"
    return (
        f"{counted(moves.earlier, 'media', 'media')} {would}{verb} earlier{at_once}; "
        f"{counted(moves.later, 'media', 'media')} {would}{verb} later."
    )


def _flat(rule: RetentionRule) -> dict[str, object]:
    return {
        "rule_id": rule.pk,
        "app_id": str(rule.app_id) if rule.app_id else None,
        "direction": rule.direction,
        "kind": rule.kind,
        "delivery": rule.delivery,
        "days": rule.keep_days,
        "set_by": rule.changed_by,
        "changed_at": written(rule.changed_at),
        "floor_days": settings.RETENTION_FLOOR_DAYS,
        "ceiling_days": settings.RETENTION_CEILING_DAYS,
    }


def _shipped() -> list[dict[str, object]]:
    nobody = {"rule_id": None, "app_id": None, "kind": "", "delivery": "", "set_by": "shipped", "changed_at": None}
    bounds = {"floor_days": settings.RETENTION_FLOOR_DAYS, "ceiling_days": settings.RETENTION_CEILING_DAYS}
    return [{**nobody, "direction": str(direction), "days": days, **bounds} for direction, days in SHIPPED_DAYS.items()]


def _row(row: Mapping[str, Any], names: Mapping[str, str]) -> tuple[str, ...]:
    whose = names.get(row["app_id"], "") if row["app_id"] else "every app"
    words = (row["direction"] or ANY, row["kind"] or ANY, row["delivery"] or ANY)
    return (whose, *words, str(row["days"]), row["set_by"])
