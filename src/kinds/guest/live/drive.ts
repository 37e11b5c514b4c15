import { instanceFiles } from "../../../model/layout.ts";
import type { DomainRecord, Libvirt } from "../../../tools/libvirt/libvirt.ts";
import { find, parseXml, textAt, type XmlElement } from "../../../tools/xml.ts";
import type { DomainFields } from "../../terms/domain-state.ts";
import { appliedFields } from "../applied-fields.ts";
import { readDocument } from "../document.ts";
import type { Draft } from "../draft.ts";
import { labelElement } from "../label-element.ts";
import { findLabel } from "../metadata.ts";
import { writeXml } from "../xml-writer.ts";
import { type LiveField, live } from "./live.ts";

/** Element of the label of a running guest that has the config drive of an earlier build. The stored definition never has it. */
export const driveMark = "config_drive";
/** Value of the field of the mark: what the guest has. */
export const oldDrive = "previous content";

/** What is shown as what it gets at its next start. */
export const newDrive = "new content";

/** A running guest gets the config drive that was built while it ran, if it has a file in a CD drive. */
export const liveDrive: LiveField = live((libvirt, { spec }) => exchangeDrive(libvirt, spec.uuid))
  .when((_value, { active }) => hasFileInCdDrive(active) || "its config drive is not a file in a CD drive")
  .otherwise("next_boot");

function hasFileInCdDrive(active: DomainFields): boolean {
  return Object.entries(active).some(
    ([path, source]) =>
      /^disks\.\w+\.source$/.test(path) &&
      String(source).endsWith(`/${instanceFiles.configDrive}`) &&
      active[path.replace(/source$/, "device")] === "cdrom",
  );
}

/** Notes in the label of a running guest that it has an earlier config drive; done before that is replaced. Nothing where it does not run. */
export async function markDrive(libvirt: Libvirt, uuid: string): Promise<void> {
  const record = await libvirt.domain(uuid);
  if (record?.active === undefined || record.active === null) return;
  await setMark(libvirt, record, record.active, true);
}

/**
 * Notes in the label of a running guest that it keeps an earlier config drive until its next start, which is pending then, and no change by hand. Nothing
 * where it does not run.
 */
export async function markWaitingDrive(libvirt: Libvirt, uuid: string): Promise<void> {
  const record = await libvirt.domain(uuid);
  const label = record?.active === undefined || record.active === null ? undefined : findLabel(parseXml(record.active));
  if (label === undefined) return;
  const recorded = appliedFields({ applied: textAt(label, "virtform:applied") ?? null });
  const applied = recorded === undefined ? {} : { applied: JSON.stringify({ ...recorded, [driveMark]: oldDrive }) };
  await libvirt.setMetadata(uuid, labelElement(label, { [driveMark]: "old", ...applied }), "running");
}

/**
 * Ejects the old config drive of a running guest and inserts the new one: for libvirt, another file with the same name is no change.
 * Only if the mark is there, which is removed afterwards. Throws a LibvirtError when the guest has locked the drive by mounting it.
 */
export async function exchangeDrive(libvirt: Libvirt, uuid: string): Promise<void> {
  const record = await libvirt.domain(uuid);
  if (record?.active === undefined || record.active === null) return;
  const active = readDocument(record.active);
  if (findMark(active) === undefined) return;
  const full = driveOf(readDocument(record.xml));
  const target = find(full, "target")?.attributes["dev"];
  const had = disksOf(active).find((disk) => find(disk, "target")?.attributes["dev"] === target);
  const source = full?.children.find(({ name }) => name === "source");
  if (had !== undefined && source !== undefined) {
    const empty = { ...had, children: had.children.filter(({ name }) => name !== "source" && name !== "backingStore") };
    if (Object.keys(find(had, "source")?.attributes ?? {}).some((name) => name !== "index"))
      await libvirt.updateDevice(uuid, writeXml(empty));
    await libvirt.updateDevice(uuid, writeXml({ ...empty, children: [...empty.children, source] }));
  }
  const now = await libvirt.domain(uuid);
  if (now?.active !== undefined && now.active !== null) await setMark(libvirt, now, now.active, false);
}

/** The mark of a document, if it has one. */
export function findMark(domain: XmlElement): XmlElement | undefined {
  return findLabel(domain)?.children.find(({ name }) => localName(name) === driveMark);
}

function disksOf(domain: Draft): Draft[] {
  return (domain.children.find(({ name }) => name === "devices")?.children ?? []).filter(({ name }) => name === "disk");
}

function driveOf(domain: Draft): Draft | undefined {
  return disksOf(domain).find(
    (disk) =>
      disk.attributes["device"] === "cdrom" && find(disk, "source")?.attributes["file"]?.endsWith(`/${instanceFiles.configDrive}`) === true,
  );
}

async function setMark(libvirt: Libvirt, { uuid }: DomainRecord, active: string, marked: boolean): Promise<void> {
  const label = findLabel(parseXml(active));
  if (label !== undefined) await libvirt.setMetadata(uuid, labelElement(label, { [driveMark]: marked ? "old" : null }), "running");
}

function localName(name: string): string {
  return name.slice(name.indexOf(":") + 1);
}
