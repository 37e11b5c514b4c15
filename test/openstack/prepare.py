"""Fills an empty Keystone with what the tests use: prepare.py URL PASSWORD. Prints the ids that Keystone gave, as JSON."""

import json
import sys

import requests

url, password = sys.argv[1], sys.argv[2]
session = requests.Session()


def call(method, path, body=None):
    answer = session.request(method, url + path, json=body, timeout=60)
    if answer.status_code >= 300:
        raise SystemExit(f"{method} {path}: {answer.status_code} {answer.text}")
    return answer


def login(user, project):
    domain = {"id": "default"}
    user = {"name": user, "password": password, "domain": domain}
    identity = {"methods": ["password"], "password": {"user": user}}
    scope = {"project": {"name": project, "domain": domain}}
    session.headers.pop("X-Auth-Token", None)
    answer = call("POST", "/auth/tokens", {"auth": {"identity": identity, "scope": scope}})
    session.headers["X-Auth-Token"] = answer.headers["X-Subject-Token"]
    return answer.json()["token"]


def make(kind, **fields):
    return call("POST", f"/{kind}s", {kind: fields}).json()[kind]["id"]


login("admin", "admin")
roles = {role["name"]: role["id"] for role in call("GET", "/roles").json()["roles"]}
roles["creator"] = make("role", name="creator")
projects = {name: make("project", name=name, domain_id="default") for name in ("service", "shop", "other")}
users = {name: make("user", name=name, password=password, domain_id="default") for name in ("glance", "barbican", "ops", "guest", "stranger")}
for user, role, project in (
    ("glance", "service", "service"),
    ("glance", "admin", "service"),
    ("barbican", "service", "service"),
    ("barbican", "admin", "service"),
    ("ops", "member", "shop"),
    ("ops", "creator", "shop"),
    ("guest", "reader", "shop"),
    ("stranger", "member", "other"),
):
    call("PUT", f"/projects/{projects[project]}/users/{users[user]}/roles/{roles[role]}")
image = make("service", name="glance", type="image")
keys = make("service", name="barbican", type="key-manager")
# The starter writes the real addresses: every test has ports of its own.
for interface in ("public", "internal", "admin"):
    make("endpoint", service_id=image, interface=interface, region="RegionOne", url=f"http://glance.invalid/{interface}")
    make("endpoint", service_id=keys, interface=interface, region="RegionOne", url="http://barbican.invalid")
login("ops", "shop")
credential = {"name": "tests", "roles": [{"id": roles["member"]}]}
answer = call("POST", f"/users/{users['ops']}/application_credentials", {"application_credential": credential}).json()
credential = answer["application_credential"]
print(
    json.dumps(
        {
            "projects": projects,
            "users": users,
            "applicationCredential": {"id": credential["id"], "secret": credential["secret"]},
        }
    )
)
