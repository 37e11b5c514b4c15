import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { request as requestOf } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { DatabaseSync } from "node:sqlite";
import { after, before, type TestContext, test } from "node:test";
import { stringify } from "yaml";
import { cacheEntryName } from "../../src/model/layout.ts";
import { startCeph } from "../support/ceph.ts";
import { type OpenStack, passwordLogin, startOpenStack } from "../support/openstack.ts";
import { startSshd } from "./ssh/sshd.ts";
import { apply, assertConverged, virtform } from "./support/in-this-process.ts";
import { mustRun } from "./support/virtform.ts";
import { assertNoLeftovers, createWorkspace, virsh, writeConfig } from "./support/workspace.ts";

const MiB = 2 ** 20;
let cloud: OpenStack;
before(async () => {
  cloud = await startOpenStack();
});
after(() => cloud?.stop());

function login(variables: Readonly<Record<string, string>>): void {
  for (const name of Object.keys(process.env)) if (name.startsWith("OS_")) delete process.env[name];
  Object.assign(process.env, variables);
}

async function upload() {
  const content = randomBytes(3 * MiB);
  return { id: await cloud.upload({ name: "noise", disk_format: "raw" }, content), content };
}

test("an image that Glance keeps in Ceph", async (t) => {
  const ceph = await startCeph(["vms", "images"]);
  t.after(ceph.stop);
  login(cloud.environment());
  const content = randomBytes(8 * MiB);
  const raw = `${ceph.directory}/noise.raw`;
  await writeFile(raw, content);
  const created = await cloud.glance("POST", "/v2/images", { body: { name: "in ceph", disk_format: "raw", container_format: "bare" } });
  const { id } = (await created.json()) as { id: string };
  // As Glance's own rbd store keeps an image.
  await ceph.run("rbd", "import", "--no-progress", raw, `images/${id}`);
  await ceph.run("rbd", "snap", "create", "--no-progress", `images/${id}@snap`);
  await ceph.run("rbd", "snap", "protect", `images/${id}@snap`);
  {
    // That store would need Ceph's libraries in Python. Glance only shows its record of the image.
    using database = new DatabaseSync(`${cloud.directory}/glance.db`, { timeout: 10_000 });
    const sha512 = createHash("sha512").update(content).digest("hex");
    database
      .prepare("UPDATE images SET status = 'active', size = ?, os_hash_algo = 'sha512', os_hash_value = ? WHERE id = ?")
      .run(content.length, sha512, id);
    database
      .prepare(
        "INSERT INTO image_locations (image_id, value, meta_data, status, deleted, created_at, updated_at) VALUES (?, ?, '{}', 'active', 0, '2026-11-29 00:00:00', '2026-11-29 00:00:00')",
      )
      .run(id, `rbd://${ceph.fsid}/images/${id}/snap`);
  }
  await t.test("disks are cloned from its snapshot, and it is not downloaded", async (t) => {
    const workspace = await createWorkspace(t);
    const name = `${workspace.prefix}-one`;
    await writeConfig(workspace, {
      host: { images_type: "rbd", rbd: { pool: "vms", conf: ceph.conf } },
      images: { noise: { source: `glance://${id}` } },
      flavors: { small: { vcpus: 1, ram: "64MiB", disk: "16MiB" } },
      instances: { [name]: { image: "noise", flavor: "small", power_state: "stopped" } },
    });
    await apply(workspace);
    await assertConverged(workspace);
    const uuid = (await virsh("domuuid", name)).trim();
    const info = JSON.parse(await ceph.run("rbd", "info", `vms/${uuid}_disk`, "--format", "json"));
    assert.equal(`${info.parent.pool}/${info.parent.image}@${info.parent.snapshot}`, `images/${id}@snap`);
    await ceph.run("rbd", "export", "--no-progress", `vms/${uuid}_disk`, `${ceph.directory}/clone.raw`);
    assert.deepEqual((await readFile(`${ceph.directory}/clone.raw`)).subarray(0, content.length), content);
    assert.match((await virtform("image", "list", "--path", workspace.directory)).stdout, /^noise +cloned /m);
    await assertNoLeftovers(workspace);
    const gone = await virtform("destroy", workspace.directory, "--auto-approve", "--allow-destroy");
    assert.equal(gone.code, 0, gone.stdout + gone.stderr);
  });

  await t.test(
    "with enable_rbd_download a host whose disks are files reads it from its snapshot, and asks Glance where that fails",
    async (t) => {
      // Disks that are files cannot be clones. The service itself has no content for the image, so every byte is Ceph's.
      const other = await createWorkspace(t);
      const writeOther = (glance: object) =>
        writeConfig(other, { host: { rbd: { pool: "vms", conf: ceph.conf } }, glance, images: { noise: { source: `glance://${id}` } } });
      /** The diagnostics of an apply, which has to fail. */
      const failed = async () => {
        const { code, stdout, stderr } = await virtform("apply", other.directory, "--auto-approve", "--json");
        assert.equal(code, 1, stdout + stderr);
        const events = stdout
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line) as { readonly diagnostic?: { readonly code?: string; readonly detail?: string } });
        return events.flatMap(({ diagnostic }) => (diagnostic === undefined ? [] : [diagnostic]));
      };
      await writeOther({});
      const refused = await failed();
      assert.ok(refused.length > 0);
      assert.ok(!refused.some(({ code }) => code === "image-not-read-from-ceph"), JSON.stringify(refused));
      await writeOther({ enable_rbd_download: true });
      const plan = await virtform("plan", other.directory);
      assert.match(plan.stdout, /way +Ceph, or else Glance at /, plan.stdout + plan.stderr);
      const locate = (snapshot: string) => {
        using database = new DatabaseSync(`${cloud.directory}/glance.db`, { timeout: 10_000 });
        database.prepare("UPDATE image_locations SET value = ? WHERE image_id = ?").run(`rbd://${ceph.fsid}/images/${id}/${snapshot}`, id);
      };
      locate("gone");
      const fallen = await failed();
      const [reason] = fallen.filter(({ code }) => code === "image-not-read-from-ceph");
      assert.match(reason?.detail ?? "", /\/gone does not exist/, JSON.stringify(fallen));
      locate("snap");
      await apply(other);
      assert.deepEqual(await readFile(`${other.instancesPath}/_base/${cacheEntryName(id)}`), content);
      await assertConverged(other);
      await assertNoLeftovers(other);
    },
  );
});

