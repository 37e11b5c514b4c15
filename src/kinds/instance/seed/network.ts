import type { Json } from "../../../model/json.ts";
import { uuidV5 } from "../../../model/uuid.ts";
import type { SeedSpec } from "../../terms/spec.ts";

/**
 * `network_data.json` (Nova CFG-11): one link and one DHCP network for each interface. Guests find their card by its MAC
 * address. A card on a bridge is a `bridge` as in Nova; one behind qemu's user network is a `phy`: cloud-init treats
 * both as an ordinary card. The MTU is left to the guest. Without a card the document is
 * empty, as Nova's is: with empty lists, cloud-init would configure no network at all.
 */
export function networkData(spec: Pick<SeedSpec, "uuid" | "interfaces">): Json {
  if (spec.interfaces.length === 0) return {};
  return {
    links: spec.interfaces.map(({ type, mac }, index) => ({
      id: `interface${index}`,
      // Guests see the same identity of a card after every rebuild.
      vif_id: uuidV5(mac, spec.uuid),
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
