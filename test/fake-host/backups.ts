import type { FileTree } from "./file-tree.ts";
import type { Domain } from "./libvirtd.ts";
import { makeQcow2 } from "./qcow2.ts";
import { rawOf } from "./qemu-img.ts";
import { readSparse } from "./sparse.ts";
import { child, childrenOf, readXml } from "./xml.ts";

/**
 * A backup job of a running guest. The first look at it finds that it runs, the next that it has ended. One that is aborted is there for one look more:
 * libvirt answers before QEMU has ended the job.
 */
export interface BackupJob {
  readonly document: string;
  readonly state: "started" | "running" | "aborted" | "completed";
}

/** Starts a backup in push mode: the copy is complete at once, and libvirt reports that later. */
export function beginBackup(domain: Domain, document: string, files: FileTree): void {
  if (domain.live === undefined) throw new Error("Requested operation is not valid: domain is not running");
  if (domain.backup !== undefined && domain.backup.state !== "completed")
    throw new Error("Requested operation is not valid: cannot acquire state change lock");
  for (const { attributes, children } of childrenOf(child(readXml(document), "disks"), "disk")) {
    const disk = childrenOf(child(domain.live, "devices"), "disk").find(
      (one) => child(one, "target")?.attributes["dev"] === attributes["name"],
    );
    if (disk === undefined) throw new Error(`invalid argument: no disk named '${attributes["name"]}' found in the domain`);
    if (attributes["backup"] !== "yes") continue;
    const to = children.find(({ name }) => name === "target")?.attributes["file"] ?? "";
    if (files.find(to) !== undefined)
      throw new Error(`unsupported configuration: store '${to}' for backup of '${attributes["name"]}' exists`);
    const raw = rawOf(files, child(disk, "source")?.attributes["file"] ?? "", child(disk, "driver")?.attributes["type"] ?? "raw");
    const end = Math.max(0, ...[...raw.chunks.keys()].map((number) => (number + 1) * 4096));
    files.write(to, makeQcow2({ size: raw.size, data: readSparse(raw, 0, Math.min(end, raw.size)) }), 0o600);
  }
  domain.backup = { document, state: "started" };
}

/** The document of the job that runs. */
export function backupXml(domain: Domain): string {
  const { backup } = domain;
  if (backup === undefined || backup.state === "completed") throw new Error("Domain backup job id not found: no domain backup job present");
  if (backup.state === "aborted") domain.backup = undefined;
  return backup.document;
}

/** Statistics of the job that runs or, with the flag, of the one that has ended, which libvirt reports once. */
export function jobStats(domain: Domain, flags: number) {
  if (domain.live === undefined) throw new Error("Requested operation is not valid: domain is not running");
  const reported = (type: number) => ({
    type,
    values: [
      { field: "operation", value: { type: 1, value: 9 } },
      { field: "disk_total", value: { type: 4, value: 1024 } },
      { field: "disk_processed", value: { type: 4, value: type === 3 ? 1024 : 0 } },
    ],
  });
  const { backup } = domain;
  if ((flags & 1) !== 0 && backup?.state === "completed") {
    domain.backup = undefined;
    return reported(3);
  }
  if (backup === undefined || backup.state === "completed") return { type: 0, values: [] };
  if (backup.state === "aborted") return reported(2);
  domain.backup = { ...backup, state: backup.state === "started" ? "running" : "completed" };
  return backup.state === "started" ? reported(2) : { type: 0, values: [] };
}

export function abortJob(domain: Domain): void {
  if (domain.backup === undefined || domain.backup.state === "completed")
    throw new Error("Requested operation is not valid: no job is active on the domain");
  domain.backup = { ...domain.backup, state: "aborted" };
}

/** Connects the guest agent of a guest that has a channel for it. */
export function connectAgent({ live }: Domain): void {
  const target = childrenOf(child(live, "devices"), "channel").flatMap((channel) => child(channel, "target") ?? [])[0];
  if (target === undefined) throw new Error("the guest has no channel for an agent");
  target.attributes = { ...target.attributes, state: "connected" };
}

/** Freezes or thaws the file systems of a guest by its agent. */
export function freeze(domain: Domain, frozen: boolean): { readonly count: number } {
  if (domain.live === undefined) throw new Error("Requested operation is not valid: domain is not running");
  const hasAgent = childrenOf(child(domain.live, "devices"), "channel").some(
    (channel) => child(channel, "target")?.attributes["state"] === "connected",
  );
  if (!hasAgent) throw new Error("Guest agent is not responding: QEMU guest agent is not connected");
  const changed = (domain.frozen ?? false) !== frozen;
  if (frozen && !changed)
    throw new Error("internal error: unable to execute QEMU agent command 'guest-fsfreeze-freeze': The command has been disabled");
  domain.frozen = frozen;
  return { count: changed ? 1 : 0 };
}
