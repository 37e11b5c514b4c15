import { readFile } from "node:fs/promises";
import { setChecksums } from "../../config/lock-checksums.ts";
import { isTaken } from "../../kinds/config/is-taken.ts";
import { pinnedDigest, signedChecksumOf } from "../../kinds/config/signed-checksum-of.ts";
import type { Context } from "../../model/context.ts";
import type { Diagnostic, Place } from "../../model/diagnostic.ts";
import { errorMessage, UserError, userError } from "../../model/errors.ts";
import { escapeControls } from "../../model/escape-controls.ts";
import type { Reporter } from "../../model/event.ts";
import type { ImageAccess } from "../../sources/access.ts";
import { requireSource, withoutCredentials } from "../../sources/index.ts";
import { lookUpSignedChecksum, type SignedChecksum } from "../../sources/signed-checksum.ts";
import type { Invocation } from "../command.ts";
import type { Io } from "../io.ts";
import { openConfigured } from "../open-session.ts";
import { reported } from "../reported.ts";
import { rewriteFile } from "../rewrite-file.ts";
import { isSameForAllHosts, uncachedDigest } from "../uncached-digest.ts";

/** `virtform image lock`: pins images to their content. */
export function lockImages(names: readonly string[], invocation: Invocation, io: Io): Promise<number> {
  return reported(invocation, io, { command: "image" }, ({ event }) => lock(names, invocation, io, event));
}

async function lock(names: readonly string[], { texts, flag }: Invocation, io: Io, event: Reporter["event"]): Promise<number> {
  await using session = await openConfigured(texts("path"), io);
  const declared = session.hosts.flatMap(({ name: host, config, context, places }) =>
    Object.entries(config.images ?? {}).map(([name, image]) => ({ host, name, image, context, at: places?.place(["images", name]) })),
  );
  const several = session.hosts.length > 1;
  const isNamed = ({ host, name }: (typeof declared)[number], word: string) => word === name || (several && word === `${host}/${name}`);
  const unknown = names.find((word) => !declared.some((one) => isNamed(one, word)));
  if (unknown !== undefined) {
    const names = [...new Set(declared.map(({ name }) => name))].join(", ") || "none";
    throw userError("unknown-image", `No image is called ${unknown}`, `Declared: ${names}.`);
  }
  const chosen = declared.filter((one) =>
    names.length === 0
      ? !isTaken(one.image.source) && (pinnedDigest(one.image.checksum) === undefined || flag("update"))
      : names.some((word) => isNamed(one, word)),
  );
  for (const { name, at } of chosen) refuseCopy(name, at);
  // Known before images are read, which takes long.
  for (const [file, ofFile] of Map.groupBy(chosen, ({ at }) => at?.file ?? "")) {
    const text = await readFile(file, "utf8");
    withPlaces(ofFile, () => setChecksums(text, new Map(ofFile.map(({ name }) => [name, "none yet"]))));
  }
  const byFile = new Map<string, Map<string, string>>();
  const known = new Map<string, Awaited<ReturnType<typeof uncachedDigest>>>();
  for (const { host, name, image, context, at } of chosen) {
    const { source, access, checksum } = image;
    const signed = signedChecksumOf(checksum);
    const shown = several ? `${host}/${name}` : name;
    const from = requireSource(source);
    // Several hosts often have the same images, which are large.
    const key = signed === undefined && isSameForAllHosts(from, source) ? JSON.stringify([source, access ?? null]) : undefined;
    const before = key === undefined ? undefined : known.get(key);
    if (before === undefined) io.stderr.write(`${escapeControls(`${shown}: reading ${withoutCredentials(signed?.file ?? source)}`)}\n`);
    const { digest, bytes } =
      before ??
      (await (signed === undefined
        ? uncachedDigest(context, from, { source, access: access ?? null }).catch((error: unknown) => {
            throw userError("image-lock", `Cannot read image ${shown}`, errorMessage(error));
          })
        : signedDigest(context, source, signed, access ?? null)));
    if (key !== undefined && bytes !== null) known.set(key, { digest, bytes });
    if (at === undefined) throw new Error(`image ${name} has no place`);
    const ofFile = byFile.get(at.file) ?? new Map<string, string>();
    const other = ofFile.get(name);
    if (other !== undefined && other !== digest)
      throw userError(
        "image-lock",
        `The content of image ${name} is not the same on all hosts`,
        `${at.file}:${at.line} declares it for several: one reads ${other}, ${host} reads ${digest}. Declare it for each host in a file of its own.`,
      );
    byFile.set(at.file, ofFile.set(name, digest));
    event({ type: "result", result: { kind: "digest", ...(several ? { host } : {}), image: name, digest, bytes } });
  }
  for (const [file, checksums] of byFile) await rewriteFile(file, (text) => setChecksums(text, checksums), "image-lock");
  if (chosen.length === 0) event({ type: "result", result: { kind: "nothing", text: "Every image has a checksum." } });
  return 0;
}

/** The digest that the publisher signed. The image itself is not read. */
async function signedDigest(
  context: Context,
  ...[source, signed, access]: [string, SignedChecksum, ImageAccess | null]
): Promise<{ readonly digest: string; readonly bytes: null }> {
  const { digest, problem: why } = await lookUpSignedChecksum(context, source, signed, access);
  if (digest === undefined) throw userError(why?.code ?? "image-lock", why?.summary ?? "", why?.detail ?? "");
  return { digest: `${digest.algorithm}:${digest.hex}`, bytes: null };
}

/** Adds to the problems of an edit where the images that they name are declared. */
function withPlaces(declared: readonly { readonly name: string; readonly at: Place | undefined }[], edit: () => unknown): void {
  try {
    edit();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const placed = (diagnostic: Diagnostic) => {
      const at = declared.find(({ name }) => name === diagnostic.pointer?.[1])?.at;
      return at === undefined ? diagnostic : { ...diagnostic, at };
    };
    throw new UserError(error.diagnostics.map(placed), { cause: error });
  }
}

/** A checksum is written where the image is declared. What `for_each` or `include` made of an entry has none of its own there. */
function refuseCopy(name: string, at: Place | undefined): void {
  const written = at?.text?.replace(/^["']|["']$/g, "");
  if (at === undefined || written === name) return;
  throw userError(
    "cannot-edit",
    `The checksum of image ${name} cannot be written into the file`,
    `It is a copy of ${written ?? "an entry"} in ${at.file}:${at.line}, made by for_each or include. Write the checksum there, for example as each.value.checksum.`,
  );
}
