import type { SecretRef } from "../../model/secret.ts";
import type { GuestPartition } from "../../tools/guestfs/guest-disk.ts";
import type { GuestFile } from "./guest-file.ts";

/** What is written into the root disk of a guest before its first boot (Nova INJ-04: key, network file, metadata, password, files). */
export interface Injection {
  readonly partition: GuestPartition;
  /** A line for root's authorized_keys. */
  readonly publicKey: string | null;
  /** Files that configure the network (Nova INJ-08, CFG-12); empty for none. */
  readonly network: readonly NetworkFile[];
  /** Content of /meta.js. */
  readonly metadata: string | null;
  /** Of root: the password, or its hash. */
  readonly password: SecretRef | null;
  /** In the order of their paths. */
  readonly files: readonly GuestFile[];
  /** libguestfs runs its appliance without KVM, as the guest does. */
  readonly emulated: boolean;
}

/** A file of the network's configuration in a guest: root's, 0644. */
export interface NetworkFile {
  readonly path: string;
  readonly content: string;
}

/** The record of a disk that was made and into which not everything was injected. Nothing of it is used. */
export const unfinishedInjection = "unfinished";
