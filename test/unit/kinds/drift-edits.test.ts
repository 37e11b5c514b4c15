import assert from "node:assert/strict";
import { test } from "node:test";
import type { Config } from "../../../src/kinds/config.ts";
import { driftEdits } from "../../../src/kinds/instance/drift-edits.ts";
import { type GuestState, guests } from "../../../src/kinds/terms/guest-address.ts";
import type { FieldChange } from "../../../src/model/change.ts";
import { createObserved, type Observed } from "../../../src/model/observed.ts";

const mac = "52:54:00:00:00:01";
const config = {
  project: "shop",
  networks: { lan: { name: "virbr-lan" } },
  flavors: { small: { vcpus: 1, ram: 2 ** 30, disk: 2 ** 30 } },
  instances: { web: { flavor: "small", networks: [{ bridge: "br0", mac, addresses: ["10.0.0.5"], port_filter: "none" }] } },
} as unknown as Config;

/** What has to be written for an interface that has these fields on the host now. */
function written(found: Readonly<Record<string, string>>): unknown {
  const path = (part: string) => `interfaces.${mac}.${part}`;
  const fields = Object.fromEntries(Object.entries(found).map(([part, value]) => [path(part), value]));
  const wanted: Readonly<Record<string, string>> = { type: "bridge", source: "br0", model: "virtio" };
  const differing = Object.entries(found).flatMap(([part, old]): FieldChange[] =>
    wanted[part] === old ? [] : [{ path: path(part), old, ...(wanted[part] === undefined ? {} : { new: wanted[part] }), cause: "drift" }],
  );
  const address = guests.at("web");
  const look = { facts: {} as Observed["facts"], unmanaged: [], diagnostics: [], complete: true, unread: [] };
  const observed = createObserved({ ...look, states: new Map([[address, { fields } as unknown as GuestState]]) });
  const change = {
    address,
    verb: "update",
    cause: "drift",
    reason: "it was changed",
    fields: differing,
    actions: [],
    before: {},
    after: {},
  } as const;
  const { edits, left } = driftEdits([change], config, observed);
  assert.deepEqual(left, []);
  return edits.map(({ pointer, value }) => [pointer.slice(2).join("."), value]);
}

test("an interface that was connected elsewhere is written key by key, so that its other keys stay", () => {
  assert.deepEqual(written({ type: "bridge", source: "br1", model: "virtio" }), [["networks.0.bridge", "br1"]]);
  assert.deepEqual(written({ type: "bridge", source: "br0", model: "e1000e" }), [["networks.0.model", "e1000e"]]);
  assert.deepEqual(written({ type: "network", source: "virbr-lan", model: "virtio" }), [
    ["networks.0.network", "lan"],
    ["networks.0.bridge", undefined],
  ]);
});
