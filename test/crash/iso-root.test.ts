import assert from "node:assert/strict";
import { test } from "node:test";
import type { Machine } from "../fake-host/machine.ts";
import { contentOf } from "../fake-host/program.ts";
import { discBytes, discUrl, type Guests, guests } from "./guests.ts";
import { killEverywhere } from "./kill-everywhere.ts";
import { applied, createWorld, layout, planOf, runOn, summary } from "./world.ts";

function worldWithDisc(): Machine {
  const machine = createWorld();
  machine.urls.set(discUrl, discBytes);
  return machine;
}

const plan = async (machine: Machine, options: Guests) => planOf(await runOn(machine.boot(), guests(options)));

for (const imagesType of ["qcow2", "flat"] as const) {
  test(`Nova BLK-06 on ${imagesType}: an ISO is copied whole, keeps its size, and is the CD that the guest boots from`, async () => {
    const machine = worldWithDisc();
    const wanted: Guests = { imagesType, diskFormat: "iso", ephemeral: "1GiB" };
    const first = await plan(machine, wanted);
    assert.deepEqual(
      first.diagnostics.filter(({ severity }) => severity === "note").map(({ code, address }) => [code, address]),
      [["disc-keeps-its-size", "disk/web.root"]],
    );
    await applied(machine, guests(wanted));
    const domain = machine.libvirtd.find("web");
    assert.ok(domain);
    assert.deepEqual(contentOf(machine.files, layout.instanceFile(domain.uuid, "disk")), discBytes);
    const xml = machine.libvirtd.document(domain, true);
    assert.match(
      xml,
      /<disk type='file' device='cdrom'>\s*<driver name='qemu' type='raw'[^>]*>\s*<source file='[^']*\/disk'\/>\s*<target dev='sda' bus='sata'\/>\s*<readonly\/>/,
    );
    assert.match(xml, /disk.local'\/>\s*<target dev='vda' bus='virtio'\/>/);
    const second = await plan(machine, wanted);
    assert.deepEqual([summary(second), second.diagnostics.filter(({ code }) => code === "disc-keeps-its-size")], [[], []]);
  });
}

test("a guest on an ISO, killed anywhere", async () => {
  assert.ok((await killEverywhere({ from: worldWithDisc(), yaml: guests({ diskFormat: "iso", ephemeral: "1GiB" }) }, "kill -9")) > 20);
});
