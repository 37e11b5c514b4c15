import assert from "node:assert/strict";
import { test } from "node:test";
import { besideUnread } from "../../../src/engine/beside-unread.ts";
import "../../../src/kinds/index.ts";
import { guardUnread } from "../../../src/kinds/unread-guard.ts";
import type { Address } from "../../../src/model/address.ts";
import type { Change } from "../../../src/model/change.ts";
import { createObserved, type Observed } from "../../../src/model/observed.ts";
import { problem } from "../../../src/model/problem.ts";

const uuid = "0a6f2b3c-0000-4000-8000-000000000001";
const guest = { kind: "domain", disks: {}, active: null, fields: {} };
const portFilter = { kind: "filter", filter: "virtform:shop:port:web-525400000001", refers: ["virtform:shop:group:front"], ports: [] };

/** Per kind: the object that cannot be read, what the host has of its user `web`, and what is wanted of the two. */
const kinds: Readonly<
  Record<string, { readonly address: Address; readonly web: object; readonly more?: object; readonly domain: object }>
> = {
  volume: {
    address: "volume/data",
    web: { ...guest, disks: { vdb: `/var/lib/virtform/instances/volumes/${uuid}/disk` } },
    domain: { disks: [{ name: "volume/data" }], interfaces: [] },
  },
  network: {
    address: "network/lan",
    web: { ...guest, fields: { "interfaces.52:54:00:00:00:01.source": "lan" } },
    domain: { disks: [], interfaces: [{ type: "network", source: "lan", filter: null }] },
  },
  "security group": {
    address: "security-group/front",
    web: { ...guest, fields: { "interfaces.52:54:00:00:00:01.filter": portFilter.filter } },
    more: { "filter/web-525400000001": portFilter },
    domain: { disks: [], interfaces: [{ type: "network", source: "default", filter: { groups: ["front"] } }] },
  },
};

function look(address: Address, states: object): Observed {
  return createObserved({
    facts: { identities: { "volume/data": { uuid } } } as unknown as Observed["facts"],
    states: new Map(Object.entries(states)) as unknown as Observed["states"],
    unmanaged: [],
    diagnostics: [],
    complete: false,
    unread: [address],
  });
}

function change(address: string, type: string, more: Partial<Change> = {}): Change {
  const action = { id: `${address}#x`, type, address, summary: type, args: {}, needs: [], makes: [], locks: [], effect: "none" };
  return { address, verb: "update", fields: [], actions: [action], ...more } as unknown as Change;
}

type Options = Partial<Pick<Parameters<typeof besideUnread>[0], "mode" | "targets" | "exclude" | "changes" | "wanted" | "prefix">>;

function decided(kind: string, options: Options) {
  const { address, web, more = {}, domain } = kinds[kind] ?? assert.fail(kind);
  const wanted = new Map<Address, unknown>([
    [address, { disk: { uuid }, fields: {} }],
    ["domain/web", { kind: "domain", domain }],
    ["domain/db", { kind: "domain", domain: { disks: [], interfaces: [] } }],
  ]);
  const { complete, diagnostics } = besideUnread({
    mode: "apply",
    targets: [],
    exclude: [],
    prefix: "",
    observed: look(address, { "domain/web": web, "domain/db": guest, ...more }),
    wanted,
    project: "shop",
    changes: [],
    diagnostics: [problem("label-damaged", { summary: "Damaged", detail: "Repair it.", address })],
    guard: guardUnread,
    ...options,
  });
  return {
    complete,
    codes: diagnostics.map(({ severity, code, address }) => `${severity} ${code} ${address}`),
    detail: diagnostics.at(-1)?.detail,
  };
}

