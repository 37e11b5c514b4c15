import assert from "node:assert/strict";
import { test } from "node:test";
import { networkdFiles } from "../../../../src/kinds/instance/networkd-files.ts";
import type { SeedAddress } from "../../../../src/kinds/terms/spec.ts";
import { four, nic } from "./fixtures.ts";

const six: SeedAddress = { family: 6, address: "fd00::5", prefix: 64, dhcp: false, gateway: null, dnsServers: [], routes: [] };

test("without an address that DHCP does not give there are no files", () => {
  assert.deepEqual(networkdFiles([nic(), nic({ addresses: [{ ...four, dhcp: true }] })]), []);
});

test("every interface has a file: with its static addresses, or with DHCP", () => {
  const files = networkdFiles([nic({ addresses: [four, six], mtu: 1400 }), nic({ mac: "52:54:00:00:00:02", addresses: [six] })]);
  assert.deepEqual(
    files.map(({ path }) => path),
    ["/etc/systemd/network/10-virtform-0.network", "/etc/systemd/network/10-virtform-1.network"],
  );
  assert.equal(
    files.map(({ content }) => content).join("---\n"),
    `# Written by virtform before the first boot.
[Match]
MACAddress=52:54:00:00:00:01

[Link]
MTUBytes=1400

[Network]
Address=10.0.0.5/24
Gateway=10.0.0.1
DNS=10.0.0.2
DNS=10.0.0.3
Address=fd00::5/64

[Route]
Destination=10.9.0.0/16
Gateway=10.0.0.9
---
# Written by virtform before the first boot.
[Match]
MACAddress=52:54:00:00:00:02

[Network]
DHCP=ipv4
Address=fd00::5/64
`,
  );
});
