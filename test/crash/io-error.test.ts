import assert from "node:assert/strict";
import { test } from "node:test";
import { guests } from "./guests.ts";
import { applied, apply, createWorld, planOf, runOn, summary } from "./world.ts";

test("a guest that an I/O error pauses is not waited for; the reason is in the plan and in the failure", async () => {
  const machine = createWorld();
  await applied(machine, guests({}));
  const web = machine.libvirtd.find("web");
  assert.ok(web);
  web.full = true;
  machine.libvirtd.suspend(web);

  assert.deepEqual(summary(await planOf(await runOn(machine.boot(), guests({})))), [
    "update domain/web: it is paused by an I/O error of a disk, such as no space, and should be running",
  ]);
  const began = performance.now();
  const { outcomes } = await apply(await runOn(machine.boot(), guests({})));
  assert.ok(performance.now() - began < 20_000, "it waits although the guest cannot go on");
  const failed = outcomes.find(({ status }) => status === "failed");
  assert.equal(failed?.action, "domain/web#resume");
  assert.equal(failed?.diagnostics[0]?.code, "guest-not-running");
  assert.match(`${failed?.diagnostics[0]?.summary} ${failed?.diagnostics[0]?.detail}`, /paused by an I\/O error.*virsh domblkerror web/s);

  delete web.full;
  await applied(machine, guests({}));
  assert.equal(web.state, 1);
});

test("commands in hints name the domain as libvirt does, also while a guest that runs waits for its new name", async () => {
  const machine = createWorld();
  await applied(machine, guests({}));
  const running = machine.libvirtd.find("web");
  assert.ok(running);
  running.full = true;
  machine.libvirtd.suspend(running);
  const renamed = guests({}).replace("  web:\n", "  shop:\n    renamed_from: web\n");
  const { outcomes } = await apply(await runOn(machine.boot(), renamed));
  const [failed] = outcomes.flatMap(({ diagnostics }) => diagnostics.filter(({ code }) => code === "guest-not-running"));
  assert.match(failed?.summary ?? "", /^shop is not running/);
  assert.match(failed?.detail ?? "", /qemu\/web\.log.*`virsh domblkerror web`/);
});
