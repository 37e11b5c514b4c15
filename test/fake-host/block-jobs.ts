import type { FileTree } from "./file-tree.ts";
import { readLuks } from "./luks.ts";
import { makeQcow2, readQcow2 } from "./qcow2.ts";
import { child, childrenOf, copyXml, type Xml, xml } from "./xml.ts";

/** The definitions that an operation on disks changes. */
interface Definitions {
  readonly name: string;
  stored: Xml | undefined;
  live: Xml | undefined;
  snapshots: string[];
}

/**
 * An external snapshot of all writable disks, as `virsh snapshot-create-as --disk-only` takes it: what runs, or the next start, gets an overlay beside
 * each disk, named as libvirt names it. `recorded`: libvirt keeps metadata of the snapshot. Refuses an overlay that exists already.
 */
export function takeSnapshot(domain: Definitions, snapshot: string, files: FileTree, recorded: boolean): void {
  const used = domain.live ?? domain.stored;
  const overlays = diskElements(used).flatMap((disk) => {
    const source = child(disk, "source")?.attributes["file"];
    if (source === undefined || child(disk, "readonly") !== undefined || disk.attributes["device"] === "cdrom") return [];
    return [{ target: targetOf(disk), source, overlay: overlayName(source, snapshot), format: formatBelow(disk) }];
  });
  for (const { target, overlay } of overlays) {
    if (files.find(overlay) === undefined) continue;
    throw new Error(
      `unsupported configuration: external snapshot file for disk ${target} already exists and is not a block device: ${overlay}`,
    );
  }
  for (const { target, source, overlay, format } of overlays) {
    const below = files.file(source, "open").content;
    const size = format === "qcow2" ? (readQcow2(below)?.virtualSize ?? 0) : format === "luks" ? (readLuks(below)?.size ?? 0) : below.size;
    files.write(overlay, makeQcow2({ size, backing: { path: source, format } }), 0o600);
    useOverlay(domain.live, target, overlay, "chain");
    useOverlay(domain.stored, target, overlay, domain.live === undefined ? "none" : "one");
  }
  if (recorded) domain.snapshots.push(snapshot);
}

/** Gives the disk of a running guest another file, as `virsh blockcopy --pivot` does: what runs and what is stored name the copy. */
export function pivot(domain: Definitions, target: string, copy: string, files: FileTree): void {
  const disk = diskElements(domain.live).find((one) => targetOf(one) === target);
  const source = child(disk, "source")?.attributes["file"];
  if (disk === undefined || source === undefined) throw new Error(`invalid argument: disk '${target}' was not found in the domain config`);
  files.write(copy, files.file(source, "open").content, 0o600);
  for (const root of [domain.live, domain.stored]) useOverlay(root, target, copy, "none", formatOf(disk));
}

/** A copy or a commit that has not ended, as the live definition shows it. */
export function startMirror(domain: Definitions, target: string, to: string, job: "copy" | "active-commit"): void {
  const disk = diskElements(domain.live).find((one) => targetOf(one) === target);
  disk?.children.push(xml("mirror", { type: "file", job }, [xml("format", { type: "qcow2" }), xml("source", { file: to })]));
}

/** The format that the header of an overlay names for what it is based on. */
function formatBelow(disk: Xml): string {
  const format = formatOf(disk);
  return format === "raw" && child(disk, "encryption") !== undefined ? "luks" : format;
}

/** libvirt puts the name of the snapshot in place of the ending. */
function overlayName(path: string, snapshot: string): string {
  const [directory, file] = [path.slice(0, path.lastIndexOf("/") + 1), path.slice(path.lastIndexOf("/") + 1)];
  return `${directory}${file.includes(".") ? file.slice(0, file.lastIndexOf(".")) : file}.${snapshot}`;
}

/** `below`: how much of what is under the overlay the document shows. */
function useOverlay(root: Xml | undefined, target: string, file: string, below: "chain" | "one" | "none", format = "qcow2"): void {
  const disk = diskElements(root).find((one) => targetOf(one) === target);
  const [driver, source] = [child(disk, "driver"), child(disk, "source")];
  if (disk === undefined || driver === undefined || source === undefined) return;
  const store = child(disk, "backingStore");
  // The passphrase goes with the disk; what is written to the overlay is not encrypted.
  const encryption = child(disk, "encryption");
  const sourceBelow = copyXml(source);
  if (encryption !== undefined) sourceBelow.children.push(copyXml(encryption));
  disk.children = disk.children.filter((one) => one !== encryption);
  const under = xml("backingStore", { type: "file" }, [
    xml("format", { type: driver.attributes["type"] ?? "raw" }),
    sourceBelow,
    ...(below === "chain" ? [store === undefined ? xml("backingStore") : copyXml(store)] : []),
  ]);
  disk.children = disk.children.filter((one) => one !== store);
  if (below !== "none") disk.children.push(under);
  driver.attributes = { ...driver.attributes, type: format };
  source.attributes = { ...source.attributes, file };
}

function diskElements(root: Xml | undefined): Xml[] {
  return childrenOf(child(root, "devices"), "disk");
}

function targetOf(disk: Xml): string {
  return child(disk, "target")?.attributes["dev"] ?? "";
}

function formatOf(disk: Xml): string {
  return child(disk, "driver")?.attributes["type"] ?? "raw";
}
