from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "baken.show.api"
    label = "api"
