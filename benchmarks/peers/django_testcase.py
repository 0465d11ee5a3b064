"""What Django's TestCase costs: an empty test, and one with one INSERT, in microseconds.

    apt-get install --no-install-recommends python3-django python3-psycopg2
    /usr/bin/python3 benchmarks/peers/django_testcase.py "$(bazel run //src:start_local_postgres)"

Each side takes its turn, test by test: a test is run by unittest as Django runs it, with the set-up
and clean-up of its class outside of the measured time. Beside them, in the same run, one raw round
trip of `ROLLBACK;BEGIN` through psycopg2, and `BEGIN`, the INSERT and `ROLLBACK`.
"""
import statistics
import sys
import time
import unittest
import urllib.parse

import django
import psycopg2
from django.conf import settings

URL = sys.argv[1]
ROUNDS, TESTS = 25, 200


def database_settings(url):
    parsed = urllib.parse.urlparse(url)
    query = urllib.parse.parse_qs(parsed.query)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parsed.path.lstrip("/"),
        "USER": parsed.username or "",
        "PASSWORD": parsed.password or "",
        "HOST": query.get("host", [parsed.hostname or ""])[0],
        "PORT": query.get("port", [parsed.port or ""])[0],
    }


settings.configure(DATABASES={"default": database_settings(URL)}, USE_TZ=True)
django.setup()

from django.db import connection, models  # noqa: E402  (after the settings)
from django.test import TestCase  # noqa: E402


class User(models.Model):
    email = models.TextField()

    class Meta:
        app_label = "peers"
        db_table = "drydock_peer_users"


class Tests(TestCase):
    def empty(self):
        pass

    def insert(self):
        User.objects.create(email="ada@example.org")


def timed(call):
    start = time.perf_counter()
    call()
    return (time.perf_counter() - start) * 1e6


def run_test(name):
    result = unittest.TestResult()
    Tests(name)(result)
    if not result.wasSuccessful():
        raise SystemExit(str(result.errors + result.failures))


def raw_cursor():
    raw = psycopg2.connect(URL)
    raw.autocommit = True
    return raw.cursor()


def main():
    with connection.schema_editor() as editor:
        editor.create_model(User)
    first, second = raw_cursor(), raw_cursor()
    first.execute("BEGIN")

    def raw_insert():
        second.execute("BEGIN")
        second.execute("INSERT INTO drydock_peer_users (email) VALUES ('ada@example.org')")
        second.execute("ROLLBACK")

    sides = {
        "raw ROLLBACK;BEGIN": lambda: first.execute("ROLLBACK;BEGIN"),
        "empty test": lambda: run_test("empty"),
        "raw BEGIN, INSERT, ROLLBACK": raw_insert,
        "test with one INSERT": lambda: run_test("insert"),
    }
    medians = {name: [] for name in sides}
    Tests.setUpClass()
    try:
        for _ in range(ROUNDS):
            times = {name: [] for name in sides}
            for _ in range(TESTS):
                for name, call in sides.items():
                    times[name].append(timed(call))
            for name in sides:
                medians[name].append(statistics.median(times[name]))
    finally:
        first.execute("ROLLBACK")
        Tests.tearDownClass()
        with connection.schema_editor() as editor:
            editor.delete_model(User)
    print("Django", django.get_version(), "with psycopg2", psycopg2.__version__.split()[0])
    for name, values in medians.items():
        print(f"{name:30} {statistics.median(values):8.1f} us")


main()
