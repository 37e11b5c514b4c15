import { readFile } from "node:fs/promises";
import { errorMessage, userError } from "../model/errors.ts";
import type { Json } from "../model/json.ts";
import { lookJson, type Observed, observedOfJson } from "../model/observed.ts";
import type { HostSession } from "../session.ts";
import { version } from "../version.ts";

/** What a recorded host belongs to: what is in it is understood by the version that wrote it, and decided for one project and one place. */
interface ProfileHead {
  readonly version: string;
  readonly project: string;
  readonly uri: string;
  readonly instances_path: string;
}

/** What was seen of a host, to be planned with elsewhere. */
export function profileJson(observed: Observed, host: HostSession): Json {
  return { host_profile: { ...headOf(host) }, ...(lookJson(observed) as { readonly [key: string]: Json }) };
}

/** Reads a profile for a session that is about the same host. Throws a UserError for a file that is none, and for one of something else. */
export async function readProfile(path: string, host: HostSession): Promise<Observed> {
  const value = await parsed(path);
  const found = (value as { readonly host_profile?: Partial<ProfileHead> }).host_profile;
  if (typeof found !== "object" || found === null) throw noProfile(path, "It has no host_profile.");
  const wanted = headOf(host);
  const names = { version: "version of virtform", project: "project", uri: "libvirt URI", instances_path: "instances path" };
  const other = (Object.keys(names) as (keyof ProfileHead)[]).filter((key) => found[key] !== wanted[key]);
  if (other.length === 0) return observedOfJson(value as Json);
  throw userError(
    "host-profile-other",
    `${path} is not a profile of this configuration's host`,
    `${other.map((key) => `Its ${names[key]} is ${found[key] ?? "not in it"}, and here it is ${wanted[key]}.`).join(" ")} Record the host again with this version and this configuration: virtform debug observe > FILE.`,
  );
}

async function parsed(path: string): Promise<object> {
  try {
    const value: unknown = JSON.parse(await readFile(path, "utf8"));
    if (typeof value === "object" && value !== null && "states" in value && "facts" in value) return value;
  } catch (error) {
    throw noProfile(path, `${errorMessage(error).replace(/\.$/, "")}.`);
  }
  throw noProfile(path, "It has no states and facts.");
}

function noProfile(path: string, why: string) {
  return userError("host-profile", `${path} is not the profile of a host`, `${why} virtform debug observe > FILE writes one.`);
}

function headOf({ context: { project, settings } }: HostSession): ProfileHead {
  return { version, project, uri: settings.uri, instances_path: settings.instancesPath };
}
