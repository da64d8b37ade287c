"""Django's own lists of who may log in and what for: they read their addresses as all others do."""

from typing import TYPE_CHECKING

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User

from devices.admin.addresses import Addressed

if TYPE_CHECKING:
    OfUsers = UserAdmin[User]
else:  # Only the stubs know that it has a model for its parameter.
    OfUsers = UserAdmin

admin.site.unregister((User, Group))


@admin.register(User)
class StaffAdmin(Addressed, OfUsers):
    """Django's."""


@admin.register(Group)
class StaffGroupAdmin(Addressed, GroupAdmin):
    """Django's."""
