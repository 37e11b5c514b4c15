import assert from "node:assert/strict";
import { readdir, readFile, readlink, writeFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { type Ceph, startCeph } from "../support/ceph.ts";
import {
  type LiveChange,
  linuxStart,
  liveChanges,
  type MatrixBackend,
  type MatrixGuest,
  matrixBackends,
  matrixStart,
} from "../support/live-changes.ts";
import { type LoopLvm, startLoopLvm } from "../support/loop-lvm.ts";
import { countingDisk } from "../support/speaking-disk.ts";
import { apply, virtform } from "./support/in-this-process.ts";
import { until } from "./support/until.ts";
import { virtform as program } from "./support/virtform.ts";
import { assertApplied, createWorkspace, tinyImages, virsh, type Workspace, waitForConsole, writeConfig } from "./support/workspace.ts";
import "../support/quick-luks.ts";

let ceph: Ceph;
let lvm: LoopLvm;
before(async () => {
  ceph = await startCeph(["vms"]);
  lvm = startLoopLvm(2 ** 30);
  process.env["PATH"] = `${lvm.programs}:${process.env["PATH"]}`;
  process.env["VIRTFORM_TEST_PASSPHRASE"] = "of the matrix";
});
after(async () => {
  lvm?.stop();
  await ceph?.stop();
});

/** A guest of the matrix: `qcow2`, `luks` and the like have only a boot sector, and so has `vfat`; `linux` and `mounted` have Linux. */
type Name = MatrixBackend | "vfat" | "linux" | "mounted";
const names: readonly Name[] = [...matrixBackends, "vfat", "linux", "mounted"];
const hasLinux = (name: Name) => name === "linux" || name === "mounted";
const backendOf = (name: Name) => (hasLinux(name) || name === "luks" || name === "vfat" ? "qcow2" : name);

const taking: Readonly<Record<LiveChange["of"], readonly Name[]>> = {
  each: [...matrixBackends, "linux"],
  linux: ["linux"],
  "linux with a mounted CD": ["mounted"],
  "one without drivers": ["qcow2"],
  // A boot sector has nothing that mounts a CD.
  files: matrixBackends.filter((name) => name !== "rbd"),
  vfat: ["vfat"],
  rbd: ["rbd"],
};

type Wishes = Readonly<Record<Name, MatrixGuest>>;

function startWishes(): Wishes {
  return Object.fromEntries(names.map((name) => [name, name === "linux" ? linuxStart : matrixStart])) as Wishes;
}

function merged(one: MatrixGuest, other: MatrixGuest): MatrixGuest {
  return { ...one, ...other, flavor: { ...one.flavor, ...other.flavor }, keys: { ...one.keys, ...other.keys } };
}

function after_(wishes: Wishes, change: LiveChange): Wishes {
  const changed = taking[change.of].map((name) => [name, merged(wishes[name], change.want)]);
  return { ...wishes, ...Object.fromEntries(changed) };
}

async function write(workspace: Workspace, wishes: Wishes, power: "running" | "stopped"): Promise<void> {
  await writeConfig(workspace, {
    host: { lvm: { volume_group: lvm.group }, rbd: { pool: "vms", conf: ceph.conf } },
    images: { ...tinyImages(), counting: { source: `${workspace.directory}/counting.raw`, disk_format: "raw" } },
    flavors: Object.fromEntries(names.map((name) => [name, wishes[name].flavor])),
    volumes: Object.fromEntries(names.map((name) => [name, { size: wishes[name].volume, images_type: backendOf(name) }])),
    instances: Object.fromEntries(
      names.map((name) => [
        `${workspace.prefix}-${name}`,
        {
          image: hasLinux(name) ? "tiny" : "counting",
          flavor: name,
          images_type: backendOf(name),
          power_state: power,
          max_vcpus: hasLinux(name) ? 2 : 1,
          max_ram: hasLinux(name) ? "256MiB" : "160MiB",
          scsi_model: "virtio-scsi",
          // Its content names the cards. With these words as user data, the tiny guest keeps it mounted.
          config_drive: name === "vfat" ? { format: "vfat" } : name !== "linux",
          ...(name === "mounted" ? { user_data: "keep-drive" } : {}),
          shutdown: { timeout: "1s" },
          ...(name === "luks" ? { encryption: { passphrase: { env: "VIRTFORM_TEST_PASSPHRASE" } } } : {}),
          // Linux releases a virtio disk; a boot sector need not do anything for a SCSI disk to go.
          volumes:
            wishes[name].attached == null ? [] : [{ volume: name, device: name === "linux" ? "vdx" : wishes[name].attached?.device }],
          ...wishes[name].keys,
        },
      ]),
    ),
  });
}

interface Planned {
  readonly resource_changes: readonly {
    readonly address: string;
    readonly change: {
      readonly actions: readonly string[];
      readonly virtform?: { readonly fields?: readonly { readonly path: string; readonly effect?: string; readonly why?: string }[] };
    };
  }[];
  readonly pending: readonly { readonly address: string; readonly fields: readonly { readonly path: string }[] }[];
}

async function planOf({ directory }: Workspace): Promise<Planned> {
  const { stdout, stderr } = await virtform("plan", directory, "--json");
  try {
    return JSON.parse(stdout);
  } catch {
    throw new Error(`plan: ${stdout}${stderr}`);
  }
}

/** What guests wait for: `domain/web memory`. */
function waitingFields({ pending }: Planned): string[] {
  return pending.flatMap(({ address, fields }) => fields.map(({ path }) => `${address} ${path}`));
}

/** Effects of a plan on one guest, the strongest words first. */
function effectsOn(plan: Planned, { prefix }: Workspace, name: Name) {
  const own = [`domain/${prefix}-${name}`, `disk/${prefix}-${name}.root`, `seed/${prefix}-${name}`, `volume/${name}`];
  const fields = plan.resource_changes
    .filter(({ address }) => own.includes(address))
    .flatMap(({ change }) => change.virtform?.fields ?? []);
  return { effects: [...new Set(fields.map(({ effect }) => effect ?? "none"))].filter((effect) => effect !== "none"), fields };
}

/** The file of the config drive that QEMU has open. */
async function openDrive(pid: string): Promise<string> {
  const open = await readdir(`/proc/${pid}/fd`);
  const files = await Promise.all(open.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => "")));
  return files.find((file) => file.includes("/disk.config")) ?? "none";
}

