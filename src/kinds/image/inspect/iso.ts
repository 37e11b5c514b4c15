import type { Finding, Read } from "./finding.ts";

/** Identifier of the first volume descriptor, behind its type byte in sector 16. */
const identifierAt = 32769;
const identifiers = ["CD001", "NSR02", "NSR03"];

/** Nova FET-19, ISO 9660 or UDF. */
export async function detectIso(read: Read, size: number): Promise<Finding | undefined> {
  const identifier = (await read(identifierAt, 5)).toString("latin1");
  return identifiers.includes(identifier) ? { format: "iso", virtualSize: size } : undefined;
}
