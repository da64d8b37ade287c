"""The settings, with a store that must answer within a second: a test has no half minute for each attempt."""

from mediahub.settings import *  # noqa: F403 - all of them
from mediahub.settings import STORAGES

STORAGES["media"]["OPTIONS"]["client_config"].read_timeout = 1
