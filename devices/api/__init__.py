"""The tenants' part of the REST API."""
