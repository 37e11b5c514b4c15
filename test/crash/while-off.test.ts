import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { whileOff } from "../../src/sources/while-off.ts";
import { guests } from "./guests.ts";
import { applied, createWorld, runOn } from "./world.ts";

async function offGuest() {
  const machine = createWorld();
  await applied(machine, guests());
  const guest = machine.libvirtd.find("web");
  assert.ok(guest !== undefined);
  machine.libvirtd.destroy(guest);
  const { context } = await runOn(machine.boot(), guests());
  return { machine, guest, context };
}

test("a copy of a disk ends when its guest is started meanwhile", async (t) => {
  const { machine, guest, context } = await offGuest();
  t.after(() => context.host.close());
  const copy = whileOff(context, [guest.uuid], "the disk of instance web", async (signal) => {
    setTimeout(() => machine.libvirtd.start(guest), 50);
    await once(signal, "abort");
    throw new Error("a program was stopped");
  });
  await assert.rejects(copy, /A guest was started while the disk of instance web was copied/);
});

test("a guest that runs when the copy ends is noticed, and one that stays off is not in the way", async (t) => {
  const { machine, guest, context } = await offGuest();
  t.after(() => context.host.close());
  assert.equal(await whileOff(context, [guest.uuid], "the disk", async () => "copied"), "copied");
  const late = whileOff(context, [guest.uuid], "the disk", async () => machine.libvirtd.start(guest));
  await assert.rejects(late, /A guest was started while the disk was copied/);
});
