import type { SeedAddress, SeedInterface } from "../../../../src/kinds/terms/spec.ts";

/** An interface without addresses. */
export const nic = (more: Partial<SeedInterface> = {}): SeedInterface => ({
  name: "0",
  type: "network",
  source: "lan",
  mac: "52:54:00:00:00:01",
  model: "virtio",
  link: "up",
  filter: null,
  ...more,
});

/** A static IPv4 address with all that belongs to one. */
export const four: SeedAddress = {
  family: 4,
  address: "10.0.0.5",
  prefix: 24,
  dhcp: false,
  gateway: "10.0.0.1",
  dnsServers: ["10.0.0.2", "10.0.0.3"],
  routes: [{ to: "10.9.0.0/16", via: "10.0.0.9" }],
};
