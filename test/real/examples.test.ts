import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cp, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { type TestContext, test } from "node:test";
import { parse, stringify } from "yaml";
import { instanceNames } from "../../src/kinds/config/instance-names.ts";
import { startCeph } from "../support/ceph.ts";
import { assertGolden } from "../support/golden.ts";
import { startLoopLvm } from "../support/loop-lvm.ts";
import { startOpenStack } from "../support/openstack.ts";
import { makeSigner } from "../support/signer.ts";
import { serveImages } from "./support/image-server.ts";
// quickstart.test.ts runs the program as users do.
import { virtform } from "./support/in-this-process.ts";
import { removeNetworks } from "./support/remove-networks.ts";
import { checkout } from "./support/virtform.ts";
import {
  assertApplied,
  assertNoLeftovers,
  assertNothingPlanned,
  createWorkspace,
  readMarkers,
  roomy,
  tinyGuest,
  virsh,
  type Workspace,
  waitForConsole,
} from "./support/workspace.ts";

const examples = [
  "compressed",
  "encrypted",
  "environments",
  "flat-vfat",
  "glance",
  "golden-image",
  "inject",
  "lvm",
  "networks",
  "ploop",
  "quickstart",
  "rbd",
  "signed",
  "two-tiers",
  "web",
];

/** Applied by containers.test.ts, as containers need a libvirt of the test's own. */
const withContainers = ["container"];

// What an example takes from the environment.
process.env["EXAMPLE_PASSPHRASE"] = "only an example";
process.env["EXAMPLE_VOLUME_PASSPHRASE"] = "another example";

