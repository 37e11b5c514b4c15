import type { Context } from "../model/context.ts";
import { CodedError } from "../model/errors.ts";
import type { SignedChecksumFacts } from "../model/host-facts.ts";
import type { PublishedFile, PublisherDoor } from "../model/publisher-door.ts";
import type { WebAccess } from "../model/web-access.ts";
import { withoutCredentials } from "../model/without-credentials.ts";
import { withoutUndefined } from "../model/without-undefined.ts";
import { listedDigest } from "../tools/checksum-file.ts";
import { readGpgvReport } from "../tools/openpgp/gpgv-report.ts";
import { keyRing } from "../tools/openpgp/key-ring.ts";
import type { ImageAccess } from "./access.ts";
import { signatureRefusal } from "./signature-refusal.ts";
import type { SourceProblem } from "./source.ts";
import { webAccess } from "./web-access.ts";

/** A file of checksums that the publisher of an image signs. Addresses are absolute paths of this machine, or URLs. */
export interface SignedChecksum {
  readonly file: string;
  /** The file with the signature; absent where `file` holds it itself. */
  readonly signature?: string;
  /** Absolute path of a file with the public keys of the publisher. */
  readonly key: string;
}

/** Looks up which digest a publisher signed for the file at `source`. Never throws for what the publisher, the network or the key file is. */
export async function lookUpSignedChecksum(
  context: Pick<Context, "publishers" | "secret" | "signal">,
  source: string,
  signed: SignedChecksum,
  access: ImageAccess | null,
): Promise<SignedChecksumFacts> {
  const { publishers: door } = context;
  if (door === undefined) {
    return problemOf(
      "checksum-file-unavailable",
      "Files of publishers cannot be read from here",
      "This program gave the session no access to them.",
    );
  }
  try {
    const first = await look(door, context, source, signed, access, false);
    // Files that were replaced between two requests, or of which one was remembered, do not belong together.
    return first.problem?.code === "checksum-file-forged" ? await look(door, context, source, signed, access, true) : first;
  } catch (error) {
    context.signal.throwIfAborted();
    if (!(error instanceof CodedError)) throw error;
    const [diagnostic] = error.diagnostics;
    if (diagnostic === undefined) throw error;
    if (diagnostic.code === "command-failed") {
      const detail = `The file or its signature is damaged or made to do harm. Get both from the publisher again. ${diagnostic.summary}`;
      return problemOf("checksum-file-unavailable", `The signature of ${withoutCredentials(signed.file)} cannot be checked`, detail);
    }
    return problemOf(diagnostic.code, diagnostic.summary, diagnostic.detail);
  }
}

async function look(
  door: PublisherDoor,
  context: Pick<Context, "secret" | "signal">,
  source: string,
  { file, signature, key }: SignedChecksum,
  access: ImageAccess | null,
  again: boolean,
): Promise<SignedChecksumFacts> {
  const keys = door.readFile(key);
  const ring = keys === undefined ? "cannot be read, or is longer than 1 MiB" : keyRing(keys);
  if (typeof ring === "string") {
    const detail =
      "It is the key of a signed checksum. Get the public keys from the website of the publisher and compare their fingerprints. Armored and binary files work.";
    return problemOf("signing-key-unusable", `The file ${key} ${ring}`, detail);
  }
  const read = (address: string) => fetchFile(door, context, address, source, access, again);
  const [sums, detached] = await Promise.all([read(file), signature === undefined ? null : read(signature)]);
  for (const one of [sums, detached])
    if (one !== null && "summary" in one) return problemOf("checksum-file-unavailable", one.summary, one.detail);
  if ("summary" in sums || (detached !== null && "summary" in detached)) throw new Error("a problem was not reported");
  const asOf = sums.asOf ?? detached?.asOf;
  const { report, content } = await door.gpgv({ keys: ring, content: sums.bytes, signature: detached?.bytes ?? null }, context.signal);
  const finding = readGpgvReport(report);
  const shown = withoutCredentials(file);
  const refused = signatureRefusal(finding, shown, key, detached !== null);
  if (refused !== undefined) return { problem: refused };
  const digest = listedDigest(content.toString("utf8"), namesIn(file, source));
  if (digest === undefined || typeof digest === "string") {
    const detail = `${digest ?? "The publisher may have removed or renamed the image."} Compare source with the names in the file.`;
    return problemOf("checksum-file-unlisted", `${shown} has no checksum of ${withoutCredentials(source)}`, detail);
  }
  return withoutUndefined({ digest, signer: finding.keys[0] ?? "", asOf: asOf === undefined ? undefined : new Date(asOf).toISOString() });
}

async function fetchFile(
  door: PublisherDoor,
  context: Pick<Context, "secret" | "signal">,
  address: string,
  source: string,
  access: ImageAccess | null,
  again: boolean,
): Promise<PublishedFile | { readonly summary: string; readonly detail: string }> {
  if (/^https?:/.test(address)) {
    return await door.fetch(address, { access: accessTo(context, address, source, access), again, signal: context.signal });
  }
  const bytes = door.readFile(address);
  if (bytes !== undefined) return { bytes };
  return {
    summary: `The file ${address} cannot be read, or is longer than 1 MiB`,
    detail: "It is named by checksum of an image. Check the path.",
  };
}

/** What the server of the image asks for is not shown to another one. */
function accessTo(context: Pick<Context, "secret">, address: string, source: string, access: ImageAccess | null): WebAccess | undefined {
  if (access === null || !/^https?:/.test(source)) return undefined;
  const same = new URL(address).origin === new URL(source).origin;
  return webAccess(context, same ? access : access.ca === undefined ? null : { ca: access.ca }, address);
}

/** The names that an image can have in a file of checksums: relative to that file where it is below it, and without directories. */
function namesIn(file: string, source: string): string[] {
  const [base, path] = [plainPath(file), plainPath(source)];
  const directory = base.slice(0, base.lastIndexOf("/") + 1);
  const name = path.slice(path.lastIndexOf("/") + 1);
  return [...new Set([path.startsWith(directory) ? path.slice(directory.length) : name, name])];
}

/** A path, or a URL without query and percent signs. */
function plainPath(address: string): string {
  const plain = address.startsWith("/") ? address : address.replace(/[?#].*$/s, "");
  try {
    return address.startsWith("/") ? plain : decodeURIComponent(plain);
  } catch {
    return plain;
  }
}

function problemOf(code: string, summary: string, detail: string): { readonly problem: SourceProblem } {
  return { problem: { code, summary, detail } };
}
