"""Where bandwidth is read, and what it was. Times are epoch seconds, as in the facts of
downloads: these rows are added up and compared, not read by people."""

from django.db import models


class BandwidthSource(models.Model):
    """One place to read counters from; the operator adds and tests them."""

    class Kind(models.TextChoices):
        HOST = "host", "this host's interfaces"
        DISK = "disk", "the disk under the cache"
        SOCKETS = "sockets", "clients' connections (Linux)"
        DOCKER = "docker", "a container (Docker or podman)"
        CADVISOR = "cadvisor", "cAdvisor"
        NODE_EXPORTER = "node_exporter", "node_exporter"
        GLANCES = "glances", "glances' web server"
        GLANCES_EXPORTER = "glances_exporter", "glances' Prometheus exporter"
        NETDATA = "netdata", "netdata"
        PROMETHEUS = "prometheus", "a Prometheus server"
        STUB_STATUS = "stub_status", "nginx stub_status (requests only)"
        NGINX_ZONES = "nginx_zones", "nginx VTS or NGINX Plus zones"
        NGINX_ACCOUNTING = "nginx_accounting", "nginx traffic-accounting log"

    class Direction(models.TextChoices):
        TRANSMIT = "transmit", "what it transmits"
        RECEIVE = "receive", "what it receives"

    name = models.CharField(max_length=64, unique=True)
    kind = models.CharField(max_length=20, choices=Kind, default=Kind.HOST)
    address = models.CharField(
        max_length=500,
        blank=True,
        help_text="http://host:port, https://host:port/path or unix:///path/of.sock; a"
        " file's path for the accounting log. Of a disk, the directory that holds the"
        " cache; empty: /data/cache. This host's interfaces need none.",
    )
    wanted = models.CharField(
        max_length=200,
        blank=True,
        help_text="Which interface, container or zone; several interfaces of this host"
        " separated by commas. Empty: the host's default route, or all. Of clients'"
        " connections, the cache's ports: 80, 443 if empty.",
    )
    received_expression = models.CharField(
        max_length=1000, blank=True, help_text="Prometheus only: a counter of bytes."
    )
    transmitted_expression = models.CharField(
        max_length=1000, blank=True, help_text="Prometheus only: a counter of bytes."
    )
    to_clients = models.CharField(
        max_length=8,
        choices=Direction,
        default=Direction.TRANSMIT,
        help_text="Which way is to the clients. On the cache host's own uplink it is"
        " what it transmits; on the host's side of a container's cable, receives.",
    )
    timeout_ms = models.PositiveIntegerField(
        default=800, help_text="How long one answer may take."
    )
    enabled = models.BooleanField(default=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            # A connection that two sources saw would be counted twice.
            models.UniqueConstraint(
                fields=["kind"],
                condition=models.Q(kind="sockets"),
                name="sockets_once",
                violation_error_message="There is a source of clients' connections:"
                " name all ports there.",
            )
        ]
        verbose_name = "source"

    def __str__(self) -> str:
        return self.name


class BandwidthSample(models.Model):
    """What an interface carried in ten seconds, or in a minute.

    Bytes are differences of its counters, so that they add up; ``covered_ms`` is the
    time that they stand for: less than the row's where readings are missing.
    """

    TEN_SECONDS, MINUTE = 10, 60

    source = models.ForeignKey(BandwidthSource, models.CASCADE, db_index=False)
    interface = models.CharField(max_length=200)
    seconds = models.PositiveSmallIntegerField(help_text="The row's length: 10 or 60.")
    at = models.BigIntegerField(help_text="Its first second.")
    received_bytes = models.BigIntegerField()
    transmitted_bytes = models.BigIntegerField()
    covered_ms = models.BigIntegerField()
    samples = models.PositiveIntegerField()
    receive_max = models.FloatField(help_text="Bytes per second, of one reading.")
    transmit_max = models.FloatField(help_text="Bytes per second, of one reading.")

    class Meta:
        constraints = [
            # The sampler adds to it; charts read one interface in order of time.
            models.UniqueConstraint(
                fields=["source", "interface", "seconds", "at"], name="sample_once"
            )
        ]
        indexes = [
            # Pruning, and all interfaces of a range of time.
            models.Index(fields=["seconds", "at"], name="sample_at"),
        ]
        verbose_name = "sample"

    def __str__(self) -> str:
        return f"{self.interface} {self.at}"


