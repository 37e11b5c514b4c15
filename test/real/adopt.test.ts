import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { type TestContext, test } from "node:test";
import { haltingKernel } from "../support/speaking-disk.ts";
import { apply, assertConverged, virtform } from "./support/in-this-process.ts";
import { mustRun } from "./support/virtform.ts";
import { createWorkspace, virsh, type Workspace, writeConfig } from "./support/workspace.ts";

/** A place for files that virtform does not know, which guests can reach. */
async function elsewhere(t: TestContext): Promise<string> {
  const directory = await mkdtemp("/var/lib/virtform-test-");
  await chmod(directory, 0o755);
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

const install = ["--memory", "64", "--vcpus", "1", "--osinfo", "detect=on,require=off", "--virt-type", "qemu", "--noautoconsole"];

/** What virt-install would define, defined without starting it. */
async function define(workspace: Workspace, name: string, args: readonly string[], step: string): Promise<void> {
  const xml = await mustRun("virt-install", ["--name", name, ...install, ...args, "--print-xml", step], 60_000);
  const path = `${workspace.directory}/${name}.xml`;
  await writeFile(path, xml);
  await virsh("define", path);
}

const image = async (path: string, format: string, ...more: string[]) => {
  await mustRun("qemu-img", ["create", "-q", "-f", format, ...more, path, ...(more.includes("-b") ? [] : ["64M"])]);
  return path;
};

/** Five guests as people make them with virt-install, and one as Nova writes it. Two of them run. */
async function makeGuests(workspace: Workspace, place: string): Promise<readonly string[]> {
  const { prefix } = workspace;
  const named = (shape: string) => `${prefix}-${shape}`;
  const halts = `${place}/vmlinuz`;
  await writeFile(halts, haltingKernel());
  await define(
    workspace,
    named("bios"),
    [
      "--import",
      "--machine",
      "pc",
      "--disk",
      await image(`${place}/bios.qcow2`, "qcow2"),
      "--network",
      "network=default,model=e1000",
      "--graphics",
      "vnc,password=hush",
    ],
    "1",
  );
  await define(
    workspace,
    named("uefi"),
    [
      "--import",
      "--machine",
      "q35",
      "--boot",
      "uefi",
      "--disk",
      `${await image(`${place}/uefi.raw`, "raw")},format=raw`,
      "--network",
      "user",
      "--graphics",
      "none",
      "--tpm",
      "none",
    ],
    "1",
  );
  // A guest that runs, with disks on three buses.
  const disks = [
    `${await image(`${place}/a.qcow2`, "qcow2")},bus=virtio,cache=none,serial=first`,
    `${await image(`${place}/b.raw`, "raw")},bus=scsi,format=raw`,
    `${await image(`${place}/c.qcow2`, "qcow2")},bus=sata`,
  ];
  await mustRun(
    "virt-install",
    [
      "--name",
      named("disks"),
      ...install,
      "--import",
      ...disks.flatMap((disk) => ["--disk", disk]),
      "--controller",
      "scsi,model=virtio-scsi",
      "--network",
      "user,model=virtio",
      "--boot",
      `kernel=${halts}`,
      "--graphics",
      "none",
      "--cputune",
      "shares=512",
      "--metadata",
      "title=by hand",
    ],
    120_000,
  );
  await writeFile(`${place}/install.iso`, Buffer.alloc(2 ** 20));
  await define(
    workspace,
    named("cd"),
    [
      "--cdrom",
      `${place}/install.iso`,
      "--disk",
      `${await image(`${place}/cd.qcow2`, "qcow2")},bus=scsi,discard=unmap`,
      "--controller",
      "scsi,model=virtio-scsi",
      "--network",
      "none",
      "--graphics",
      "spice",
      "--sound",
      "ich9",
      "--watchdog",
      "i6300esb",
    ],
    "2",
  );
  const cloud = await image(`${place}/cloud-base.qcow2`, "qcow2");
  await writeFile(`${place}/seed.iso`, Buffer.alloc(2 ** 16));
  const overlay = await image(`${place}/cloud.qcow2`, "qcow2", "-b", cloud, "-F", "qcow2");
  await define(
    workspace,
    named("cloud"),
    [
      "--import",
      "--disk",
      overlay,
      "--disk",
      `${place}/seed.iso,device=cdrom`,
      "--network",
      "user",
      "--graphics",
      "none",
      "--vcpus",
      "1,maxvcpus=4",
      "--memory",
      "memory=64,maxmemory=128",
    ],
    "1",
  );
  await novaGuest(workspace, place, named("nova"));
  return ["bios", "uefi", "disks", "cd", "cloud", "nova"].map(named);
}

/** A guest as Nova leaves it: `instance-…` in libvirt, its directory by uuid, its disk on a base image without a sidecar. It runs. */
async function novaGuest({ instancesPath, directory, prefix }: Workspace, place: string, name: string): Promise<void> {
  const uuid = randomUUID();
  const home = `${instancesPath}/${uuid}`;
  const base = `${instancesPath}/_base/${createHash("sha1").update(uuid).digest("hex")}`;
  await mkdir(home);
  await mkdir(`${instancesPath}/_base`);
  await image(base, "raw");
  await image(`${home}/disk`, "qcow2", "-b", base, "-F", "raw");
  await writeFile(`${home}/disk.info`, JSON.stringify({ [`${home}/disk`]: "qcow2" }));
  await writeFile(`${home}/console.log`, "Nova's\n");
  const xml = `<domain type="qemu"><uuid>${uuid}</uuid><name>${prefix}-instance-00000007</name><memory>65536</memory><vcpu>1</vcpu>
<metadata><nova:instance xmlns:nova="http://openstack.org/xmlns/libvirt/nova/1.1"><nova:package version="29.2.0"/><nova:name>${name}</nova:name><nova:creationTime>2026-01-01 00:00:00</nova:creationTime><nova:flavor name="m1.micro"><nova:memory>64</nova:memory><nova:disk>1</nova:disk><nova:swap>0</nova:swap><nova:ephemeral>0</nova:ephemeral><nova:vcpus>1</nova:vcpus></nova:flavor><nova:owner><nova:user uuid="u">admin</nova:user><nova:project uuid="p">demo</nova:project></nova:owner><nova:root type="image" uuid="${randomUUID()}"/></nova:instance></metadata>
<sysinfo type="smbios"><system><entry name="manufacturer">OpenStack Foundation</entry><entry name="product">OpenStack Nova</entry><entry name="uuid">${uuid}</entry></system></sysinfo>
<os><type machine="q35">hvm</type><kernel>${place}/vmlinuz</kernel><smbios mode="sysinfo"/></os><features><acpi/><apic/></features><cputune><shares>1024</shares></cputune><clock offset="utc"><timer name="pit" tickpolicy="delay"/></clock>
<devices><disk type="file" device="disk"><driver name="qemu" type="qcow2" cache="none"/><source file="${home}/disk"/><target bus="virtio" dev="vda"/></disk>
<interface type="user"><mac address="fa:16:3e:00:00:01"/><model type="virtio"/></interface>
<serial type="pty"><log file="${home}/console.log" append="off"/></serial><memballoon model="virtio"><stats period="10"/></memballoon><rng model="virtio"><backend model="random">/dev/urandom</backend></rng></devices></domain>`;
  await writeFile(`${directory}/nova.xml`, xml);
  await writeFile(`${home}/libvirt.xml`, xml);
  const path = `${directory}/nova.xml`;
  await virsh("define", path);
  await virsh("start", `${prefix}-instance-00000007`);
}

const label = /\s*<virtform:instance.*?<\/virtform:instance>/s;
/** Without what may be put around an element of the metadata. */
const plain = (xml: string) =>
  xml
    .replace(label, "")
    .replace(/<metadata>\s*<\/metadata>|<metadata\/>/, "")
    .replace(/\s+/g, " ")
    .replaceAll("> <", "><");

async function pids(names: readonly string[]): Promise<(string | undefined)[]> {
  return Promise.all(names.map(async (name) => (await readFile(`/run/libvirt/qemu/${name}.pid`, "utf8").catch(() => undefined))?.trim()));
}

test("guests of virt-install and of Nova are adopted: one line each, only a label is new, the next plan is empty", async (t) => {
  const [workspace, place] = [await createWorkspace(t), await elsewhere(t)];
  const { directory, instancesPath, prefix } = workspace;
  const names = await makeGuests(workspace, place);
  const domains = names.map((name) => (name.endsWith("-nova") ? `${prefix}-instance-00000007` : name));
  await writeConfig(workspace, {});
  const out = `${directory}/adopted.virtform.yaml`;
  const wrote = await virtform("adopt", ...domains, directory, "--out", out);
  assert.equal(wrote.code, 0, wrote.stdout + wrote.stderr);
  const yaml = await readFile(out, "utf8");
  t.diagnostic(yaml);

  const seen = async () => Promise.all(domains.map((name) => virsh("dumpxml", "--inactive", name)));
  const [before, processes] = [await seen(), await pids(domains)];
  assert.equal(processes.filter((pid) => pid !== undefined).length, 2);
  const files = async () =>
    Promise.all(
      (await readdir(place))
        .concat()
        .sort()
        .map(async (name) => {
          const { mtimeMs, size, mode } = await stat(`${place}/${name}`);
          return { name, mtimeMs, size, mode };
        }),
    );
  const filesBefore = await files();
  const plan = await virtform("plan", directory, "--each");
  assert.equal(plan.code, 0, plan.stdout + plan.stderr);
  for (const name of names)
    assert.ok(plan.stdout.includes(`= domain/${name} will be adopted: labelled, nothing else changes\n`), plan.stdout + plan.stderr);
  assert.match(plan.stdout, /Plan: 0 to add, 6 to change, 0 to destroy\./);

  await apply(workspace);
  const log = await virtform("console", domains[0] ?? "", directory);
  assert.equal(log.code, 1);
  assert.match(log.stderr.replaceAll(/\s+/g, " "), /is an adopted guest without a console log.*`virsh console \S+-bios` on the host/);
  assert.deepEqual(await pids(domains), processes, "guests that run go on");
  const after = await seen();
  for (const [index, xml] of after.entries()) {
    assert.match(xml, label);
    assert.equal(plain(xml), plain(before[index] ?? ""), domains[index]);
  }
  await assertConverged(workspace);
  assert.deepEqual(await files(), filesBefore);

  // What is written is managed: a change of it, and nothing else.
  const [disks] = names.filter((name) => name.endsWith("-disks"));
  await writeFile(
    out,
    yaml.replace(/max_ram: 128MiB/, "max_ram: 256MiB").replace("power_state: stopped", "watchdog: reset\n    power_state: stopped"),
  );
  await apply(workspace);
  await assertConverged(workspace);
  const bios = await virsh("dumpxml", "--inactive", "--security-info", names[0] ?? "");
  assert.match(bios, /<watchdog model='i6300esb' action='reset'/);
  assert.match(bios, /passwd='hush'/);
  const cloud = `${prefix}-cloud`;
  const changed = await virsh("dumpxml", "--inactive", cloud);
  assert.equal(plain(changed).replace(">262144<", ">131072<"), plain(before[domains.indexOf(cloud)] ?? ""));
  assert.deepEqual(await pids(domains), processes);
  assert.equal(disks === undefined, false);

  // A snapshot by hand is followed, and protection holds without the file.
  await virsh("snapshot-create-as", cloud, "s1", "--disk-only", "--no-metadata");
  await assertConverged(workspace);
  await rm(out);
  const refused = await virtform("apply", directory, "--auto-approve", "--allow-destroy");
  assert.equal(refused.code, 1);
  assert.match(refused.stdout + refused.stderr, /is protected and no longer in the configuration/);

  // With consent the definitions go; disks and Nova's directory stay.
  await writeFile(out, yaml.replace(/max_ram: 128MiB/, "max_ram: 256MiB").replaceAll("prevent_destroy: true", "prevent_destroy: false"));
  await apply(workspace);
  await assertConverged(workspace);
  await rm(out);
  const asked = await virtform("apply", directory, "--auto-approve");
  assert.equal(asked.code, 1, "losing a definition needs consent");
  await apply(workspace, "--allow-destroy");
  assert.equal((await virsh("list", "--all", "--name")).includes(prefix), false);
  assert.deepEqual(
    (await readdir(place)).filter((name) => !filesBefore.some((one) => one.name === name)),
    ["cloud.s1"],
  );
  const [nova] = (await readdir(instancesPath)).filter((name) => name.length === 36);
  assert.deepEqual((await readdir(`${instancesPath}/${nova}`)).sort(), ["console.log", "disk", "disk.info", "libvirt.xml"]);
});
