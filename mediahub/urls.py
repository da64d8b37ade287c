"""All routes."""

from django.contrib import admin
from django.urls import path

urlpatterns = [
    path("admin/", admin.site.urls),
]

handler400 = "problems.answers.bad_request"
handler403 = "problems.answers.permission_denied"
handler404 = "problems.answers.not_found"
handler500 = "problems.answers.server_error"
