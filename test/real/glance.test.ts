import assert from "node:assert/strict";
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { after, before, beforeEach, type TestContext, test } from "node:test";
import { stringify } from "yaml";
import { cloudDoor } from "../../src/commands/cloud-door.ts";
import { createLocalHost } from "../../src/host/local/local.ts";
import type { CloudDoor } from "../../src/model/cloud-door.ts";
import type { Context } from "../../src/model/context.ts";
import { cacheEntryName } from "../../src/model/layout.ts";
import { glanceSettings } from "../../src/sources/glance/settings.ts";
import { requireSource } from "../../src/sources/index.ts";
import { type FaultyProxy, startFaultyProxy } from "../support/faulty-proxy.ts";
import { type OpenStack, passwordLogin, startOpenStack } from "../support/openstack.ts";
import { apply, assertConverged, virtform } from "./support/in-this-process.ts";
import { mustRun, stepOf, virtformEvents } from "./support/virtform.ts";
import { apply as applyBeside, assertNoLeftovers, createWorkspace, readSidecars, virsh, writeConfig } from "./support/workspace.ts";

const MiB = 2 ** 20;

const local = createLocalHost();
let cloud: OpenStack;
/** Two servers of one image service. */
let proxies: readonly [FaultyProxy, FaultyProxy];
before(async () => {
  cloud = await startOpenStack({ barbican: true });
  proxies = [await startFaultyProxy(cloud.glanceUrl), await startFaultyProxy(cloud.glanceUrl)];
  cloud.setEndpoint("public", proxies[0].url);
});
after(async () => {
  await Promise.all(proxies?.map((proxy) => proxy.stop()) ?? []);
  await cloud?.stop();
  await local.close();
});

/** The variables that virtform is started with. */
function login(variables: Readonly<Record<string, string>>): void {
  for (const name of Object.keys(process.env)) if (name.startsWith("OS_")) delete process.env[name];
  Object.assign(process.env, variables);
}
beforeEach(() => {
  login(cloud.environment());
  for (const { faults, requests } of proxies) {
    faults.length = 0;
    requests.length = 0;
  }
});

/** An image of random bytes with a partition table's signature, as Glance has it. */
async function upload(fields: Readonly<Record<string, unknown>> = {}, bytes = 3 * MiB) {
  const content = randomBytes(bytes);
  const id = await cloud.upload({ name: "noise", disk_format: "raw", ...fields }, content);
  return { id, content, sha256: createHash("sha256").update(content).digest("hex") };
}

/** A configuration whose only image comes from this source. */
async function prepare(t: TestContext, source: string, more: Readonly<Record<string, unknown>> = {}, image: object = {}) {
  const workspace = await createWorkspace(t);
  await writeConfig(workspace, { images: { noise: { source, ...image } }, ...more });
  return workspace;
}

const baseOf = (instancesPath: string, id: string) => readFile(`${instancesPath}/_base/${cacheEntryName(id)}`);

