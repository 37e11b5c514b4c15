import { createHash } from "node:crypto";
import { putOf } from "../../../drivers/index.ts";
import type { Context } from "../../../model/context.ts";
import { readIsoFile } from "../../../tools/iso9660/read-file.ts";
import { readVfatFile } from "../../../tools/read-vfat-file.ts";
import { instanceNames } from "../../config/instance-names.ts";
import type { Config } from "../../config.ts";
import { driveDevice, userDataPath } from "../../terms/drive-format.ts";
import type { SeedState } from "../../terms/seed-state.ts";
import { bytesOfInput, isSecretText } from "../../terms/spec.ts";
import { driveRef, type SeedLook } from "./state.ts";

/** Further drives whose user data differs are shown by digests. */
const mostDrives = 32;

/**
 * The texts of user data on drives that the configuration gives another text, by the digest that is recorded of them: a plan shows what differs.
 * They are read from the drives themselves. Left out is what is secret or packed on either side, and what does not match its digest.
 */
async function writtenTexts(context: Context, config: Config, states: Iterable<SeedState>): Promise<ReadonlyMap<string, string>> {
  const wanted = wantedDigests(config);
  const drives = new Map<string, SeedState>();
  for (const state of states) {
    const recorded = state.applied?.["user_data"] as { readonly sha256?: unknown; readonly lines?: unknown } | null | undefined;
    if (typeof recorded?.sha256 !== "string" || typeof recorded.lines !== "number") continue;
    const now = wanted.get(state.instance);
    if (state.intact && !state.missing && now !== undefined && now !== recorded.sha256) drives.set(recorded.sha256, state);
  }
  const found = await Promise.all(
    [...drives].slice(0, mostDrives).map(async ([sha256, { uuid, place, backend, format }]) => {
      const [put, drive] = [putOf(backend), driveRef(context, uuid, place)];
      const readFile = driveDevice(format) === "disk" ? readVfatFile : readIsoFile;
      // Where the drive cannot be read, the plan shows digests.
      const bytes = await readFile((range) => put.read(context, drive, range), userDataPath(format)).catch(() => undefined);
      return bytes !== undefined && digestOf(bytes) === sha256 ? [[sha256, bytes.toString("utf8")] as const] : [];
    }),
  );
  return new Map(found.flat());
}

/** A look with the texts of user data on drives that the configuration gives another text. */
export async function withTexts(context: Context, config: Config, look: SeedLook): Promise<SeedLook> {
  const texts = await writtenTexts(context, config, look.states.values());
  if (texts.size === 0) return look;
  const states = [...look.states].map(([uuid, state]) => {
    const { sha256 = "" } = (state.applied?.["user_data"] ?? {}) as { readonly sha256?: string };
    const userData = texts.get(sha256);
    return [uuid, userData === undefined ? state : { ...state, userData }] as const;
  });
  return { ...look, states: new Map(states) };
}

/** The digest of the user data of each instance, null for none; secrets and packed user data are left out. */
function wantedDigests(config: Config): Map<string, string | null> {
  const digests = new Map<string, string | null>();
  for (const [entry, { count, user_data: given }] of Object.entries(config.instances ?? {})) {
    if (given !== undefined && (isSecretText(given) || "gzip" in given)) continue;
    const digest = given === undefined ? null : digestOf(bytesOfInput(given));
    for (const name of instanceNames(entry, count)) digests.set(name, digest);
  }
  return digests;
}

function digestOf(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