/** What Linux said last of what it has. */
async function saw(workspace: Workspace, what: RegExp): Promise<void> {
  const name = `${workspace.prefix}-linux`;
  const path = `${workspace.instancesPath}/${(await virsh("domuuid", name)).trim()}/console.log`;
  let line = "";
  const read = async () => {
    const log = (await readFile(path, "utf8")).replaceAll("\r", "").split("\n");
    line = log.findLast((one) => one.startsWith("virtform-guest: now")) ?? "";
    return what.test(line) ? line : undefined;
  };
  await until(`the guest to see ${what}`, 40, read, () => line);
}

test("the matrix: what is announced of each change is what a guest gets, on each backend, running and stopped", async (t) => {
  const workspace = await createWorkspace(t);
  await writeFile(`${workspace.directory}/counting.raw`, countingDisk("counting"));
  const domain = (name: Name) => `${workspace.prefix}-${name}`;
  const pid = async (name: Name) => (await readFile(`/run/libvirt/qemu/${domain(name)}.pid`, "utf8")).trim();
  let wishes = startWishes();
  await write(workspace, wishes, "running");
  // The program as users have it. What follows runs in this process, where some two hundred command lines cost half.
  assertApplied(await program("apply", workspace.directory, "--auto-approve"));
  for (const name of ["linux", "mounted"] as const) await waitForConsole(workspace, domain(name), /^virtform-guest: ready$/m);
  const processes = new Map<Name, string>(await Promise.all(names.map(async (name) => [name, await pid(name)] as const)));
  let cells = 0;
  let waited = new Set(waitingFields(await planOf(workspace)));

  for (const change of liveChanges) {
    const { title, running, untaken = false, why, active, seen, temporary = false } = change;
    const affected = taking[change.of];
    const wanted = after_(wishes, change);
    await write(workspace, wanted, "running");
    const announced = await planOf(workspace);
    for (const name of affected) {
      const { effects, fields } = effectsOn(announced, workspace, name);
      assert.deepEqual(effects, running === "none" ? [] : [running], `${title}, ${name}: ${JSON.stringify(fields)}`);
      if (why !== undefined) assert.match(fields.map((field) => field.why ?? "").join(), why, title);
    }
    const result = await apply(workspace, "--allow-destroy");
    const refused = [...result.stderr.matchAll(/(\S+) did not take/g)].map(([, who]) => who);
    assert.deepEqual(refused, untaken ? affected.map(domain) : [], `${title}: ${result.stderr}`);
    const then = await planOf(workspace);
    const changed = then.resource_changes.filter(({ change: { actions } }) => actions.some((action) => action !== "no-op"));
    assert.deepEqual(changed, [], `${title}: the next plan is not empty`);
    const fresh = waitingFields(then).filter((field) => !waited.has(field));
    const waits = [...new Set(fresh.map((field) => field.slice(0, field.indexOf(" "))))];
    const expected = running === "next_boot" || untaken ? affected.map((name) => `domain/${domain(name)}`) : [];
    assert.deepEqual(waits.sort(), expected.sort(), `${title}: pending`);
    for (const name of affected) {
      assert.equal(await pid(name), processes.get(name), `${title}, ${name}: another process`);
      if (active !== undefined) assert.match(await virsh("dumpxml", domain(name)), active, `${title}, ${name}`);
      if (change.want.flavor !== undefined && "disk" in change.want.flavor)
        assert.match(await virsh("domblkinfo", domain(name), "vda"), /Capacity: +100663296/, `${title}, ${name}`);
      if (change.want.keys !== undefined && "metadata" in change.want.keys && running === "live" && !untaken)
        assert.doesNotMatch(await openDrive(processes.get(name) ?? ""), /deleted|none/, `${title}, ${name}`);
      cells += 1;
    }
    if (seen !== undefined) await saw(workspace, seen);
    if (temporary) {
      await write(workspace, wishes, "running");
      await apply(workspace);
      for (const name of affected) assert.equal(await pid(name), processes.get(name), `${title} taken back, ${name}`);
      waited = new Set(waitingFields(await planOf(workspace)));
    } else {
      wishes = wanted;
      waited = new Set(waitingFields(then));
    }
  }

  // The same guests, off: nothing of a change is noticed before the next start.
  wishes = startWishes();
  await program("destroy", workspace.directory, "--auto-approve", "--allow-destroy");
  await write(workspace, wishes, "stopped");
  await apply(workspace);
  for (const change of liveChanges) {
    const wanted = after_(wishes, change);
    await write(workspace, wanted, "stopped");
    const announced = await planOf(workspace);
    for (const name of taking[change.of]) {
      const { effects, fields } = effectsOn(announced, workspace, name);
      assert.deepEqual(effects, [], `${change.title}, ${name} is off: ${JSON.stringify(fields)}`);
      cells += 1;
    }
    await apply(workspace, "--allow-destroy");
    if (change.temporary !== true) wishes = wanted;
  }
  assert.deepEqual(
    (await virsh("list", "--name")).split("\n").filter((name) => name.startsWith(workspace.prefix)),
    [],
    "all are off",
  );
  t.diagnostic(`the matrix has ${cells} cells: ${liveChanges.length} changes`);
});
