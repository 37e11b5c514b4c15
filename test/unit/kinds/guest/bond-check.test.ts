import assert from "node:assert/strict";
import { test } from "node:test";
import type { InstanceConfig } from "../../../../src/kinds/config.ts";
import { checkBonds } from "../../../../src/kinds/guest/bond-check.ts";

const mistakes = (instance: Partial<InstanceConfig>) =>
  checkBonds({ instances: { web: { image: "tiny", flavor: "small", ...instance } } }).map(
    ({ pointer = [], summary }) => `${pointer.slice(2).join(".")}: ${summary}`,
  );
const two = [
  { network: "a", bond: "bond0", addresses: ["10.0.0.1"] },
  { network: "b", bond: "bond0" },
];

test("two interfaces of one bond, with addresses at the first, are accepted", () => {
  assert.deepEqual(mistakes({ networks: two }), []);
  assert.deepEqual(mistakes({ networks: [...two, { network: "c" }] }), []);
});

test("a bond with a name that another interface of the guest has is refused", () => {
  const named = (bond: string) => mistakes({ networks: two.map((nic) => ({ ...nic, bond })) });
  for (const bond of ["eth0", "eth12", "lo"])
    assert.deepEqual(
      named(bond),
      [0, 1].map((index) => `networks.${index}.bond: Interface ${index} of web, in bond ${bond}, has the name of another interface`),
    );
  for (const bond of ["bond0", "eth", "ethernet1", "local"]) assert.deepEqual(named(bond), []);
});

test("a bond that the guest would not have, or that could carry nothing, is refused", () => {
  assert.deepEqual(mistakes({ networks: two.slice(0, 1) }), ["networks.0.bond: Interface 0 of web, in bond bond0, is alone"]);
  assert.deepEqual(mistakes({ networks: two.toReversed() }), [
    "networks.1.addresses: Interface 1 of web, in bond bond0, is not the first one and has addresses",
  ]);
  assert.deepEqual(mistakes({ networks: [...two.slice(0, 1), { user: true, bond: "bond0" }] }), [
    "networks.1.bond: Interface 1 of web, in bond bond0, is in user-mode networking",
  ]);
  assert.deepEqual(mistakes({ networks: two, security_groups: ["web"] }), [
    "networks.0.bond: Interface 0 of web, in bond bond0, is filtered",
    "networks.1.bond: Interface 1 of web, in bond bond0, is filtered",
  ]);
  assert.deepEqual(mistakes({ networks: two, config_drive: false }), [
    "networks.0.bond: Interface 0 of web, in bond bond0, is not bonded",
    "networks.1.bond: Interface 1 of web, in bond bond0, is not bonded",
  ]);
});
