import baken.record.orgs.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Authenticator",
            fields=[
                (
                    "id",
                    baken.record.orgs.fields.IdField(
                        default=baken.record.orgs.fields.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("secret", baken.record.orgs.fields.WrittenField(blank=True, default="", limit=200)),
                (
                    "algorithm",
                    baken.record.orgs.fields.CodeField(
                        choices=[("sha1", "Sha1"), ("sha256", "Sha256")], default="sha1", max_length=64
                    ),
                ),
                ("last_step", models.BigIntegerField(default=0)),
                ("created_at", models.DateTimeField()),
                ("confirmed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="orgs.organisation"
                    ),
                ),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="authenticator",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="IdentityProvider",
            fields=[
                (
                    "id",
                    baken.record.orgs.fields.IdField(
                        default=baken.record.orgs.fields.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", baken.record.orgs.fields.WrittenField(blank=True, default="", limit=200)),
                ("issuer", baken.record.orgs.fields.WrittenField(blank=True, default="", limit=100000)),
                ("client_id", baken.record.orgs.fields.WrittenField(blank=True, default="", limit=100000)),
                ("client_secret", baken.record.orgs.fields.WrittenField(blank=True, default="", limit=100000)),
                ("domains", baken.record.orgs.fields.WrittenField(blank=True, default="", limit=100000)),
                ("subject_key", baken.record.orgs.fields.WrittenField(blank=True, default="", limit=200)),
                (
                    "new_role",
                    baken.record.orgs.fields.CodeField(
                        blank=True,
                        choices=[
                            ("customer", "customer"),
                            ("agent", "agent"),
                            ("manager", "manager"),
                            ("administrator", "administrator"),
                            ("auditor", "auditor"),
                        ],
                        default="",
                        max_length=64,
                    ),
                ),
                (
                    "second_factor",
                    baken.record.orgs.fields.CodeField(
                        choices=[("none", "None"), ("trusted", "Trusted"), ("said", "Said")],
                        default="none",
                        max_length=64,
                    ),
                ),
                ("acr_values", baken.record.orgs.fields.WrittenField(blank=True, default="", limit=100000)),
                ("created_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="identity_providers",
                        to="orgs.organisation",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Passkey",
            fields=[
                (
                    "id",
                    baken.record.orgs.fields.IdField(
                        default=baken.record.orgs.fields.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", baken.record.orgs.fields.WrittenField(blank=True, default="", limit=200)),
                ("lookup", baken.record.orgs.fields.CodeField(max_length=64, unique=True)),
                ("credential", models.BinaryField()),
                ("count", models.PositiveBigIntegerField()),
                ("created_at", models.DateTimeField()),
                ("last_used_at", models.DateTimeField(blank=True, null=True)),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="orgs.organisation"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="passkeys",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="RecoveryCode",
            fields=[
                (
                    "id",
                    baken.record.orgs.fields.IdField(
                        default=baken.record.orgs.fields.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("digest", baken.record.orgs.fields.WrittenField(blank=True, default="", limit=200)),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="orgs.organisation"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="recovery_codes",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Identity",
            fields=[
                (
                    "id",
                    baken.record.orgs.fields.IdField(
                        default=baken.record.orgs.fields.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("subject", baken.record.orgs.fields.CodeField(max_length=64, unique=True)),
                ("created_at", models.DateTimeField()),
                ("last_used_at", models.DateTimeField()),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="orgs.organisation"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="identities",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "provider",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="identities",
                        to="people.identityprovider",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("user", "provider"), name="one_identity_per_provider")],
            },
        ),
    ]
