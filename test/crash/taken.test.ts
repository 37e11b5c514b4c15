import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import type { Machine } from "../fake-host/machine.ts";
import { makeQcow2 } from "../fake-host/qcow2.ts";
import { readSparse } from "../fake-host/sparse.ts";
import { child, readXml } from "../fake-host/xml.ts";
import { guests } from "./guests.ts";
import { leftovers } from "./kill-everywhere.ts";
import { applied, apply, createWorld, layout, runOn } from "./world.ts";

/** An image whose content is not text, so that an image of a disk of it is accepted. */
const source = "https://images.test/binary.qcow2";
const content = readSparse(makeQcow2({ size: 64 * 2 ** 20, data: Buffer.alloc(9000, "\u0000\u00ff\u0001", "latin1") }));
const sha256 = createHash("sha256").update(content).digest("hex");

/** A guest without volumes, and a volume. `sources`: images that are taken, by their names. */
function yaml(sources: Readonly<Record<string, string>>, volumeSize = "1GiB"): string {
  const images = Object.entries(sources).map(([name, source]) => `  ${name}: { source: "${source}", disk_format: raw }\n`);
  return guests({ sections: `volumes: { data: { size: ${volumeSize} } }\n` })
    .replace(/source: .*/, `source: ${source}`)
    .replace(/checksum: .*/, `checksum: sha256:${sha256}`)
    .replace("images:\n", `images:\n${images.join("")}`);
}

async function before(): Promise<Machine> {
  const machine = createWorld();
  machine.urls.set(source, content);
  await applied(machine, yaml({}));
  return machine;
}

/** Undefines the guest, whose disks stay. */
function undefineGuest({ libvirtd }: Machine): void {
  const guest = libvirtd.find("web");
  assert.ok(guest !== undefined);
  libvirtd.destroy(guest);
  libvirtd.undefine(guest, { managedSave: false });
}

/** What was started and what ended in an apply with one image, in order. Fails unless all of it is done. */
async function orderOf(machine: Machine, text: string): Promise<string[]> {
  const order: string[] = [];
  const { verdict, outcomes } = await apply(await runOn(machine.boot(), text), (event) => {
    if (event.type === "action.start") order.push(`+${event.id}`);
    if (event.type === "action.end") order.push(`-${event.id}`);
  });
  assert.equal(verdict, "done", JSON.stringify(outcomes));
  return order;
}

test("a guest without a domain is not defined until the image of its disk is taken", async () => {
  const machine = await before();
  undefineGuest(machine);
  const order = await orderOf(machine, yaml({ golden: "instance://web/root" }));
  assert.ok(order.indexOf("+domain/web#define") > order.indexOf("-image/golden#fetch"), order.join("\n"));
});

test("a volume is not grown until the image of it is taken", async () => {
  const order = await orderOf(await before(), yaml({ golden: "volume://data" }, "2GiB"));
  assert.ok(order.indexOf("+volume/data#grow") > order.indexOf("-image/golden#fetch"), order.join("\n"));
});

test("a guest that gets the volume is not changed until the image of the volume is taken", async () => {
  const machine = await before();
  const text = yaml({ golden: "volume://data" }).replace("power_state: running", "power_state: running\n    volumes: [{ volume: data }]");
  const order = await orderOf(machine, text);
  assert.ok(order.indexOf("+domain/web#adjust") > order.indexOf("-image/golden#fetch"), order.join("\n"));
});

test("a guest that gets the volume by hand while it is copied ends the image", async () => {
  const machine = await before();
  const disk = machine.files.walk().find(([path]) => path.startsWith(layout.volumes) && path.endsWith("/disk"))?.[0];
  const host = machine.boot();
  host.onEffect((_count, effect) => {
    const devices = child(machine.libvirtd.find("web")?.live, "devices");
    if (effect.startsWith("qemu-img convert"))
      devices?.children.push(readXml(`<disk type='file' device='disk'><source file='${disk}'/><target dev='vdb'/></disk>`));
  });
  const { outcomes } = await apply(await runOn(host, yaml({ golden: "volume://data" })));
  assert.deepEqual(
    outcomes.flatMap(({ action, diagnostics }) => diagnostics.map(({ summary }) => `${action}: ${summary}`)),
    ["image/golden#fetch: web got the disk of volume data while it was copied"],
  );
  assert.deepEqual(leftovers(machine), []);
});
