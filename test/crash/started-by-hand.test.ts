import assert from "node:assert/strict";
import { test } from "node:test";
import { guests } from "./guests.ts";
import { applied, apply, checksum, createWorld, planOf, runOn, summary } from "./world.ts";

const off = { power: "stopped" } as const;
const volume = (size: string) => ({ more: "    volumes: [ { volume: data } ]\n", sections: `volumes: { data: { size: ${size} } }\n` });
const otherImage = guests(off)
  .replaceAll("debian", "fedora")
  .replaceAll(checksum("https://images.test/debian.qcow2"), checksum("https://images.test/fedora.qcow2"));

/** What was applied, what is wanted, and what must not be done to the guest that was started in between. */
const stories: Readonly<Record<string, readonly [string, string, string]>> = {
  "another root disk": [guests(off), otherImage, "disk/web.root#remove"],
  "a disk fewer": [guests({ ...off, ephemeral: "64MiB" }), guests(off), "disk/web.local#remove"],
  "a larger overlay": [guests({ ...off, ephemeral: "64MiB" }), guests({ ...off, ephemeral: "128MiB" }), "disk/web.local#grow"],
  "a larger copy": [
    guests({ ...off, imagesType: "flat", ephemeral: "64MiB" }),
    guests({ ...off, imagesType: "flat", ephemeral: "128MiB" }),
    "disk/web.local#grow",
  ],
  "a larger volume": [guests({ ...off, ...volume("1GiB") }), guests({ ...off, ...volume("2GiB") }), "volume/data#grow"],
  "a volume fewer": [guests({ ...off, ...volume("1GiB") }), guests(off), "volume/data#remove"],
};

for (const [name, [before, wanted, refused]] of Object.entries(stories)) {
  test(`${name}: a guest started while the plan is read keeps what it has, and the next apply converges`, async () => {
    const machine = createWorld();
    await applied(machine, before);
    const web = machine.libvirtd.find("web");
    assert.ok(web);
    const { outcomes } = await apply(await runOn(machine.boot(), wanted), ({ type }) => {
      if (type === "apply.start") machine.libvirtd.start(web);
    });
    const { status, diagnostics } = outcomes.find(({ action }) => action === refused) ?? { status: undefined, diagnostics: [] };
    assert.equal(status, "failed");
    assert.match(diagnostics?.[0]?.summary ?? "", /^web runs/);
    assert.equal(web.state, 1);
    for (const { path } of machine.libvirtd.open()) assert.ok(machine.files.find(path) !== undefined, path);

    await applied(machine, wanted);
    assert.deepEqual(summary(await planOf(await runOn(machine.boot(), wanted))), []);
  });
}
