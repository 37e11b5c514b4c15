import type { DiskOwner } from "../../drivers/driver.ts";
import { type AddressOf, addressName, kindOf } from "../../model/address.ts";
import { existence, factType } from "../../model/fact.ts";
import type { SecretState } from "./secret-state.ts";
import { type VolumeAddress, volumes } from "./volume-address.ts";

/** A secret of ours as found. */
export type FoundSecret = SecretState & { readonly kind: "secret" };

/** `secret/web-0`. */
export type SecretAddress = AddressOf<FoundSecret>;

/** Passphrases of disks that libvirt holds, by the name of their instance; that of a volume by `secretNameOf`. */
export const secrets = kindOf<FoundSecret>("secret");

const volumePrefix = "volume.";

/** The name of a secret in its address. The names of instances hold no dots. */
export function secretNameOf({ address }: Pick<DiskOwner, "address">): string {
  return `${volumes.owns(address) ? volumePrefix : ""}${addressName(address)}`;
}

/** The volume that a secret belongs to; undefined for that of an instance. */
export function volumeOfSecret(name: string): VolumeAddress | undefined {
  return name.startsWith(volumePrefix) ? volumes.at(name.slice(volumePrefix.length)) : undefined;
}

/** Whose disks a secret opens: `web-0`, `volume data`. */
export function secretOwnerText(name: string): string {
  return name.replace(volumePrefix, "volume ");
}

/** libvirt has it, with its value. */
export const secretExists = existence(secrets);

/** libvirt no longer has it. */
export const secretGone = factType(secrets, "gone");
