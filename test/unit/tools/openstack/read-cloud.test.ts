import assert from "node:assert/strict";
import { test } from "node:test";
import { CodedError } from "../../../../src/model/errors.ts";
import { tokenRequest } from "../../../../src/tools/openstack/keystone.ts";
import { readCloud } from "../../../../src/tools/openstack/read-cloud.ts";

const inputs = (environment: Record<string, string>, files: Record<string, string> = {}) => ({
  environment,
  directories: ["/here", "/home/ops/.config/openstack", "/etc/openstack"],
  readText: (path: string) => files[path],
});
const code = (expected: string) => (error: unknown) => error instanceof CodedError && error.code === expected;

const variables = {
  OS_AUTH_URL: "https://keystone:5000",
  OS_USERNAME: "ops",
  OS_PASSWORD: "of-variables",
  OS_PROJECT_NAME: "shop",
  OS_REGION_NAME: "North",
};
const clouds = `
clouds:
  ops:
    region_name: South
    interface: internalURL
    verify: "no"
    cacert: /etc/ssl/ours.pem
    auth: { auth_url: "https://ks/identity/v3/", username: ops, project_id: p1, user_domain_name: Ops }
  app:
    auth_type: v3applicationcredential
    auth: { auth_url: "https://ks", application_credential_id: c1, application_credential_secret: s1 }
`;
const file = "/home/ops/.config/openstack/clouds.yaml";
const secure = { "/home/ops/.config/openstack/secure.yaml": "clouds: { ops: { auth: { password: of-secure } } }" };

test("variables describe a cloud where none is named", () => {
  const cloud = readCloud(inputs(variables, { [file]: clouds }), null);
  assert.equal(cloud.authUrl, "https://keystone:5000/v3");
  assert.equal(cloud.region, "North");
  assert.equal(cloud.interface, "public");
  assert.ok(cloud.verify);
  assert.deepEqual(tokenRequest(cloud.login), {
    auth: {
      identity: { methods: ["password"], password: { user: { name: "ops", domain: { id: "default" }, password: "of-variables" } } },
      scope: { project: { name: "shop", domain: { id: "default" } } },
    },
  });
});

test("an entry that is named takes nothing from the variables, and its secrets from secure.yaml", () => {
  const cloud = readCloud(inputs({ ...variables, OS_CLOUD: "app" }, { [file]: clouds, ...secure }), "ops");
  const { login, ...rest } = cloud;
  assert.deepEqual(rest, {
    origin: `cloud ops of ${file}`,
    authUrl: "https://ks/identity/v3",
    region: "South",
    interface: "internal",
    imageEndpoint: null,
    keyManagerEndpoint: null,
    verify: false,
    cacert: "/etc/ssl/ours.pem",
    cert: null,
    key: null,
  });
  assert.deepEqual(login, {
    method: "password",
    user: { name: "ops", domain: { name: "Ops" } },
    password: "of-secure",
    scope: { project: { id: "p1" } },
  });
});

test("OS_CLOUD comes before the other variables; application credentials and tokens need no user", () => {
  const { login } = readCloud(inputs({ ...variables, OS_CLOUD: "app" }, { [file]: clouds }), null);
  assert.deepEqual(tokenRequest(login), {
    auth: { identity: { methods: ["application_credential"], application_credential: { id: "c1", secret: "s1" } } },
  });
  const token = readCloud(inputs({ OS_AUTH_URL: "http://ks/v2.0", OS_TOKEN: "t", OS_PROJECT_ID: "p" }), null);
  assert.equal(token.authUrl, "http://ks/v3");
  assert.deepEqual(tokenRequest(token.login), {
    auth: { identity: { methods: ["token"], token: { id: "t" } }, scope: { project: { id: "p" } } },
  });
});

test("the file of OS_CLIENT_CONFIG_FILE comes first, then the current directory; an only entry needs no name", () => {
  const one = (url: string) => `clouds: { one: { profile: ours, auth: { username: u, password: p, auth_url: "${url}" } } }`;
  const files = {
    "/here/clouds.yaml": one("https://here"),
    "/named.yaml": one("https://named"),
    [file]: clouds,
    "/etc/openstack/clouds-public.yaml":
      "public-clouds: { ours: { region_name: East, auth: { auth_url: https://vendor, project_name: x } } }",
  };
  const cloud = readCloud(inputs({ OS_CLIENT_CONFIG_FILE: "/named.yaml" }, files), null);
  assert.equal(cloud.authUrl, "https://named/v3");
  assert.equal(cloud.region, "East");
  assert.equal(readCloud(inputs({}, files), null).authUrl, "https://here/v3");
});

