"""EngageOS Tenancy: starts servers, applies migrations, fuzzes tenants and proves isolation."""
