import type { Context } from "../../model/context.ts";
import { libvirtOf } from "../../tools/libvirt/libvirt.ts";
import { forgetPassphrase, recordedOwners } from "../presence/passphrase-record.ts";
import { secretUuid } from "./secret.ts";

/**
 * Removes the records of this project's passphrases whose secret libvirt no longer has. libvirt loses secrets when it restarts; before it
 * gets one again, the passphrase is tried on a disk and recorded. Those of other projects stay: an apply of theirs may have written the record and not
 * the secret yet, and holds another lock.
 */
export async function sweepPassphrases(context: Context): Promise<void> {
  const owners = await recordedOwners(context);
  if (owners.length === 0) return;
  const known = new Set((await libvirtOf(context).secrets("virtform/")).map(({ uuid }) => uuid));
  for (const owner of owners) if (!known.has(secretUuid(owner))) await forgetPassphrase(context, owner);
}
