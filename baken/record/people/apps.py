from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "baken.record.people"
    label = "people"

    def ready(self) -> None:
        from baken.record.orgs.reindexing import Kind, register
        from baken.record.people.addresses import key_again
        from baken.record.people.models import User

        register(Kind(User, key_again))
