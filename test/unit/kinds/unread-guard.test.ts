import assert from "node:assert/strict";
import { test } from "node:test";
import { confinedActions } from "../../../src/kinds/confined-actions.ts";
import { hostSettings } from "../../../src/kinds/host/settings.ts";
import { createKinds } from "../../../src/kinds/index.ts";
import { guardUnread } from "../../../src/kinds/unread-guard.ts";
import type { Change } from "../../../src/model/change.ts";
import { createObserved, type Observed } from "../../../src/model/observed.ts";

const settings = hostSettings({}, { root: true, dataHome: "/root/.local/share" });
const types = createKinds(settings, () => undefined).flatMap(({ actions }) => actions.map(({ type }) => type));

const observed = (states: Readonly<Record<string, unknown>>): Observed =>
  createObserved({
    facts: {} as Observed["facts"],
    states: new Map(Object.entries(states)) as unknown as Observed["states"],
    unmanaged: [],
    diagnostics: [],
    complete: false,
    unread: ["domain/web"],
  });

const change = (address: string, type: string, more: Partial<Change> = {}, args = {}): Change =>
  ({
    address,
    verb: "update",
    fields: [],
    actions: [{ id: `${address}#x`, type, address, summary: "do it", args, needs: [], makes: [], locks: [], effect: "none" }],
    ...more,
  }) as unknown as Change;

const guest = { kind: "domain", disks: {}, active: null };
const known = observed({ "domain/web": guest, "domain/db": guest });
const unknown = observed({ "domain/db": guest });
const refused = (one: Change, look: Observed) =>
  guardUnread.refused({ changes: [one], observed: look, wanted: new Map(), project: "shop" }).map(({ address }) => address);

test("every action type that is allowed beside an unreadable guest exists", () => {
  assert.deepEqual(
    [...confinedActions].filter((type) => !types.includes(type)),
    [],
  );
});

test("what removes, moves or redefines something that others can use is refused, as are types that are not known", () => {
  const never = types.filter((type) => !confinedActions.has(type));
  for (const type of [...never, "filesystem.put"]) assert.deepEqual(refused(change("volume/data", type), known), ["volume/data"], type);
  for (const type of [
    "volume.grow",
    "volume.remove",
    "image.remove",
    "network.update",
    "network.remove",
    "network.rename",
    "group.put",
    "secret.put",
  ])
    assert.ok(never.includes(type), type);
  for (const type of confinedActions) assert.deepEqual(refused(change("domain/db", type), known), [], type);
  assert.deepEqual(refused(change("volume/new", "volume.create", {}, { remake: true }), known), ["volume/new"]);
});

test("beside a definition that is not known, an existing guest changes only where it cannot collide", () => {
  const field = (path: string) => ({ fields: [{ path }] });
  assert.deepEqual(refused(change("domain/db", "domain.define", field("memory")), unknown), []);
  assert.deepEqual(refused(change("domain/db", "domain.stop"), unknown), []);
  assert.deepEqual(refused(change("seed/db", "seed.build"), unknown), []);
  for (const path of ["interfaces.0.mac", "ports.0", "disks.vdb", "hostdevs.0", "vnc"])
    assert.deepEqual(refused(change("domain/db", "domain.define", field(path)), unknown), ["domain/db"], path);
  assert.deepEqual(refused(change("domain/new", "domain.define", { verb: "create" }), unknown), ["domain/new"]);
  assert.deepEqual(refused(change("disk/db.root", "disk.grow"), unknown), ["disk/db.root"]);
});

test("beside a definition that is not known, a guest with a volume is not started: the other one could have it", () => {
  const source = "/var/lib/virtform/instances/volumes/u/disk";
  const volume = { kind: "volume", uuid: "u", name: "disk", path: source };
  const look = observed({ "domain/db": { ...guest, disks: { vdb: source } }, "volume/data": volume });
  assert.deepEqual(refused(change("domain/db", "domain.start"), look), ["domain/db"]);
  assert.deepEqual(refused(change("domain/db", "domain.stop"), look), []);
});
