import { createHash } from "node:crypto";
import type { ImageConfig, InstanceConfig } from "../config.ts";
import type { InterfaceSpec } from "../terms/spec.ts";

/** The network interfaces of an instance, with addresses and models filled in. */
export function interfacesOf(instance: InstanceConfig, image: Partial<ImageConfig>, project: string, name: string): InterfaceSpec[] {
  return (instance.networks ?? []).map((network, index) => ({
    type: network.network !== undefined ? "network" : network.bridge !== undefined ? "bridge" : "user",
    source: network.network ?? network.bridge ?? "",
    mac: network.mac ?? derivedMac(`${project}/${name}/${index}`),
    model: network.model ?? image.properties?.["hw_vif_model"] ?? "virtio",
  }));
}

/** An address in qemu's range, the same for the same interface on every run. */
function derivedMac(identity: string): string {
  const digest = createHash("sha256").update(identity).digest("hex");
  return `52:54:00:${digest.slice(0, 2)}:${digest.slice(2, 4)}:${digest.slice(4, 6)}`;
}
