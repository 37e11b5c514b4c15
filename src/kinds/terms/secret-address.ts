import { type AddressOf, kindOf } from "../../model/address.ts";
import { existence, factType } from "../../model/fact.ts";
import type { SecretState } from "./secret-state.ts";

/** A secret of ours as found. */
export type FoundSecret = SecretState & { readonly kind: "secret" };

/** `secret/web-0`. */
export type SecretAddress = AddressOf<FoundSecret>;

/** Passphrases of disks that libvirt holds, by the name of their instance. */
export const secrets = kindOf<FoundSecret>("secret");

/** libvirt has it, with its value. */
export const secretExists = existence(secrets);

/** libvirt does not have it any more. */
export const secretGone = factType(secrets, "gone");
