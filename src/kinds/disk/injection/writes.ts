import type { FoundFile, GuestWrite } from "../../../tools/guestfs/guest-disk.ts";
import type { GuestFile } from "../../terms/guest-file.ts";
import type { Injection } from "../../terms/injection.ts";
import { accountOf, type GuestAccounts, readAccounts } from "./accounts.ts";
import { withPassword } from "./shadow.ts";

/** Files of the disk that decide what is written. */
export const readFirst = {
  passwd: "/etc/passwd",
  group: "/etc/group",
  shadow: "/etc/shadow",
  keys: "/root/.ssh/authorized_keys",
  selinux: "/etc/selinux/config",
} as const;

/** One thing that is injected, in words, and whether nothing may be left without it (Nova INJ-05: files only). */
export interface InjectedItem {
  readonly what: string;
  readonly mandatory: boolean;
}

/** What is written for an injection, and what cannot be. */
export interface InjectionPlan {
  /** `item`: what the file is written for. */
  readonly writes: readonly { readonly item: InjectedItem; readonly write: GuestWrite }[];
  readonly impossible: readonly { readonly item: InjectedItem; readonly why: string }[];
}

/** Every path that an injection may write to. Pure. */
export function writtenPaths({ publicKey, network, metadata, password, files }: Injection): string[] {
  return [
    ...(publicKey === null ? [] : [readFirst.keys]),
    ...network.map(({ path }) => path),
    ...(metadata === null ? [] : [metadataPath]),
    ...(password === null ? [] : [readFirst.shadow]),
    ...files.map(({ path }) => path),
  ];
}

const metadataPath = "/meta.js";
const relabelPath = "/.autorelabel";
const root = [0, 0] as const;
const directoryMode = 0o755;
const optional = (what: string): InjectedItem => ({ what, mandatory: false });

/** What an injection writes into a disk with these files (Nova INJ-07 … INJ-11). `hash`: of the password; null without one. Pure. */
export function injectionPlan(injection: Injection, hash: string | null, found: Readonly<Record<string, FoundFile>>): InjectionPlan {
  const text = (path: string) => textOf(found[path]);
  const writes: InjectionPlan["writes"][number][] = [];
  const impossible: InjectionPlan["impossible"][number][] = [];
  const add = (item: InjectedItem, path: string, content: string | Buffer, more: Partial<GuestWrite> = {}) =>
    writes.push({
      item,
      write: { path, content: Buffer.from(content).toString("base64"), mode: 0o644, owner: root, parents: directoryMode, ...more },
    });

  if (injection.publicKey !== null) {
    const item = optional("the key");
    const keys = found[readFirst.keys];
    if (keys?.type === "long" || keys?.type === "other") impossible.push({ item, why: `${readFirst.keys} is no file of at most 1 MiB` });
    else {
      // A file of the image that was written in part is damaged: the disk is made again then.
      const needed = { ...item, mandatory: keys?.type === "file" };
      add(needed, readFirst.keys, withKey(text(readFirst.keys) ?? "", injection.publicKey), { mode: 0o600, parents: 0o700 });
    }
  }
  for (const { path, content } of injection.network) add(optional("the network file"), path, content);
  if (injection.metadata !== null) add(optional("the metadata"), metadataPath, injection.metadata);
  if (hash !== null) {
    const item = optional("the password");
    const shadow = withPassword(text(readFirst.passwd), text(readFirst.shadow), hash);
    if ("why" in shadow) impossible.push({ item, why: shadow.why });
    // Mode and owner stay: distributions differ in them. Written in part, the file would let no user log in.
    else add({ ...item, mandatory: true }, readFirst.shadow, shadow.text, { mode: null, owner: null });
  }
  const accounts = readAccounts(text(readFirst.passwd) ?? "", text(readFirst.group) ?? "");
  for (const file of injection.files) {
    const item = { what: file.path, mandatory: true };
    const owner = ownerOf(file, accounts);
    if ("why" in owner) impossible.push({ item, why: owner.why });
    else
      add(item, file.path, Buffer.from(file.base64, "base64"), {
        mode: file.mode === null ? 0o644 : Number.parseInt(file.mode, 8),
        owner: owner.ids,
      });
  }
  // Files that are written from outside have no label, and a guest that enforces labels does not let its services read them.
  if (writes.length > 0 && enforcesLabels(text(readFirst.selinux))) add(optional("the request to set SELinux labels"), relabelPath, "");
  return { writes, impossible };
}

/** A key is appended below a comment, once. */
function withKey(before: string, key: string): string {
  if (before.split("\n").some((line) => line.trim() === key.trim())) return before;
  const end = before === "" || before.endsWith("\n") ? "" : "\n";
  return `${before}${end}# Injected by virtform\n${key.trim()}\n`;
}

function ownerOf({ owner }: GuestFile, accounts: GuestAccounts): { readonly ids: readonly [number, number] } | { readonly why: string } {
  return owner === null ? { ids: root } : accountOf(owner, accounts);
}

function enforcesLabels(config: string | undefined): boolean {
  return /^\s*SELINUX\s*=\s*(?:enforcing|permissive)\s*$/m.test(config ?? "");
}

function textOf(file: FoundFile | undefined): string | undefined {
  return file?.type === "file" ? Buffer.from(file.content, "base64").toString("utf8") : undefined;
}
