from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in


class WebConfig(AppConfig):
    name = "baken.show.web"
    label = "web"

    def ready(self) -> None:
        from baken.show.web.entering import stamp

        user_logged_in.connect(stamp, dispatch_uid="shown")