test("every example is applied by a test", async () => {
  const folders = (await readdir(`${checkout}examples`, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  assert.deepEqual(folders.map(({ name }) => name).sort(), [...examples, ...withContainers].sort());
});

async function assertConverged(...paths: readonly string[]): Promise<void> {
  assertNothingPlanned(await virtform("plan", ...paths, "--detailed-exitcode"));
}

/** The names of the guests of a configuration, with all copies and includes. */
async function guestsOf(directory: string): Promise<string[]> {
  const { config } = JSON.parse((await virtform("config", directory, "--json")).stdout);
  return Object.entries<{ readonly count?: number }>(config.instances).flatMap(([name, { count }]) => instanceNames(name, count));
}

for (const example of examples) {
  test(`examples/${example} validates, applies, and is then what it says; destroy removes it`, async (t) => {
    const workspace = await createWorkspace(t);
    // Where it stands, it validates as it is.
    const valid = await virtform("validate", `${checkout}examples/${example}`);
    assert.equal(valid.code, 0, valid.stdout + valid.stderr);

    // To be applied it is copied and given names and a place of the test's own; paths in it stay as they are.
    const directory = `${workspace.directory}/examples/${example}`;
    await cp(`${checkout}examples/${example}`, directory, { recursive: true });
    await mkdir(`${workspace.directory}/.cache`);
    await symlink(`${checkout}.cache/guest`, `${workspace.directory}/.cache/guest`);
    const config = parse(await readFile(`${directory}/virtform.yaml`, "utf8"));
    config.project = workspace.project;
    config.host = { allocation_ratio: roomy, ...config.host, instances_path: workspace.instancesPath };
    if (config.host.rbd !== undefined) {
      const ceph = await startCeph([config.host.rbd.pool]);
      t.after(ceph.stop);
      config.host.rbd.conf = ceph.conf;
    }
    if (example === "glance") await startGlance(t);
    if (example === "compressed") {
      const packed = execFileSync("xz", ["-1", "-c", tinyGuest.disk], { maxBuffer: 2 ** 28 });
      await writeFile(`${directory}/tiny.qcow2.xz`, packed);
    }
    if (example === "signed") config.images.tiny = await publishSigned(t, directory, config.images.tiny);
    if (config.host.lvm !== undefined) config.host.lvm.volume_group = loopGroup(t);
    for (const { networks: cards = [] } of Object.values<{ networks?: { network?: string }[] }>(config.instances ?? {}))
      for (const card of cards)
        if (card.network !== undefined && card.network in (config.networks ?? {})) card.network = `${workspace.prefix}-${card.network}`;
    for (const section of ["instances", "include", "networks"])
      if (config[section] !== undefined)
        config[section] = Object.fromEntries(
          Object.entries(config[section]).map(([name, entry]) => [`${workspace.prefix}-${name}`, entry]),
        );
    await writeFile(`${directory}/virtform.yaml`, stringify(config));
    t.after(() => removeNetworks(...Object.keys(config.networks ?? {})));
    const names = await guestsOf(directory);

    const copy = { ...workspace, directory };
    const planned = await virtform("plan", directory, "--detailed-exitcode");
    assert.equal(planned.code, 2, planned.stdout + planned.stderr);
    assertGolden(`${checkout}test/real/golden/example-${example}.txt`, likeEverywhere(planned.stdout, workspace));
    assertApplied(await virtform("apply", directory, "--auto-approve"));
    await assertConverged(directory);
    for (const name of names) {
      const { value, userData } = readMarkers(await waitForConsole(copy, name, /^virtform-guest: ready$/m));
      if (example === "inject") {
        assert.deepEqual([value("root"), value("boots"), value("config-drive")], ["an appliance of virtform", "1", "none"]);
        // The base image of the disk is what it was.
        const verified = await virtform("image", "verify", "--path", directory);
        assert.equal(verified.code, 0, verified.stdout + verified.stderr);
      }
      if (example !== "lvm") continue;
      // test/real/lvm/guest.ts, which has the real LVM, starts no Linux that would report this.
      assert.deepEqual([value("root"), value("boots"), userData], ["virtform tiny guest", "1", `#!/bin/sh\necho "From a volume group."\n`]);
      assert.match(value("config-drive") ?? "", /type=vfat/);
    }
    await assertConverged(directory);
    // Right after a start, what libvirt makes different in a running guest is not pending.
    const drift = await virtform("drift", directory, "--pending");
    assert.equal(drift.code, 0, drift.stdout + drift.stderr);
    if (example === "golden-image") await applyBoth(directory);
    await assertNoLeftovers(copy);
    const gone = await virtform("destroy", directory, "--auto-approve", "--allow-destroy", "--images");
    assert.equal(gone.code, 0, gone.stdout + gone.stderr);
    assert.doesNotMatch(await virsh("list", "--all", "--name"), new RegExp(workspace.prefix));
  });
}

/** The second step of the golden image: while its builder runs. */
async function applyBoth(directory: string): Promise<void> {
  const both = [directory, `${directory}/golden.yaml`];
  const planned = await virtform("plan", ...both);
  assert.match(
    planned.stdout,
    /way +from volume data of \S+-builder while it runs, with its file systems frozen for a moment/,
    planned.stderr,
  );
  assertApplied(await virtform("apply", ...both, "--auto-approve"));
  await assertConverged(...both);
}

/** A cloud with the images of the tiny guest, for programs that this process starts. */
async function startGlance(t: TestContext): Promise<void> {
  const cloud = await startOpenStack();
  t.after(cloud.stop);
  for (const [name, path, format, container] of [
    ["tiny-guest", tinyGuest.disk, "qcow2", "bare"],
    ["tiny-kernel", tinyGuest.kernel, "aki", "aki"],
    ["tiny-ramdisk", tinyGuest.ramdisk, "ari", "ari"],
  ] as const)
    await cloud.upload({ name, disk_format: format, container_format: container, min_ram: 128 }, await readFile(path));
  const variables = cloud.environment();
  Object.assign(process.env, variables);
  t.after(() => {
    for (const name of Object.keys(variables)) delete process.env[name];
  });
}

/** The image as a publisher on loopback serves it, signed with a key of this test in place of the example's. */
async function publishSigned(t: TestContext, directory: string, image: { readonly checksum: object }): Promise<object> {
  // What is remembered of this server is nothing to anybody else.
  process.env["XDG_CACHE_HOME"] = `${directory}/cache`;
  t.after(() => delete process.env["XDG_CACHE_HOME"]);
  const signer = makeSigner(t, "Publisher of an example <images@example.org>");
  await writeFile(`${directory}/publisher.asc`, signer.publicKeys);
  const content = await readFile(tinyGuest.disk);
  const sums = `${directory}/SHA256SUMS`;
  await writeFile(sums, `${createHash("sha256").update(content).digest("hex")} *root.qcow2\n`);
  signer.sign(sums, `${sums}.gpg`, "--detach-sign");
  const server = await serveImages(t, [tinyGuest.disk, sums, `${sums}.gpg`]);
  const file = server.url(sums);
  return { ...image, source: server.url(tinyGuest.disk), checksum: { ...image.checksum, file, signature: `${file}.gpg` } };
}

/** A volume group of loop devices. The real LVM is on a host of its own, in test/real/lvm, where no Linux is started. */
function loopGroup(t: TestContext): string {
  const lvm = startLoopLvm(2 ** 30);
  const path = process.env["PATH"];
  process.env["PATH"] = `${lvm.programs}:${path}`;
  t.after(() => {
    process.env["PATH"] = path;
    lvm.stop();
  });
  return lvm.group;
}

/** A plan without what is of this run or of this machine: names, places, what follows from them, and what else is here. */
function likeEverywhere(text: string, { prefix, project, directory, instancesPath }: Workspace): string {
  const own: Readonly<Record<string, string>> = {
    [`${prefix}-`]: "",
    [project]: "PROJECT",
    [instancesPath]: "INSTANCES",
    [directory]: "DIRECTORY",
  };
  return Object.entries(own)
    .reduce((known, [from, to]) => known.replaceAll(from, to), text)
    .replace(/52:54:00(:[0-9a-f]{2}){3}/g, "52:54:00:xx:xx:xx")
    .replace(/-525400[0-9a-f]{6}/g, "-525400xxxxxx")
    .replace(/ \([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\)/g, " (ID)")
    .replace(/owner( +)[0-9a-f]{32}/g, "owner$1OWNER")
    .replace(/sha512:[0-9a-f]{128}/g, "sha512:DIGEST")
    .replace(/sha256:[0-9a-f]{64}/g, "sha256:DIGEST")
    .replace(/[0-9A-F]{40} \(Publisher/g, "FINGERPRINT (Publisher")
    .replace(/http:\/\/127\.0\.0\.1:\d+/g, "http://SERVER")
    .replace(/Glance at 127\.0\.0\.1:\d+/g, "Glance at SERVER")
    .replace(/^( +Moves: +|To be moved: about )\S+$/gm, "$1SIZE")
    .replace(/\bvt-[0-9a-f]{6}\b/g, "GROUP")
    .replace(/\bbrq[0-9a-f]{8}-[0-9a-f]{2}\b/g, "brqUUID")
    .replace(/^Forecast: .*$/m, "Forecast: …")
    .replace(/^Not managed here: .*\n\n/m, "");
}
