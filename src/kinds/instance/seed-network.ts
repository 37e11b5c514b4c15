import { createHash } from "node:crypto";
import type { Json } from "../../model/json.ts";
import type { SeedSpec } from "./spec.ts";

/**
 * `network_data.json` (Nova CFG-11): one link and one DHCP network for each interface. Guests find their card by its MAC
 * address. A card on a bridge is a `bridge` as in Nova; one behind qemu's user network is a `phy`: cloud-init treats
 * both as an ordinary card. The MTU is left to the guest. Without a card the document is
 * empty, as Nova's is: lists without entries would tell cloud-init to configure nothing at all.
 */
export function networkData(spec: Pick<SeedSpec, "uuid" | "interfaces">): Json {
  if (spec.interfaces.length === 0) return {};
  return {
    links: spec.interfaces.map(({ type, mac }, index) => ({
      id: `interface${index}`,
      vif_id: derivedUuid(spec.uuid, mac),
      type: type === "user" ? "phy" : "bridge",
      mtu: null,
      ethernet_mac_address: mac,
    })),
    networks: spec.interfaces.map(({ type, source }, index) => ({
      id: `network${index}`,
      type: "ipv4_dhcp",
      link: `interface${index}`,
      network_id: type === "user" ? "user" : source,
    })),
    services: [],
  };
}

/** A name-based uuid (RFC 9562, version 5): guests see the same identity of a card after every rebuild. */
function derivedUuid(namespace: string, name: string): string {
  const bytes = createHash("sha1")
    .update(Buffer.from(namespace.replaceAll("-", ""), "hex"))
    .update(name)
    .digest()
    .subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
