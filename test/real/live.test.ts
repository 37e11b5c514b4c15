import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { apply, assertConverged, virtform } from "./support/in-this-process.ts";
import { until } from "./support/until.ts";
import { createWorkspace, tinyImages, virsh, type Workspace, waitForConsole, writeConfig } from "./support/workspace.ts";

/** What can be varied in the configuration. */
interface Wish {
  readonly memory?: string;
  readonly maximum?: string;
  readonly vcpus?: number;
  readonly disk?: string;
  readonly networks?: readonly object[];
  readonly volumes?: readonly string[];
  readonly specs?: Readonly<Record<string, string>>;
}

const first = { user: true, mac: "52:54:00:7e:57:01" };
const second = { user: true, mac: "52:54:00:7e:57:02" };

async function want(
  workspace: Workspace,
  { memory = "160MiB", vcpus = 1, disk = "64MiB", networks = [first], volumes = [], specs = {} }: Wish,
): Promise<void> {
  await writeConfig(workspace, {
    images: tinyImages(),
    flavors: { small: { vcpus, ram: memory, disk, extra_specs: specs } },
    volumes: { data: { size: "16MiB" }, more: { size: "16MiB", images_type: "flat" } },
    instances: {
      [`${workspace.prefix}-web`]: {
        image: "tiny",
        flavor: "small",
        images_type: "qcow2",
        max_ram: "256MiB",
        max_vcpus: 2,
        // Its content names the cards, and a guest that runs keeps the drive.
        config_drive: false,
        networks,
        volumes: volumes.map((volume) => ({ volume })),
      },
    },
  });
}

interface Planned {
  readonly resource_changes: readonly {
    readonly address: string;
    readonly change: {
      readonly virtform?: { readonly effect: string; readonly fields: readonly { readonly path: string; readonly effect?: string }[] };
    };
  }[];
  readonly pending: readonly { readonly fields: readonly { readonly path: string }[] }[];
}

async function planOf({ directory }: Workspace): Promise<Planned> {
  const { stdout } = await virtform("plan", directory, "--json");
  return JSON.parse(stdout);
}

/** The last line in which the guest says what it has. */
async function seen(workspace: Workspace, name: string, what: RegExp, seconds = 30): Promise<void> {
  const read = async () => {
    const { stdout } = await virtform("console", name, workspace.directory);
    const line =
      stdout
        .replaceAll("\r", "")
        .split("\n")
        .filter((one) => one.startsWith("virtform-guest: now"))
        .at(-1) ?? "";
    return what.test(line) ? line : undefined;
  };
  await until(`the guest to see ${what}`, seconds, read, () => "");
}

test("a running guest takes what libvirt can change, in the same process; the rest is pending until it is restarted", async (t) => {
  const workspace = await createWorkspace(t);
  const name = `${workspace.prefix}-web`;
  const pid = () => readFile(`/run/libvirt/qemu/${name}.pid`, "utf8");
  await want(workspace, {});
  await apply(workspace);
  await waitForConsole(workspace, name, /^virtform-guest: ready$/m, 120);
  const drift = await virtform("drift", workspace.directory, "--pending");
  assert.equal(drift.code, 0, drift.stdout + drift.stderr);
  const process = await pid();

  const live = async (title: string, wish: Wish, see: RegExp) => {
    await want(workspace, wish);
    const made = await planOf(workspace);
    const effects = made.resource_changes.flatMap(({ change }) =>
      (change.virtform?.fields ?? []).flatMap(({ path, effect }) => (effect === undefined ? [] : [`${path} ${effect}`])),
    );
    assert.ok(effects.length > 0 && effects.every((effect) => / (live|none)$/.test(effect)), `${title}: ${effects.join(", ")}`);
    const result = await apply(workspace);
    assert.doesNotMatch(result.stderr, /change-not-taken|did not take/, title);
    await seen(workspace, name, see);
    assert.equal(await pid(), process, title);
    await assertConverged(workspace);
    assert.deepEqual((await planOf(workspace)).pending, [], title);
  };
  const large = { memory: "192MiB", disk: "96MiB" };
  await live("memory and the root disk grow", large, /vda=100663296 .*memory=\d+/);
  await live(
    "a card and two volumes come",
    { ...large, networks: [first, second], volumes: ["data", "more"] },
    /vdb=16777216 vdc=16777216 .*52:54:00:7e:57:02/,
  );
  await live("they go", large, /vda=100663296 (?!.*(vdb|vdc|57:02))/);

  // It needs a restart.
  await want(workspace, { ...large, networks: [{ ...first, model: "e1000" }] });
  await apply(workspace);
  assert.equal(await pid(), process);
  const line = new RegExp(`^1 guest waits for a restart: ${name} \\(interfaces\\.52:54:00:7e:57:01\\.model virtio → e1000\\)$`, "m");
  for (const command of ["plan", "drift", "list", "show"]) {
    const { stdout, stderr } = await virtform(command, workspace.directory);
    assert.match(stdout, line, `${command}: ${stderr}`);
  }
  assert.equal((await virtform("drift", workspace.directory)).code, 0);
  assert.equal((await virtform("drift", workspace.directory, "--pending")).code, 2);
  const restarted = await virtform("restart", "--pending", workspace.directory, "--auto-approve");
  assert.equal(restarted.code, 0, restarted.stdout + restarted.stderr);
  assert.notEqual(await pid(), process);
  assert.equal((await virtform("drift", workspace.directory, "--pending")).code, 0);
  assert.match(await virsh("dumpxml", name), /<model type='e1000'\/>/);
  // What the guest said before is kept: libvirt's log daemon has started a new log.
  const earlier = await virtform("console", "--previous", name, workspace.directory);
  assert.match(earlier.stdout, /^virtform-guest: ready\r?$/m);
});