/** A server with TLS in front of another one, whose certificate is of an authority of this test. */
async function behindTls(t: TestContext, target: string, directory: string): Promise<string> {
  const [key, cert] = [readFileSync(`${directory}/server.key`), readFileSync(`${directory}/server.pem`)];
  const server = createServer({ key, cert }, (request, response) => {
    const { method, url, headers } = request;
    const forwarded = requestOf(new URL(url ?? "/", target), { method: method ?? "GET", headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    forwarded.on("error", () => response.destroy());
    request.pipe(forwarded);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("Keystone and Glance with certificates of an authority of one's own are trusted by cacert, also for a host over ssh", async (t) => {
  const directory = mkdtempSync(`${tmpdir()}/virtform-tls-`);
  t.after(() => rmSync(directory, { recursive: true }));
  const make = (name: string, ...more: readonly string[]) =>
    mustRun("openssl", [
      ..."req -x509 -nodes -days 2 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1".split(" "),
      ...["-keyout", `${directory}/${name}.key`, "-out", `${directory}/${name}.pem`, "-subj", `/CN=${name}`, ...more],
    ]);
  await make("authority", "-addext", "basicConstraints=critical,CA:TRUE");
  const issued = ["-CA", `${directory}/authority.pem`, "-CAkey", `${directory}/authority.key`];
  await make("server", ...issued, "-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=CA:FALSE");
  const identity = await behindTls(t, cloud.authUrl.replace(/\/v3$/, ""), directory);
  cloud.setEndpoint("public", await behindTls(t, cloud.glanceUrl, directory));
  t.after(() => cloud.setEndpoint("public", cloud.glanceUrl));
  const { id, content } = await upload();
  login({ XDG_CONFIG_HOME: directory });
  t.after(() => delete process.env["XDG_CONFIG_HOME"]);
  await mkdir(`${directory}/openstack`);
  const auth = passwordLogin(`${identity}/v3`);
  await writeFile(
    `${directory}/openstack/clouds.yaml`,
    stringify({ clouds: { ours: { auth, cacert: `${directory}/authority.pem` }, strange: { auth } } }),
  );
  const fetched = async (name: string, host: object = {}) => {
    const workspace = await createWorkspace(t);
    await writeConfig(workspace, { host, glance: { cloud: name }, images: { noise: { source: `glance://${id}` } } });
    return workspace;
  };
  const refused = await virtform("plan", (await fetched("strange")).directory, "--json");
  assert.equal(refused.code, 1);
  assert.match(refused.stdout, /"cloud-unreachable"[\s\S]*certificate of 127\.0\.0\.1:\d+ is not trusted/);
  const sshd = await startSshd(t);
  process.env["VIRTFORM_SSH"] = sshd.program;
  t.after(() => delete process.env["VIRTFORM_SSH"]);
  for (const host of [{}, { uri: sshd.uri }]) {
    const workspace = await fetched("ours", host);
    await apply(workspace);
    assert.deepEqual(await readFile(`${workspace.instancesPath}/_base/${cacheEntryName(id)}`), content);
    await assertConverged(workspace);
    await assertNoLeftovers(workspace);
  }
});

test("a host over ssh gets an image of Glance by itself", async (t) => {
  login(cloud.environment());
  const sshd = await startSshd(t);
  process.env["VIRTFORM_SSH"] = sshd.program;
  t.after(() => delete process.env["VIRTFORM_SSH"]);
  const { id, content } = await upload();
  const workspace = await createWorkspace(t);
  await writeConfig(workspace, { host: { uri: sshd.uri }, images: { noise: { source: `glance://${id}` } } });
  await apply(workspace);
  assert.deepEqual(await readFile(`${workspace.instancesPath}/_base/${cacheEntryName(id)}`), content);
  await assertConverged(workspace);
  const outdated = await virtform("image", "outdated", "--path", workspace.directory);
  assert.match(outdated.stdout, /^current +noise: same sha512 as Glance has/);
});
