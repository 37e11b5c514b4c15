import { setChecksums } from "../config/lock-checksums.ts";
import type { Place } from "../model/diagnostic.ts";
import { errorMessage, userError } from "../model/errors.ts";
import { escapeControls } from "../model/escape-controls.ts";
import type { Reporter } from "../model/event.ts";
import { onlyHost, readConfig } from "../session.ts";
import { requireSource, withoutCredentials } from "../sources/index.ts";
import { type CommandDefinition, hostOptions, type Invocation } from "./command.ts";
import type { Io } from "./io.ts";
import { openConfigured, variableInputs } from "./open-session.ts";
import { reported } from "./reported.ts";
import { rewriteFile } from "./rewrite-file.ts";
import { uncachedDigest } from "./uncached-digest.ts";

/** `virtform image lock`: pins images to their content. */
export const image: CommandDefinition = {
  summary: "Image helpers: `image lock` writes checksums into the configuration",
  usage: "lock [IMAGE…] [--path PATH] [options]",
  description:
    "`image lock` fetches each image without a checksum, or the named ones, and writes the SHA-256 of the content into the YAML, keeping comments and order. Different content from the same address is rejected afterwards.",
  options: {
    ...hostOptions,
    path: { type: "string", multiple: true, value: "PATH", help: "Path of the configuration (default: the current directory)." },
  },
  examples: [
    ["virtform image lock", "Adds the missing checksums."],
    ["virtform image lock debian-13", "Fetches the source again and updates its checksum."],
  ],
  run: (invocation, io) => reported(invocation, io, { command: "image" }, ({ event }) => lock(invocation, io, event)),
};

async function lock({ positionals, texts }: Invocation, io: Io, event: Reporter["event"]): Promise<number> {
  const [verb, ...names] = positionals;
  if (verb !== "lock")
    throw userError(
      "unknown-verb",
      verb === undefined ? "Missing argument: subcommand" : `No such image command: ${verb}`,
      "Usage: virtform image lock [IMAGE…]",
    );
  const paths = texts("path");
  const { config, place } = await readConfig(paths, variableInputs(io));
  await using session = await openConfigured(paths, io);
  const { context } = onlyHost(session);
  const images = config.images ?? {};
  const unknown = names.find((name) => !Object.hasOwn(images, name));
  if (unknown !== undefined)
    throw userError("unknown-image", `No image is called ${unknown}`, `Declared: ${Object.keys(images).join(", ") || "none"}.`);
  const chosen = Object.entries(images).filter(([name, { checksum }]) =>
    names.length === 0 ? checksum === undefined : names.includes(name),
  );
  for (const [name] of chosen) refuseCopy(name, place(["images", name]));
  const byFile = new Map<string, Map<string, string>>();
  for (const [name, { source }] of chosen) {
    io.stderr.write(`${escapeControls(`${name}: reading ${withoutCredentials(source)}`)}\n`);
    const { digest, bytes } = await uncachedDigest(context, requireSource(source), source).catch((error: unknown) => {
      throw userError("image-lock", `Cannot read image ${name}`, errorMessage(error));
    });
    const file = place(["images", name])?.file;
    if (file === undefined) throw new Error(`image ${name} has no place`);
    byFile.set(file, (byFile.get(file) ?? new Map()).set(name, digest));
    event({ type: "result", result: { kind: "digest", image: name, digest, bytes } });
  }
  for (const [file, checksums] of byFile) await rewriteFile(file, (text) => setChecksums(text, checksums), "image-lock");
  if (chosen.length === 0) event({ type: "result", result: { kind: "nothing", text: "Every image has a checksum." } });
  return 0;
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
