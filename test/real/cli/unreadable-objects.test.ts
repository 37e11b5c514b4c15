import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { type TestContext, test } from "node:test";
import { removeNetworks } from "../support/remove-networks.ts";
import { type PlanDocument, readPlan } from "./support/plan-json.ts";
import { mustRun, run } from "./support/virtform.ts";
import { createWorkspace, stopped, virsh, type Workspace } from "./support/workspace.ts";

const changed = ({ resource_changes: all }: PlanDocument) =>
  all.flatMap(({ address, change: { actions } }) => (actions.includes("no-op") ? [] : [address])).sort();
const words = (text: string) => text.replaceAll(/\s+/g, " ");

/** A flavor whose memory a change raises. */
const flavors = (ram: string) => ({ tiny: { vcpus: 1, ram, disk: "128MiB" } });
const memoryOf = async (name: string) => /<memory unit='KiB'>(\d+)</.exec(await virsh("dumpxml", name))?.[1];

/**
 * While `object` cannot be read: a plan names it and the command that leaves it out, a run with that goes on, and a new instance that would use it is
 * refused. `write` writes the configuration with this memory, and with a further instance that uses the object. Then `repair` mends it, and everything
 * converges.
 */
async function leaveOut(
  workspace: Workspace,
  object: string,
  write: (ram: string, further?: string) => Promise<void>,
  repair: () => Promise<unknown>,
): Promise<void> {
  const { project } = workspace;
  const [user, other] = [`${project}-user`, `${project}-other`];
  await write("96MiB");
  const refused = await workspace.run(["apply", "--auto-approve"]);
  assert.equal(refused.code, 1);
  assert.ok(words(refused.stderr).includes(`and apply the rest: \`virtform apply --exclude ${object}\`.`), refused.stderr);
  assert.equal(await memoryOf(other), String(64 * 1024));

  const applied = await workspace.run(["apply", "--auto-approve", "--exclude", object]);
  assert.equal(applied.code, 0, applied.stderr);
  // Also the user, whose memory does not concern the object.
  for (const name of [user, other]) assert.equal(await memoryOf(name), String(96 * 1024), name);
  assert.equal((await workspace.run(["start", user, "--auto-approve"])).code, 1);
  assert.equal((await virsh("domstate", user)).trim(), "shut off");

  await write("96MiB", `${project}-new`);
  const used = await workspace.run(["apply", "--auto-approve", "--exclude", object]);
  assert.equal(used.code, 1);
  assert.match(words(used.stderr), new RegExp(`\`virtform apply --exclude ${object} [^\`]*--exclude ${project}-new\``));
  assert.equal((await run("virsh", ["-q", "-c", "qemu:///system", "domid", `${project}-new`])).code, 1);

  // A saved plan holds as long as the same object cannot be read.
  await write("80MiB");
  await workspace.mustRun(["plan", "--exclude", object, "--out", "beside.plan"]);
  await workspace.mustRun(["plan", "--exclude", object, "--out", "late.plan"]);
  await workspace.mustRun(["apply", "beside.plan"]);
  assert.equal(await memoryOf(other), String(80 * 1024));

  await repair();
  const late = await workspace.run(["apply", "late.plan"]);
  assert.equal(late.code, 1);
  await workspace.mustRun(["apply", "--auto-approve"]);
  assert.equal((await workspace.run(["plan", "--detailed-exitcode"])).code, 0);
}

async function destroyAll({ mustRun: virtform }: Workspace): Promise<void> {
  await virtform(["destroy", "--auto-approve", "--allow-destroy"]);
}

test("a volume with a FIFO in place of its label is left out", async (t) => {
  const workspace = await createWorkspace(t);
  const { project, instancesPath } = workspace;
  const write = (ram: string, further?: string, size = "16MiB") =>
    workspace.write(
      {
        [`${project}-user`]: stopped({ volumes: further === undefined ? [{ volume: "data" }] : [] }),
        [`${project}-other`]: stopped({ volumes: [{ volume: "logs" }] }),
        ...(further === undefined ? {} : { [further]: stopped({ volumes: [{ volume: "data" }] }) }),
      },
      { flavors: flavors(ram), volumes: { data: { size }, logs: { size } } },
    );
  await write("64MiB");
  await workspace.mustRun(["apply", "--auto-approve"]);
  const labels = (await readdir(`${instancesPath}/volumes`)).map((uuid) => `${instancesPath}/volumes/${uuid}/virtform.json`);
  const texts = await Promise.all(labels.map((path) => readFile(path, "utf8")));
  const at = texts.findIndex((text) => JSON.parse(text).volume === "data");
  const [label = "", good = ""] = [labels[at], texts[at]];
  await rm(label);
  await mustRun("mkfifo", [label]);

  // The other volume grows.
  await write("64MiB", undefined, "32MiB");
  const beside = readPlan(await workspace.mustRun(["plan", "--json", "--exclude", "volume/data"]));
  assert.deepEqual([beside.complete, beside.errored, changed(beside)], [true, false, ["volume/logs"]]);
  await workspace.mustRun(["apply", "--auto-approve", "--exclude", "volume/data"]);
  const growing = (ram: string, further?: string) => write(ram, further, "32MiB");
  await leaveOut(workspace, "volume/data", growing, async () => {
    await rm(label);
    await writeFile(label, good, { mode: 0o600 });
  });
  await destroyAll(workspace);
});

