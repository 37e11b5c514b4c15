import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readPlanFile, writePlanFile } from "../../src/commands/plan-file.ts";
import type { CloudDoor } from "../../src/model/cloud-door.ts";
import { UnreachableError } from "../../src/model/errors.ts";
import type { Plan } from "../../src/model/plan.ts";
import { reconcile } from "../../src/reconcile.ts";
import { runsOf } from "../../src/runs-of.ts";
import { openPlanSession } from "../../src/session.ts";
import type { Machine } from "../fake-host/machine.ts";
import { contentOf } from "../fake-host/program.ts";
import { fakePublishers } from "../fake-host/publishers.ts";
import { makeQcow2 } from "../fake-host/qcow2.ts";
import { type FakeGlance, fakeGlance } from "./fake-glance.ts";
import { applied, apply, createWorld, planOf, runOn, summary } from "./world.ts";

/** What a plan is made with, and its apply. */
interface Around {
  readonly env?: Readonly<Record<string, string>>;
  readonly clouds?: CloudDoor | undefined;
  readonly targets?: readonly string[];
  readonly exclude?: readonly string[];
}

async function run(machine: Machine, yaml: string, { clouds, ...options }: Around = {}) {
  const made = await runOn(machine.boot(), yaml, options);
  return { ...made, context: { ...made.context, ...(clouds === undefined ? {} : { clouds }) } };
}

