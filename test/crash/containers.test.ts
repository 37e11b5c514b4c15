import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { test } from "node:test";
import { UserError } from "../../src/model/errors.ts";
import type { FakeHost } from "../fake-host/host.ts";
import type { Machine } from "../fake-host/machine.ts";
import { tarOf } from "../support/tar-of.ts";
import { killEverywhere } from "./kill-everywhere.ts";
import { applied, apply, checksum, createWorld, planOf, runOn, summary } from "./world.ts";

interface Containers {
  readonly ram?: string;
  readonly disk?: string;
  readonly init?: string;
  readonly power?: "running" | "stopped";
  readonly networks?: string;
  readonly name?: string;
}

/** A project with one container. */
function containers({ ram = "256MiB", disk = "1GiB", init, power = "running", networks = "[]", name = "web" }: Containers = {}): string {
  return `
project: shop
host: { virt_type: lxc }
images:
  debian: { source: "https://images.test/debian.qcow2", checksum: "${checksum("https://images.test/debian.qcow2")}", disk_format: qcow2 }
flavors:
  small: { vcpus: 2, ram: ${ram}, disk: ${disk} }
instances:
  ${name}: { image: debian, flavor: small, power_state: ${power}, networks: ${networks}${init === undefined ? "" : `, init: ${init}`} }
`;
}

async function after(options: Containers = {}): Promise<Machine> {
  const machine = createWorld();
  await applied(machine, containers(options));
  return machine;
}

const plan = async (machine: Machine, options: Containers = {}) => planOf(await runOn(machine.boot(), containers(options)));

function definitionOf(machine: Machine): string {
  const domain = machine.libvirtd.find("web");
  assert.ok(domain);
  return machine.libvirtd.document(domain, true);
}

test("Nova CTR-01: a container has init, its root file system from a raw file, a console and a network of its own", async () => {
  const machine = await after({ init: "[/bin/busybox, httpd, -f]" });
  const xml = definitionOf(machine).replaceAll('"', "'");
  assert.match(xml, /<domain type='lxc'>/);
  assert.match(xml, /<type arch='x86_64'>exe<\/type>\s*<init>\/bin\/busybox<\/init>\s*<initarg>httpd<\/initarg>\s*<initarg>-f<\/initarg>/);
  assert.match(
    xml,
    /<filesystem type='file' accessmode='passthrough'>\s*<driver type='loop' format='raw'\/>\s*<source file='[^']*\/disk'\/>\s*<target dir='\/'\/>/,
  );
  assert.match(xml, /<console type='pty'>/);
  assert.match(xml, /<privnet\/>/);
  assert.match(xml, /<quota>200000<\/quota>/);
  assert.doesNotMatch(xml, /<disk|<cpu[ >]|<graphics|<memballoon|<rng|<serial/);
  assert.equal(machine.libvirtd.find("web")?.state, 1);
  assert.deepEqual(summary(await plan(machine, { init: "[/bin/busybox, httpd, -f]" })), []);
  assert.equal(
    machine.files.walk().some(([path]) => /console\.log|disk\.config/.test(path)),
    false,
  );
});

const archive = "https://images.test/root.tar";
/** A project with a container whose root file system is downloaded, and a machine whose network serves this content. */
function fromArchive(content: Buffer): { readonly from: Machine; readonly yaml: string } {
  const from = createWorld();
  from.urls.set(archive, content);
  const image = `{ source: "${archive}", disk_format: root-tar, checksum: "sha256:${hash("sha256", content)}" }`;
  return { from, yaml: containers().replace(/debian: \{.*\}/, `debian: ${image}`) };
}

test("a root file system from a tar archive is made through every kill", async () => {
  const scene = fromArchive(tarOf([["sbin/init", Buffer.from("#!/bin/sh\n")]]));
  await killEverywhere(scene, "kill -9");
  await killEverywhere(scene, "power cut in the middle of an effect");
});

test("root-tar refuses content that is not a tar archive, and a virtual machine from it without a kernel", async () => {
  const { from, yaml } = fromArchive(Buffer.from("<html>".repeat(200)));
  const { outcomes } = await apply(await runOn(from.boot(), yaml));
  assert.match(JSON.stringify(outcomes), /image-format-mismatch.*The content is no tar archive/);
  const { diagnostics } = await planOf(await runOn(createWorld().boot(), yaml.replace("host: { virt_type: lxc }", "host: {}")));
  assert.deepEqual(
    diagnostics.filter(({ severity }) => severity === "error").map(({ summary }) => summary),
    ["image debian of instance web needs a kernel, or virt_type: lxc"],
  );
});

