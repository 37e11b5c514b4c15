import { UserError, userError } from "../model/errors.ts";
import { problem } from "../model/problem.ts";
import { withoutCredentials } from "../model/without-credentials.ts";
import type { CephAccess } from "../tools/rbd/access.ts";
import { parseRbdAddress, type RbdAddress } from "../tools/rbd/address.ts";
import { cephCluster, exportRbd, rbdInfo } from "../tools/rbd/rbd.ts";
import type { Source, SourceProblem } from "./source.ts";

/** A snapshot in the Ceph cluster that disks are kept in: `rbd://fsid/pool/image/snap`, as Glance writes locations. */
export const rbd: Source = {
  scheme: "rbd",
  check: (address) => (parseRbdAddress(address) === undefined ? invalid(address) : undefined),
  async fetch(context, { source, to, digests, maxBytes, onProgress }) {
    const { host, settings } = context;
    const from = addressOf(source);
    const access = (settings.drivers["rbd"] as CephAccess | undefined) ?? { conf: "/etc/ceph/ceph.conf", user: null };
    const cluster = { context, access };
    const { fsid } = await cephCluster(cluster);
    if (fsid !== from.fsid) {
      throw userError(
        "image-source-other-cluster",
        `${source} is in another Ceph cluster`,
        `${host.name} reaches cluster ${fsid} by ${access.conf}. Name the configuration of the other cluster in host.rbd.conf, or use another source.`,
      );
    }
    const info = await rbdInfo(cluster, from);
    if (info === undefined)
      throw userError(
        "image-source-missing",
        `${source} does not exist`,
        "The pool, the image or the snapshot is missing. `rbd snap ls` lists the snapshots of an image.",
      );
    if (maxBytes !== undefined && info.size > maxBytes)
      throw userError("no-space", `Not enough space for ${source}`, `It has ${info.size} bytes, and ${maxBytes} bytes may be used.`);
    await host.files.remove(to);
    await using undo = new AsyncDisposableStack();
    undo.defer(() => host.files.remove(to).catch(() => undefined));
    await exportRbd(cluster, from, to, (fraction) => onProgress?.(Math.round(fraction * info.size), info.size));
    const found = await host.files.digest(to, digests);
    undo.move();
    return { bytes: info.size, digests: found };
  },
};

function addressOf(source: string): RbdAddress {
  const address = parseRbdAddress(source);
  if (address !== undefined) return address;
  throw new UserError([problem(invalid(source).code, invalid(source))]);
}

function invalid(address: string): SourceProblem {
  const detail = "Write rbd://FSID/POOL/IMAGE/SNAPSHOT. `ceph fsid` prints the first part.";
  return { code: "image-source-invalid", summary: `Invalid address of a snapshot in Ceph: ${withoutCredentials(address)}`, detail };
}
