from django.apps import AppConfig


class IncidentsConfig(AppConfig):
    name = "baken.record.incidents"
    label = "incidents"

    def ready(self) -> None:
        from baken.record.incidents.finding import index_again
        from baken.record.incidents.models import Incident
        from baken.record.orgs.reindexing import Kind, register

        register(Kind(Incident, index_again, tokens=True))