/** A plan for this configuration as `plan --out` writes it and `apply FILE` reads it. */
async function saved(machine: Machine, yaml: string, around: Around = {}): Promise<Plan> {
  const made = await planOf({ ...(await run(machine, yaml, around)), fingerprints: true });
  const directory = mkdtempSync(join(tmpdir(), "virtform-saved-"));
  try {
    const path = join(directory, "site.plan");
    await writePlanFile(path, made, "1");
    const read = await readPlanFile(path, "1");
    assert.ok(read);
    return read;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Applies a saved plan in a session that has nothing but the plan; gives the verdict and the errors. */
async function carriedOut(machine: Machine, plan: Plan, { env = {}, clouds }: Around = {}): Promise<readonly [string, ...string[]]> {
  await using session = await openPlanSession(plan, {
    runner: { root: true, dataHome: "/root/.local/share" },
    lookUpSecret: (reference) => ("env" in reference ? env[reference.env] : undefined),
    publishers: fakePublishers(machine),
    openHost: async () => machine.boot(),
    openPeer: async (address) => {
      throw new UnreachableError(`${address} does not answer.`);
    },
    ...(clouds === undefined ? {} : { clouds }),
  });
  const runs = runsOf(session, { targets: [], mode: () => ({ do: plan.purpose ?? "apply" }) });
  const { verdict, plan: shown } = await reconcile(runs, {
    reporter: { event: () => undefined, close: async () => undefined },
    autoApprove: true,
    allowDestroy: "all",
    lockTimeoutMs: 60_000,
    stop: new AbortController().signal,
    savedPlan: plan,
  });
  const errors = shown.diagnostics.filter(({ severity }) => severity === "error");
  return [verdict, ...errors.map(({ code, summary }) => `${code}: ${summary}`)];
}

/** A plan for the second configuration on a host with the first one is saved, carried out, and leaves nothing to do. */
async function assertCarriedOut(machine: Machine, wanted: string, around: Around = {}): Promise<void> {
  const plan = await saved(machine, wanted, around);
  assert.ok(plan.changes.length > 0);
  assert.deepEqual(await carriedOut(machine, plan, around), ["done"]);
  assert.deepEqual(summary(await planOf(await run(machine, wanted, { ...around, targets: [], exclude: [] }))), []);
}

async function after(yaml: string, around: Around = {}): Promise<Machine> {
  const machine = createWorld();
  const { verdict } = await apply(await run(machine, yaml, around));
  assert.equal(verdict, "done");
  return machine;
}

const image = "{ source: https://images.test/debian.qcow2, disk_format: qcow2 }";

/** A configuration with these sections. */
function yaml(sections: string): string {
  return `project: shop\nhost: { virt_type: qemu }\nimages:\n  debian: ${image}\nflavors:\n  small: { vcpus: 1, ram: 256MiB, disk: 1GiB }\n  large: { vcpus: 2, ram: 256MiB, disk: 1GiB }\n${sections}`;
}

const guest = (more = "", flavor = "small") => `{ image: debian, flavor: ${flavor}, power_state: stopped${more} }`;

/** An image that is published, with this property. */
function golden(build: string, name = "golden"): string {
  const glance = `{ visibility: community, properties: { build: "${build}" } }`;
  return yaml("").replace("debian:", `${name}:`).replace("qcow2 }", `qcow2, publish: { glance: ${glance} } }`);
}

test("a saved plan changes an image that is in Glance already, and publishes one that is not", async () => {
  const glance = fakeGlance();
  const { clouds } = glance.context;
  const machine = createWorld();
  await assertCarriedOut(machine, golden("7"), { clouds });
  await assertCarriedOut(machine, golden("8"), { clouds });
  assert.deepEqual(
    glance.state.images.map(({ build, status }) => [build, status]),
    [["8", "active"]],
  );
});

test("a saved plan is refused when the published image was changed or deleted in Glance since", async () => {
  const ways = {
    "has changed": (images: FakeGlance["state"]["images"]) => images.map((one) => ({ ...one, build: "6" })),
    "is gone": () => [],
  };
  for (const [what, change] of Object.entries(ways)) {
    const glance = fakeGlance();
    const { clouds } = glance.context;
    const machine = await after(golden("7"), { clouds });
    const plan = await saved(machine, golden("8"), { clouds });
    glance.state.images = change(glance.state.images);
    assert.deepEqual(await carriedOut(machine, plan, { clouds }), [
      "refused",
      `stale-plan: The saved plan no longer fits: published/golden ${what}`,
    ]);
  }
});

test("a saved plan that leaves out a published image, which Glance does not show, is applied while it still does not", async () => {
  const glance = fakeGlance();
  const { clouds } = glance.context;
  glance.state.refuses = true;
  const machine = createWorld();
  const plan = await saved(machine, golden("7"), { clouds, exclude: ["published/golden"] });
  assert.deepEqual(plan.unread, ["published/golden"]);
  const [verdict] = await carriedOut(machine, plan, { clouds });
  assert.equal(verdict, "done");
});

test("saved plans rename instances, also by a count and in a chain, with their secrets", async () => {
  const env = { PASS: "a passphrase" };
  const encrypted = guest(", encryption: { passphrase: { env: PASS } }");
  const renamed = guest(", encryption: { passphrase: { env: PASS } }, renamed_from: web");
  const machine = await after(yaml(`instances: { web: ${encrypted} }\n`), { env });
  await assertCarriedOut(machine, yaml(`instances: { site: ${renamed} }\n`), { env });
  await assertCarriedOut(machine, yaml(`instances: { site: ${encrypted.replace("{ ", "{ count: 2, ")} }\n`), { env });

  const chain = await after(yaml(`instances: { a: ${guest()}, b: ${guest("", "large")} }\n`));
  await assertCarriedOut(chain, yaml(`instances: { b: ${guest(", renamed_from: a")}, c: ${guest(", renamed_from: b", "large")} }\n`));
});

test("a saved plan for one instance knows the other one under the new name that it does not give it", async () => {
  const machine = await after(yaml(`instances: { web: ${guest()}, db: ${guest()} }\n`));
  const wanted = yaml(`instances: { site: ${guest(", renamed_from: web")}, db: ${guest("", "large")} }\n`);
  const plan = await saved(machine, wanted, { targets: ["domain/db"] });
  assert.deepEqual(await carriedOut(machine, plan), ["done"]);
  assert.deepEqual(
    (await planOf(await run(machine, wanted))).changes.filter(({ address }) => !address.endsWith("/site")),
    [],
  );
});

test("saved plans rename volumes with their secrets, and networks", async () => {
  const env = { PASS: "a passphrase" };
  const volume = (name: string, more = "") =>
    yaml(
      `volumes: { ${name}: { size: 1GiB, encryption: { passphrase: { env: PASS } }${more} } }\ninstances: { web: ${guest(`, volumes: [ { volume: ${name} } ]`)} }\n`,
    );
  await assertCarriedOut(await after(volume("data"), { env }), volume("store", ", renamed_from: data"), { env });

  const network = (name: string, more = "") =>
    yaml(
      `networks: { ${name}: { subnets: [ { cidr: 10.20.0.0/24 } ]${more} } }\ninstances: { web: ${guest(`, networks: [ { network: ${name} } ]`)} }\n`,
    );
  await assertCarriedOut(await after(network("lan")), network("office", ", renamed_from: lan"));
});

test("a saved plan adopts a guest, and one of another instance leaves a guest alone that is to be adopted", async () => {
  const uuid = "5b1c8f1e-7f0c-4f5e-9d5a-0d5f5e0f0a01";
  const disk = "/var/lib/libvirt/images/old.qcow2";
  const prepared = () => {
    const machine = createWorld();
    machine.put(disk, "");
    machine.files.write(disk, makeQcow2({ size: 2 ** 31 }));
    machine.libvirtd.define(
      `<domain type='qemu'><name>old</name><uuid>${uuid}</uuid><memory unit='MiB'>256</memory><vcpu>1</vcpu><os><type arch='x86_64' machine='q35'>hvm</type></os>
<devices><disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='${disk}'/><target dev='vda' bus='virtio'/></disk></devices></domain>`,
    );
    return machine;
  };
  const wanted = yaml(`instances: { old: { adopt: true, uuid: ${uuid}, flavor: small, power_state: stopped }, web: ${guest()} }\n`);
  await assertCarriedOut(prepared(), wanted);
  const plan = await saved(prepared(), wanted, { targets: ["domain/web"] });
  assert.deepEqual(await carriedOut(prepared(), plan), ["done"]);
});

test("a saved plan beside a damaged volume that only the configuration names is applied, and refused once the volume is repaired", async () => {
  const wanted = (flavor: string) => yaml(`volumes: { data: { size: 1GiB } }\ninstances: { web: ${guest("", flavor)} }\n`);
  const machine = await after(wanted("small"));
  const paths = machine.files.walk().map(([path]) => path);
  const label = paths.find((path) => /\/volumes\/[^/]+\/virtform\.json$/.test(path));
  assert.ok(label);
  const good = contentOf(machine.files, label).toString("utf8");
  for (const path of paths.filter((path) => /\/volume-[^/]+\.json$/.test(path))) machine.files.unlink(path);
  machine.put(label, "{");
  const plan = await saved(machine, wanted("large"), { exclude: ["volume/data"] });
  assert.deepEqual(plan.unread, ["volume/data"]);
  const repaired = machine.clone();
  repaired.put(label, good);
  assert.deepEqual(await carriedOut(repaired, plan), ["refused", "stale-plan: The saved plan no longer fits: volume/data has appeared"]);
  assert.equal((await carriedOut(machine, plan))[0], "done");
  assert.equal(machine.libvirtd.find("web")?.stored?.children.find(({ name }) => name === "vcpu")?.text, "2");
});

test("saved plans change drives whose secrets and user data differ, and hold neither", async () => {
  const wanted = (text: string) => yaml(`instances:\n  web: ${guest(`, user_data: ${text}, admin_password: { env: PASS }`)}\n`);
  const machine = await after(wanted('"#!/bin/sh\\ntrue\\n"'), { env: { PASS: "first" } });
  const env = { PASS: "another secret" };
  const plan = await saved(machine, wanted('"#!/bin/sh\\nfalse\\n"'), { env });
  assert.equal(JSON.stringify(plan.sought).includes("PASS"), false);
  assert.equal(JSON.stringify(plan).includes(env.PASS), false);
  assert.deepEqual(await carriedOut(machine, plan, { env }), ["done"]);
  assert.deepEqual(summary(await planOf(await run(machine, wanted('"#!/bin/sh\\nfalse\\n"'), { env }))), []);
});

test("a saved plan finds base images in the cache of another name", async () => {
  const cached = (sections: string) => yaml(sections).replace("virt_type: qemu", "virt_type: qemu, image_cache_subdirectory_name: images");
  const machine = await after(cached(`instances: { web: ${guest()} }\n`));
  await assertCarriedOut(machine, cached(`instances: { web: ${guest("", "large")} }\n`));
});

test("a saved plan fetches an image that peers were asked for, and that they do not have", async () => {
  const wanted = yaml(`instances: { web: ${guest()} }\n`).replace(
    "virt_type: qemu",
    "virt_type: qemu, image_peers: [ 'ssh://root@peer' ], image_peers_first: true",
  );
  await assertCarriedOut(createWorld(), wanted);
});

test("a saved plan publishes an image that the rules of the image service allow, without the file of the rules", async () => {
  const glance = fakeGlance();
  const ruled = (text: string | undefined) => glance.context.clouds && { ...glance.context.clouds, readText: () => text };
  const wanted = `${golden("7")}glance: { policy_file: /etc/glance/policy.yaml }\n`;
  const machine = createWorld();
  const rules = ["add_image", "upload_image", "modify_image", "communitize_image"].map((name) => `${name}: "@"\n`).join("");
  const plan = await saved(machine, wanted, { clouds: ruled(rules) });
  assert.deepEqual(await carriedOut(machine, plan, { clouds: ruled(undefined) }), ["done"]);
  await assertCarriedOut(machine, wanted.replace('"7"', '"8"'), { clouds: ruled(rules) });
});

test("a saved plan destroys what has another name in the configuration", async () => {
  const machine = createWorld();
  await applied(machine, yaml(`instances: { web: ${guest()} }\n`));
  const wanted = yaml(`instances: { site: ${guest(", renamed_from: web")} }\n`);
  const made = await planOf({ ...(await runOn(machine.boot(), wanted, { destroy: true })), fingerprints: true });
  assert.deepEqual(await carriedOut(machine, JSON.parse(JSON.stringify(made))), ["done"]);
  assert.equal(machine.libvirtd.find("web"), undefined);
});