for (const [kind, { address }] of Object.entries(kinds)) {
  const exclude = [address];
  const warning = `warning label-damaged ${address}`;

  test(`${kind}: without an exclusion nothing is done, and the error names the command`, () => {
    const { complete, codes, detail } = decided(kind, { changes: [change("domain/db", "domain.define")] });
    assert.deepEqual([complete, codes], [false, [`error label-damaged ${address}`]]);
    assert.equal(detail, `Repair it. To leave ${address} out and apply the rest: \`virtform apply --exclude ${address}\`.`);
    assert.match(
      decided(kind, { mode: "destroy" }).detail ?? "",
      new RegExp(`and destroy the rest: \`virtform destroy --exclude ${address}\``),
    );
    assert.match(decided(kind, { prefix: "kvm1/" }).detail ?? "", new RegExp(`--exclude kvm1/${address}`));
  });

  test(`${kind}: left out, what does not use it changes and goes`, () => {
    const changes = [
      change("domain/db", "domain.start", { fields: [{ path: "interfaces.52:54:00:00:00:02.source" }] }),
      change("domain/old", "domain.undefine", { verb: "delete" }),
      change("volume/logs", "volume.grow"),
      change("network/dmz", "network.update"),
      change("security-group/back", "group.put"),
    ];
    for (const options of [{ exclude }, { targets: ["db", "old", "logs"] }])
      assert.deepEqual(decided(kind, { changes, ...options }), { complete: true, codes: [warning], detail: "Repair it." });
  });

  test(`${kind}: what uses it may stop and change in fields that do not concern it`, () => {
    const codes = (one: Change, options: Options = { exclude }) => decided(kind, { changes: [one], ...options }).codes;
    assert.deepEqual(codes(change("domain/web", "domain.stop")), [warning]);
    assert.deepEqual(codes(change("domain/web", "domain.define", { fields: [{ path: "memory" }] })), [warning]);
    assert.deepEqual(codes(change("disk/web.root", "disk.grow")), [warning]);
    const refused = (one: Change, options?: Options) =>
      assert.deepEqual(codes(one, options), [warning, `error unread-needed ${one.address}`]);
    refused(change("domain/web", "domain.start"));
    refused(change("domain/web", "domain.undefine", { verb: "delete" }));
    refused(change("domain/web", "domain.define", { fields: [{ path: "disks.vdb.source" }] }));
    refused(change("domain/web", "domain.define", { verb: "create" }));
    // By what the host has alone, where nothing is compared.
    refused(change("domain/web", "domain.start"), { mode: "only", targets: ["web"], wanted: new Map() });
    refused(change("domain/web", "domain.undefine", { verb: "delete" }), { mode: "destroy", exclude, wanted: new Map() });
  });

  test(`${kind}: what needs it is refused, with the command that leaves both out`, () => {
    const needing = change("seed/db", "seed.build");
    const [action] = needing.actions;
    const changes = [
      { ...needing, actions: [{ ...action, needs: [`${address}:exists`] }] } as unknown as Change,
      change("domain/web", "domain.start"),
    ];
    const { codes } = decided(kind, { changes, exclude });
    assert.deepEqual(codes, [warning, "error unread-needed seed/db", "error unread-needed domain/web"]);
    assert.match(
      decided(kind, { changes: [change("domain/web", "domain.start")], exclude }).detail ?? "",
      new RegExp(`\`virtform apply --exclude ${address} --exclude web\`\\.$`),
    );
    assert.deepEqual(decided(kind, { changes: [change(address, "volume.grow")], exclude: [], targets: ["db"] }).codes.slice(1), [
      `error unread-needed ${address}`,
    ]);
  });

  test(`${kind}: one that is not declared is not left out, unless everything is destroyed`, () => {
    const wanted = new Map<Address, unknown>();
    const { complete, codes, detail } = decided(kind, { exclude, wanted });
    assert.deepEqual([complete, codes, detail], [false, [`error label-damaged ${address}`], "Repair it."]);
    assert.equal(decided(kind, { mode: "destroy", exclude, wanted }).complete, true);
  });

  test(`${kind}: a type of action that is not listed is refused`, () => {
    const { codes } = decided(kind, { changes: [change("filesystem/srv", "filesystem.put")], exclude });
    assert.deepEqual(codes, [warning, "error unread-may-use filesystem/srv"]);
  });
}

test("base images stay while a volume cannot be read, which could be based on them", () => {
  const changes = [change("base/0123", "image.remove", { verb: "delete" })];
  assert.deepEqual(decided("volume", { changes, exclude: ["volume/data"] }).codes.slice(1), ["error unread-may-use base/0123"]);
  assert.deepEqual(decided("network", { changes, exclude: ["network/lan"] }).codes.slice(1), []);
});

test("published image: left out, everything else changes, and without an answer of Glance the plan is complete", () => {
  const address: Address = "published/golden";
  const { complete, diagnostics } = besideUnread({
    mode: "apply",
    targets: [],
    exclude: [address],
    prefix: "",
    observed: look(address, { "domain/web": guest }),
    wanted: new Map([[address, {}]]),
    project: "shop",
    changes: [change("domain/web", "domain.start"), change("base/0123", "image.remove"), change("image/golden", "image.fetch")],
    diagnostics: [problem("unreachable", { summary: "No answer", detail: "", address, unseen: true })],
    guard: guardUnread,
  });
  assert.deepEqual([complete, diagnostics.map(({ severity, unseen }) => [severity, unseen])], [true, [["warning", undefined]]]);
});

test("an object of a kind whose users are not known is not left out", () => {
  const { complete } = besideUnread({
    mode: "apply",
    targets: [],
    exclude: ["pool/p"],
    prefix: "",
    observed: look("pool/p", {}),
    wanted: new Map([["pool/p", {}]]),
    project: "shop",
    changes: [],
    diagnostics: [],
    guard: guardUnread,
  });
  assert.equal(complete, false);
});
