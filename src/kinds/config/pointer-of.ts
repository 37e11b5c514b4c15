import { type Address, addressKind, addressName } from "../../model/address.ts";
import type { Pointer } from "../../model/pointer.ts";
import type { Config } from "../config.ts";
import { secrets, volumeOfSecret } from "../terms/secret-address.ts";

const sections: Readonly<Record<string, "images" | "volumes" | "networks" | "instances" | "security_groups">> = {
  image: "images",
  volume: "volumes",
  network: "networks",
  domain: "instances",
  seed: "instances",
  secret: "instances",
  disk: "instances",
  "security-group": "security_groups",
};

/** Where an object is declared: `["instances", "web"]` for `disk/web-0.root`. Undefined for one that no longer is, and for base images. */
export function pointerOf(address: Address, config: Config): Pointer | undefined {
  const volume = secrets.owns(address) ? volumeOfSecret(addressName(address)) : undefined;
  if (volume !== undefined) return pointerOf(volume, config);
  const section = sections[addressKind(address)];
  if (section === undefined) return undefined;
  const name = addressName(address);
  // The names of instances hold no dots.
  const object = addressKind(address) === "disk" ? name.slice(0, name.lastIndexOf(".")) : name;
  const entries = config[section] ?? {};
  if (Object.hasOwn(entries, object)) return [section, object];
  const counted = object.slice(0, object.lastIndexOf("-"));
  return section === "instances" && Object.hasOwn(entries, counted) ? [section, counted] : undefined;
}
