import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { tokenRequest } from "../../../src/tools/openstack/keystone.ts";
import { readCloud } from "../../../src/tools/openstack/read-cloud.ts";

const python = fileURLToPath(new URL("../../../.cache/openstack/venv/bin/python", import.meta.url));

/** What openstacksdk makes of the files of each directory, and the body of what it would ask Keystone with. */
const program = `
import json, logging, os, sys, warnings
warnings.filterwarnings("ignore"); logging.disable(logging.CRITICAL)
import openstack.config
from keystoneauth1 import exceptions

class Asked(Exception):
    pass

class Session:
    auth = None
    def get(self, url, **rest):
        raise exceptions.ConnectFailure("no discovery")
    def post(self, url, json, **rest):
        raise Asked(url, json)

answers = []
for case in json.load(sys.stdin):
    files = {f"{kind}_files": [os.path.join(case["directory"], name)] for kind, name in (("config", "clouds.yaml"), ("secure", "secure.yaml"))}
    for key in [key for key in os.environ if key.startswith("OS_")]:
        del os.environ[key]
    os.environ.update(case["environment"])
    cloud = openstack.config.OpenStackConfig(**files).get_one(**({"cloud": case["name"]} if case["name"] else {}))
    try:
        cloud.get_auth().get_auth_ref(Session())
    except Asked as asked:
        url, body = asked.args
    verify, cert = cloud.get_requests_verify_args()
    answers.append({
        "url": url,
        **body,
        "region": cloud.get_region_name("image") or None,
        "interface": cloud.get_interface("image"),
        "endpoint": cloud.get_endpoint("image"),
        "verify": verify is not False,
        "cacert": verify if isinstance(verify, str) else None,
    })
json.dump(answers, sys.stdout)
`;

interface Case {
  readonly clouds?: string;
  readonly secure?: string;
  readonly name?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

const domains = "user_domain_name: Users, project_domain_name: Projects";
const variables = { OS_AUTH_URL: "http://of-variables/v3", OS_USERNAME: "u", OS_PASSWORD: "p", OS_PROJECT_NAME: "x" };
const cases: Readonly<Record<string, Case>> = {
  "anchors and merge keys": {
    clouds: `
x-usual: &usual
  auth: &auth { auth_url: http://k/v3, project_name: shop, ${domains} }
  region_name: R1
clouds:
  a:
    <<: *usual
    auth: { <<: *auth, username: u, password: w }
`,
  },
  "values that are no decimal numbers": {
    clouds: `
clouds:
  a:
    auth: { auth_url: http://k/v3, username: 1e5, password: 08123, project_id: 4957181200000e52, ${domains} }
`,
  },
  "quoted digits": {
    clouds: `
clouds:
  a: { auth: { auth_url: http://k/v3, username: "0123", password: "12345678901234567890", project_name: "true", ${domains} } }
`,
  },
  "keys with hyphens": {
    clouds: `
clouds:
  north-1:
    auth: { auth-url: http://k/v3, username: u, password: p, project-name: x, user-domain-name: U, project-domain-id: d-1 }
    region-name: R9
    image-interface: internal
`,
  },
  "values of a region": {
    clouds: `
clouds:
  a:
    auth: { auth_url: http://k/v3, username: u, password: p, project_name: x, ${domains} }
    regions:
      - { name: R1, values: { image_endpoint_override: "http://g1", auth: { project_name: y } } }
      - R2
`,
  },
  "regions by name": {
    clouds: `
clouds: { a: { regions: [R3, R4], auth: { auth_url: http://k/v3, username: u, password: p, project_name: x, ${domains} } } }
`,
  },
  "region names with commas": {
    clouds: `
clouds: { a: { region_name: "R5,R6", auth: { auth_url: http://k/v3, username: u, password: p, project_name: x, ${domains} } } }
`,
  },
  "settings of the image service": {
    clouds: `
clouds:
  a:
    auth: { auth_url: http://k/v3, username: u, password: p, project_name: x, ${domains} }
    interface: public
    image_interface: internal
    region_name: R1
    image_region_name: R2
    image_endpoint: http://g9/v2
`,
  },
  "one domain for user and project": {
    clouds: `
clouds: { a: { auth: { auth_url: http://k/v3, username: u, password: p, project_name: x, domain_name: Both } } }
`,
  },
  "a domain as scope": {
    clouds: `
clouds: { a: { auth: { auth_url: http://k/v3, username: u, password: p, user_domain_name: Users, domain_id: d } } }
`,
  },
  "an application credential": {
    clouds: `
clouds:
  a:
    auth_type: v3applicationcredential
    auth: { auth_url: http://k/v3, application_credential_id: 089, application_credential_secret: "00" }
`,
  },
  "a token": {
    clouds: `
clouds: { a: { auth_type: token, auth: { auth_url: http://k/v3, token: t, project_id: x } } }
`,
  },
  "secrets of secure.yaml": {
    clouds: `
clouds: { a: { auth: { auth_url: http://k/v3, username: u, project_name: x, ${domains} } } }
`,
    secure: "clouds: { a: { auth: { password: 0777x } } }\n",
  },
  "the variables by their name": {
    clouds: "clouds: { a: { auth: { auth_url: http://k } } }\n",
    environment: { ...variables, OS_CLOUD: "envvars", OS_USER_DOMAIN_NAME: "U", OS_PROJECT_DOMAIN_NAME: "P" },
  },
  "variables beside a named entry": {
    clouds: `
clouds: { a: { cacert: /etc/ca.pem, auth: { auth_url: http://k/v3, username: u, password: p, project_name: x, ${domains} } } }
`,
    name: "a",
    environment: { OS_REGION_NAME: "R7", OS_PASSWORD: "other", OS_PROJECT_NAME: "other" },
  },
  "certificates that are not checked": {
    clouds: `
clouds: { a: { verify: no, auth: { auth_url: http://k/v3, username: u, password: p, project_name: x, ${domains} } } }
`,
  },
};

test("settings of clouds are those that openstacksdk reads", async (t) => {
  const root = mkdtempSync(join(tmpdir(), "virtform-clouds-"));
  t.after(() => rmSync(root, { recursive: true }));
  const prepared = Object.entries(cases).map(([what, { clouds, secure, name, environment = {} }]) => {
    const directory = mkdtempSync(join(root, "case-"));
    if (clouds !== undefined) writeFileSync(join(directory, "clouds.yaml"), clouds);
    if (secure !== undefined) writeFileSync(join(directory, "secure.yaml"), secure);
    return { what, directory, name: name ?? null, environment };
  });
  const answers = JSON.parse(
    execFileSync(python, ["-c", program], { input: JSON.stringify(prepared), encoding: "utf8", env: { HOME: root } }),
  ) as Record<string, unknown>[];
  for (const [index, { what, directory, name, environment }] of prepared.entries()) {
    const readText = (path: string): string | undefined => {
      try {
        return readFileSync(path, "utf8");
      } catch {
        return undefined;
      }
    };
    await t.test(what, () => {
      const cloud = readCloud({ environment, directories: [directory], readText }, name);
      const { verify, cacert, region, interface: face, imageEndpoint } = cloud;
      const asked = { url: `${cloud.authUrl}/auth/tokens`, ...(tokenRequest(cloud.login) as object) };
      const ours = { ...asked, region, interface: face, endpoint: imageEndpoint, verify, cacert };
      assert.deepEqual(ours, answers[index]);
    });
  }
});
