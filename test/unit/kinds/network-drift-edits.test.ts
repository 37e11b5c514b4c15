import assert from "node:assert/strict";
import { test } from "node:test";
import type { NetworkConfig } from "../../../src/kinds/config.ts";
import { desiredNetworks } from "../../../src/kinds/network/desired.ts";
import { diffNetwork } from "../../../src/kinds/network/diff.ts";
import { networkDriftEdits } from "../../../src/kinds/network/drift-edits.ts";
import { networks } from "../../../src/kinds/terms/network-address.ts";
import type { NetworkState } from "../../../src/kinds/terms/network-state.ts";
import { createObserved, type Observed } from "../../../src/model/observed.ts";

const specOf = (lan: NetworkConfig) => {
  const spec = desiredNetworks({ networks: { lan } }, {})[0]?.spec;
  assert.ok(spec);
  return spec;
};
const subnet = { cidr: "10.20.0.0/24", dhcp: { ranges: [{ start: "10.20.0.100", end: "10.20.0.199" }] } };

test("records that were added on the host are written as the entries that describe them", () => {
  const written: NetworkConfig = { domain: "lan.example", subnets: [subnet] };
  const dns = {
    hosts: [{ address: "10.20.0.1", names: ["gateway", "ntp"] }],
    txt: [{ name: "about", value: "a b" }],
    srv: [{ service: "ldap", protocol: "tcp", domain: "lan.example", target: "a.lan.example", port: 389, priority: 1, weight: 0 }],
  } as const;
  const reservations = [
    { mac: "52:54:00:00:00:01", name: "printer", address: "10.20.0.20" },
    { mac: "52:54:00:00:00:02", address: "10.20.0.21" },
  ];
  const [want, found] = [
    specOf(written),
    specOf({
      ...written,
      dns: dns as unknown as NonNullable<NetworkConfig["dns"]>,
      subnets: [{ ...subnet, dhcp: { ...subnet.dhcp, reservations } }],
    }),
  ];
  const state: NetworkState = {
    uuid: want.uuid,
    name: "lan",
    fields: found.fields,
    running: found.fields,
    applied: want.fields,
    users: [],
  };
  const address = networks.at("lan");
  const look = { facts: {} as Observed["facts"], unmanaged: [], diagnostics: [], complete: true, unread: [] };
  const observed = createObserved({ ...look, states: new Map([[address, state]]) });
  const change = diffNetwork(address, want, state, observed);
  assert.ok(change);
  const { edits, left } = networkDriftEdits([change], { networks: { lan: written } }, observed);
  assert.deepEqual(left, []);
  assert.deepEqual(
    edits.map(({ pointer, value }) => [pointer.slice(2).join("."), value]),
    [
      ["dns.hosts", dns.hosts],
      ["dns.txt", dns.txt],
      ["dns.srv", dns.srv],
      ["subnets.0.dhcp.reservations", reservations],
    ],
  );
});