test("what is missing or unknown is named, and no secret is", () => {
  const broken = { [file]: 'clouds:\n  ops:\n    auth: { password: "top-secret\n' };
  assert.throws(() => readCloud(inputs({}), null), code("cloud-missing"));
  assert.throws(() => readCloud(inputs({}, { [file]: clouds }), null), /No cloud is chosen/);
  assert.throws(
    () => readCloud(inputs({}, { [file]: clouds }), "opps"),
    (error: unknown) => code("cloud-missing")(error) && JSON.stringify((error as CodedError).diagnostics).includes("ops, app"),
  );
  assert.throws(
    () => readCloud(inputs({ OS_AUTH_URL: "https://ks" }), null),
    (error: unknown) =>
      code("cloud-incomplete")(error) && JSON.stringify((error as CodedError).diagnostics).includes("OS_USERNAME, OS_PASSWORD"),
  );
  assert.throws(() => readCloud(inputs({ ...variables, OS_AUTH_TYPE: "v3oidcpassword" }), null), code("cloud-auth-type"));
  assert.throws(() => readCloud(inputs({ ...variables, OS_AUTH_URL: "ks:5000" }), null), code("cloud-invalid"));
  assert.throws(() => readCloud(inputs({ ...variables, OS_INTERFACE: "private" }), null), code("cloud-invalid"));
  assert.throws(
    () => readCloud(inputs({}, broken), "ops"),
    (error: unknown) => code("cloud-invalid")(error) && !JSON.stringify((error as CodedError).diagnostics).includes("top-secret"),
  );
});

test("addresses of services are http or https, without user and password", () => {
  for (const wrong of [
    "glance.example.org",
    "ftp://glance",
    "https://user:top-secret@glance",
    "https://glance:99999999",
    "https://glance/?a=b",
    " https://glance",
  ]) {
    assert.throws(
      () => readCloud(inputs({ ...variables, OS_IMAGE_ENDPOINT_OVERRIDE: wrong }), null),
      (error: unknown) => code("cloud-invalid")(error) && !JSON.stringify((error as CodedError).diagnostics).includes("top-secret"),
      wrong,
    );
  }
  assert.equal(
    readCloud(inputs({ ...variables, OS_IMAGE_ENDPOINT_OVERRIDE: "https://glance:9292" }), null).imageEndpoint,
    "https://glance:9292",
  );
});

test("a password that YAML takes for a tag is missing, and is not printed as a warning", async (context) => {
  const warnings: Error[] = [];
  const collect = (warning: Error) => void warnings.push(warning);
  process.on("warning", collect);
  context.after(() => process.off("warning", collect));
  const files = { [file]: "clouds: { ops: { auth: { auth_url: https://ks, username: ops, password: !top-secret } } }" };
  assert.throws(() => readCloud(inputs({}, files), "ops"), code("cloud-incomplete"));
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(warnings, []);
});

/** An entry with a password, a project and these further lines. */
const entry = (more: string) => `clouds:
  ops:
    auth: { auth_url: "https://ks", username: u, password: p, project_name: shop }
${more}`;

test("of several regions that of region_name is used with its values, else the first one", () => {
  const regions = "    regions: [{ name: North, values: { interface: internal } }, { name: South, values: { interface: admin } }]\n";
  const chosen = (more: string) => {
    const { region, interface: way } = readCloud(inputs({}, { [file]: entry(more) }), null);
    return `${region} ${way}`;
  };
  assert.equal(chosen(regions), "North internal");
  assert.equal(chosen(`${regions}    region_name: South\n`), "South admin");
  assert.equal(chosen("    regions: [North, South]\n    region_name: South\n"), "South public");
  assert.equal(chosen("    regions: []\n    region_name: West\n"), "West public");
  for (const wrong of ["    region_name: West\n", ""])
    assert.throws(
      () => chosen(`${wrong === "" ? "    regions: [{ values: {} }]\n" : regions}${wrong}`),
      (error: unknown) => code("cloud-invalid")(error) && /Its regions are: /.test(JSON.stringify((error as CodedError).diagnostics)),
    );
});

test("a key without a value in secure.yaml takes nothing away", () => {
  const read = (secret: string) =>
    readCloud(inputs({}, { [file]: entry(""), "/home/ops/.config/openstack/secure.yaml": `clouds:\n  ops:${secret}` }), null).authUrl;
  for (const secret of ["\n", "\n    auth:\n", "\n    auth: { password: }\n"]) assert.equal(read(secret), "https://ks/v3", secret);
  assert.throws(() => read(" text\n"), /The entry of cloud ops has no settings/);
});

test("a list of interfaces of the image service and the trust of a token are followed", () => {
  const { interface: way, login } = readCloud(
    inputs({}, { [file]: entry("    interface: admin\n    image_interface: [internal, public]\n    trust_id: t1\n") }),
    null,
  );
  assert.equal(way, "internal");
  assert.deepEqual((tokenRequest(login) as { auth: { scope: unknown } }).auth.scope, { "OS-TRUST:trust": { id: "t1" } });
});