test("what a root file system from a tar archive needs on the host is an error of the plan until it is made", async () => {
  const { from, yaml } = fromArchive(tarOf([["sbin/init", Buffer.from("#!/bin/sh\n")]]));
  const errorsOf = async () => {
    const host = from.boot();
    const run: FakeHost["run"] = ({ program, ...command }) =>
      host.run({ ...command, program: ["tar", "resize2fs"].includes(program) ? `${program}.missing` : program });
    const account: FakeHost["account"] = async () => ({ ...(await host.account()), root: false });
    const { diagnostics } = await planOf(await runOn({ ...host, run, account }, yaml));
    return diagnostics.flatMap(({ severity, code, summary }) => (severity === "error" ? [`${code}: ${summary}`] : []));
  };
  assert.deepEqual(await errorsOf(), [
    "program-missing: The program resize2fs is not installed on the host",
    "program-missing: The program tar is not installed on the host",
    "image-root-archive: The root file system of image debian can only be made by root",
  ]);
  await applied(from, yaml);
  assert.deepEqual(await errorsOf(), []);
});

test("a container is made, changed and removed through every kill", async () => {
  await killEverywhere({ from: createWorld(), yaml: containers() }, "kill -9");
  await killEverywhere({ from: createWorld(), yaml: containers() }, "power cut in the middle of an effect");
  await killEverywhere({ from: await after(), yaml: containers({ ram: "128MiB", init: "[/bin/init]" }) }, "kill -9");
  await killEverywhere({ from: await after({ power: "stopped" }), yaml: containers({ disk: "2GiB" }) }, "kill -9");
  await killEverywhere({ from: await after(), yaml: containers(), destroy: true, images: true }, "kill -9");
});

test("memory of a running container shrinks at once; more vCPUs, another init and interfaces wait for its restart", async () => {
  const machine = await after();
  const { changes } = await plan(machine, { ram: "128MiB", init: "[/bin/init]", networks: "[{ network: default }]" });
  const effects = Object.fromEntries(
    changes.flatMap(({ fields }) => fields.map(({ path, effect }) => [path.replace(/52:54.*\./, "MAC."), effect])),
  );
  assert.equal(effects["memory"], "live");
  assert.equal(effects["init"], "next_boot");
  assert.equal(effects["interfaces.MAC.source"], "next_boot");
  assert.equal(
    Object.keys(effects).some((path) => path.endsWith(".model")),
    false,
  );
});

test("the root file system of a container grows only while it is off", async () => {
  const machine = await after();
  const codes = ({ diagnostics }: Awaited<ReturnType<typeof plan>>) => diagnostics.map(({ code }) => code);
  assert.deepEqual(codes(await plan(machine, { disk: "2GiB" })), ["container-grows-when-off"]);
  const web = machine.libvirtd.find("web");
  assert.ok(web);
  machine.libvirtd.shutdown(web);
  const planned = await plan(machine, { disk: "2GiB" });
  assert.deepEqual(codes(planned), []);
  await applied(machine, containers({ disk: "2GiB" }));
  assert.equal(machine.libvirtd.find("web")?.state, 1);
});

test("what was changed by hand in the definition of a container is drift, and what is no field of one stays", async () => {
  const machine = await after();
  const edited = definitionOf(machine)
    .replace(/<init>[^<]*<\/init>/, "<init>/bin/sh</init>")
    .replace("<privnet/>", "<privnet/><capabilities policy='default'><mknod state='off'/></capabilities>")
    .replace(/<vcpu([^>]*)>2</, "<vcpu$1>4<");
  machine.libvirtd.define(edited);
  const { changes } = await plan(machine);
  assert.deepEqual(
    changes.flatMap(({ fields }) => fields.map(({ path, cause }) => `${path} ${cause}`)),
    ["vcpus drift", "init drift"],
  );
  await applied(machine, containers());
  assert.match(definitionOf(machine), /<mknod/);
  assert.deepEqual(summary(await plan(machine)), []);
});

test("libvirt renames no container, so the plan refuses another name", async () => {
  const machine = await after({ power: "stopped" });
  const yaml = containers({ power: "stopped", name: "www" }).replace("flavor: small,", "flavor: small, renamed_from: web,");
  const { diagnostics } = await planOf(await runOn(machine.boot(), yaml));
  assert.deepEqual(
    diagnostics.map(({ code }) => code),
    ["guest-not-renamed"],
  );
});

test("containers and virtual machines of one libvirt do not see each other", async () => {
  const machine = createWorld();
  await applied(machine, containers());
  const { unmanaged } = await plan(machine);
  assert.equal(
    unmanaged.some(({ what }) => what === "domain"),
    false,
  );
});

test("a plan of containers with disks in Ceph says that this is impossible, and not what Ceph lacks", async () => {
  const yaml = containers().replace("virt_type: lxc", "virt_type: lxc, images_type: rbd");
  await assert.rejects(
    runOn(createWorld().boot(), yaml),
    (error: unknown) => error instanceof UserError && error.diagnostics[0]?.code === "container-impossible",
  );
});