test("an image of Glance is fetched, and a guest is what its properties say", async (t) => {
  const { id, content } = await upload({ hw_disk_bus: "sata", min_disk: 1, min_ram: 64, os_distro: "noise", hw_vif_model: "e1000" });
  const workspace = await prepare(t, `glance://${id}`, {
    flavors: { small: { vcpus: 1, ram: "64MiB", disk: "1GiB" }, tight: { vcpus: 1, ram: "32MiB", disk: "1GiB" } },
  });
  const name = `${workspace.prefix}-one`;
  const write = (flavor: string) =>
    writeConfig(workspace, {
      images: { noise: { source: `glance://${id}` } },
      flavors: { small: { vcpus: 1, ram: "64MiB", disk: "1GiB" }, tight: { vcpus: 1, ram: "32MiB", disk: "1GiB" } },
      instances: { [name]: { image: "noise", flavor, power_state: "stopped" } },
    });
  await write("tight");
  const refused = await virtform("plan", workspace.directory);
  assert.equal(refused.code, 1);
  assert.match(refused.stdout + refused.stderr, /flavor tight has too little memory for image noise/);

  await write("small");
  const planned = await virtform("plan", workspace.directory);
  assert.equal(planned.code, 0, planned.stderr);
  for (const line of [/image +noise \(/, /visibility +shared/, /digest +sha512:/, /min_ram +64MiB/, /properties +.*hw_disk_bus=sata/]) {
    assert.match(planned.stdout, line);
  }
  await apply(workspace);
  assert.deepEqual(await baseOf(workspace.instancesPath, id), content);
  assert.match(await virsh("dumpxml", name), /<target dev='sda' bus='sata'\/>/);
  assert.match((await virtform("image", "list", "--path", workspace.directory)).stdout, /^noise +active +raw /m);
  await assertConverged(workspace);
  await cloud.glance("POST", `/v2/images/${id}/actions/deactivate`, { user: "admin", project: "admin" });
  const deactivated = await virtform("plan", workspace.directory, "--detailed-exitcode");
  assert.equal(deactivated.code, 0);
  assert.match(deactivated.stderr, /Warning: Image noise \(.*\) in Glance is deactivated[\s\S]*Its base image stays, also for new guests/);
  await assertNoLeftovers(workspace);
  await virtform("destroy", workspace.directory, "--auto-approve", "--allow-destroy", "--images");
});

test("requests that are cut, delayed, answered with 503 or with an expired token are repeated, also at another server; a broken download is resumed", async (t) => {
  const { id, content } = await upload();
  const workspace = await prepare(t, `glance://${id}`, { glance: { api_servers: proxies.map(({ url }) => url) } });
  const path = new RegExp(`^GET /v2/images/${id}$`);
  const file = new RegExp(`^GET /v2/images/${id}/file`);
  proxies[0].faults.push({ on: file, status: 401 });
  for (const { faults } of proxies) {
    faults.push({ on: path, status: 503 }, { on: path, delay: 300 }, { on: file, cutAfter: 700_000 }, { on: file, status: 503 });
  }
  await apply(workspace);
  assert.deepEqual(await baseOf(workspace.instancesPath, id), content);
  const ranges = proxies.flatMap(({ requests }) => requests.filter((line) => line.includes(" bytes=")));
  assert.ok(ranges.length >= 1, "nothing was resumed");
  for (const { requests } of proxies)
    assert.ok(
      requests.some((line) => file.test(line)),
      "a server was not asked",
    );
  await assertNoLeftovers(workspace);
});

test("wrong bytes of a server are refused by their digest, and no file is left", async (t) => {
  const { id } = await upload();
  const workspace = await prepare(t, `glance://${id}`);
  proxies[0].faults.push({ on: /\/file/, flipByte: 2_000_000 });
  const failed = await virtform("apply", workspace.directory, "--auto-approve");
  assert.equal(failed.code, 1);
  assert.match((failed.stdout + failed.stderr).replaceAll(/\s+/g, " "), /does not match the digest that Glance recorded/);
  assert.deepEqual(await readdir(`${workspace.instancesPath}/_base`), []);
});

/** Logged in once. */
let usual: CloudDoor | undefined;

/** What a look at a source says, in one line. */
async function lookSays(
  source: string,
  variables?: Readonly<Record<string, string>>,
  drivers: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  usual ??= cloudDoor(cloud.environment());
  const clouds = variables === undefined ? usual : cloudDoor(variables);
  const context = { host: local, settings: { drivers }, signal: new AbortController().signal, clouds };
  const found = await requireSource(source).look?.(context as unknown as Context, source);
  const { code = "", summary = "", detail = "" } = found?.problem ?? {};
  return `${code}: ${summary}. ${detail}`;
}

test("each way to be refused has its own code and words", async () => {
  const { id } = await upload({ visibility: "private" });
  const created = await cloud.glance("POST", "/v2/images", { body: { name: "queued", disk_format: "raw", container_format: "bare" } });
  const queued = (await created.json()) as { id: string };
  const deactivated = await upload();
  await cloud.glance("POST", `/v2/images/${deactivated.id}/actions/deactivate`, { user: "admin", project: "admin" });
  assert.match(await lookSays(`glance://${queued.id}`), /^glance-image-not-active: .* is queued\./);
  assert.match(await lookSays(`glance://${deactivated.id}`), /^glance-image-not-active: .* is deactivated\./);
  const missing = /^glance-image-missing: image .* does not exist, or is not visible/;
  assert.match(await lookSays("glance://11111111-2222-4333-8444-555555555555"), missing);
  assert.match(await lookSays(`glance://${id}`, cloud.environment("stranger", "other")), missing);
  assert.match(await lookSays("glance://no-such-name"), missing);
  await upload({ name: "twice" });
  await upload({ name: "twice" });
  assert.match(await lookSays("glance://twice"), /^glance-image-ambiguous: /);
  assert.match(await lookSays("glance://in:twice"), missing, "a list of names for Glance");
  const { id: empty } = await upload({}, 0);
  assert.match(await lookSays(`glance://${empty}`), /^glance-image-empty: .* is empty\./);
  const capitals = randomUUID().toUpperCase();
  await upload({ id: capitals, name: "capitals" });
  for (const name of [capitals, "capitals"]) assert.match(await lookSays(`glance://${name}`), /^: /, name);
  const wrong = await lookSays(`glance://${id}`, { ...cloud.environment(), OS_PASSWORD: "wrong-secret" });
  assert.match(wrong, /^cloud-refused: .*Keystone says: The request you have made requires authentication/);
  assert.doesNotMatch(wrong, /wrong-secret/);
  assert.match(await lookSays(`glance://${id}`, { ...cloud.environment(), OS_REGION_NAME: "Nowhere" }), /^cloud-catalogue: .*RegionOne/);
  assert.match(await lookSays(`glance://${id}`, {}), /^cloud-missing: No cloud is chosen/);
  const closed = { glance: glanceSettings({ api_servers: ["http://127.0.0.1:9"], num_retries: 0 }) };
  assert.match(await lookSays(`glance://${id}`, undefined, closed), /^glance-unavailable: Glance at 127\.0\.0\.1:9 cannot be reached/);
  const said = async (status: number) => {
    proxies[0].faults.push({ on: /^GET /, status });
    return lookSays(`glance://${id}`);
  };
  assert.match(await said(401), /^: /, "a refused token is renewed");
  assert.match(await said(403), /^glance-forbidden: .*made by the test: 403/);
  assert.match(await said(400), /^glance-bad-request: /);
  assert.match(await said(413), /^glance-quota: /);
  proxies[0].faults.push({ on: /^GET /, lie: () => ({ id: 1 }) });
  assert.match(await lookSays(`glance://${id}`), /^unexpected-answer: /);
});

test("what a token may not read, and a format that the file says otherwise, fail the plan at the source", async (t) => {
  const { id } = await upload();
  const workspace = await prepare(t, `glance://${id}`, {}, { disk_format: "qcow2" });
  const planned = await virtform("plan", workspace.directory, "--json");
  assert.equal(planned.code, 1);
  assert.match(planned.stdout, /image-format-mismatch/);
});

test("application credentials of clouds.yaml, secrets of secure.yaml, names and addresses of images work", async (t) => {
  const { id, content } = await upload({ name: "by name" });
  const workspace = await prepare(t, "glance://by%20name", { glance: { cloud: "app" } });
  login({ XDG_CONFIG_HOME: `${workspace.directory}/settings` });
  t.after(() => delete process.env["XDG_CONFIG_HOME"]);
  await mkdir(`${workspace.directory}/settings/openstack`, { recursive: true });
  const { id: credential, secret } = cloud.applicationCredential;
  const auth = { auth_url: cloud.authUrl, application_credential_id: credential };
  const user = passwordLogin(cloud.authUrl);
  await writeFile(
    `${workspace.directory}/settings/openstack/clouds.yaml`,
    stringify({ clouds: { app: { auth_type: "v3applicationcredential", auth, interface: "internal" }, ops: { auth: user } } }),
  );
  await writeFile(
    `${workspace.directory}/settings/openstack/secure.yaml`,
    stringify({ clouds: { app: { auth: { application_credential_secret: secret } } } }),
  );
  await apply(workspace);
  assert.deepEqual(await baseOf(workspace.instancesPath, id), content);
  assert.deepEqual(proxies[0].requests, [], "the public address was used");
  const unused = () => virtform("gc", workspace.directory, "--min-age", "0s", "--dry-run");
  assert.match((await unused()).stdout, /There is nothing to collect/);

  // Hidden, as images are that newer ones replace: not in lists, and still found by those who know its name.
  const hide = [{ op: "replace", path: "/os_hidden", value: true }];
  await cloud.glance("PATCH", `/v2/images/${id}`, { body: hide, type: "application/openstack-images-v2.1-json-patch" });
  await assertConverged(workspace);

  const address = `${cloud.glanceUrl.replace("http", "glance+http")}/v2/images/${id}`;
  const other = await prepare(t, address, { glance: { cloud: "ops" } });
  await apply(other);
  assert.deepEqual(await baseOf(other.instancesPath, id), content);
});

test("a file of an allowed directory is copied without the service; one elsewhere is downloaded", async (t) => {
  const { id, content } = await upload();
  const directory = mkdtempSync(`${tmpdir()}/virtform-direct-`);
  t.after(() => rmSync(directory, { recursive: true }));
  const fetchAllowed = async (allowed: string) => {
    const drivers = { glance: glanceSettings({ allowed_direct_url_schemes: ["file"], direct_url_directories: [allowed] }) };
    usual ??= cloudDoor(cloud.environment());
    const context = { host: local, settings: { drivers }, signal: new AbortController().signal, clouds: usual } as unknown as Context;
    const source = `glance://${id}`;
    await requireSource(source).fetch(context, { source, to: `${directory}/image`, digests: ["sha256"] });
    assert.deepEqual(await readFile(`${directory}/image`), content);
    return proxies[0].requests.some((line) => line.endsWith("/file"));
  };
  assert.equal(await fetchAllowed(`${cloud.directory}/images`), false);
  assert.equal(await fetchAllowed(`${cloud.directory}/staging`), true);
});

test("an image that is taken from a disk is published as it is on the host", async (t) => {
  const workspace = await createWorkspace(t);
  const { prefix, directory, instancesPath } = workspace;
  await writeFile(`${directory}/noise.raw`, randomBytes(MiB));
  const write = (more: object = {}) =>
    writeConfig(workspace, {
      images: { noise: { source: `${directory}/noise.raw`, disk_format: "raw" }, ...more },
      flavors: { small: { vcpus: 1, ram: "64MiB", disk: "8MiB" } },
      instances: { [`${prefix}-builder`]: { image: "noise", flavor: "small", power_state: "stopped" } },
    });
  await write();
  await apply(workspace);
  await write({
    golden: {
      source: `instance://${prefix}-builder/root`,
      disk_format: "raw",
      publish: { glance: { name: "taken", tags: ["golden"] } },
    },
  });
  await apply(workspace);
  await assertConverged(workspace);
  const [image, second] = await publishedBy(workspace.project);
  assert.equal(second, undefined);
  const base = Object.entries(await readSidecars(workspace)).find(([, sidecar]) => sidecar.image === "golden")?.[0];
  const sha512 = createHash("sha512")
    .update(await readFile(`${instancesPath}/_base/${base}`))
    .digest("hex");
  assert.deepEqual(
    [image?.["status"], image?.["size"], image?.["os_hash_value"], image?.["tags"]],
    ["active", 8 * MiB, sha512, ["golden"]],
  );
});

/** The images in Glance that a project of virtform published. */
async function publishedBy(project: string): Promise<Record<string, unknown>[]> {
  const answer = await cloud.glance("GET", `/v2/images?virtform_project=${project}`);
  return ((await answer.json()) as { images: Record<string, unknown>[] }).images;
}

test("an image is published, its drift is corrected, and a killed or broken upload is completed", async (t) => {
  const workspace = await createWorkspace(t);
  const content = randomBytes(6 * MiB);
  await writeFile(`${workspace.directory}/golden.raw`, content);
  const write = (glance: object) =>
    writeConfig(workspace, {
      images: { golden: { source: `${workspace.directory}/golden.raw`, disk_format: "raw", min_ram: "64MiB", publish: { glance } } },
    });
  await write({ properties: { os_hash_value: "x", checksum: "y" }, members: [cloud.projects.other] });
  const refused = await virtform("plan", workspace.directory, "--json");
  assert.equal(refused.code, 1);
  assert.match(refused.stdout, /published-property-read-only[\s\S]*published-members-unused/);
  assert.deepEqual(await publishedBy(workspace.project), []);

  const wanted = {
    name: "golden image",
    visibility: "shared",
    members: [cloud.projects.other],
    tags: ["golden", "a"],
    properties: { build: "1", hw_disk_bus: "scsi" },
  };
  await write(wanted);
  // Killed while it uploads: Glance gives the image back, and the next run goes on with it.
  proxies[0].faults.push({ on: /^PUT .*\/file/, delay: 1500 });
  const killed = await virtformEvents(["apply", workspace.directory, "--auto-approve"], (event, kill) => {
    if (stepOf(event) === "apply_start published.publish") setTimeout(kill, 1000);
  });
  assert.notEqual(killed.code, 0);
  assert.equal((await publishedBy(workspace.project)).length, 1);
  proxies[0].faults.length = 0;
  proxies[0].faults.push({ on: /^PUT .*\/file/, cutUploadAfter: 2 * MiB }, { on: /^PUT .*\/file/, status: 503 });
  const planned = await virtform("plan", workspace.directory);
  assert.match(planned.stdout, /published\/golden will be updated in place: its upload did not end/);
  await apply(workspace);
  await assertConverged(workspace);
  const [image, second] = await publishedBy(workspace.project);
  assert.equal(second, undefined, "published twice");
  const sha512 = createHash("sha512").update(content).digest("hex");
  const { status, size, name, visibility, min_ram, build, hw_disk_bus, os_hash_value, virtform_digest, tags, id } = image ?? {};
  assert.deepEqual(
    { status, size, name, visibility, min_ram, build, hw_disk_bus, os_hash_value, virtform_digest },
    {
      status: "active",
      size: content.length,
      name: "golden image",
      visibility: "shared",
      min_ram: 64,
      build: "1",
      hw_disk_bus: "scsi",
      os_hash_value: sha512,
      virtform_digest: `sha512:${sha512}`,
    },
  );
  assert.deepEqual([...(tags as string[])].sort(), ["a", "golden"]);
  const members = (await (await cloud.glance("GET", `/v2/images/${id}/members`)).json()) as { members: { member_id: string }[] };
  assert.deepEqual(
    members.members.map(({ member_id }) => member_id),
    [cloud.projects.other],
  );

  const patch = [
    { op: "replace", path: "/build", value: "by hand" },
    { op: "add", path: "/of_others", value: "kept" },
    { op: "replace", path: "/name", value: "another" },
  ];
  const change = (body: readonly object[]) =>
    cloud.glance("PATCH", `/v2/images/${id}`, { body, type: "application/openstack-images-v2.1-json-patch" });
  await change(patch);
  await cloud.glance("DELETE", `/v2/images/${id}/tags/golden`);
  assert.match(
    (await virtform("plan", workspace.directory)).stdout,
    /published\/golden will be updated in place: it differs in Glance \(host drifted\)/,
  );
  await write({ ...wanted, visibility: "private", members: [], properties: { build: "1" }, protected: true });
  const drift = await virtform("plan", workspace.directory);
  assert.match(drift.stdout, /properties\.build +"?by hand"? → "?1/);
  await apply(workspace);
  await assertConverged(workspace);
  await change([{ op: "replace", path: "/visibility", value: "shared" }]);
  const left = (await (await cloud.glance("GET", `/v2/images/${id}/members`)).json()) as { members: unknown[] };
  assert.deepEqual(left.members, [], "an image that is shared again has no members of before");
  await change([{ op: "replace", path: "/visibility", value: "private" }]);
  const [mended] = await publishedBy(workspace.project);
  const { build: built, of_others, name: named, hw_disk_bus: gone, protected: kept } = mended ?? {};
  assert.deepEqual(
    { built, of_others, named, gone, kept },
    { built: "1", of_others: "kept", named: "golden image", gone: undefined, kept: true },
  );

  // A hidden image is not listed, and is not published once more.
  await change([{ op: "replace", path: "/os_hidden", value: true }]);
  await assertConverged(workspace);
});

test("a saved plan changes an image that is in Glance, and is refused once the image was changed there", async (t) => {
  const workspace = await createWorkspace(t);
  await writeFile(`${workspace.directory}/golden.raw`, randomBytes(MiB));
  const write = (build: string) =>
    writeConfig(workspace, {
      images: {
        golden: { source: `${workspace.directory}/golden.raw`, disk_format: "raw", publish: { glance: { properties: { build } } } },
      },
    });
  const file = `${workspace.directory}/site.plan`;
  const save = () => virtform("plan", workspace.directory, "--out", file);
  // The first one uploads, the second one changes what is there.
  for (const build of ["1", "2"]) {
    await write(build);
    assert.equal((await save()).code, 0);
    const applied = await virtform("apply", file);
    assert.equal(applied.code, 0, applied.stderr);
    assert.deepEqual(
      (await publishedBy(workspace.project)).map((image) => [image["build"], image["status"]]),
      [[build, "active"]],
    );
    await assertConverged(workspace);
  }
  await write("3");
  await save();
  const [{ id = "" } = {}] = await publishedBy(workspace.project);
  const body = [{ op: "replace", path: "/build", value: "by hand" }];
  await cloud.glance("PATCH", `/v2/images/${id}`, { body, type: "application/openstack-images-v2.1-json-patch" });
  const refused = await virtform("apply", file);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /The saved plan no longer fits: published\/golden has changed/);
});

test("while Glance does not list images, the published image is left out, and the rest of the project changes", async (t) => {
  const workspace = await createWorkspace(t);
  await writeFile(`${workspace.directory}/golden.raw`, randomBytes(MiB));
  const write = (ram: string) =>
    writeConfig(workspace, {
      images: { golden: { source: `${workspace.directory}/golden.raw`, disk_format: "raw", publish: { glance: { name: "kept" } } } },
      flavors: { small: { vcpus: 1, ram, disk: "16MiB" } },
      instances: { [`${workspace.prefix}-one`]: { image: "golden", flavor: "small", power_state: "stopped" } },
    });
  await write("64MiB");
  await apply(workspace);
  await write("96MiB");
  const [{ faults }] = proxies;
  faults.push({ on: /^GET \/v2\/images\?/, times: 1000, status: 403 });
  const refused = await virtform("apply", workspace.directory, "--auto-approve");
  assert.equal(refused.code, 1);
  assert.match(refused.stderr.replaceAll(/\s+/g, " "), /`virtform apply --exclude published\/golden`/);
  const applied = await virtform("apply", workspace.directory, "--auto-approve", "--exclude", "published/golden");
  assert.equal(applied.code, 0, applied.stderr);
  assert.match(await virsh("dumpxml", `${workspace.prefix}-one`), /<memory unit='KiB'>98304</);
  faults.length = 0;
  await assertConverged(workspace);
  const [, second] = await publishedBy(workspace.project);
  assert.equal(second, undefined);
  await virtform("destroy", workspace.directory, "--auto-approve", "--allow-destroy", "--images");
});

test("two hosts that publish the same image at once make one image of it; one that was deleted is published again", async (t) => {
  const [first, other] = [await createWorkspace(t), await createWorkspace(t)];
  const second = { ...other, project: first.project };
  const source = `${first.directory}/golden.raw`;
  await writeFile(source, randomBytes(3 * MiB));
  for (const workspace of [first, second])
    await writeConfig(workspace, { images: { golden: { source, disk_format: "raw", publish: { glance: { name: "raced" } } } } });
  await Promise.all([applyBeside(first), applyBeside(second)]);
  const [image, twice] = await publishedBy(first.project);
  assert.deepEqual([image?.["status"], twice], ["active", undefined]);
  for (const workspace of [first, second]) await assertConverged(workspace);

  await cloud.glance("DELETE", `/v2/images/${image?.["id"]}`);
  await apply(second);
  const [again] = await publishedBy(first.project);
  assert.equal(again?.["status"], "active");
  assert.notEqual(again?.["id"], image?.["id"]);
  await assertConverged(first);
});

test("a signed image is accepted, and one with a byte changed is refused and leaves nothing", async (t) => {
  const directory = mkdtempSync(`${tmpdir()}/virtform-signer-`);
  t.after(() => rmSync(directory, { recursive: true }));
  const certificate = async (name: string, kind: readonly string[]) => {
    const files = ["-keyout", `${directory}/${name}.key`, "-out", `${directory}/${name}.pem`];
    await mustRun("openssl", ["req", "-x509", "-nodes", "-subj", `/CN=${name}`, "-days", "2", ...kind, ...files]);
  };
  await certificate("rsa", ["-newkey", "rsa:2048", "-addext", "keyUsage=critical,digitalSignature"]);
  await certificate("ec", ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp384r1"]);
  const { id, content } = await upload({ name: "signed" });
  await writeFile(`${directory}/content`, content);
  // Without a key manager Glance takes these properties only after the upload. virtform checks what it downloads.
  const signWith = async (name: string, method: string, type: string, options: readonly string[] = []) => {
    const signature = `${directory}/${name}.signature`;
    const digest = `-${method.replace("-", "").toLowerCase()}`;
    await mustRun("openssl", ["dgst", digest, "-sign", `${directory}/${name}.key`, ...options, "-out", signature, `${directory}/content`]);
    const properties = {
      img_signature: (await readFile(signature)).toString("base64"),
      img_signature_hash_method: method,
      img_signature_key_type: type,
      img_signature_certificate_uuid: "11111111-2222-4333-8444-555555555555",
    };
    const patch = Object.entries(properties).map(([name, value]) => ({ op: "add", path: `/${name}`, value }));
    await cloud.glance("PATCH", `/v2/images/${id}`, { body: patch, type: "application/openstack-images-v2.1-json-patch" });
  };
  const signers = { verify_glance_signatures: true, trusted_certificates: ["ec", "rsa"].map((name) => `${directory}/${name}.pem`) };
  const workspace = await prepare(t, `glance://${id}`, { glance: signers });
  const unsigned = await virtform("plan", workspace.directory, "--json");
  assert.match(unsigned.stdout, /image-unsigned/);

  await signWith("rsa", "SHA-256", "RSA-PSS", ["-sigopt", "rsa_padding_mode:pss"]);
  // A store that changed a byte and its own digest with it.
  const changed = Buffer.from(content);
  changed[1_000_000] = (changed[1_000_000] ?? 0) ^ 1;
  const sha512 = createHash("sha512").update(changed).digest("hex");
  const lies = () =>
    proxies[0].faults.push(
      { on: new RegExp(`GET /v2/images/${id}$`), times: 2, lie: (answer) => ({ ...answer, os_hash_value: sha512 }) },
      { on: /\/file/, flipByte: 1_000_000 },
    );
  lies();
  const refused = await virtform("apply", workspace.directory, "--auto-approve", "--json");
  assert.equal(refused.code, 1);
  assert.match(refused.stdout, /"image-signature-wrong"/);
  assert.deepEqual(await readdir(`${workspace.instancesPath}/_base`), []);
  proxies[0].faults.length = 0;
  await apply(workspace);
  assert.deepEqual(await baseOf(workspace.instancesPath, id), content);

  await signWith("ec", "SHA-384", "ECC_SECP384R1");
  const other = await prepare(t, `glance://${id}`, { glance: signers });
  await apply(other);
  const untrusted = await prepare(t, `glance://${id}`, { glance: { trusted_certificates: [`${directory}/rsa.pem`] } });
  const stranger = await virtform("apply", untrusted.directory, "--auto-approve", "--json");
  assert.match(stranger.stdout, /"image-signature-wrong"/);
});

/** The errors of `plan --json`. */
function errorsOf(stdout: string) {
  const { diagnostics } = JSON.parse(stdout) as {
    readonly diagnostics: readonly Record<"severity" | "code" | "summary" | "detail", string>[];
  };
  return diagnostics.filter(({ severity }) => severity === "error");
}

test("a plan forbids what the rules of the service forbid, and what it allows is done", async (t) => {
  const directory = mkdtempSync(`${tmpdir()}/virtform-rules-`);
  t.after(() => rmSync(directory, { recursive: true }));
  await writeFile(`${directory}/policy.yaml`, '"communitize_image": "role:admin"\n"add_member": "role:admin or role:sharer"\n');
  const all = "create = member\nread = @\nupdate = member\ndelete = member\n";
  await writeFile(
    `${directory}/protections.conf`,
    `[^billing_]\ncreate = admin\nread = admin, member\nupdate = admin\ndelete = !\n[.*]\n${all}`,
  );
  const ruled = await startOpenStack({
    of: cloud,
    glance: `property_protection_file = ${directory}/protections.conf\n[oslo_policy]\npolicy_file = ${directory}/policy.yaml\n`,
  });
  t.after(() => ruled.stop());
  login(ruled.environment());
  const workspace = await createWorkspace(t);
  await writeFile(`${workspace.directory}/golden.raw`, randomBytes(MiB));
  const rules = { policy_file: `${directory}/policy.yaml`, property_protection_file: `${directory}/protections.conf` };
  const write = (publish: object, glance: object = rules) =>
    writeConfig(workspace, {
      glance,
      images: { golden: { source: `${workspace.directory}/golden.raw`, disk_format: "raw", publish: { glance: publish } } },
    });
  for (const [publish, code] of [
    [{ properties: { billing_code: "1" } }, "glance-property-protected"],
    [{ visibility: "community" }, "glance-policy-refused"],
    [{ visibility: "public" }, "glance-policy-refused"],
    [{ visibility: "shared", members: [ruled.projects.other] }, "glance-policy-refused"],
  ] as const) {
    await write(publish);
    const planned = await virtform("plan", workspace.directory, "--json");
    assert.equal(planned.code, 1);
    assert.deepEqual(
      errorsOf(planned.stdout).map((one) => one.code),
      [code],
    );
    // The service thinks the same.
    await write(publish, {});
    const applied = await virtform("apply", workspace.directory, "--auto-approve", "--json");
    assert.equal(applied.code, 1, applied.stdout);
    assert.match(applied.stdout, /"glance-forbidden"/);
  }
  await write({ properties: { build: "1" }, tags: ["a"] });
  await apply(workspace);
  await assertConverged(workspace);
});

test("the certificate that an image names comes from Barbican, and has to lead to a trusted one", async (t) => {
  const directory = mkdtempSync(`${tmpdir()}/virtform-keys-`);
  t.after(() => rmSync(directory, { recursive: true }));
  const path = (name: string) => `${directory}/${name}`;
  const issue = async (name: string, issuer: string | undefined, extensions: readonly string[], days = "2") => {
    const from = issuer === undefined ? [] : ["-CA", path(`${issuer}.pem`), "-CAkey", path(`${issuer}.key`)];
    const made = ["-keyout", path(`${name}.key`), "-out", path(`${name}.pem`), "-subj", `/CN=${name}`, "-days", days];
    const added = extensions.flatMap((one) => ["-addext", one]);
    await mustRun("openssl", ["req", "-x509", "-nodes", "-newkey", "rsa:2048", ...from, ...made, ...added]);
    return readFile(path(`${name}.pem`), "utf8");
  };
  const authority = (length: number) => [`basicConstraints=critical,CA:TRUE,pathlen:${length}`, "keyUsage=critical,keyCertSign"];
  const signing = ["basicConstraints=CA:FALSE", "keyUsage=critical,digitalSignature"];
  await issue("root", undefined, authority(1));
  const middle = await cloud.keepCertificate(await issue("middle", "root", authority(0)));
  const signer = await cloud.keepCertificate(await issue("signer", "middle", signing));
  const stranger = await cloud.keepCertificate(await issue("stranger", undefined, signing));

  const content = randomBytes(MiB);
  const id = await cloud.upload({ name: "signed", disk_format: "raw" }, content);
  await writeFile(path("content"), content);
  const sign = async (name: string, certificate: string) => {
    await mustRun("openssl", [
      ..."dgst -sha256 -sigopt rsa_padding_mode:pss -sign".split(" "),
      path(`${name}.key`),
      "-out",
      path("signature"),
      path("content"),
    ]);
    const properties = {
      img_signature: (await readFile(path("signature"))).toString("base64"),
      img_signature_hash_method: "SHA-256",
      img_signature_key_type: "RSA-PSS",
      img_signature_certificate_uuid: certificate,
    };
    const patch = Object.entries(properties).map(([name, value]) => ({ op: "add", path: `/${name}`, value }));
    await cloud.glance("PATCH", `/v2/images/${id}`, { body: patch, type: "application/openstack-images-v2.1-json-patch" });
  };
  const trust = { key_manager: "barbican", trusted_certificates: [path("root.pem")], default_trusted_certificate_ids: [middle] };
  const workspace = await prepare(t, `glance://${id}`, { glance: trust });
  const refused = async (code: string, words: RegExp, glance: object = trust) => {
    const other = await prepare(t, `glance://${id}`, { glance });
    const planned = await virtform("plan", other.directory, "--json");
    assert.equal(planned.code, 1, planned.stdout);
    const errors = errorsOf(planned.stdout);
    assert.deepEqual(
      errors.map((one) => one.code),
      [code],
    );
    assert.match(`${errors[0]?.summary} ${errors[0]?.detail}`, words);
  };
  await sign("stranger", stranger);
  await refused("image-certificate-untrusted", /does not lead to a trusted certificate/);
  await sign("signer", signer);
  await refused("image-certificate-untrusted", /does not lead/, { key_manager: "barbican", trusted_certificates: [path("root.pem")] });
  await refused("image-signers-missing", /needs trusted certificates/, { key_manager: "barbican" });
  await apply(workspace);
  assert.deepEqual(await baseOf(workspace.instancesPath, id), content);
  await assertConverged(workspace);
  const outdated = await virtform("image", "outdated", "--path", workspace.directory);
  assert.match(outdated.stdout, /^current +noise: same sha512 as Glance has/);

  // Signed by another key than that of the certificate that is named.
  await sign("stranger", signer);
  const forged = await prepare(t, `glance://${id}`, { glance: trust });
  const failed = await virtform("apply", forged.directory, "--auto-approve", "--json");
  assert.match(failed.stdout, /"image-signature-wrong"/);
  // The base image that was fetched before stays, and the plan says that it was signed with another key.
  const resigned = await virtform("plan", workspace.directory, "--json");
  assert.equal(resigned.code, 0, resigned.stdout);
  assert.match(resigned.stdout, /"image-signer-changed"/);
  assert.deepEqual(await readdir(`${forged.instancesPath}/_base`), []);

  await cloud.withdrawCertificate(signer);
  await refused("image-certificate-missing", /never existed, or was deleted/);
  login(cloud.environment("stranger", "other"));
  await cloud.glance("PATCH", `/v2/images/${id}`, {
    body: [{ op: "replace", path: "/visibility", value: "community" }],
    type: "application/openstack-images-v2.1-json-patch",
  });
  await refused("image-certificate-forbidden", /may not read certificate/);
});
