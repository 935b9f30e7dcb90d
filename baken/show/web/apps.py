from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "baken.show.web"
    label = "web"
