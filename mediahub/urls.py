"""All routes. The API stands on one router, without trailing slashes."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, path
from rest_framework.routers import SimpleRouter

from devices.api import urls as tenants
from media_store.api import urls as media
from mediahub import pages
from problems import pages as problem_pages

router = SimpleRouter(trailing_slash=False)
tenants.register(router)
media.register(router)

urlpatterns: list[URLPattern | URLResolver] = [
    path("", pages.index, name="index"),
    path("api/schema", pages.Schema.as_view(), name="schema"),
    path("api/docs", pages.Swagger.as_view(), name="docs"),
    path("api/problems", problem_pages.documentation, name="problems"),
    # Django's way from a row to its page on the site: no row has one, and an id that is none was a fault.
    path("admin/r/<path:row>", pages.nowhere),
    path("admin/", admin.site.urls),
    *router.urls,
]

admin.site.site_header = "MediaHub"
admin.site.site_title = "MediaHub"
admin.site.index_title = "Tenants and their media"

handler400 = "problems.answers.bad_request"
handler403 = "problems.answers.permission_denied"
handler404 = "problems.answers.not_found"
handler500 = "problems.answers.server_error"
