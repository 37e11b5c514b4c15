import { parseXml, type XmlElement } from "../../../tools/xml.ts";
import type { DomainSpec } from "../../terms/spec.ts";
import { deviceElements } from "../device-elements.ts";
import { readDocument } from "../document.ts";
import { add, at, draft } from "../draft.ts";
import { fieldRows, isDevices } from "../fields.ts";
import { mergeSpec } from "../merge.ts";
import { isGiven } from "../wanted-fields.ts";
import { writeXml } from "../xml-writer.ts";

/** A device of a guest. */
export interface DeviceRef {
  readonly section: string;
  readonly key: string;
}

/** The element of a device as the guest of a spec is to have it: for attaching it. Undefined when the guest is not to have it. */
export function wantedDevice(spec: DomainSpec, ref: DeviceRef): string | undefined {
  const row = deviceRow(ref);
  const item = row.items(spec).find((one) => row.key(one) === ref.key);
  if (item === undefined) return undefined;
  const names = row.at.split("/");
  const last = names.pop() ?? "";
  const element = add(at(draft("domain"), ...names), last);
  row.shape(element, item, true);
  for (const field of row.fields) {
    const value = isGiven(row, field.name, item) ? field.want(item, spec) : null;
    if (value !== null) field.write(element, value, item);
  }
  return writeXml(element);
}

/** The element of a device as a running guest has it: for detaching it. Undefined when the guest does not have it. */
export function activeDevice(active: string, ref: DeviceRef): string | undefined {
  const element = elementOf(parseXml(active), ref);
  return element === undefined ? undefined : writeXml(element);
}

/** The element of a device of a running guest, edited to what the guest of a spec is to have. Undefined when the guest does not have it. */
export function changedDevice(active: string, spec: DomainSpec, ref: DeviceRef): string | undefined {
  const domain = readDocument(active);
  mergeSpec(domain, spec);
  const element = elementOf(domain, ref);
  return element === undefined ? undefined : writeXml(element);
}

function elementOf(domain: XmlElement, ref: DeviceRef): XmlElement | undefined {
  const row = deviceRow(ref);
  return deviceElements(domain, row).find((element) => row.keyOf(element) === ref.key);
}

function deviceRow({ section }: DeviceRef) {
  const row = fieldRows().find((one) => isDevices(one) && one.section === section);
  if (row === undefined || !isDevices(row)) throw new Error(`no devices have the section ${section}`);
  return row;
}
