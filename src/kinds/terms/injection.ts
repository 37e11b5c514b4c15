import type { SecretRef } from "../../model/secret.ts";
import type { GuestPartition } from "../../tools/guestfs/guest-disk.ts";
import type { GuestFile } from "./guest-file.ts";

/** What is written into the root disk of a guest before its first boot (Nova INJ-04: key, network file, metadata, password, files). */
export interface Injection {
  readonly partition: GuestPartition;
  /** A line for root's authorized_keys. */
  readonly publicKey: string | null;
  /** Content of /etc/network/interfaces (Nova CFG-12). */
  readonly network: string | null;
  /** Content of /meta.js. */
  readonly metadata: string | null;
  /** Of root: the password, or its hash. */
  readonly password: SecretRef | null;
  /** In the order of their paths. */
  readonly files: readonly GuestFile[];
  /** libguestfs runs its appliance without KVM, as the guest does. */
  readonly emulated: boolean;
}

/** The record of a disk that was made and into which not everything was injected. Nothing of it is used. */
export const unfinishedInjection = "unfinished";
