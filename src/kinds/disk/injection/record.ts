import { hash } from "node:crypto";
import { secretPlace } from "../../../model/secret.ts";
import { type Injection, unfinishedInjection } from "../../terms/injection.ts";

/**
 * What is recorded of an injection, one part after the other, each with a digest: `partition inspect, key 3f2a…, 2 files 91bc…`. A password is
 * recorded by its reference: a digest of its value could be tried against lists of passwords. Pure.
 */
export function injectionRecord({ partition, publicKey, network, metadata, password, files }: Injection): string {
  const part = (name: string, content: unknown) => (content === null ? [] : [`${name} ${digestOf(content)}`]);
  return [
    `partition ${partition}`,
    ...part("key", publicKey),
    ...part("network", network.length === 0 ? null : network),
    ...part("metadata", metadata),
    ...part("password", password === null ? null : secretPlace(password)),
    ...part(files.length === 1 ? "1 file" : `${files.length} files`, files.length === 0 ? null : files),
  ].join(", ");
}

/** The parts of a record in words: `key and 2 files`. Pure. */
export function injectedWords(record: string): string {
  return inWords(partsOf(record).flatMap(([name]) => (name === "partition" ? [] : [name])));
}

/** What differs between two records: `key and files`. Null: nothing was injected. Pure. */
export function differenceWords(one: string | null, other: string | null): string {
  const kindsOf = (record: string | null) =>
    new Map(partsOf(record ?? "").map(([name, value]) => [name.replace(/^\d+ files?$/, "files"), value]));
  const [before, after] = [kindsOf(one), kindsOf(other)];
  const names = [...new Set([...after.keys(), ...before.keys()])];
  return inWords(names.filter((name) => before.get(name) !== after.get(name)));
}

/** Whether the record is of an injection that was not finished. Pure. */
export function isUnfinished(record: string | null): boolean {
  return record === unfinishedInjection;
}

function partsOf(record: string): [name: string, value: string][] {
  return record.split(", ").flatMap((part): [string, string][] => {
    const space = part.lastIndexOf(" ");
    return space < 0 ? [] : [[part.slice(0, space), part.slice(space + 1)]];
  });
}

function inWords(names: readonly string[]): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

function digestOf(content: unknown): string {
  return hash("sha256", JSON.stringify(content)).slice(0, 12);
}