test("a network whose label lacks a part is left out", async (t) => {
  const workspace = await createWorkspace(t);
  const { project } = workspace;
  const [lan, dmz] = [`${project}-lan`, `${project}-dmz`];
  t.after(() => removeNetworks(lan, dmz));
  const second = randomInt(100, 250);
  const write = (ram: string, further?: string, dns = false) =>
    workspace.write(
      {
        [`${project}-user`]: stopped({ networks: [{ network: lan }] }),
        [`${project}-other`]: stopped({ networks: [{ network: dmz }] }),
        ...(further === undefined ? {} : { [further]: stopped({ networks: [{ network: lan }] }) }),
      },
      {
        flavors: flavors(ram),
        networks: {
          [lan]: { type: "isolated", subnets: [{ cidr: `10.${second}.7.0/24` }] },
          [dmz]: {
            type: "isolated",
            subnets: [{ cidr: `10.${second}.8.0/24` }],
            ...(dns ? { dns: { txt: [{ name: "a", value: "b" }] } } : {}),
          },
        },
      },
    );
  await write("64MiB");
  await workspace.mustRun(["apply", "--auto-approve"]);
  const good = await virsh("net-dumpxml", "--inactive", lan);
  const define = async (xml: string) => {
    await writeFile(`${workspace.directory}/lan.xml`, xml);
    await virsh("net-define", `${workspace.directory}/lan.xml`);
  };
  assert.match(good, /<virtform:name>/);
  await define(good.replace(/<virtform:name>.*<\/virtform:name>/, ""));

  // The other network changes.
  await write("64MiB", undefined, true);
  const beside = readPlan(await workspace.mustRun(["plan", "--json", "--exclude", `network/${lan}`]));
  assert.deepEqual([beside.complete, beside.errored, changed(beside)], [true, false, [`network/${dmz}`]]);
  await workspace.mustRun(["apply", "--auto-approve", "--exclude", `network/${lan}`]);
  await leaveOut(
    workspace,
    `network/${lan}`,
    (ram, further) => write(ram, further, true),
    () => define(good),
  );
  await destroyAll(workspace);
});

test("a security group whose filter is longer than libvirt's messages is left out", async (t) => {
  const workspace = await createWorkspace(t);
  const { project } = workspace;
  const filter = `virtform:${project}:group:front`;
  removeFilters(t, project);
  const write = (ram: string, further?: string, port = 5432) =>
    workspace.write(
      {
        [`${project}-user`]: stopped({ networks: [{ network: "default" }], security_groups: ["front"] }),
        [`${project}-other`]: stopped({ networks: [{ network: "default" }], security_groups: ["back"] }),
        ...(further === undefined ? {} : { [further]: stopped({ networks: [{ network: "default" }], security_groups: ["front"] }) }),
      },
      {
        flavors: flavors(ram),
        security_groups: {
          front: { rules: [{ protocol: "tcp", ports: 80, cidr: "0.0.0.0/0" }] },
          back: { rules: [{ protocol: "tcp", ports: port, cidr: "0.0.0.0/0" }] },
        },
      },
    );
  await write("64MiB");
  await workspace.mustRun(["apply", "--auto-approve"]);
  const good = await virsh("nwfilter-dumpxml", filter);
  const define = async (xml: string) => {
    await writeFile(`${workspace.directory}/front.xml`, xml);
    await virsh("nwfilter-define", `${workspace.directory}/front.xml`);
  };
  // libvirt writes six characters for each quote.
  const rule = `<rule action='accept' direction='in'><tcp comment="${"'".repeat(250)}"/></rule>`;
  await define(good.replace("</filter>", `${rule.repeat(2900)}</filter>`));
  assert.match((await run("virsh", ["-q", "-c", "qemu:///system", "nwfilter-dumpxml", filter])).stderr, /encode message/);

  // The other group changes.
  await write("64MiB", undefined, 5433);
  const beside = readPlan(await workspace.mustRun(["plan", "--json", "--exclude", "security-group/front"]));
  assert.deepEqual([beside.complete, beside.errored, changed(beside)], [true, false, ["security-group/back"]]);
  await workspace.mustRun(["apply", "--auto-approve", "--exclude", "security-group/front"]);
  await leaveOut(
    workspace,
    "security-group/front",
    (ram, further) => write(ram, further, 5433),
    () => define(good),
  );
  await destroyAll(workspace);
});

/** Removes what a failed test left of the filters of a project. */
function removeFilters(t: TestContext, project: string): void {
  t.after(async () => {
    const names = (await readdir("/etc/libvirt/nwfilter")).filter((name) => name.startsWith(`virtform:${project}:`));
    // Those of interfaces refer to those of groups.
    for (const name of names.sort().reverse())
      await run("virsh", ["-q", "-c", "qemu:///system", "nwfilter-undefine", name.replace(/\.xml$/, "")]);
  });
}
