import type { FieldChange } from "../../../model/change.ts";
import type { Json } from "../../../model/json.ts";
import { type SecretRef, secretPlace } from "../../../model/secret.ts";
import type { SecretText } from "../../terms/spec.ts";
import type { PublicSeed } from "./public.ts";

interface Leaf {
  readonly value: Json;
  readonly sensitive?: true;
}

/** What differs between two drives, each thing by the name it has in the configuration. Either may be null: there is none. */
export function seedFields(before: PublicSeed | null, after: PublicSeed | null): FieldChange[] {
  const old = leaves(before);
  const wanted = leaves(after);
  return [...new Set([...wanted.keys(), ...old.keys()])].flatMap((path) => {
    const [from, to] = [old.get(path), wanted.get(path)];
    if (from?.value === to?.value) return [];
    const sensitive = from?.sensitive ?? to?.sensitive;
    return [
      { path, ...(from && { old: from.value }), ...(to && { new: to.value }), cause: "config" as const, ...(sensitive && { sensitive }) },
    ];
  });
}

/** The single things that a drive says, each short enough for a line of a plan; absent values are left out. */
function leaves(seed: PublicSeed | null): Map<string, Leaf> {
  const found = new Map<string, Leaf>();
  for (const [key, value] of Object.entries(seed ?? {})) {
    if (value === null) continue;
    if (key === "user_data") found.set(key, userDataLeaf(value as UserDataShown));
    else if (key === "admin_password") found.set(key, { value: referenceText(value as unknown as SecretRef), sensitive: true });
    else if (key === "files") {
      for (const [path, file] of Object.entries(value)) found.set(`files.${path}`, { value: fileText(file as unknown as FileShown) });
    } else if (key === "interfaces") {
      const list = value as unknown as readonly InterfaceShown[];
      for (const [index, { type, source, mac, mtu, addresses = [], ipv4, ipv6, bond, vlans = {} }] of list.entries()) {
        found.set(`interfaces.${index}`, { value: [type, source, mac].filter(Boolean).join(" ") });
        if (mtu !== undefined) found.set(`interfaces.${index}.mtu`, { value: mtu });
        if (ipv4 !== undefined) found.set(`interfaces.${index}.ipv4`, { value: ipv4 });
        if (ipv6 !== undefined) found.set(`interfaces.${index}.ipv6`, { value: ipv6 });
        if (bond !== undefined) found.set(`interfaces.${index}.bond`, { value: bond });
        for (const [id, vlan] of Object.entries(vlans)) found.set(`interfaces.${index}.vlans.${id}`, { value: vlan });
        for (const address of addresses) found.set(`interfaces.${index}.addresses.${address.split("/")[0]}`, { value: address });
      }
    } else if (typeof value === "object") {
      for (const [name, item] of Object.entries(value)) found.set(`${key}.${name}`, { value: item ?? null });
    } else found.set(key, { value });
  }
  return found;
}

interface InterfaceShown {
  readonly type: string;
  readonly source: string;
  readonly mac: string;
  readonly mtu?: number;
  readonly addresses?: readonly string[];
  readonly ipv4?: boolean;
  readonly ipv6?: string;
  readonly bond?: string;
  readonly vlans?: Readonly<Record<string, string>>;
}

/** Its length is in bytes if it is gzip. */
type UserDataShown = SecretText | ContentShown;

function userDataLeaf(shown: UserDataShown): Leaf {
  if ("env" in shown || "command" in shown) return { value: referenceText(shown), sensitive: true };
  return { value: contentText(shown, "gzip, ") };
}

type ContentShown = { readonly sha256: string } & ({ readonly lines: number } | { readonly bytes: number });

type FileShown = ContentShown & { readonly mode?: string; readonly owner?: string };

/** The content of a file with its permissions and owner, where they are given. */
function fileText(file: FileShown): string {
  return [contentText(file, ""), file.mode, file.owner].filter(Boolean).join(", ");
}

function contentText(shown: ContentShown, packed: string): string {
  const [count, noun] = "bytes" in shown ? [shown.bytes, "byte"] : [shown.lines, "line"];
  const length = `${"bytes" in shown ? packed : ""}${count} ${noun}${count === 1 ? "" : "s"}`;
  return `sha256:${shown.sha256.slice(0, 12)} (${length})`;
}

const referenceText = (reference: SecretRef) => `from ${secretPlace(reference)}`;
