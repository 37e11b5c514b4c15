import assert from "node:assert/strict";
import { test } from "node:test";
import { parseLabel } from "../../src/kinds/directory/label.ts";
import { contentOf } from "../fake-host/program.ts";
import { killedStates, type Way } from "./kill-everywhere.ts";
import { shop } from "./shop.ts";
import { createWorld, root } from "./world.ts";

const ways: readonly Way[] = ["power cut, unsynced names lost", "power cut, unsynced names kept"];

for (const way of ways) {
  test(`a domain that is defined has all its files, whole and labelled, after a ${way}`, async () => {
    const { states } = await killedStates({ from: createWorld(), yaml: shop() }, way);
    let defined = 0;
    for (const { count, effect, machine } of states) {
      const when = `after effect ${count} (at ${effect})`;
      for (const domain of machine.libvirtd.all()) {
        if (domain.name === "stranger") continue;
        defined += 1;
        const sources = [...machine.libvirtd.document(domain, true).matchAll(/<source file='([^']+)'/g)].map(([, path = ""]) => path);
        assert.ok(sources.length >= 2, `${when}: ${sources}`);
        for (const path of sources) assert.ok((machine.files.find(path)?.content.size ?? 0) > 0, `${when}: ${path} is lost or empty`);
        const label = parseLabel(contentOf(machine.files, `${root}/${domain.uuid}/virtform.json`));
        assert.equal(label?.project, "shop", when);
      }
    }
    assert.ok(defined > 5, `only ${defined} looks at a domain`);
  });

  test(`no file under its own name is half after a ${way}`, async () => {
    const { states, end } = await killedStates({ from: createWorld(), yaml: shop() }, way);
    const whole = new Map(end.files.walk().map(([path, { content }]) => [path, content.size]));
    for (const { count, effect, machine } of states) {
      for (const [path, inode] of machine.files.walk()) {
        const isOwnName = path.startsWith(root) && /\/(?:disk|disk\.config|kernel|ramdisk|_base\/[0-9a-f]{40})$/.test(path);
        if (isOwnName) assert.equal(inode.content.size, whole.get(path), `${path} after effect ${count} (at ${effect})`);
      }
    }
  });
}