class DiskSample(models.Model):
    """What the disk under a cache did in ten seconds, or in a minute.

    Sums are differences of its counters, null where nothing was counted; they stand for
    ``covered_ms``. The device is empty where the kernel names none.
    """

    source = models.ForeignKey(BandwidthSource, models.CASCADE, db_index=False)
    device = models.CharField(max_length=200, blank=True)
    seconds = models.PositiveSmallIntegerField(help_text="The row's length: 10 or 60.")
    at = models.BigIntegerField(help_text="Its first second.")
    busy_ms = models.BigIntegerField(null=True)
    read_bytes = models.BigIntegerField(null=True)
    written_bytes = models.BigIntegerField(null=True)
    covered_ms = models.BigIntegerField()
    samples = models.PositiveIntegerField()
    size_bytes = models.BigIntegerField(help_text="At its last reading.")
    free_bytes = models.BigIntegerField(
        help_text="For who is not root, at its last reading."
    )

    class Meta:
        constraints = [
            # The sampler adds to it; charts read one disk in order of time.
            models.UniqueConstraint(
                fields=["source", "device", "seconds", "at"], name="disk_sample_once"
            )
        ]
        indexes = [
            # Pruning, and all disks of a range of time.
            models.Index(fields=["seconds", "at"], name="disk_sample_at"),
        ]
        verbose_name = "disk sample"

    def __str__(self) -> str:
        return f"{self.device} {self.at}"

    @property
    def busy_share(self) -> float | None:
        """Return 0 to 1, or null where it was not counted."""
        if self.busy_ms is None or not self.covered_ms:
            return None
        return min(1.0, self.busy_ms / self.covered_ms)


class ClientSample(models.Model):
    """What the connections of one client did in ten seconds, if they did anything.

    Times are sums over its connections, of the kernel's clocks: see
    bandwidth.connections, also for what limits a client.
    """

    SECONDS = 10

    source = models.ForeignKey(BandwidthSource, models.CASCADE, db_index=False)
    client = models.CharField(
        max_length=64,
        blank=True,
        help_text="Its address, or its pseudonym. Empty: all clients for whom no row of"
        " their own was left.",
    )
    at = models.BigIntegerField(help_text="Its first second.")
    clients = models.PositiveIntegerField(help_text="1, unless they are several.")
    connections = models.PositiveIntegerField(help_text="The most at once.")
    tls_connections = models.PositiveIntegerField(help_text="Of them, to port 443.")
    bytes = models.BigIntegerField(help_text="What the clients have acknowledged.")
    active_ms = models.BigIntegerField(help_text="In which there was anything to do.")
    busy_ms = models.BigIntegerField(help_text="Of it: there was data to send.")
    receiver_limited_ms = models.BigIntegerField(help_text="Of the busy time.")
    send_buffer_limited_ms = models.BigIntegerField(help_text="Of the busy time.")
    starved_ms = models.BigIntegerField(
        help_text="Not busy, though an answer was due or under way."
    )
    segments_sent = models.BigIntegerField()
    segments_retransmitted = models.BigIntegerField()
    round_trip_us = models.BigIntegerField(null=True, help_text="The least.")
    delivery_max = models.BigIntegerField(
        help_text="Bytes per second that the kernel measured while it was busy."
    )

    class Meta:
        constraints = [
            # The sampler adds to it; a client is read in order of time, and forgotten.
            models.UniqueConstraint(
                fields=["client", "at", "source"], name="client_sample_once"
            )
        ]
        indexes = [
            # Pruning, the newest of all clients, and all clients of a range of time.
            models.Index(fields=["at"], name="client_sample_at"),
        ]
        verbose_name = "ten seconds of a client"
        verbose_name_plural = "connections of clients"

    def __str__(self) -> str:
        return f"{self.client} {self.at}"


class BandwidthPeak(models.Model):
    """The fastest reading of an hour UTC, with its moment; days are made of hours."""

    HOUR = 3600

    source = models.ForeignKey(BandwidthSource, models.CASCADE, db_index=False)
    interface = models.CharField(max_length=200)
    direction = models.CharField(
        max_length=8, choices=BandwidthSource.Direction.choices
    )
    at = models.BigIntegerField(help_text="The hour's first second.")
    bytes_per_second = models.FloatField()
    peaked_at = models.BigIntegerField(help_text="Epoch seconds.")

    class Meta:
        constraints = [
            # The sampler raises it; pages read one interface in order of time.
            models.UniqueConstraint(
                fields=["source", "interface", "direction", "at"], name="peak_once"
            )
        ]
        indexes = [
            # All interfaces of a range of time; the admin's list, the newest first.
            models.Index(fields=["at"], name="peak_at"),
        ]
        verbose_name = "peak"

    def __str__(self) -> str:
        return f"{self.interface} {self.at}"
