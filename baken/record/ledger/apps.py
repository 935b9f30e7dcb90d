from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "baken.record.ledger"
    label = "ledger"
