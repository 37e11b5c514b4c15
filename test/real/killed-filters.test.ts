import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { test } from "node:test";
import { apply, assertConverged, virtform } from "./support/in-this-process.ts";
import { isolatedNetwork } from "./support/isolated-network.ts";
import { killedAtStep, mustRun, stepOf, virtformEvents } from "./support/virtform.ts";
import { createWorkspace, filtersOf, guestImages, haltingGuest, virsh, writeConfig } from "./support/workspace.ts";

/** A rule that is written into the kernel for the guest, as `iptables -S` prints it. */
const rule = (port: number) => new RegExp(`-A FO-\\S+ .*--dport ${port} .*-j ACCEPT`);

test("killed at each action on filters, guests are never without them, and it converges when run again", async (t) => {
  const workspace = await createWorkspace(t);
  const net = await isolatedNetwork(t, workspace);
  const name = `${workspace.prefix}-one`;
  const images = guestImages(await haltingGuest(workspace.directory));
  const want = (port: number | null) =>
    writeConfig(workspace, {
      images,
      flavors: { small: { vcpus: 1, ram: "64MiB", disk: "1GiB" } },
      ...(port === null ? {} : { security_groups: { web: { rules: [{ protocol: "tcp", ports: port }] } } }),
      instances: {
        [name]: {
          image: "tiny",
          flavor: "small",
          config_drive: false,
          ...(port === null
            ? { networks: [{ network: net.name }] }
            : { networks: [{ network: net.name, addresses: [`${net.v4}.10`] }], security_groups: ["web"] }),
        },
      },
    });
  const options = ["apply", workspace.directory, "--auto-approve", "--parallelism", "1"];
  const destroy = async () => {
    const gone = await virtform("destroy", workspace.directory, "--auto-approve", "--allow-destroy");
    assert.equal(gone.code, 0, gone.stdout + gone.stderr);
    assert.deepEqual(await filtersOf(workspace), []);
  };
  /** A guest that runs with a filter in its definition has its rules in the kernel. */
  const isFiltered = async () => {
    const running = (await virsh("list", "--name")).includes(name);
    const filter = running ? /<filterref filter='([^']+)'/.exec(await virsh("dumpxml", name))?.[1] : undefined;
    return filter === undefined || (await virsh("nwfilter-binding-list")).includes(filter);
  };

  /** From one configuration to the other, killed at each step that has to do with filters. */
  const stories: readonly (readonly [
    title: string,
    before: (() => Promise<void>) | null,
    wanted: number | null,
    types: readonly string[],
  ])[] = [
    ["created", null, 80, ["group.put", "filter.put", "domain.define", "domain.start"]],
    ["edited", () => want(80).then(() => apply(workspace).then(() => undefined)), 443, ["group.put"]],
    [
      "given up",
      () => want(80).then(() => apply(workspace).then(() => undefined)),
      null,
      ["domain.adjust", "filter.remove", "group.remove"],
    ],
  ];
  for (const [title, before, wanted, types] of stories) {
    for (const step of types.flatMap((type) => [`apply_start ${type}`, `apply_complete ${type}`])) {
      await t.test(`${title}, killed at ${step}`, async () => {
        if (before === null) await destroy().catch(() => undefined);
        else await before();
        await want(wanted);
        await killedAtStep(options, step);
        assert.ok(await isFiltered(), "the guest is not open after the kill");
        const again = await virtformEvents(options, () => {});
        assert.equal(again.code, 0, again.stderr + JSON.stringify(again.events.flatMap((event) => stepOf(event) ?? [])));
        await assertConverged(workspace);
        assert.ok(await isFiltered());
        const rules = await mustRun("iptables", ["-S"]);
        if (wanted !== null) assert.match(rules, rule(wanted));
      });
    }
  }

  await t.test("a filter that was taken off the device of the running guest is put on again", async () => {
    await want(80);
    await apply(workspace);
    const [, port = ""] = /<target dev='([^']+)'\/>\s*<model type='virtio'\/>/.exec(await virsh("dumpxml", name)) ?? [];
    await virsh("nwfilter-binding-delete", port);
    const drift = await virtform("drift", workspace.directory);
    assert.match(drift.stdout, /the running guest is not filtered/);
    await killedAtStep(options, "apply_start filter.bind");
    await apply(workspace);
    assert.match(await virsh("nwfilter-binding-list"), new RegExp(`${port} +virtform:`));
    await assertConverged(workspace);
  });

  await t.test("a rule that was removed by hand is drift", async () => {
    const group = (await filtersOf(workspace)).find((filter) => filter.includes(":group:")) ?? "";
    const xml = await virsh("nwfilter-dumpxml", group);
    const file = `${workspace.directory}/edited.xml`;

    await writeFile(file, xml.replace(/ {2}<rule [^>]*>\s*<tcp [^>]*\/>\s*<\/rule>\n/, ""));
    await virsh("nwfilter-define", file);
    const drift = await virtform("drift", workspace.directory);
    assert.equal(drift.code, 2);
    assert.match(drift.stdout, /changed on the host after the last apply \(host drifted\)\n {4}\+ tcp 80 from 0\.0\.0\.0\/0\n/);
    await apply(workspace);
    await assertConverged(workspace);
  });
  await destroy();
});
