from django.apps import AppConfig


class CatalogueConfig(AppConfig):
    name = "baken.record.catalogue"
    label = "catalogue"
